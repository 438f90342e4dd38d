//! What comes of asking for accounts: those that were found, those that cannot be read, and why one was not kept.
//!
//! Called by [`super::Vault`]; command line and window say it to people. What must never happen: an account that cannot be read passed
//! over in silence.

use super::Account;
use crate::catalogue::{Text, filled, gettext, ngettext};
use crate::keyring::KeyringError;
use crate::unusable;
use mfa_core::otpauth::UriError;
use zbus::OwnedObjectPath;

/// Longest list of names in one text.
pub(super) const MOST_NAMED: usize = 10;

/// Why an account was not kept or changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotKept {
    /// The keyring.
    #[error(transparent)]
    Keyring(#[from] KeyringError),
    /// It is no address that can be used.
    #[error("{}", filled(gettext("This is no account: {why}."), &[("why", &unusable::uri(.0))]))]
    Uri(#[from] UriError),
    /// It is there.
    #[error("{}", filled(gettext("This account is here already, as {account}."), &[("account", .0)]))]
    There(String),
    /// It is not.
    #[error("{}", Text("This account is not here any more. Another program may have removed it."))]
    Gone,
    /// It is, as something else.
    #[error(
        "{}",
        Text("This account cannot be read any more, and was not changed. Another program may have damaged it.")
    )]
    Unread,
    /// Its counter is at its end.
    #[error(
        "{}",
        Text(
            "The counter of this account has come to its end, and there is no further code. Have the site give you a new key."
        )
    )]
    Spent,
    /// The keyring has some, and gives none.
    #[error("{}", filled(
        ngettext(
            "{why} Your {count} account cannot be read: {names}. Log out and in again; if that does not \
             help, remove it in your password manager and import your backup.",
            "{why} None of your {count} accounts can be read: {names}. Log out and in again; if that does not help, remove them \
             in your password manager and import your backup.",
            .0.len()
        ),
        &[("why", .1), ("count", &.0.len()), ("names", &named(.0))]
    ))]
    NoneRead(Vec<String>, KeyringError),
    /// Another program has its turn.
    #[error("{}", Text("Another program is changing your accounts. Try again when it is done."))]
    Busy,
    /// They are under a PIN, which was not given.
    #[error("{}", Text("The codes are locked by a PIN."))]
    Pin,
    /// What opened them opens nothing any more.
    #[error(
        "{}",
        Text(
            "The PIN over the codes was changed or taken off meanwhile. Lock the codes, open them again, and try again."
        )
    )]
    OtherPin,
    /// Its items are no copies of one.
    #[error(
        "{}",
        Text(
            "The keyring holds different items called \"PIN over codes\", and one alone may open your codes. In your password \
             manager, write down what they hold, remove all but one, and try again."
        )
    )]
    SeveralPins,
    /// Its item cannot be understood.
    #[error(
        "{}",
        Text(
            "The item called \"PIN over codes\" in the keyring is damaged, or of a later version, and nothing else opens your codes. \
             Restore it from a copy of the keyring, or remove it in your password manager and import your backup."
        )
    )]
    DamagedPin,
    /// The keyring stopped while they were encrypted.
    #[error("{}", filled(
        ngettext(
            "The PIN is over {done} of {count} account, then the keyring took no more: {why} Change the PIN to put it over \
             all of them; the new one may be the same.",
            "The PIN is over {done} of {count} accounts, then the keyring took no more: {why} Change the PIN to put it over \
             all of them; the new one may be the same.",
            *.1
        ),
        &[("done", .0), ("count", .1), ("why", .2)]
    ))]
    PartlyCovered(usize, usize, Box<NotKept>),
    /// It was to be taken off.
    #[error("{}", filled(gettext("The PIN stays over your codes: {why}"), &[("why", .0)]))]
    PinStays(Box<NotKept>),
    /// Some may need the PIN's key, and nobody can tell.
    #[error("{}", filled(
        ngettext(
            "{count} account in the keyring cannot be read and may need the PIN: {names}. The PIN stays.",
            "{count} accounts in the keyring cannot be read and may need the PIN: {names}. The PIN stays.",
            .0.len()
        ),
        &[("count", &.0.len()), ("names", &named(.0))]
    ))]
    Needed(Vec<String>),
    /// No randomness.
    #[error("{}", Text("The system gives no randomness; nothing was added. Try again."))]
    Random,
    /// It took some.
    #[error("{}", filled(
        ngettext(
            "{count} account was added, then the keyring took no more: {why} Import the file again to add the rest.",
            "{count} accounts were added, then the keyring took no more: {why} Import the file again to add the rest.",
            *.0
        ),
        &[("count", .0), ("why", .1)]
    ))]
    Partly(usize, KeyringError),
    /// Too many.
    #[error("{}", filled(gettext("There would be more than {most} accounts, which is the most that are kept. Nothing was added."), &[("most", &super::MOST)]))]
    Full,
}

/// What was found in the keyring.
#[derive(Debug, Default)]
pub struct Loaded {
    /// What can be read, the trash included.
    pub accounts: Vec<Account>,
    /// What the items are called that cannot.
    pub damaged: Vec<String>,
    /// Those of them that the PIN's key may still open.
    pub(super) needing_key: Vec<String>,
    /// Where those that can be read lie, their copies included.
    pub(super) places: Vec<Place>,
}

/// An item, and the account in it. What it is found by may say another.
#[derive(Debug)]
pub(super) struct Place {
    pub(super) item: OwnedObjectPath,
    pub(super) id: String,
    /// Whether the PIN's key encrypts it.
    pub(super) sealed: bool,
}

/// What became of accounts that were to be added.
#[derive(Debug, Default)]
pub struct Added {
    /// These are kept now.
    pub kept: Vec<Account>,
    /// These were there already.
    pub there: Vec<Account>,
}

/// A list of names for one text.
#[must_use]
pub fn named(names: &[String]) -> String {
    let mut named: Vec<&str> = names.iter().take(MOST_NAMED).map(String::as_str).collect();
    if names.len() > MOST_NAMED {
        named.push(gettext("and more"));
    }
    named.join("; ")
}
