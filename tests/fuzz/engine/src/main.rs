//! The fuzzer's own program: `MFA_FUZZ_TARGET` names what it calls.
#![no_main]

use std::sync::OnceLock;

static TARGET: OnceLock<fn(&[u8])> = OnceLock::new();

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let target = TARGET.get_or_init(|| {
        let name = std::env::var("MFA_FUZZ_TARGET").unwrap_or_default();
        mfa_fuzz::target(&name).unwrap_or_else(|| panic!("MFA_FUZZ_TARGET={name} is none of mfa_fuzz::TARGETS"))
    });
    target(bytes);
});
