//! Every text of the main window, in one place: what a translation would replace.
//!
//! Texts of one request stand in [`crate::words`] and `request::text`, those of templates in their XML, marked for gettext. Titles are in title case, sentences end with a full stop.

use super::lock::Cause;
use super::request::Said;

pub(super) const TITLE: &str = "Authenticator";
pub(super) const REQUESTS_WINDOW: &str = "Sign-In Requests";

pub(super) const NO_REQUESTS: Said = Said {
    icon: "security-high-symbolic",
    title: "No requests",
    text: "When somebody signs in and asks for your approval, you see it here.",
};
pub(super) const NO_AGENT: Said =
    Said { icon: "network-offline-symbolic", title: "The agent does not answer", text: "" };
pub(super) const LOOKING_FOR_REQUESTS: Said =
    Said { icon: "content-loading-symbolic", title: "Looking for requests", text: "" };
pub(super) const ABSENT: &str = "No agent runs in this session. Start it: systemctl --user start mfa-authenticator";
pub(super) const NEXT_REQUEST: &str = "Next Request";
pub(super) const CLOSE: &str = "Close";

pub(super) fn no_bus(why: &str) -> String {
    format!("The session bus does not answer: {why}.")
}

pub(super) fn requests_wait(count: usize) -> String {
    format!("{count} requests wait")
}

pub(super) const REQUESTS: &str = "Requests";
pub(super) const COMPUTER: &str = "This Computer";

pub(super) const PREFERENCES_MENU: &str = "_Preferences";
pub(super) const SHORTCUTS: &str = "_Keyboard Shortcuts";
pub(super) const ABOUT: &str = "_About Authenticator";
pub(super) const ABOUT_TEXT: &str = "Your codes, and your word about sign-ins.";
pub(super) const MENU: &str = "Menu";
pub(super) const LOCK: &str = "_Lock";

pub(super) const HISTORY: &str = "Last Decisions";

pub(super) const LOCKED: &str = "Locked";
pub(super) const UNLOCK: &str = "Unlock";
pub(super) const PIN: &str = "PIN";
pub(super) const NO_PIN: &str = "No PIN is set: whoever sits at this desk can unlock. Preferences has one.";
pub(super) const PIN_OF_CODES: &str = "PIN over Your Codes";
pub(super) const PIN_TEXT: &str =
    "It encrypts them, and is asked for whenever they are locked. Nobody can read them without it: keep a backup.";
pub(super) const HAS_PIN: &str = "A PIN is set";
pub(super) const HAS_NO_PIN: &str = "No PIN is set";
pub(super) const SET_PIN: &str = "Set…";
pub(super) const CHANGE_PIN: &str = "Change…";
pub(super) const REMOVE_PIN: &str = "Remove…";
pub(super) const REMOVE: &str = "Remove";
pub(super) const OLD_PIN: &str = "PIN";
pub(super) const NEW_PIN: &str = "New PIN";
pub(super) const SAME_AGAIN: &str = "The same again";
pub(super) const WRONG_PIN: &str = "That is not the PIN.";
pub(super) const NOT_THE_SAME: &str = "The two are not the same.";
pub(super) const NO_MEMORY: &str = "There is not enough memory to try it. Close something and try again.";

/// After too many wrong ones.
pub(super) fn wait(seconds: u64) -> String {
    format!("Too many wrong PINs. Wait {seconds} s.")
}

pub(super) fn pin_done(removed: bool) -> &'static str {
    if removed { "Your codes have no PIN any more." } else { "Your codes are under the PIN now." }
}

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
pub(super) const FACTORS: &str = "What Protects You";
pub(super) const FACTORS_TEXT: &str = "To change it, in a terminal: mfactl me";
pub(super) const PROBLEM: &str = "This stands in the way of a sign-in";

/// Whether a factor is set up, and from when one is required.
pub(super) fn state(enrolled: bool, required: &str, deadline: &str) -> (&'static str, String) {
    let demand = match required {
        "required" => "One is required.",
        "approved" => "One is required, and somebody else's approval.",
        "optional" => "It is asked for since you have one.",
        _ => "Nothing asks for one.",
    };
    match (enrolled, deadline) {
        (true, _) => ("A second factor is set up", demand.to_owned()),
        (false, "") if required == "optional" => ("No second factor", "None is required.".to_owned()),
        (false, "") => ("No second factor", demand.to_owned()),
        (false, deadline) => ("No second factor", format!("One is required from {deadline} on. Set it up before.")),
    }
}

/// A hardware token.
pub(super) fn token(serial: &str) -> String {
    format!("Token {serial}")
}

/// One generator of codes, below its name.
pub(super) fn factor(method: &str, state: &str, created: &str, used: &str) -> String {
    let kind = if method == "hotp" { "Codes by use" } else { "Codes by time" };
    let used = if used.is_empty() { "Never used".to_owned() } else { format!("Last used on {used}") };
    match state {
        "active" => format!("{kind}. {used}"),
        "pending" => format!("{kind}. Made on {created}, waits for its first code"),
        "suspended" => format!("{kind}. Suspended. {used}"),
        _ => format!("{kind}. Disabled after too many wrong codes. {used}"),
    }
}

/// How many are left, and what to do about it.
pub(super) fn recovery_codes(left: u32) -> (String, &'static str) {
    let title = if left == 1 { "1 recovery code left".to_owned() } else { format!("{left} recovery codes left") };
    let few = "Make new ones, in a terminal: mfactl me recovery-codes";
    (title, if left <= 2 { few } else { "For the day you lose the rest." })
}

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

pub(super) const CODES: &str = "Codes";
pub(super) const ACCOUNTS: &str = "Accounts";
pub(super) const SEARCH: &str = "Search accounts";
pub(super) const HIDDEN: &str = "code hidden";
pub(super) const PIN_OR_NOT: &str = "_Pin or Unpin";
pub(super) const EDIT: &str = "_Change…";
pub(super) const PICTURE: &str = "Show _QR Code…";
pub(super) const TRASH: &str = "Move to _Trash";
pub(super) const NOTHING_FOUND: Said = Said {
    icon: "edit-find-symbolic",
    title: "Nothing found",
    text: "No account has all these words in its names or tags.",
};

/// An account, for screen readers.
fn called(title: &str, name: &str) -> String {
    if name.is_empty() || name == title { title.to_owned() } else { format!("{title}, {name}") }
}

/// A row of the list, for screen readers.
pub(super) fn spoken(title: &str, name: &str, code: &str) -> String {
    format!("{}: {code}. Enter copies", called(title, name))
}

pub(super) fn reveal(title: &str, name: &str, revealed: bool) -> String {
    format!("{} the code of {}", if revealed { "Hide" } else { "Reveal" }, called(title, name))
}

pub(super) fn more_for(title: &str, name: &str) -> String {
    format!("More for {}", called(title, name))
}

/// The code after the one that is shown.
pub(super) fn next(code: &str) -> String {
    format!("next {code}")
}

/// A code is in the clipboard.
pub(super) fn copied(title: &str, seconds: u64) -> String {
    format!("Code of {title} copied. It goes in {seconds} s.")
}

pub(super) const PREFERENCES: &str = "Preferences";
pub(super) const LOCKING: &str = "Locking";
pub(super) const IDLE: &str = "Lock after minutes without use";
pub(super) const IDLE_TEXT: &str = "0: never by itself. The screen's lock and sleep always lock.";
pub(super) const HIDE_CODES: &str = "Hide codes";
pub(super) const HIDE_CODES_TEXT: &str = "Each is shown when you ask, until it changes.";
pub(super) const IMPORT_MENU: &str = "_Import…";
pub(super) const EXPORT_MENU: &str = "_Export…";
pub(super) const IMPORT_TITLE: &str = "Import";
pub(super) const EXPORT_TITLE: &str = "Export";
pub(super) const PICTURE_TITLE: &str = "Picture of a QR Code";
pub(super) const FILE_PASSWORD: &str = "The file is encrypted.";
pub(super) const PASSWORD: &str = "Password";
pub(super) const OPEN: &str = "Open";
pub(super) const REVIEW: &str = "Add These Accounts?";
pub(super) const CHOOSE_FILE: &str = "Choose a File…";
pub(super) const EXPORTS: [&str; 3] =
    ["A backup, under a password", "For Aegis, under a password", "A list of addresses, which everybody can read"];
pub(super) const NOT_ENCRYPTED: &str =
    "Whoever reads this file has all your codes. Delete it as soon as it was read where it was meant for.";
pub(super) const SCANNED: &str = "QR Code from";
pub(super) const FILE: &str = "File…";
pub(super) const CLIPBOARD: &str = "Clipboard";
pub(super) const SCREEN: &str = "Screen…";
pub(super) const FROM_FILE: &str = "QR code from a file";
pub(super) const FROM_CLIPBOARD: &str = "QR code from the clipboard";
pub(super) const FROM_SCREEN: &str = "QR code from the screen";
pub(super) const NO_PICTURE_COPIED: &str = "There is no picture in the clipboard.";
pub(super) const UNLOCK_FIRST: &str = "Unlock, then open the address again.";
pub(super) const OLD_BACKUP: &str = "There is no backup of your codes of the last 90 days.";
pub(super) const BACK_UP: &str = "Back Up…";

fn accounts(count: usize) -> String {
    if count == 1 { "1 account".to_owned() } else { format!("{count} accounts") }
}

/// Above a list of what was found.
pub(super) fn found(count: usize) -> String {
    format!("{} found", accounts(count))
}

pub(super) fn left_out(count: usize) -> String {
    format!("{count} left out")
}

pub(super) fn add_all(count: usize) -> String {
    if count == 1 { ADD.to_owned() } else { format!("Add {count}") }
}

pub(super) fn and_more(count: usize) -> String {
    format!("and {count} more")
}

pub(super) fn all_added(kept: usize, there: usize) -> String {
    let there = if there == 0 { String::new() } else { format!(" {there} there already.") };
    format!("{} added.{there}", accounts(kept))
}

pub(super) fn exported(count: usize) -> String {
    format!("{} written.", accounts(count))
}

pub(super) fn not_written(why: &str) -> String {
    format!("The file was not written: {why}.")
}

pub(super) fn too_short(fewest: usize) -> String {
    format!("The password has fewer than {fewest} characters.")
}

pub(super) const NOT_SAVED: &str = "The preferences could not be saved";

pub(super) const KEY_SEARCH: &str = "Search";
pub(super) const KEY_COPY: &str = "Copy the code, of the first account found while searching";
pub(super) const KEY_REVEAL: &str = "Reveal or hide the code";
pub(super) const KEY_PIN: &str = "Pin or unpin";
pub(super) const KEY_EDIT: &str = "Change names and tags";
pub(super) const KEY_TRASH: &str = "Move to the trash";
pub(super) const KEY_MENU: &str = "Everything about an account";
pub(super) const KEY_ADD: &str = "Add an account";
pub(super) const KEY_IMPORT: &str = "Import a file";
pub(super) const KEY_EXPORT: &str = "Export to a file";
pub(super) const KEY_LOCK: &str = "Lock";
pub(super) const KEY_PAGES: &str = "Codes, requests, this computer";
pub(super) const KEY_PREFERENCES: &str = "Preferences";
pub(super) const KEY_SHORTCUTS: &str = "These keys";
pub(super) const KEY_CLOSE: &str = "Close the window";
pub(super) const KEY_QUIT: &str = "Quit";

pub(super) const ADD_TITLE: &str = "Add an Account";
pub(super) const ADD: &str = "Add";
pub(super) const WORKING: &str = "Working";
pub(super) const PASTED: &str = "Address";
pub(super) const ADDRESS: &str = "otpauth://…";
pub(super) const BY_HAND: &str = "By Hand";
pub(super) const BY_HAND_TEXT: &str = "The site shows the key beside its QR code.";
pub(super) const ISSUER: &str = "Site or service";
pub(super) const NAME: &str = "Account name";
pub(super) const CLOSE_WORD: &str = "Dismiss";
pub(super) const PEEK: &str = "Show what is typed";
pub(super) const KEY: &str = "Key";
pub(super) const TAGS: &str = "Tags, with commas";
pub(super) const DETAILS: &str = "Details";
pub(super) const DETAILS_TEXT: &str = "Only where the site says so";
pub(super) const KIND: &str = "Codes change";
pub(super) const KINDS: [&str; 3] = ["with time", "with each use", "as Steam's"];
pub(super) const HASH: &str = "Hash";
pub(super) const DIGITS: &str = "Digits";
pub(super) const PERIOD: &str = "Seconds";
pub(super) const COUNTER: &str = "Counter";
pub(super) const NO_NAME: &str = "Say what it is for: a site, or an account name.";
pub(super) const EDIT_TITLE: &str = "Change Names";
pub(super) const SAVE: &str = "Save";
pub(super) const PICTURE_TEXT: &str = "Scan it with another app. Whoever sees it has all your codes of this account.";

pub(super) fn picture_of(title: &str) -> String {
    format!("QR code of {title}")
}

pub(super) const LOADING: Said = Said { icon: "content-loading-symbolic", title: "Opening the keyring", text: "" };
pub(super) const NO_KEYRING: Said =
    Said { icon: "dialog-warning-symbolic", title: "The codes cannot be read", text: "" };
pub(super) const FIRST: Said = Said {
    icon: "dialog-password-symbolic",
    title: "Codes for your accounts",
    text: "Add an account with what the site shows when you turn on two-factor sign-in: its address, or its key. Codes are made \
           here; the keys stay in your keyring.",
};
pub(super) const TRY_AGAIN: &str = "Try Again";
pub(super) const UNDO: &str = "Undo";
pub(super) const NO_PICTURE: &str = "This account is too long for a QR code.";

pub(super) fn added(title: &str) -> String {
    format!("{title} added.")
}

pub(super) fn trashed(title: &str) -> String {
    format!("{title} is in the trash for 30 days.")
}

/// Items of the keyring that nobody understands.
pub(super) fn damaged(count: usize) -> String {
    let items = if count == 1 { "1 account" } else { &format!("{count} accounts") };
    format!("{items} in the keyring cannot be read. The others are not touched.")
}
