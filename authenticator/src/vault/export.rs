//! What other authenticators can read, and our own backup: accounts in, bytes out, and the file they go to.
//!
//! What must never happen: a file with keys that others may read, an old file that is gone before the new one is whole.

mod aegis;

use super::{Account, backup};
use crate::catalogue::{Text, filled, gettext};
use crate::sealed::{Cost, RANDOM, SealError};
use mfa_core::secret::Secret;
use rustix::io::Errno;
use std::fs::File;
use std::io::{self, Write};
use std::path::Path;

/// What is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// This authenticator's own backup, encrypted: everything, tags and trash included.
    Backup,
    /// For Aegis and those that read its files, encrypted.
    Aegis,
    /// otpauth:// addresses, one a line: not encrypted.
    Uris,
}

impl Format {
    /// Whether a password protects it.
    #[must_use]
    pub fn is_encrypted(self) -> bool {
        self != Self::Uris
    }
}

/// Why nothing was written.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// There is no memory or no randomness to encrypt with.
    #[error("{}", filled(gettext("it could not be encrypted: {why}"), &[("why", .0)]))]
    Seal(&'static str),
    /// There is something of that name.
    #[error("{}", Text("it is there already; name another file"))]
    There,
    /// A link, a folder, a device.
    #[error("{}", Text("it is not a regular file"))]
    NotAFile,
    /// What the system says.
    #[error("{0}")]
    System(io::Error),
}

/// The content of an export under `password`, which only [`Format::Uris`] does without; `fill` gives random bytes.
///
/// Takes memory and time where it is encrypted: never on an async or a window's thread.
///
/// # Errors
/// When it cannot be encrypted.
pub fn written(
    accounts: &[Account],
    format: Format,
    password: &Secret,
    fill: &mut dyn FnMut(&mut [u8]) -> bool,
) -> Result<Secret, ExportError> {
    let kept: Vec<Account> = accounts.iter().filter(|account| account.trashed.is_none()).cloned().collect();
    match format {
        Format::Backup => {
            let mut random = [0; RANDOM];
            if !fill(&mut random) {
                return Err(ExportError::Seal(gettext("the system gives no randomness")));
            }
            backup::write(accounts, password, Cost::RECOMMENDED, &random).map_err(|why| match why {
                SealError::Closed | SealError::Memory => ExportError::Seal(gettext("there is not enough memory")),
            })
        }
        Format::Aegis => aegis::written(&kept, password, fill)
            .ok_or_else(|| ExportError::Seal(gettext("there is not enough memory or randomness"))),
        Format::Uris => {
            let uris: Vec<Secret> = kept.iter().map(Account::uri).collect();
            let mut text = Vec::with_capacity(uris.iter().map(|uri| uri.len() + 1).sum());
            for uri in &uris {
                text.extend_from_slice(uri.expose());
                text.push(b'\n');
            }
            Ok(Secret::new(text))
        }
    }
}

/// Writes `content` to `path`, 0600 from its first byte; what is there is replaced only where `force` says so, and then as a whole.
///
/// # Errors
/// When something is there, or it cannot be written: then nothing was changed.
pub fn write_file(path: &Path, content: &Secret, force: bool) -> Result<(), ExportError> {
    match path.symlink_metadata() {
        Ok(about) if !about.is_file() => return Err(ExportError::NotAFile),
        Ok(_) if !force => return Err(ExportError::There),
        Ok(_) => {}
        Err(why) if why.kind() == io::ErrorKind::NotFound => {}
        Err(why) => return Err(ExportError::System(why)),
    }
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."));
    let write = || -> io::Result<()> {
        // 0600 by itself.
        let mut new = tempfile::Builder::new().prefix(".mfa-export-").tempfile_in(folder)?;
        new.write_all(content.expose())?;
        new.as_file().sync_all()?;
        if force {
            new.persist(path)?
        } else {
            new.persist_noclobber(path)?
        };
        File::open(folder)?.sync_all()
    };
    write().map_err(|why| match why.kind() {
        io::ErrorKind::AlreadyExists => ExportError::There,
        _ => ExportError::System(Errno::from_io_error(&why).map_or(why, Into::into)),
    })
}
