//! What other authenticators wrote: bytes and a password in, accounts out.
//!
//! Pure but for the time a key derivation takes; called by the command line and the window. One file for each format. What must
//! never happen: an entry that cannot be used hiding the others, an error that quotes a secret, a number in the file deciding how
//! much memory or time is spent.

mod aegis;
mod andotp;
mod bitwarden;
mod crypt;
mod ente;
mod entries;
mod entry;
mod file;
mod freeotp;
mod json;
mod migration;
mod pass;
mod password;
mod proton;
mod stratum;
mod table;
mod twofas;
mod uris;

pub use file::{FileError, LONGEST, read_file};
pub use migration::{LONGEST as LONGEST_MIGRATION, is_migration};
pub use uris::decoded;

pub(super) use entries::Entries;

use super::{Account, MOST, backup};
use crate::catalogue::{Text, filled, gettext};
use mfa_core::secret::Secret;
use std::fmt;

/// Whose file it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// This authenticator's own backup.
    Backup,
    /// otpauth:// addresses, one a line; Google Authenticator's otpauth-migration:// too.
    Uris,
    /// Aegis, plain or encrypted.
    Aegis,
    /// 2FAS, plain or encrypted.
    #[value(name = "2fas")]
    Twofas,
    /// Proton Authenticator, plain or encrypted.
    Proton,
    /// Proton Pass: JSON (data.json in its ZIP) or CSV.
    ProtonPass,
    /// Ente Auth, encrypted (its plain export is a list of addresses).
    Ente,
    /// Stratum, formerly Authenticator Pro, plain or encrypted.
    Stratum,
    /// Bitwarden: JSON, plain or under a password, or CSV.
    Bitwarden,
    /// FreeOTP+, JSON.
    Freeotp,
    /// andOTP, plain or encrypted.
    Andotp,
}

impl Format {
    /// Its maker's name for it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Backup => gettext("a backup of this authenticator"),
            Self::Uris => gettext("a list of otpauth:// addresses"),
            Self::Aegis => "Aegis",
            Self::Twofas => "2FAS",
            Self::Proton => "Proton Authenticator",
            Self::ProtonPass => "Proton Pass",
            Self::Ente => "Ente Auth",
            Self::Stratum => "Stratum",
            Self::Bitwarden => "Bitwarden",
            Self::Freeotp => "FreeOTP+",
            Self::Andotp => "andOTP",
        }
    }
}

/// What a file held.
#[derive(Debug)]
pub struct Import {
    /// Whose it is.
    pub format: Format,
    /// What can be used, in the file's order, without ids.
    pub accounts: Vec<Account>,
    /// What cannot.
    pub set_aside: Vec<SetAside>,
}

/// An entry that was left out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SetAside {
    /// Where it stands: `line 7`, `entry 3 (ACME, alice)`.
    pub place: String,
    /// Why. Quotes no secret.
    pub why: String,
}

impl fmt::Display for SetAside {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}: {}", self.place, self.why)
    }
}

/// Why nothing of a file was read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ImportError {
    /// Longer than [`LONGEST`].
    #[error("{}", filled(gettext("the file has more than {most} MiB"), &[("most", &(LONGEST >> 20))]))]
    TooLong,
    /// No format was recognised.
    #[error("{}", Text("this is no export that is known here"))]
    Unknown,
    /// An archive, or a message of PGP.
    #[error("{}", filled(gettext("this is {what}"), &[("what", .0)]))]
    Wrapped(&'static str),
    /// It is not what it was said to be.
    #[error("{}", filled(gettext("this is not what {maker} writes: {why}"), &[("maker", .0), ("why", .1)]))]
    NotThis(&'static str, String),
    /// Under the key of an account, which no file brings along.
    #[error(
        "{}",
        Text(
            "this file is encrypted by Bitwarden's account key, which only Bitwarden has: export it with a password instead"
        )
    )]
    AccountKey,
    /// It is encrypted.
    #[error("{}", Text("the file is encrypted; its password is needed"))]
    Password,
    /// Another password, or damage: the two cannot be told apart.
    #[error("{}", Text("the password is wrong, or the file is damaged"))]
    WrongPassword,
    /// A parameter of the key derivation is outside what is taken.
    #[error("{}", filled(gettext("the file asks for a key derivation that is out of proportion ({what}); nothing was read"), &[("what", .0)]))]
    Costly(&'static str),
    /// There is not that much memory.
    #[error("{}", Text("there is not enough memory to derive the key"))]
    Memory,
    /// More than [`MOST`].
    #[error("{}", filled(gettext("the file has more than {most} entries"), &[("most", &MOST)]))]
    TooMany,
}

/// Reads what an authenticator wrote, as `format` or as what it looks like.
///
/// Takes time and memory where the file is encrypted (at most [`crypt::MOST_KIB`]): never on an async or a window's thread.
///
/// # Errors
/// When nothing of it can be read. [`ImportError::Password`] asks to be called again with one.
pub fn read(bytes: &[u8], format: Option<Format>, password: Option<&Secret>) -> Result<Import, ImportError> {
    if bytes.len() as u64 > LONGEST {
        return Err(ImportError::TooLong);
    }
    if let Some(what) = wrapped(bytes) {
        return Err(ImportError::Wrapped(what));
    }
    let format = format.or_else(|| recognised(bytes)).ok_or(ImportError::Unknown)?;
    let Entries { accounts, set_aside } = match format {
        Format::Backup => backup::read(bytes, password)?,
        Format::Uris => uris::read(bytes)?,
        Format::Aegis => aegis::read(bytes, password)?,
        Format::Twofas => twofas::read(bytes, password)?,
        Format::Proton => proton::read(bytes, password)?,
        Format::ProtonPass => pass::read(bytes)?,
        Format::Ente => ente::read(bytes, password)?,
        Format::Stratum => stratum::read(bytes, password)?,
        Format::Bitwarden => bitwarden::read(bytes, password)?,
        Format::Freeotp => freeotp::read(bytes)?,
        Format::Andotp => andotp::read(bytes, password)?,
    };
    Ok(Import { format, accounts, set_aside })
}

/// What has to be taken off first, by other programs.
fn wrapped(bytes: &[u8]) -> Option<&'static str> {
    if bytes.starts_with(b"PK\x03\x04") {
        Some(gettext(
            "a ZIP archive: unpack it, and import the file in it (Proton Pass and Bitwarden call it data.json)",
        ))
    } else if bytes.starts_with(b"-----BEGIN PGP MESSAGE-----") {
        Some(gettext("encrypted by PGP: decrypt it first (gpg --decrypt FILE), and import what comes out"))
    } else {
        None
    }
}

/// Whose file this is, by what stands in it. An encrypted andOTP file has no mark: it must be named.
#[must_use]
pub fn recognised(bytes: &[u8]) -> Option<Format> {
    if stratum::is_sealed(bytes) {
        return Some(Format::Stratum);
    }
    let text = json::text(bytes)?.trim_start();
    match text.as_bytes().first()? {
        b'{' => json::keys(text).and_then(|keys| {
            let has = |key: &str| keys.iter().any(|own| own == key);
            let marks: [(bool, Format); 9] = [
                (has(backup::MARK), Format::Backup),
                (has("header") && has("db"), Format::Aegis),
                (has("services") || has("servicesEncrypted"), Format::Twofas),
                (has("kdfParams") && has("encryptedData"), Format::Ente),
                (has("Authenticators"), Format::Stratum),
                (has("tokens") && has("tokenOrder"), Format::Freeotp),
                (has("vaults"), Format::ProtonPass),
                (has("items") || has("encKeyValidation_DO_NOT_EDIT"), Format::Bitwarden),
                (has("entries") || (has("salt") && has("content")), Format::Proton),
            ];
            marks.into_iter().find(|(fits, _)| *fits).map(|(_, format)| format)
        }),
        b'[' => Some(Format::Andotp),
        _ if pass::is_table(text) => Some(Format::ProtonPass),
        _ if bitwarden::is_table(text) => Some(Format::Bitwarden),
        _ if uris::is_list(text) => Some(Format::Uris),
        _ => None,
    }
}
