//! Every text of the main window, in one place, as the catalogue has it; those about codes are in [`codes`] and are named as the others are.
//!
//! Texts of one request stand in [`crate::words`] and `request::text`, those of errors beside what fails; templates have none. Titles are in title case, sentences end with a full stop.

mod codes;

pub(super) use codes::*;

use super::lock::Cause;
use super::request::Said;
use crate::catalogue::{Text, filled, gettext, ngettext};

pub(super) const TITLE: Text = Text("Authenticator");
pub(super) const REQUESTS_WINDOW: Text = Text("Sign-In Requests");

pub(super) const NO_REQUESTS: Said = Said {
    icon: "security-high-symbolic",
    title: Text("No requests"),
    text: Text("When somebody signs in and asks for your approval, you see it here."),
};
pub(super) const NO_AGENT: Said =
    Said { icon: "network-offline-symbolic", title: Text("The agent does not answer"), text: Text("") };
pub(super) const LOOKING_FOR_REQUESTS: Said =
    Said { icon: "content-loading-symbolic", title: Text("Looking for requests"), text: Text("") };
pub(super) const ABSENT: Text =
    Text("No agent runs in this session. Start it: systemctl --user start mfa-authenticator");
pub(super) const NEXT_REQUEST: Text = Text("Next Request");
pub(super) const CLOSE: Text = Text("Close");

pub(super) fn no_bus(why: &str) -> String {
    filled(gettext("The session bus does not answer: {why}."), &[("why", &why)])
}

pub(super) fn requests_wait(count: usize) -> String {
    filled(ngettext("{count} request waits", "{count} requests wait", count), &[("count", &count)])
}

pub(super) const QUEUE: Text = Text("Requests that wait, oldest first");
pub(super) const REQUESTS: Text = Text("Requests");
pub(super) const COMPUTER: Text = Text("This Computer");

pub(super) const PREFERENCES_MENU: Text = Text("_Preferences");
pub(super) const SHORTCUTS: Text = Text("_Keyboard Shortcuts");
pub(super) const ABOUT: Text = Text("_About Authenticator");
pub(super) const ABOUT_TEXT: Text = Text("Your codes, and your word about sign-ins.");
pub(super) const MENU: Text = Text("Menu");
pub(super) const LOCK: Text = Text("_Lock");

pub(super) const HISTORY: Text = Text("Last Decisions");

pub(super) const LOCKED: Text = Text("Locked");
pub(super) const UNLOCK: Text = Text("Unlock");
pub(super) const PIN: Text = Text("PIN");
pub(super) const NO_PIN: Text = Text("No PIN is set: whoever sits at this desk can unlock. Preferences has one.");
pub(super) const PIN_OF_CODES: Text = Text("PIN over Your Codes");
pub(super) const PIN_TEXT: Text = Text(
    "It encrypts them, and is asked for whenever they are locked. Nobody can read them without it: keep a backup.",
);
pub(super) const HAS_PIN: Text = Text("A PIN is set");
pub(super) const HAS_NO_PIN: Text = Text("No PIN is set");
pub(super) const SET_PIN: Text = Text("Set…");
pub(super) const CHANGE_PIN: Text = Text("Change…");
pub(super) const REMOVE_PIN: Text = Text("Remove…");
pub(super) const REMOVE: Text = Text("Remove");
pub(super) const OLD_PIN: Text = Text("PIN");
pub(super) const NEW_PIN: Text = Text("New PIN");
pub(super) const SAME_AGAIN: Text = Text("The same again");
pub(super) const WRONG_PIN: Text = Text("That is not the PIN.");
pub(super) const NOT_THE_SAME: Text = Text("The two are not the same.");
pub(super) const NO_MEMORY: Text = Text("There is not enough memory to try it. Close something and try again.");

/// After too many wrong ones.
pub(super) fn wait(seconds: u64) -> String {
    filled(gettext("Too many wrong PINs. Wait {seconds} s."), &[("seconds", &seconds)])
}

pub(super) fn pin_done(removed: bool) -> &'static str {
    if removed { gettext("Your codes have no PIN any more.") } else { gettext("Your codes are under the PIN now.") }
}

pub(super) const SEE_REQUESTS: Text = Text("Sign-In Requests");

/// Why it is locked.
pub(super) fn locked_by(cause: Cause) -> &'static str {
    match cause {
        Cause::Start => gettext("Your codes are locked until you type the PIN."),
        Cause::Told => gettext("You locked your codes."),
        Cause::Idle => gettext("Nobody used this window for a while."),
        Cause::Screen => gettext("The screen was locked."),
        Cause::Sleep => gettext("The computer was asleep."),
    }
}

pub(super) const WHO: Text = Text("You Here");
pub(super) const FACTORS: Text = Text("What Protects You");
pub(super) const FACTORS_TEXT: Text = Text("To change it, in a terminal: mfactl me");
pub(super) const PROBLEM: Text = Text("This stands in the way of a sign-in");

/// Whether a factor is set up, and from when one is required.
pub(super) fn state(enrolled: bool, required: &str, deadline: &str) -> (&'static str, String) {
    let demand = match required {
        "required" => gettext("One is required."),
        "approved" => gettext("One is required, and somebody else's approval."),
        "optional" => gettext("It is asked for since you have one."),
        _ => gettext("Nothing asks for one."),
    };
    let none = gettext("No second factor");
    match (enrolled, deadline) {
        (true, _) => (gettext("A second factor is set up"), demand.to_owned()),
        (false, "") if required == "optional" => (none, gettext("None is required.").to_owned()),
        (false, "") => (none, demand.to_owned()),
        (false, deadline) => {
            let from = gettext("One is required from {date} on. Set it up before.");
            (none, filled(from, &[("date", &deadline)]))
        }
    }
}

/// A hardware token.
pub(super) fn token(serial: &str) -> String {
    filled(gettext("Token {serial}"), &[("serial", &serial)])
}

/// One generator of codes, below its name.
pub(super) fn factor(method: &str, state: &str, created: &str, used: &str) -> String {
    let kind = if method == "hotp" { gettext("Codes by use") } else { gettext("Codes by time") };
    let used = match used {
        "" => gettext("Never used").to_owned(),
        used => filled(gettext("Last used on {date}"), &[("date", &used)]),
    };
    match state {
        "active" => format!("{kind}. {used}"),
        "pending" => {
            let waits = gettext("Made on {date}, waits for its first code");
            format!("{kind}. {}", filled(waits, &[("date", &created)]))
        }
        "suspended" => format!("{kind}. {}. {used}", gettext("Suspended")),
        _ => format!("{kind}. {}. {used}", gettext("Disabled after too many wrong codes")),
    }
}

/// How many are left, and what to do about it.
pub(super) fn recovery_codes(left: u32) -> (String, &'static str) {
    let count = usize::try_from(left).unwrap_or(usize::MAX);
    let title = ngettext("{count} recovery code left", "{count} recovery codes left", count);
    let few = gettext("Make new ones, in a terminal: mfactl me recovery-codes");
    (filled(title, &[("count", &left)]), if left <= 2 { few } else { gettext("For the day you lose the rest.") })
}

pub(super) const DEVICES: Text = Text("Devices That Approve");
pub(super) const DEVICES_TEXT: Text = Text("They are asked when somebody signs in as you.");
pub(super) const NO_DEVICES: Text = Text("No device approves your sign-ins yet.");
pub(super) const NO_DEVICES_TEXT: Text = Text("In a terminal: mfa-authenticator pair");
pub(super) const LOOKING: Text = Text("Asking mfad…");
pub(super) const AGAIN: Text = Text("Look Again");
pub(super) const ACCOUNT: Text = Text("Account");
pub(super) const HOST: Text = Text("Computer");

pub(super) const NO_ANSWER: Text = Text("mfad does not answer");

/// One device, below its name.
pub(super) fn device(created: &str, suspended: bool, key: &str) -> String {
    let words = if suspended {
        gettext("Suspended. Added on {date}. Key {key}")
    } else {
        gettext("Added on {date}. Key {key}")
    };
    filled(words, &[("date", &created), ("key", &key)])
}

/// One decision: what was asked for.
pub(super) fn decided(service: &str, user: &str, source: &str) -> String {
    let words = gettext("{service} for {user} from {source}");
    filled(words, &[("service", &service), ("user", &user), ("source", &source)])
}

/// One request in the list of those that wait.
pub(super) fn asked_for(service: &str, user: &str) -> String {
    filled(gettext("{service} for {user}"), &[("service", &service), ("user", &user)])
}

pub(super) const SHOWN: Text = Text("shown below");
pub(super) const TO_SHOW: Text = Text("press Enter to show it");

/// How a request ended, in a word or two.
pub(super) fn outcome(outcome: &str) -> &'static str {
    match outcome {
        "approved" => gettext("Approved"),
        "denied" => gettext("Denied"),
        "wrong-number" => gettext("Wrong number"),
        "cancelled" => gettext("No longer needed"),
        "expired" => gettext("Nobody answered"),
        _ => gettext("Over"),
    }
}

pub(super) const PREFERENCES: Text = Text("Preferences");
pub(super) const LOCKING: Text = Text("Locking");
pub(super) const IDLE: Text = Text("Lock after minutes without use");
pub(super) const IDLE_TEXT: Text = Text("0: never by itself. The screen's lock and sleep always lock.");
pub(super) const HIDE_CODES: Text = Text("Hide codes");
pub(super) const HIDE_CODES_TEXT: Text = Text("Each is shown when you ask, until it changes.");
pub(super) const NOT_SAVED: Text = Text("The preferences could not be saved");

pub(super) const BACK: Text = Text("Back");
pub(super) const ABOUT_TITLE: Text = Text("About Authenticator");
pub(super) const SHORTCUTS_TITLE: Text = Text("Keyboard Shortcuts");
pub(super) const KEY_SEARCH: Text = Text("Search");
pub(super) const KEY_COPY: Text = Text("Copy the code; while searching, of the first account found");
pub(super) const KEY_REVEAL: Text = Text("Reveal or hide the code");
pub(super) const KEY_PIN: Text = Text("Pin or unpin");
pub(super) const KEY_EDIT: Text = Text("Change names and tags");
pub(super) const KEY_TRASH: Text = Text("Move to the trash");
pub(super) const KEY_MENU: Text = Text("Everything about an account");
pub(super) const KEY_ADD: Text = Text("Add an account");
pub(super) const KEY_IMPORT: Text = Text("Import a file");
pub(super) const KEY_EXPORT: Text = Text("Export to a file");
pub(super) const KEY_LOCK: Text = Text("Lock");
pub(super) const KEY_PREFERENCES: Text = Text("Preferences");
pub(super) const KEY_SHORTCUTS: Text = Text("These keys");
pub(super) const KEY_CLOSE: Text = Text("Close the window");
pub(super) const KEY_QUIT: Text = Text("Quit");
