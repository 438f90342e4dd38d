//! What comes of asking for accounts: those that were found, those that cannot be read, and why one was not kept.
//!
//! Called by [`super::Vault`]; command line and window say it to people. What must never happen: an account that cannot be read passed
//! over in silence.

use super::Account;
use crate::catalogue::{Text, filled, gettext, ngettext};
use crate::keyring::KeyringError;
use crate::unusable;
use mfa_core::otpauth::UriError;

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
