//! `list`, `show`, `add`, `remove`, `restore`: the accounts whose codes are kept here.
//!
//! What must never happen: a code or a key among the arguments of any program, or a code of a counter shown before it is saved.

use super::{clipboard, exchange, hidden, object, state};
use crate::catalogue::{Text, filled, gettext, ngettext};
use crate::now;
use crate::pin::Pin;
use crate::sealed::{SealError, Sealed};
use crate::vault::import::{self, read_file};
use crate::vault::{Account, AccountsKey, Style, Vault, named, picture};
use anyhow::{anyhow, bail};
use mfa_core::secret::Secret;
use serde::Serialize;
use std::path::{Path, PathBuf};

/// The accounts of the session's keyring. Where they are under a PIN it is asked for, or is the first line of standard input.
pub(super) async fn vault() -> anyhow::Result<Vault> {
    let vault = locked_vault().await?;
    if let Some(sealed) = vault.pin().await? {
        vault.hold(Some((opened(&sealed)?, sealed)));
    }
    Ok(vault)
}

/// As [`vault`], without asking anybody.
pub(super) async fn locked_vault() -> anyhow::Result<Vault> {
    let absent = Text("No session bus. Codes are kept in the keyring of a desktop session.");
    Ok(Vault::new(state::connected(crate::keyring::PATIENCE, absent).await?))
}

/// The key under the PIN that is asked for.
pub(super) fn opened(sealed: &Sealed) -> anyhow::Result<AccountsKey> {
    let wrong = || anyhow!(gettext("That is not the PIN of your codes. Nothing was changed."));
    let pin = Pin::new(hidden::line(gettext("PIN of your codes: "))?).map_err(|_| wrong())?;
    AccountsKey::opened(sealed, &pin).map_err(|error| match error {
        SealError::Closed => wrong(),
        SealError::Memory => hidden::untried(&error),
    })
}

/// All accounts; says on standard error what cannot be read.
pub(super) async fn loaded(vault: &Vault) -> anyhow::Result<Vec<Account>> {
    let loaded = vault.load(now()).await?;
    let count = loaded.damaged.len();
    if count > 0 {
        let text = ngettext(
            "{count} of the accounts in the keyring cannot be read and is left alone: {names}",
            "{count} of the accounts in the keyring cannot be read and are left alone: {names}",
            count,
        );
        eprintln!("mfa-authenticator: {}", filled(text, &[("count", &count), ("names", &named(&loaded.damaged))]));
    }
    let mut accounts = loaded.accounts;
    accounts.sort_by_key(|account| (!account.pinned, account.called().to_lowercase(), account.id.clone()));
    Ok(accounts)
}

/// What is shown of an account: nothing that makes codes.
#[derive(Serialize)]
pub(super) struct Row<'a> {
    id: &'a str,
    issuer: &'a str,
    name: &'a str,
    tags: &'a [String],
    pinned: bool,
    kind: &'static str,
    length: u8,
    /// Seconds of a step.
    period: Option<u32>,
    /// Seconds since 1970.
    trashed: Option<u64>,
}

impl<'a> Row<'a> {
    pub(super) fn of(account: &'a Account) -> Self {
        Self {
            id: &account.id,
            issuer: &account.issuer,
            name: &account.name,
            tags: &account.tags,
            pinned: account.pinned,
            kind: match (account.style(), account.period()) {
                (Style::Steam, _) => "steam",
                (Style::Digits, Some(_)) => "totp",
                (Style::Digits, None) => "hotp",
            },
            length: account.length(),
            period: account.period(),
            trashed: account.trashed,
        }
    }
}

pub(super) async fn list(words: &[String], trash: bool, json: bool) -> anyhow::Result<()> {
    let accounts = loaded(&vault().await?).await?;
    let shown = accounts.iter().filter(|account| account.trashed.is_some() == trash && fits(account, words));
    let rows: Vec<Row<'_>> = shown.map(Row::of).collect();
    if json {
        return object(&rows);
    }
    if rows.is_empty() {
        println!(
            "{}",
            if words.is_empty() && !trash {
                gettext("No accounts. To add one: mfa-authenticator add")
            } else {
                gettext("Nothing found.")
            }
        );
    }
    for row in &rows {
        println!("{}", line(row));
    }
    Ok(())
}

fn line(row: &Row<'_>) -> String {
    let called = [row.issuer, row.name].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(", ");
    let pinned = if row.pinned { format!(", {}", gettext("pinned")) } else { String::new() };
    let tags: String = row.tags.iter().map(|tag| format!(" #{tag}")).collect();
    format!("{called}  ({}{pinned}){tags}", row.kind)
}

/// Whether every word stands in the names or tags, or they are its id.
fn fits(account: &Account, words: &[String]) -> bool {
    let text = [account.issuer.as_str(), &account.name, &account.tags.join(" ")].join(" ").to_lowercase();
    words.iter().all(|word| text.contains(word.trim_end_matches(',').to_lowercase().as_str()))
        || matches!(words, [id] if *id == account.id)
}

/// The one account that `words` fit; one that is called exactly so goes before others that only contain it.
fn chosen<'a>(accounts: &'a [Account], words: &[String], trashed: bool) -> anyhow::Result<&'a Account> {
    let mut found: Vec<&Account> =
        accounts.iter().filter(|account| account.trashed.is_some() == trashed && fits(account, words)).collect();
    let said = words.join(" ").to_lowercase();
    let exact = |account: &&Account| {
        [account.issuer.to_lowercase(), account.name.to_lowercase(), account.called().to_lowercase()].contains(&said)
    };
    if found.iter().filter(|account| exact(account)).count() == 1 {
        found.retain(exact);
    }
    match found.as_slice() {
        [] if trashed => {
            bail!(gettext("Nothing in the trash is called so. To see what is: mfa-authenticator list --trash"))
        }
        [] => bail!(gettext("No account is called so. To see them: mfa-authenticator list")),
        [one] => Ok(one),
        several => {
            let names: Vec<String> = several.iter().map(|account| account.called()).collect();
            let text = gettext("{count} accounts are called so: {names}. Say more of the name.");
            bail!(filled(text, &[("count", &several.len()), ("names", &named(&names))]))
        }
    }
}

pub(super) async fn show(words: &[String], copy: bool, json: bool) -> anyhow::Result<()> {
    let vault = vault().await?;
    let accounts = loaded(&vault).await?;
    let account = chosen(&accounts, words, false)?;
    // Before a counter goes on.
    let clipboard = copy.then(clipboard::found).transpose()?;
    let now = now();
    let (code, left) = match account.period() {
        Some(period) => (account.code_at(now), Some(u64::from(period) - now % u64::from(period))),
        None => (Some(vault.count(&account.id).await?.1), None),
    };
    let code = code.ok_or_else(|| anyhow!(gettext("There is no code for this account.")))?;
    let text = code.expose_str().unwrap_or_default();
    if let Some(clipboard) = clipboard {
        let not_copied = if left.is_none() {
            gettext("The code was not copied: {why}. Its counter has gone on by one. Without --copy a code is printed.")
        } else {
            gettext("The code was not copied: {why}. Without --copy a code is printed.")
        };
        clipboard.put(&code).map_err(|why| anyhow!(filled(not_copied, &[("why", &why)])))?;
        let text = gettext("Copied the code of {account}. It leaves the clipboard in {seconds} seconds.");
        println!("{}", filled(text, &[("account", &account.called()), ("seconds", &clipboard::KEPT)]));
    } else if json {
        object(&serde_json::json!({ "id": account.id, "code": text, "seconds_left": left }))?;
    } else {
        let left = left.map(|left| filled(gettext(", for {seconds} s"), &[("seconds", &left)])).unwrap_or_default();
        println!("{text}  {}{left}", account.called());
    }
    Ok(())
}

pub(super) async fn add(pictures: Vec<PathBuf>, json: bool) -> anyhow::Result<()> {
    if !pictures.is_empty() {
        return add_pictures(&pictures, json).await;
    }
    let vault = vault().await?;
    let uri = hidden::line_up_to(
        import::LONGEST_MIGRATION,
        gettext("The otpauth:// address (what you type or paste stays hidden): "),
    )?;
    let text = uri.expose_str().ok_or_else(|| anyhow!(gettext("That is no address.")))?;
    if text.trim().is_empty() {
        bail!(gettext("No address was given. Nothing was added."));
    }
    if import::is_migration(text.trim()) {
        return exchange::added(import::read(uri.expose(), Some(import::Format::Uris), None)?, &vault, json).await;
    }
    let account = vault.add(text.trim(), now()).await?;
    if json {
        return exchange::told_of(&[account], &[], &[]);
    }
    println!("{}", filled(gettext("Added {account}."), &[("account", &account.called())]));
    Ok(())
}

async fn add_pictures(pictures: &[PathBuf], json: bool) -> anyhow::Result<()> {
    let mut text = Vec::new();
    for path in pictures {
        let content = read_file(path, picture::LONGEST).map_err(|why| anyhow!("{}: {why}", shown(path)))?;
        for uri in picture::addresses(content.expose()).map_err(|why| anyhow!("{}: {why}", shown(path)))? {
            text.extend_from_slice(uri.expose());
            text.push(b'\n');
        }
    }
    let text = Secret::new(text);
    let read = import::read(text.expose(), Some(import::Format::Uris), None)?;
    exchange::added(read, &vault().await?, json).await
}

/// A path as it may be printed.
pub(super) fn shown(path: &Path) -> String {
    mfa_core::clean::field(&path.to_string_lossy())
}

pub(super) async fn remove(words: &[String], json: bool) -> anyhow::Result<()> {
    let vault = vault().await?;
    let accounts = loaded(&vault).await?;
    let account = chosen(&accounts, words, false)?;
    let (account, ()) = vault.change(&account.id, |account| account.trashed = Some(now())).await?;
    if json {
        return object(&Row::of(&account));
    }
    let text = gettext("{account} is in the trash for 30 days. To take it back: mfa-authenticator restore NAME");
    println!("{}", filled(text, &[("account", &account.called())]));
    Ok(())
}

pub(super) async fn restore(words: &[String], json: bool) -> anyhow::Result<()> {
    let vault = vault().await?;
    let accounts = loaded(&vault).await?;
    let account = chosen(&accounts, words, true)?;
    let (account, ()) = vault.change(&account.id, |account| account.trashed = None).await?;
    if json {
        return object(&Row::of(&account));
    }
    println!("{}", filled(gettext("{account} is back."), &[("account", &account.called())]));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn account(issuer: &str, name: &str) -> Account {
        Account::from_uri(&format!("otpauth://totp/{issuer}:{name}?secret=GEZDGNBVGY3TQOJQ&issuer={issuer}")).unwrap()
    }

    fn words(text: &str) -> Vec<String> {
        text.split(' ').map(str::to_owned).collect()
    }

    #[test]
    fn a_name_that_fits_one_is_enough_and_an_exact_one_goes_first() {
        let all = [account("ACME", "alice"), account("ACME", "alice2"), account("Bank", "bob")];
        let name = |text: &str| chosen(&all, &words(text), false).map(Account::called).map_err(|why| why.to_string());
        assert_eq!(name("bank").as_deref(), Ok("Bank, bob"));
        assert_eq!(name("acme alice2").as_deref(), Ok("ACME, alice2"));
        assert_eq!(name("alice").as_deref(), Ok("ACME, alice"), "exactly so");
        assert_eq!(name("ACME, alice").as_deref(), Ok("ACME, alice"));
        assert_eq!(
            name("acme").unwrap_err(),
            "2 accounts are called so: ACME, alice; ACME, alice2. Say more of the name."
        );
        assert!(name("carol").unwrap_err().starts_with("No account"));
    }

    #[test]
    fn what_is_in_the_trash_is_found_only_there() {
        let mut gone = account("ACME", "alice");
        gone.trashed = Some(1);
        let all = [gone];
        assert!(chosen(&all, &words("acme"), false).is_err());
        assert!(chosen(&all, &words("acme"), true).is_ok());
    }
}
