//! Why what should be an account is none, as the catalogue has it: mfa-core, which finds it, knows no languages.
//!
//! Called by what adds and imports accounts. What must never happen: a text that quotes what was read, in which a key may be.

use crate::catalogue::{Text, filled, gettext};
use mfa_core::base32::NotBase32;
use mfa_core::otp::OtpError;
use mfa_core::otpauth::{MAX_URI, UriError};

/// An `otpauth://` address.
pub(crate) fn uri(error: &UriError) -> String {
    match error {
        UriError::TooLong(bytes) => {
            filled(gettext("the URI has {count} bytes, the limit is {most}"), &[("count", bytes), ("most", &MAX_URI)])
        }
        UriError::NotOtpauth => gettext("not an otpauth:// URI").into(),
        UriError::Migration => {
            gettext("this is an export of several accounts (otpauth-migration): give one otpauth:// URI for each")
                .into()
        }
        UriError::Steam => {
            gettext("Steam's codes are five letters of a kind of their own and are not supported").into()
        }
        UriError::Kind => {
            gettext("the type is not supported: the URI must start with otpauth://totp/ or otpauth://hotp/").into()
        }
        UriError::NotText(part) => filled(gettext("the {part} is not UTF-8 text"), &[("part", part)]),
        UriError::Twice(name) => filled(gettext("the parameter {name} is given twice"), &[("name", name)]),
        UriError::NoSecret => gettext("the parameter secret is missing").into(),
        UriError::Secret(why) => filled(gettext("the parameter secret is {what}"), &[("what", &key(*why))]),
        UriError::Number(name) => {
            filled(gettext("the parameter {name} is not a number that can be used"), &[("name", name)])
        }
        UriError::Otp(error) => otp(error),
    }
}

/// What its codes would be.
pub(crate) fn otp(error: &OtpError) -> String {
    match error {
        OtpError::Digits(digits) => {
            filled(gettext("codes of {count} digits are not supported: use 6, 7 or 8"), &[("count", digits)])
        }
        OtpError::Period(seconds) => {
            filled(gettext("a time step of {count} seconds is not supported: use 15 to 120"), &[("count", seconds)])
        }
        OtpError::Short(bits) => filled(
            gettext(
                "the secret has {count} bits and 112 are the least: enrol again with a new secret, or allow short secrets explicitly",
            ),
            &[("count", bits)],
        ),
        OtpError::TooShort(bits) => filled(
            gettext(
                "the secret has {count} bits, too few under any setting (80 are the least): see that all of it is there, or enrol again with a new secret",
            ),
            &[("count", bits)],
        ),
        OtpError::TooLong(bytes) => {
            filled(gettext("the secret has {count} bytes and 128 are the most"), &[("count", bytes)])
        }
        OtpError::Algorithm => gettext("the algorithm is not supported: use SHA1, SHA256 or SHA512").into(),
    }
}

/// A key that is typed or read, as what it is.
pub(crate) fn key(NotBase32: NotBase32) -> Text {
    Text("not base32: only the letters A to Z and the digits 2 to 7 belong in a key")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn in_english_they_are_what_mfa_core_says() {
        let otps = [
            OtpError::Digits(9),
            OtpError::Period(5),
            OtpError::Short(96),
            OtpError::TooShort(8),
            OtpError::TooLong(200),
            OtpError::Algorithm,
        ];
        let uris = [
            UriError::TooLong(9000),
            UriError::NotOtpauth,
            UriError::Migration,
            UriError::Steam,
            UriError::Kind,
            UriError::NotText("issuer"),
            UriError::Twice("secret"),
            UriError::NoSecret,
            UriError::Secret(NotBase32),
            UriError::Number("digits"),
        ];
        for error in otps {
            assert_eq!(otp(&error), error.to_string());
        }
        for error in uris.into_iter().chain(otps.map(UriError::Otp)) {
            assert_eq!(uri(&error), error.to_string());
        }
        assert_eq!(key(NotBase32).to_string(), NotBase32.to_string());
    }
}
