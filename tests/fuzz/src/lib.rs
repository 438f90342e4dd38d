//! Everything that reads foreign bytes, each as a function of bytes that holds what must always be true of it.
//!
//! Called by the test beside this, which replays `corpus/` and changes it at random, and by the fuzzer in `engine/`, which looks for
//! new inputs. A target panics where something is wrong; it never fails because an input is bad.
#![allow(clippy::panic, clippy::unwrap_used, clippy::expect_used, reason = "a target panics where a promise is broken")]

mod accounts;
mod authority;
mod costs;
mod texts;

/// A target: its name, which is that of its folder in `corpus/`, and the function.
pub type Target = (&'static str, fn(&[u8]));

/// All of them.
pub const TARGETS: [Target; 14] = [
    ("wire", authority::wire),
    ("enrolment", authority::enrolment),
    ("policy", authority::policy),
    ("requirements", authority::requirements),
    ("record", authority::record),
    ("approval", authority::approval),
    ("tokens", authority::tokens),
    ("google_authenticator", authority::google_authenticator),
    ("oath", authority::oath),
    ("otpauth", texts::otpauth),
    ("clean", texts::clean),
    ("accounts", accounts::import),
    ("sealed", accounts::sealed),
    ("picture", accounts::picture),
];

/// The target called `name`.
#[must_use]
pub fn target(name: &str) -> Option<fn(&[u8])> {
    TARGETS.iter().find(|(own, _)| *own == name).map(|(_, target)| *target)
}
