//! Other authenticators' files, written here from what is known of their formats, by other code than what reads them.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, missing_docs)]

mod by_others;
mod files;
mod formats;
mod hostile;
mod odd;
mod pass;
mod pictures;
mod ways_back;

use authenticator::vault::import::{self, Format, Import, ImportError};
use authenticator::vault::{Account, Style};
use mfa_core::secret::Secret;

/// `12345678901234567890`, the key of RFC 4226, and what it gives at 59 s with six digits (RFC 6238 appendix B).
const KEY: &[u8; 20] = b"12345678901234567890";
const KEY_TEXT: &str = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";
const CODE: &str = "287082";

const PASSWORD: &str = "correct horse";

fn secret(text: &str) -> Secret {
    Secret::from(text.to_owned())
}

fn read(bytes: &[u8], password: Option<&str>) -> Result<Import, ImportError> {
    import::read(bytes, None, password.map(secret).as_ref())
}

/// Reads it as what it looks like, which must be `format`.
fn read_as(format: Format, bytes: &[u8], password: Option<&str>) -> Import {
    let read = read(bytes, password).unwrap();
    assert_eq!(read.format, format);
    read
}

fn code(account: &Account, now: u64) -> String {
    account.code_at(now).unwrap().expose_str().unwrap().to_owned()
}

/// What can be told of an account: names, kind, length, period, counter, and the code of the RFC where it keeps time.
fn told(account: &Account) -> String {
    let kind = match (account.style(), account.period()) {
        (Style::Steam, _) => "steam",
        (_, Some(_)) => "totp",
        (_, None) => "hotp",
    };
    let pinned = if account.pinned { " pinned" } else { "" };
    let tags: String = account.tags.iter().map(|tag| format!(" #{tag}")).collect();
    let moves = account.period().map_or_else(|| format!("{:?}", account.counter), |period| format!("{period}s"));
    format!("{}|{}|{kind}|{}|{moves}{pinned}{tags}", account.issuer, account.name, account.length())
}

fn all_told(read: &Import) -> Vec<String> {
    read.accounts.iter().map(told).collect()
}

/// Its places, of those left out.
fn left_out(read: &Import) -> Vec<String> {
    read.set_aside.iter().map(ToString::to_string).collect()
}
