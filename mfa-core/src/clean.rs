//! Cleaning of text that came from somebody else before it is shown or logged.
//!
//! Called by everything that writes a user name, service, tty, host or label to a terminal, a log
//! line or a prompt. What must never happen: a control character, a bidi override or a line break
//! reaching the sink (CVE-2023-28486, CVE-2024-52337), or a text past the sink's limit.

use std::fmt::Write as _;

/// Bytes of one PAM message, its NUL included (`PAM_MAX_MSG_SIZE`, `_pam_types.h`).
pub const PAM_MESSAGE_BYTES: usize = 512;

/// Characters of one field in a log line; longer ones are cut with an ellipsis.
pub const FIELD_CHARS: usize = 64;

/// `text` with everything that could steer a terminal or forge a log line written as `\u{..}`,
/// cut to [`FIELD_CHARS`] characters.
#[must_use]
pub fn field(text: &str) -> String {
    escape(text, FIELD_CHARS, false)
}

/// Characters of an account's or an issuer's name that are kept: the longest mail address has 254 (RFC 5321 section 4.5.3).
pub const NAME_CHARS: usize = 256;

/// A name that is kept and shown: as [`field`], cut to [`NAME_CHARS`] characters, what is written out included: a name that was kept
/// is cleaned again when it is read, and must stay the same.
#[must_use]
pub fn name(text: &str) -> String {
    escape(&escape(text, NAME_CHARS, false), NAME_CHARS, false)
}

/// Characters of a command line that is shown to a person.
pub const COMMAND_CHARS: usize = 256;

/// A command line to be shown: as [`field`], cut to [`COMMAND_CHARS`] characters.
#[must_use]
pub fn command(text: &str) -> String {
    escape(text, COMMAND_CHARS, false)
}

/// `text` as a quoted value of a `key=value` log line: quotes and backslashes escaped as well.
#[must_use]
pub fn quoted(text: &str) -> String {
    format!("\"{}\"", escape(text, FIELD_CHARS, true))
}

/// `text` fit for one PAM message: cleaned, and cut on a character boundary to leave room for the NUL.
#[must_use]
pub fn message(text: &str) -> String {
    let mut cleaned = escape(text, usize::MAX, false);
    let mut end = PAM_MESSAGE_BYTES - 1;
    if cleaned.len() > end {
        while !cleaned.is_char_boundary(end) {
            end -= 1;
        }
        cleaned.truncate(end);
    }
    cleaned
}

fn escape(text: &str, most: usize, quotes: bool) -> String {
    let mut out = String::with_capacity(text.len().min(256));
    for (index, c) in text.chars().enumerate() {
        if index == most {
            out.push('…');
            break;
        }
        if quotes && (c == '"' || c == '\\') {
            out.push('\\');
            out.push(c);
        } else if steers(c) {
            // Writing to a String cannot fail.
            let _ = write!(out, "\\u{{{:x}}}", u32::from(c));
        } else {
            out.push(c);
        }
    }
    out
}

/// C0, DEL, C1, bidi controls, zero-width and line/paragraph separators.
pub(crate) fn steers(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{061c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_and_bidi_characters_are_written_out() {
        assert_eq!(field("a\nb\u{1b}[2J\u{202e}c\u{7f}\u{9b}"), "a\\u{a}b\\u{1b}[2J\\u{202e}c\\u{7f}\\u{9b}");
    }

    #[test]
    fn quotes_are_closed_whatever_the_text_holds() {
        assert_eq!(quoted("x\" result=success \\"), "\"x\\\" result=success \\\\\"");
    }

    #[test]
    fn a_name_that_is_cleaned_again_stays_the_same() {
        for text in
            ["carol\0", &"\u{1}".repeat(200), &"ä".repeat(300), &"a\n".repeat(128), &format!("{}\0", "a".repeat(255))]
        {
            let kept = name(text);
            assert_eq!(name(&kept), kept, "{text:?}");
            assert!(kept.chars().count() <= NAME_CHARS + 1, "{kept}");
        }
    }

    #[test]
    fn a_field_is_cut_with_an_ellipsis() {
        let cut = field(&"ä".repeat(65));
        assert_eq!(cut.chars().count(), 65);
        assert!(cut.ends_with('…'));
        assert_eq!(field(&"ä".repeat(64)), "ä".repeat(64));
    }

    #[test]
    fn a_message_leaves_room_for_its_nul_and_ends_on_a_character() {
        for n in 250..260 {
            let text = message(&"ä".repeat(n));
            assert!(text.len() < PAM_MESSAGE_BYTES);
        }
        assert_eq!(message(&"x".repeat(600)).len(), 511);
    }
}
