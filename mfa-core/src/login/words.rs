//! What a person reads during a login. Nothing here decides.
//!
//! One line each, at most a PAM message, and never the word "password", which clients answer by themselves, but where the
//! password is wanted.

use super::{Approval, Offer};
use crate::approval;
use crate::clean;
use crate::enrollment::Factor;
use crate::now::rfc3339;
use crate::policy::Deadline;
use crate::verify::Judgement;
use crate::wire::Reason;

/// The prompt. Clients that fill codes in look for these words; "password" must not stand in it.
pub const PROMPT: &str = "Verification code: ";

/// The prompt after an answer that was not accepted: one text, since sshd before 10.3 shows no message
/// of its own before the next prompt.
pub const PROMPT_AGAIN: &str = "That code was not accepted. Verification code: ";

/// The prompt of `forward_pass`, which asks for both in one line: the one place where the word must stand, since that is
/// what is to be typed, and google-authenticator's words, since programs wait for them.
pub(super) const PROMPT_WITH_PASSWORD: &str = "Password & verification code: ";

/// The same after an answer that was not accepted; the password was not looked at.
pub(super) const PROMPT_WITH_PASSWORD_AGAIN: &str = "That code was not accepted. Password & verification code: ";

/// Before the first prompt of an offer, after an answer that was not accepted.
pub(super) const NOT_ACCEPTED: &str = "That code was not accepted. ";

pub(super) const NUMBER_DID_NOT_MATCH: &str = "The number did not match.";
pub(super) const NOBODY_APPROVED: &str = "Nobody approved in time.";
pub(super) const APPROVAL_VOID: &str =
    "That approval no longer counts: the device or the account it came from was changed since.";
pub(super) const APPROVAL_DENIED: &str = "Your request was denied.";
pub(super) const NO_ALLOWED_METHOD: &str =
    "None of your factors is accepted here. Ask your administrator which are: mfactl explain";
pub(super) const REFUSED_BY_POLICY: &str =
    "This login is refused: it is too unusual. Try from where you usually are, or ask your administrator.";
pub(super) const NOT_SET_UP: &str = "No second factor was set up. Log in once more to try again.";
pub(super) const SUSPENDED: &str = "Your second factor is suspended: it was not used for long, or not renewed. Ask your administrator to run: mfactl resume";
pub(super) const BARRED: &str =
    "Your second factor cannot be checked on this host. Ask your administrator to look at the log of mfad.";

/// The prompt that does it all: sshd before 10.3 shows no text of its own before it.
pub(super) fn offered(offer: &Offer, push_first: bool) -> String {
    let number = offer.number.as_ref().map(approval::shown);
    match (&number, offer.codes) {
        (Some(number), true) if push_first => {
            format!("Approve {number} on your desktop and press Enter, or give a verification code: ")
        }
        (None, true) if push_first => {
            String::from("Approve on your desktop and press Enter, or give a verification code: ")
        }
        (Some(number), true) => {
            format!("Verification code (or approve {number} on your desktop and press Enter): ")
        }
        (None, true) => String::from("Verification code (or approve on your desktop and press Enter): "),
        (Some(number), false) => format!("Approve {number} on your desktop, then press Enter: "),
        (None, false) => String::from("Approve on your desktop, then press Enter: "),
    }
}

/// The prompt while others decide.
pub(super) fn asked_for_approval(approval: &Approval) -> String {
    let who = approvers(approval.count, &approval.group);
    match approval.number.as_ref().map(approval::shown) {
        Some(number) => format!("{who} must approve this. Tell them {number}, then press Enter: "),
        None => format!("{who} must approve this. Press Enter to wait: "),
    }
}

pub(super) fn nobody_to_approve(count: u8, group: &str) -> String {
    clean::message(&format!("{} must approve this, and cannot be asked just now.", approvers(count, group)))
}

fn approvers(count: u8, group: &str) -> String {
    let group = clean::field(group);
    if count == 1 { format!("One of {group}") } else { format!("{count} of {group}") }
}

pub(super) fn must_enrol(user: &str) -> String {
    let user = clean::field(user);
    format!("A second factor is required and {user} has none. Ask your administrator to run: mfactl enroll {user}")
}

/// Before the deadline, at each login of one who has no factor yet.
pub(super) fn will_be_required(deadline: Deadline) -> String {
    format!(
        "From {} on a second factor is required here (in {}). Set one up before.",
        moment(deadline.at),
        in_words(deadline.left)
    )
}

/// After a login of one who has a factor that stops: which, and on what day (`2026-11-29`). `another`: the user has one that stays.
#[must_use]
pub fn will_stop(factor: &Factor, day: &str, another: bool) -> String {
    let label = if factor.label.is_empty() { String::new() } else { format!(" ({})", clean::field(&factor.label)) };
    let then = if another { "You have another one; this one can be removed." } else { "Set up another one before." };
    format!("{}{label} is old and stops on {day}. {then}", clean::field(&factor.id.to_string()))
}

/// `2026-11-29 12:00 UTC`: hosts and people may be in different zones, and a login has no room for both.
fn moment(wall: u64) -> String {
    let text = rfc3339(wall);
    match (text.get(..10), text.get(11..16)) {
        (Some(day), Some(time)) => format!("{day} {time} UTC"),
        _ => text,
    }
}

/// What makes another try useless, once a first factor is in evidence.
pub(super) fn useless(judgement: &Judgement) -> Option<String> {
    match judgement.reason {
        Reason::Locked if judgement.wait == u64::MAX => {
            Some(String::from("Too many wrong codes. Ask your administrator to unlock your second factor."))
        }
        Reason::Locked => Some(format!("Too many wrong codes. Try again in {}.", in_words(judgement.wait))),
        Reason::Disabled => Some(String::from(
            "This factor is disabled after too many wrong codes. Use a recovery code or ask your administrator.",
        )),
        Reason::Suspended => Some(String::from(
            "This factor is suspended. Use a recovery code, or ask your administrator to run: mfactl resume",
        )),
        Reason::ConsentMissing => Some(String::from(
            "This code waits for the consent of another administrator (mfactl bypass). Try again after that.",
        )),
        Reason::StateLost => Some(String::from(
            "This host has lost its record of used codes. Ask your administrator to run: mfactl adopt",
        )),
        _ => None,
    }
}

/// Seconds as a person says them.
pub(crate) fn in_words(seconds: u64) -> String {
    match seconds {
        1 => String::from("1 second"),
        0..120 => format!("{seconds} seconds"),
        120..7200 => format!("{} minutes", seconds.div_ceil(60)),
        7200..172_800 => format!("{} hours", seconds.div_ceil(3600)),
        _ => format!("{} days", seconds.div_ceil(86_400)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::enrollment::FactorId;
    use crate::otp::{Algorithm, Moving, Otp, ShortSecret};
    use crate::secret::Secret;
    use crate::upkeep::Upkeep;

    #[test]
    fn who_has_an_old_factor_reads_which_and_when_it_stops_in_one_plain_line() {
        let otp = Otp::new(Secret::new(vec![1; 20]), Algorithm::Sha1, 6, Moving::Counter, ShortSecret::Refuse).unwrap();
        let mut factor = Factor {
            id: FactorId::typed("hotp-00000001"),
            label: String::from("my\n\u{1b}[2Jphone"),
            token: None,
            pending: false,
            created: 0,
            otp,
            counter: 0,
            upkeep: Upkeep::default(),
        };
        let text = will_stop(&factor, "2026-12-13", false);
        let expected =
            "hotp-00000001 (my\\u{a}\\u{1b}[2Jphone) is old and stops on 2026-12-13. Set up another one before.";
        assert_eq!(text, expected);
        factor.label.clear();
        let text = will_stop(&factor, "2026-12-13", true);
        assert_eq!(
            text,
            "hotp-00000001 is old and stops on 2026-12-13. You have another one; this one can be removed."
        );
    }
}
