//! What of an answer is sent to mfad.
//!
//! Called by the dialogue and for stacked passwords. What must never happen: what is no text being sent as text, or of a
//! password more than may be a code.

use mfa_core::secret::Secret;
use mfa_core::stacked::code_at_end;
use mfa_core::wire::MAX_ANSWER;

/// What sshd puts before its stand-in answers for logins that cannot succeed (backspace, LF, CR, DEL;
/// `fake_password` in OpenSSH's auth-pam.c). It repeats its text up to the length of what was typed.
const SSHD_DUMMY: &[u8] = b"\x08\n\r\x7f";

/// What is sent of what was typed: nothing of an answer that is NULL, too long or no text, since no code is. Of a long
/// stand-in of sshd the part by which mfad knows it.
pub(crate) fn whole(typed: Option<Secret>) -> Option<Secret> {
    let typed = typed?;
    if typed.len() > MAX_ANSWER {
        return typed.expose().starts_with(SSHD_DUMMY).then(|| Secret::new(SSHD_DUMMY.to_vec()));
    }
    typed.expose_str().is_some().then_some(typed)
}

/// The end of a password that is sent: what may be a code; of a stand-in of sshd the part by which mfad knows it.
pub(crate) fn end(text: &Secret) -> Option<&[u8]> {
    if text.expose().starts_with(SSHD_DUMMY) { Some(SSHD_DUMMY) } else { code_at_end(text.expose()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_stand_in_of_sshd_is_recognisable_whatever_its_length() {
        let dummy: Vec<u8> = b"\x08\n\r\x7fINCORRECT".iter().copied().cycle().take(200).collect();
        for (length, sent) in [(13, &dummy[..13]), (64, &dummy[..64]), (65, &dummy[..4]), (200, &dummy[..4])] {
            let answer = whole(Some(Secret::new(dummy[..length].to_vec()))).unwrap();
            assert_eq!(answer.expose(), sent, "{length}");
        }
    }
}
