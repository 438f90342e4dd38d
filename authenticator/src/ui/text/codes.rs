//! What the main window says about codes: the list, one account, imports and exports. Used as part of [`super`].

use super::Said;
use crate::catalogue::{Text, filled, gettext, ngettext};
use crate::vault::named;

pub(in crate::ui) const CODES: Text = Text("Codes");
pub(in crate::ui) const ACCOUNTS: Text = Text("Accounts");
pub(in crate::ui) const SEARCH: Text = Text("Search accounts");
pub(in crate::ui) const HIDDEN: Text = Text("code hidden");
pub(in crate::ui) const PIN_OR_NOT: Text = Text("_Pin or Unpin");
pub(in crate::ui) const EDIT: Text = Text("_Change…");
pub(in crate::ui) const PICTURE: Text = Text("Show _QR Code…");
pub(in crate::ui) const TRASH: Text = Text("Move to _Trash");
pub(in crate::ui) const NOTHING_FOUND: Said = Said {
    icon: "edit-find-symbolic",
    title: Text("Nothing found"),
    text: Text("No account has all these words in its names or tags."),
};

/// An account, for screen readers.
fn called(title: &str, name: &str) -> String {
    if name.is_empty() || name == title { title.to_owned() } else { format!("{title}, {name}") }
}

/// A row of the list, for screen readers.
pub(in crate::ui) fn spoken(title: &str, name: &str, code: &str) -> String {
    filled(gettext("{account}: {code}. Enter copies"), &[("account", &called(title, name)), ("code", &code)])
}

pub(in crate::ui) fn reveal(title: &str, name: &str, revealed: bool) -> String {
    let words = if revealed { gettext("Hide the code of {account}") } else { gettext("Reveal the code of {account}") };
    filled(words, &[("account", &called(title, name))])
}

pub(in crate::ui) fn more_for(title: &str, name: &str) -> String {
    filled(gettext("More for {account}"), &[("account", &called(title, name))])
}

/// The code after the one that is shown.
pub(in crate::ui) fn next(code: &str) -> String {
    filled(gettext("next {code}"), &[("code", &code)])
}

/// A code is in the clipboard.
pub(in crate::ui) fn copied(title: &str, seconds: u64) -> String {
    let words = gettext("Code of {account} copied. It goes in {seconds} s.");
    filled(words, &[("account", &title), ("seconds", &seconds)])
}

pub(in crate::ui) const IMPORT_MENU: Text = Text("_Import…");
pub(in crate::ui) const EXPORT_MENU: Text = Text("_Export…");
pub(in crate::ui) const IMPORT_TITLE: Text = Text("Import");
pub(in crate::ui) const EXPORT_TITLE: Text = Text("Export");
pub(in crate::ui) const PICTURE_TITLE: Text = Text("Picture of a QR Code");
pub(in crate::ui) const FILE_PASSWORD: Text = Text("The file is encrypted.");
pub(in crate::ui) const PASSWORD: Text = Text("Password");
pub(in crate::ui) const OPEN: Text = Text("Open");
pub(in crate::ui) const REVIEW: Text = Text("Add These Accounts?");
pub(in crate::ui) const CHOOSE_FILE: Text = Text("Choose a File…");
pub(in crate::ui) const EXPORTS: [Text; 3] = [
    Text("A backup, under a password"),
    Text("For Aegis, under a password"),
    Text("A list of addresses, which everybody can read"),
];
pub(in crate::ui) const NOT_ENCRYPTED: Text =
    Text("Whoever reads this file has all your codes. Delete it as soon as it was read where it was meant for.");
pub(in crate::ui) const SCANNED: Text = Text("QR Code from");
pub(in crate::ui) const FILE: Text = Text("File…");
pub(in crate::ui) const CLIPBOARD: Text = Text("Clipboard");
pub(in crate::ui) const SCREEN: Text = Text("Screen…");
pub(in crate::ui) const FROM_FILE: Text = Text("QR code from a file");
pub(in crate::ui) const FROM_CLIPBOARD: Text = Text("QR code from the clipboard");
pub(in crate::ui) const FROM_SCREEN: Text = Text("QR code from the screen");
pub(in crate::ui) const NO_PICTURE_COPIED: Text = Text("There is no picture in the clipboard.");
pub(in crate::ui) const UNLOCK_FIRST: Text = Text("Unlock, then open the address again.");
pub(in crate::ui) const OLD_BACKUP: Text = Text("There is no backup of your codes of the last 90 days.");
pub(in crate::ui) const BACK_UP: Text = Text("Back Up…");

/// Above a list of what was found.
pub(in crate::ui) fn found(count: usize) -> String {
    filled(ngettext("{count} account found", "{count} accounts found", count), &[("count", &count)])
}

pub(in crate::ui) fn left_out(count: usize) -> String {
    filled(ngettext("{count} left out", "{count} left out", count), &[("count", &count)])
}

pub(in crate::ui) fn add_all(count: usize) -> String {
    if count == 1 {
        ADD.to_string()
    } else {
        filled(ngettext("Add {count}", "Add {count}", count), &[("count", &count)])
    }
}

pub(in crate::ui) fn and_more(count: usize) -> String {
    filled(ngettext("and {count} more", "and {count} more", count), &[("count", &count)])
}

pub(in crate::ui) fn all_added(kept: usize, there: usize) -> String {
    let added = filled(ngettext("{count} account added.", "{count} accounts added.", kept), &[("count", &kept)]);
    if there == 0 {
        return added;
    }
    let there = filled(ngettext("{count} there already.", "{count} there already.", there), &[("count", &there)]);
    format!("{added} {there}")
}

pub(in crate::ui) fn exported(count: usize) -> String {
    filled(ngettext("{count} account written.", "{count} accounts written.", count), &[("count", &count)])
}

pub(in crate::ui) fn not_written(why: &str) -> String {
    filled(gettext("The file was not written: {why}."), &[("why", &why)])
}

pub(in crate::ui) fn too_short(fewest: usize) -> String {
    let words = ngettext(
        "The password has fewer than {count} character.",
        "The password has fewer than {count} characters.",
        fewest,
    );
    filled(words, &[("count", &fewest)])
}

pub(in crate::ui) const ADD_TITLE: Text = Text("Add an Account");
pub(in crate::ui) const ADD: Text = Text("Add");
pub(in crate::ui) const WORKING: Text = Text("Working");
pub(in crate::ui) const PASTED: Text = Text("Address");
pub(in crate::ui) const ADDRESS: Text = Text("otpauth://…");
pub(in crate::ui) const BY_HAND: Text = Text("By Hand");
pub(in crate::ui) const BY_HAND_TEXT: Text = Text("The site shows the key beside its QR code.");
pub(in crate::ui) const ISSUER: Text = Text("Site or service");
pub(in crate::ui) const NAME: Text = Text("Account name");
pub(in crate::ui) const CLOSE_WORD: Text = Text("Dismiss");
pub(in crate::ui) const PEEK: Text = Text("Show what is typed");
pub(in crate::ui) const KEY: Text = Text("Key");
pub(in crate::ui) const TAGS: Text = Text("Tags, with commas");
pub(in crate::ui) const DETAILS: Text = Text("Details");
pub(in crate::ui) const DETAILS_TEXT: Text = Text("Only where the site says so");
pub(in crate::ui) const KIND: Text = Text("Codes change");
pub(in crate::ui) const KINDS: [Text; 3] = [Text("with time"), Text("with each use"), Text("as Steam's")];
pub(in crate::ui) const HASH: Text = Text("Hash");
pub(in crate::ui) const DIGITS: Text = Text("Digits");
pub(in crate::ui) const PERIOD: Text = Text("Seconds");
pub(in crate::ui) const COUNTER: Text = Text("Counter");
pub(in crate::ui) const NO_NAME: Text = Text("Say what it is for: a site, or an account name.");
pub(in crate::ui) const EDIT_TITLE: Text = Text("Change Names");
pub(in crate::ui) const SAVE: Text = Text("Save");
pub(in crate::ui) const PICTURE_TEXT: Text =
    Text("Scan it with another app. Whoever sees it has all your codes of this account.");

pub(in crate::ui) fn picture_of(title: &str) -> String {
    filled(gettext("QR code of {account}"), &[("account", &title)])
}

pub(in crate::ui) const LOADING: Said =
    Said { icon: "content-loading-symbolic", title: Text("Opening the keyring"), text: Text("") };
pub(in crate::ui) const NO_KEYRING: Said =
    Said { icon: "dialog-warning-symbolic", title: Text("The codes cannot be read"), text: Text("") };
pub(in crate::ui) const FIRST: Said = Said {
    icon: "dialog-password-symbolic",
    title: Text("Codes for your accounts"),
    text: Text(
        "Add an account with what the site shows when you turn on two-factor sign-in: its address, or its key. Codes are made \
           here; the keys stay in your keyring.",
    ),
};
pub(in crate::ui) const TRY_AGAIN: Text = Text("Try Again");
pub(in crate::ui) const UNDO: Text = Text("Undo");
pub(in crate::ui) const NO_PICTURE: Text = Text("This account is too long for a QR code.");

pub(in crate::ui) fn added(title: &str) -> String {
    filled(gettext("{account} added."), &[("account", &title)])
}

pub(in crate::ui) fn trashed(title: &str) -> String {
    filled(gettext("{account} is in the trash for 30 days."), &[("account", &title)])
}

/// Items of the keyring that nobody understands.
pub(in crate::ui) fn damaged(names: &[String]) -> String {
    let words = ngettext(
        "{count} account in the keyring cannot be read: {names}. The others are not touched.",
        "{count} accounts in the keyring cannot be read: {names}. The others are not touched.",
        names.len(),
    );
    filled(words, &[("count", &names.len()), ("names", &named(names))])
}
