//! Addresses, and texts of others that are shown.

use mfa_core::clean;
use mfa_core::otp::ShortSecret;
use mfa_core::otpauth::Otpauth;

/// What is printed of an address is read as the same.
pub(crate) fn otpauth(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let Ok(read) = Otpauth::parse(text, ShortSecret::Allow) else { return };
    for printed in [read.print(), read.brief()] {
        // Names grow threefold by percent-encoding.
        let Ok(again) = Otpauth::parse(printed.expose_str().unwrap(), ShortSecret::Allow) else {
            assert!(printed.len() > mfa_core::otpauth::MAX_URI, "what was printed cannot be read");
            continue;
        };
        assert_eq!(again.otp.secret().expose(), read.otp.secret().expose());
        assert_eq!(
            (again.counter, again.otp.digits(), again.otp.moving()),
            (read.counter, read.otp.digits(), read.otp.moving())
        );
        assert_eq!(again.otp.algorithm(), read.otp.algorithm());
    }
}

/// Nothing that is cleaned steers a terminal or forges a line, and everything has its bound.
pub(crate) fn clean(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let bidi =
        |c: char| matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200e}' | '\u{200f}' | '\u{61c}');
    for (cleaned, most) in [
        (clean::field(&text), clean::FIELD_CHARS),
        (clean::command(&text), clean::COMMAND_CHARS),
        (clean::message(&text), usize::MAX),
    ] {
        assert!(
            !cleaned.chars().any(|c| c.is_control() || bidi(c) || matches!(c, '\u{2028}' | '\u{2029}')),
            "{cleaned:?}"
        );
        // One character may become ten, and the cut adds one.
        assert!(cleaned.chars().count() <= most.saturating_mul(10).saturating_add(1));
    }
    let name = clean::name(&text);
    assert!(name.chars().count() <= clean::NAME_CHARS + 1 && clean::name(&name) == name, "{name:?}");
    assert!(clean::message(&text).len() < clean::PAM_MESSAGE_BYTES);
    let quoted = clean::quoted(&text);
    let inside = quoted.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap();
    let mut escaped = false;
    for c in inside.chars() {
        assert!(escaped || c != '"', "a quote ends the value early: {quoted}");
        escaped = !escaped && c == '\\';
    }
    assert!(!escaped, "the last quote is escaped: {quoted}");
}
