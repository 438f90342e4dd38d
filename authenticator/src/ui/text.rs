//! Every text of the main window, in one place: what a translation would replace.
//!
//! Texts of one request stand in [`crate::words`] and beside its state. Titles are in title case, sentences end with a full stop.

use super::lock::Cause;

pub(super) const TITLE: &str = "Authenticator";
pub(super) const REQUESTS_WINDOW: &str = "Sign-In Requests";

pub(super) const REQUESTS: &str = "Requests";
pub(super) const COMPUTER: &str = "This Computer";

pub(super) const MENU: &str = "Menu";
pub(super) const LOCK: &str = "_Lock";

pub(super) const HISTORY: &str = "Last Decisions";

pub(super) const LOCKED: &str = "Locked";
pub(super) const UNLOCK: &str = "Unlock";
pub(super) const PIN: &str = "PIN";
pub(super) const NO_PIN: &str = "No PIN is set: whoever sits at this desk can unlock. Preferences has one.";
pub(super) const SEE_REQUESTS: &str = "Sign-In Requests";

/// Why it is locked.
pub(super) fn locked_by(cause: Cause) -> &'static str {
    match cause {
        Cause::Start => "Your codes are locked until you type the PIN.",
        Cause::Told => "You locked your codes.",
        Cause::Idle => "Nobody used this window for a while.",
        Cause::Screen => "The screen was locked.",
        Cause::Sleep => "The computer was asleep.",
    }
}

pub(super) const WHO: &str = "You Here";
pub(super) const DEVICES: &str = "Devices That Approve";
pub(super) const DEVICES_TEXT: &str = "They are asked when somebody signs in as you.";
pub(super) const NO_DEVICES: &str = "No device approves your sign-ins yet.";
pub(super) const NO_DEVICES_TEXT: &str = "In a terminal: mfa-authenticator pair";
pub(super) const LOOKING: &str = "Asking mfad…";
pub(super) const AGAIN: &str = "Look Again";
pub(super) const ACCOUNT: &str = "Account";
pub(super) const HOST: &str = "Computer";

pub(super) const NO_ANSWER: &str = "mfad does not answer";

/// One device, below its name.
pub(super) fn device(created: &str, suspended: bool, key: &str) -> String {
    let state = if suspended { "Suspended. Added" } else { "Added" };
    format!("{state} on {created}. Key {key}")
}

/// One decision: what was asked for.
pub(super) fn decided(service: &str, user: &str, source: &str) -> String {
    format!("{service} for {user} from {source}")
}

/// How a request ended, in a word or two.
pub(super) fn outcome(outcome: &str) -> &'static str {
    match outcome {
        "approved" => "Approved",
        "denied" => "Denied",
        "wrong-number" => "Wrong number",
        "cancelled" => "No longer needed",
        "expired" => "Nobody answered",
        _ => "Over",
    }
}
