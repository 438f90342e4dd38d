//! `status`, `lock` and `unlock`: the keyring that holds accounts and device keys, and what is in it.

use super::{object, when};
use crate::catalogue::{Text, filled, gettext};
use crate::keyring::{self, Asks, Keyring, KeyringError};
use crate::now;
use crate::session::{self, NoSession};
use crate::settings::Settings;
use crate::vault::{NotKept, Vault};
use anyhow::bail;
use mfa_core::bus;
use serde::Serialize;
use std::time::Duration;
use zbus::Connection;
use zbus::fdo::DBusProxy;
use zbus::names::BusName;

#[derive(Serialize)]
struct State {
    /// `unlocked`, `locked`, or why it does not answer.
    keyring: String,
    /// Whether the accounts are under a PIN. Unknown while it is locked, as what follows.
    pin: Option<bool>,
    /// Not told without the PIN.
    accounts: Option<usize>,
    in_trash: Option<usize>,
    damaged: Option<usize>,
    /// Device keys here.
    devices: Option<usize>,
    /// Whether the agent shows requests in this session.
    agent: bool,
    /// Seconds since 1970.
    last_backup: Option<u64>,
}

pub(super) async fn session() -> anyhow::Result<Connection> {
    connected(keyring::PATIENCE, Text("No session bus. The keyring is one of a desktop session.")).await
}

/// The session bus; `absent` says in the user's words that there is none.
pub(super) async fn connected(patience: Duration, absent: Text) -> anyhow::Result<Connection> {
    session::connect(patience).await.map_err(|why| match why {
        NoSession::Bus(error) => anyhow::Error::new(error).context(absent),
        NoSession::Another(_) => why.into(),
    })
}

pub(super) async fn status(json: bool) -> anyhow::Result<()> {
    let session = session().await?;
    let keyring = Keyring::new(session.clone());
    let locked = keyring.is_locked().await;
    let mut state = State {
        keyring: match &locked {
            Ok(true) => "locked".into(),
            Ok(false) => "unlocked".into(),
            Err(why) => why.to_string(),
        },
        pin: None,
        accounts: None,
        in_trash: None,
        damaged: None,
        devices: None,
        agent: runs(&session, bus::AGENT).await,
        last_backup: Settings::load().last_backup,
    };
    // Nobody is asked for a password by a look.
    if matches!(locked, Ok(false)) {
        let vault = Vault::asking(session, Asks::Nobody);
        state.pin = Some(vault.pin().await?.is_some());
        let loaded = match vault.load(now()).await {
            Err(NotKept::Pin | NotKept::Keyring(KeyringError::Locked)) => None,
            loaded => Some(loaded?),
        };
        state.devices = keyring.devices(Asks::Nobody).await.ok().map(|devices| devices.len());
        let Some(loaded) = loaded else { return shown(&state, json) };
        let trashed = loaded.accounts.iter().filter(|account| account.trashed.is_some()).count();
        state.accounts = Some(loaded.accounts.len() - trashed);
        (state.in_trash, state.damaged) = (Some(trashed), Some(loaded.damaged.len()));
    }
    shown(&state, json)
}

fn shown(state: &State, json: bool) -> anyhow::Result<()> {
    if json {
        return object(state);
    }
    print!("{}", lines(state, now()));
    Ok(())
}

fn lines(state: &State, now: u64) -> String {
    let unknown = gettext("not known");
    let number = |count: Option<usize>, otherwise: &str| count.map_or(otherwise.to_owned(), |count| count.to_string());
    let keyring = match state.keyring.as_str() {
        "locked" => gettext("locked"),
        "unlocked" => gettext("unlocked"),
        why => why,
    };
    let under = if state.pin == Some(true) { gettext("under a PIN") } else { unknown };
    let mut accounts = number(state.accounts, under);
    if let Some(trash) = state.in_trash.filter(|count| *count > 0) {
        accounts += &filled(gettext(", and {count} in the trash"), &[("count", &trash)]);
    }
    if let Some(damaged) = state.damaged.filter(|count| *count > 0) {
        accounts += &filled(gettext(", and {count} that cannot be read"), &[("count", &damaged)]);
    }
    let requests =
        if state.agent { gettext("shown in this session") } else { gettext("not shown: the agent does not run") };
    let backup = state.last_backup.map_or_else(|| gettext("never").to_owned(), |then| when::ago(then, now));
    [
        filled(gettext("Keyring: {state}"), &[("state", &keyring)]),
        filled(gettext("Accounts: {count}"), &[("count", &accounts)]),
        filled(gettext("Device keys here: {count}"), &[("count", &number(state.devices, unknown))]),
        filled(gettext("Sign-in requests: {state}"), &[("state", &requests)]),
        filled(gettext("Last backup: {when}"), &[("when", &backup)]),
    ]
    .map(|line| line + "\n")
    .concat()
}

async fn runs(session: &Connection, name: &'static str) -> bool {
    let (Ok(bus), Ok(name)) = (DBusProxy::new(session).await, BusName::from_static_str(name)) else { return false };
    bus.name_has_owner(name).await.unwrap_or(false)
}

pub(super) async fn lock(json: bool) -> anyhow::Result<()> {
    let session = session().await?;
    Keyring::new(session.clone()).lock().await?;
    let window = runs(&session, bus::AUTHENTICATOR).await;
    if json {
        return object(&serde_json::json!({ "keyring": "locked", "window_open": window }));
    }
    println!("{}", gettext("The keyring is locked. Whatever needs it asks for its password first."));
    if window {
        println!("{}", gettext("The window is open and has a lock of its own: press Ctrl+L there."));
    }
    Ok(())
}

pub(super) async fn unlock(json: bool) -> anyhow::Result<()> {
    match Keyring::new(session().await?).prepare().await {
        Ok(()) if json => return object(&serde_json::json!({ "keyring": "unlocked" })),
        Ok(()) => println!("{}", gettext("The keyring is unlocked.")),
        Err(KeyringError::Locked) => bail!(gettext("The keyring stayed locked: its password was not given.")),
        Err(why) => return Err(why.into()),
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_state_is_a_line_for_each_thing_to_know() {
        let mut state = State {
            keyring: "unlocked".into(),
            pin: Some(false),
            accounts: Some(3),
            in_trash: Some(1),
            damaged: Some(0),
            devices: Some(1),
            agent: true,
            last_backup: Some(100),
        };
        let expected = "Keyring: unlocked\nAccounts: 3, and 1 in the trash\nDevice keys here: 1\n\
                        Sign-in requests: shown in this session\nLast backup: 2 h ago\n";
        assert_eq!(lines(&state, 100 + 7200), expected);
        state =
            State { keyring: "locked".into(), accounts: None, devices: None, agent: false, last_backup: None, ..state };
        state.in_trash = None;
        let expected = "Keyring: locked\nAccounts: not known\nDevice keys here: not known\n\
                        Sign-in requests: not shown: the agent does not run\nLast backup: never\n";
        assert_eq!(lines(&state, 0), expected);
    }
}
