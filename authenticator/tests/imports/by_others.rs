//! One file of each encrypted format, sealed by other libraries than the ones that open it: what our own fixtures cannot tell is
//! whether both sides of a library err alike.
//!
//! Made in Python 3 by PyNaCl 1.6.2 (libsodium: all of `ente`), argon2-cffi (the reference implementation: `proton`, `stratum`,
//! `bitwarden-argon2`), hashlib and cryptography 50.0.2 (OpenSSL: the rest), with the makers' own costs.

use super::*;

/// A file, its format, and whether something in it says so.
const FILES: [(&[u8], Format, bool); 10] = [
    (include_bytes!("by_others/ente"), Format::Ente, true),
    (include_bytes!("by_others/aegis"), Format::Aegis, true),
    (include_bytes!("by_others/2fas"), Format::Twofas, true),
    (include_bytes!("by_others/proton"), Format::Proton, true),
    (include_bytes!("by_others/stratum"), Format::Stratum, true),
    (include_bytes!("by_others/stratum-old"), Format::Stratum, true),
    (include_bytes!("by_others/bitwarden-pbkdf2"), Format::Bitwarden, true),
    (include_bytes!("by_others/bitwarden-argon2"), Format::Bitwarden, true),
    (include_bytes!("by_others/andotp"), Format::Andotp, false),
    (include_bytes!("by_others/andotp-old"), Format::Andotp, false),
];

#[test]
fn what_other_libraries_sealed_is_opened() {
    for (file, format, is_marked) in FILES {
        assert_eq!(import::recognised(file), is_marked.then_some(format));
        let read = |password: &str| import::read(file, Some(format), Some(&secret(password)));
        let opened = read(PASSWORD).unwrap();
        assert_eq!((all_told(&opened), left_out(&opened)), (vec!["ACME|alice|totp|6|30s".to_owned()], vec![]));
        assert_eq!(code(&opened.accounts[0], 59), CODE);
        assert_eq!(read("wrong horse").unwrap_err(), ImportError::WrongPassword, "{format:?}");
    }
}
