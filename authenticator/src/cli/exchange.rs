//! `import` and `export`.
//!
//! What must never happen: anything added of a file that was only to be looked at, or keys in a file that others may read.

use super::codes::{Row, loaded, shown, vault};
use super::{hidden, object, state};
use crate::catalogue::{filled, gettext, ngettext};
use crate::keyring::{Asks, Keyring, KeyringError};
use crate::now;
use crate::settings::Settings;
use crate::vault::export::{self, ExportError, Format};
use crate::vault::import::{self, Import, ImportError, SetAside, read_file};
use crate::vault::{Account, Fate, Vault};
use anyhow::{anyhow, bail};
use mfa_core::secret::Secret;
use std::path::Path;

/// Fewest characters of a new password.
const FEWEST: usize = 8;

pub(super) async fn import(
    path: &Path,
    format: Option<import::Format>,
    dry_run: bool,
    yes: bool,
    json: bool,
) -> anyhow::Result<()> {
    let content = read_file(path, import::LONGEST).map_err(|why| anyhow!("{}: {why}", shown(path)))?;
    let at = |why: ImportError| {
        let way = match why {
            ImportError::Unknown => gettext("; if you know whose it is, say so by --format"),
            _ => "",
        };
        anyhow!("{}: {why}{way}", shown(path))
    };
    let read = match import::read(content.expose(), format, None) {
        Err(ImportError::Password) => {
            let password = hidden::line(gettext("Password of the file: "))?;
            // One thread, which has nothing else to do meanwhile.
            import::read(content.expose(), format, Some(&password)).map_err(at)?
        }
        read => read.map_err(at)?,
    };
    drop(content);
    if json && dry_run {
        return looked_at(&read, seen().await.ok().as_deref());
    }
    if !json {
        let count = read.accounts.len();
        let text = ngettext("{file}: {format}, {count} account.", "{file}: {format}, {count} accounts.", count);
        println!("{}", filled(text, &[("file", &shown(path)), ("format", &read.format.name()), ("count", &count)]));
    }
    if dry_run {
        let here = seen().await.unwrap_or_else(|why| {
            let text = gettext("Which of them are here already cannot be told: {why}");
            println!("{}", filled(text, &[("why", &why)]));
            Vec::new()
        });
        listed(&read.accounts, &here);
        left_out(&read);
        println!("{}", gettext("Nothing was added."));
        return Ok(());
    }
    let vault = vault().await?;
    if !yes && !json && hidden::at_a_terminal() && !read.accounts.is_empty() {
        listed(&read.accounts, &loaded(&vault).await?);
        if !read.set_aside.is_empty() {
            let count = read.set_aside.len();
            let text = ngettext(
                "{count} entry cannot be used and is left out.",
                "{count} entries cannot be used and are left out.",
                count,
            );
            println!("{}", filled(text, &[("count", &count)]));
        }
        if !hidden::yes(gettext("Add these?"))? {
            bail!(gettext("Nothing was added."));
        }
    }
    added(read, &vault, json).await
}

/// For a program: what is in a file, and what would become of it; `here` are the accounts that are kept, where they can be seen.
fn looked_at(read: &Import, here: Option<&[Account]>) -> anyhow::Result<()> {
    let fate = |(place, account): (usize, &Account)| {
        let fate = here.map(|here| Fate::of(account, read.accounts.get(..place).unwrap_or_default(), here));
        serde_json::json!({
            "issuer": account.issuer, "name": account.name, "tags": account.tags, "fate": fate.map(word)
        })
    };
    let found: Vec<_> = read.accounts.iter().enumerate().map(fate).collect();
    let aside = aside(&read.set_aside);
    object(&serde_json::json!({ "format": read.format.name(), "found": found, "left_out": aside }))
}

fn word(fate: Fate) -> &'static str {
    match fate {
        Fate::New => "added",
        Fate::There => "there",
        Fate::Back => "back",
        Fate::IntoTrash => "into-trash",
        Fate::OtherKey => "other-key",
    }
}

fn aside(entries: &[SetAside]) -> Vec<serde_json::Value> {
    entries.iter().map(|entry| serde_json::json!({ "place": entry.place, "why": entry.why })).collect()
}

/// For a program: what became of accounts that were to be added.
pub(super) fn told_of(kept: &[Account], there: &[Account], left_out: &[SetAside]) -> anyhow::Result<()> {
    let rows = |accounts: &[Account]| serde_json::to_value(accounts.iter().map(Row::of).collect::<Vec<_>>());
    object(&serde_json::json!({ "added": rows(kept)?, "there": rows(there)?, "left_out": aside(left_out) }))
}

/// The accounts here, by a look for which nobody is asked anything.
async fn seen() -> anyhow::Result<Vec<Account>> {
    let session = state::session().await?;
    if Keyring::new(session.clone()).is_locked().await? {
        return Err(KeyringError::Locked.into());
    }
    Ok(Vault::asking(session, Asks::Nobody).load(now()).await?.accounts)
}

fn listed(found: &[Account], here: &[Account]) {
    for (place, account) in found.iter().enumerate() {
        let before = found.get(..place).unwrap_or_default();
        println!("  {}{}", account.called(), told(Fate::of(account, before, here)));
    }
}

fn told(fate: Fate) -> &'static str {
    match fate {
        Fate::New => "",
        Fate::There => gettext("  (there already)"),
        Fate::Back => gettext("  (in the trash here: comes back)"),
        Fate::IntoTrash => gettext("  (into the trash)"),
        Fate::OtherKey => gettext("  (another key than the one there)"),
    }
}

/// Adds what was read, and says what became of it.
pub(super) async fn added(read: Import, vault: &Vault, json: bool) -> anyhow::Result<()> {
    if !json {
        left_out(&read);
    }
    if read.accounts.is_empty() {
        bail!(gettext("There is nothing to add."));
    }
    let added = vault.add_all(read.accounts, now(), |_| ()).await?;
    if json {
        return told_of(&added.kept, &added.there, &read.set_aside);
    }
    for account in &added.there {
        println!("{}", filled(gettext("There already: {account}"), &[("account", &account.called())]));
    }
    for account in &added.kept {
        println!("{}", filled(gettext("Added: {account}"), &[("account", &account.called())]));
    }
    let text = gettext("{added} added, {there} there already, {left_out} left out.");
    let counts = (added.kept.len(), added.there.len(), read.set_aside.len());
    println!("{}", filled(text, &[("added", &counts.0), ("there", &counts.1), ("left_out", &counts.2)]));
    Ok(())
}

fn left_out(read: &Import) {
    for entry in &read.set_aside {
        eprintln!("mfa-authenticator: {}", filled(gettext("left out: {entry}"), &[("entry", entry)]));
    }
}

pub(super) async fn export(path: &Path, format: Format, plain: bool, force: bool, json: bool) -> anyhow::Result<()> {
    if !format.is_encrypted() && !plain {
        bail!(gettext(
            "Such a file is not encrypted: whoever reads it has all your codes. If that is what you want, add --plain."
        ));
    }
    let accounts = loaded(&vault().await?).await?;
    if accounts.is_empty() {
        bail!(gettext("There are no accounts to export."));
    }
    let password = if format.is_encrypted() { new_password()? } else { Secret::new(Vec::new()) };
    let content = export::written(&accounts, format, &password, &mut |bytes| getrandom::fill(bytes).is_ok())
        .map_err(|why| anyhow!("{}: {why}", shown(path)))?;
    export::write_file(path, &content, force).map_err(|why| {
        let way = if matches!(why, ExportError::There) { gettext(", or replace it by --force") } else { "" };
        anyhow!("{}: {why}{way}", shown(path))
    })?;
    if format.is_encrypted() {
        let kept = Settings { last_backup: Some(now()), ..Settings::load() }.save();
        if let Err(why) = kept {
            let text = gettext("the date of this backup could not be kept: {why}");
            eprintln!("mfa-authenticator: {}", filled(text, &[("why", &why)]));
        }
    }
    let count = accounts.iter().filter(|account| format == Format::Backup || account.trashed.is_none()).count();
    if json {
        let file = path.to_string_lossy();
        return object(&serde_json::json!({ "file": file, "accounts": count, "encrypted": format.is_encrypted() }));
    }
    let text = ngettext("{count} account is in {file}.", "{count} accounts are in {file}.", count);
    println!("{}", filled(text, &[("count", &count), ("file", &shown(path))]));
    if !format.is_encrypted() {
        println!("{}", gettext("It is not encrypted: delete it as soon as it was read where it was meant for."));
    }
    Ok(())
}

/// A password that is chosen: at a terminal twice, because a slip would lock the backup for good.
fn new_password() -> anyhow::Result<Secret> {
    let password = hidden::line(gettext("New password of the file: "))?;
    let length = password.expose_str().map(|text| text.chars().count());
    if length.is_none_or(|length| length < FEWEST) {
        let text = gettext("The password has fewer than {fewest} characters. Nothing was written.");
        bail!(filled(text, &[("fewest", &FEWEST)]));
    }
    if hidden::at_a_terminal() && hidden::line(gettext("The same again: "))?.expose() != password.expose() {
        bail!(gettext("The two are not the same. Nothing was written."));
    }
    Ok(password)
}
