//! Proton Authenticator. Plain, or AES-256-GCM under a key of argon2id whose parameters are fixed.

use super::crypt::{self, NONCE, open_gcm};
use super::entry::{NotTaken, from_uri};
use super::json::{self, List};
use super::{Entries, ImportError};
use crate::catalogue::gettext;
use mfa_core::clean;
use mfa_core::secret::Secret;
use serde::Deserialize;

const MAKER: &str = "Proton Authenticator";

/// 19 MiB, two passes, one lane.
const COST: (u32, u32, u32) = (19 * 1024, 2, 1);

/// What is authenticated beside the text.
const ABOUT: &[u8] = b"proton.authenticator.export.v1";

#[derive(Deserialize)]
struct File<'a> {
    #[serde(borrow)]
    entries: Option<List<'a>>,
    salt: Option<String>,
    content: Option<String>,
}

#[derive(Deserialize)]
struct One {
    content: Content,
}

#[derive(Deserialize)]
struct Content {
    uri: Secret,
    entry_type: String,
    #[serde(default)]
    name: String,
}

pub(super) fn read(bytes: &[u8], password: Option<&Secret>) -> Result<Entries, ImportError> {
    let file: File<'_> = json::whole(bytes, MAKER)?;
    match (file.entries, file.salt, file.content) {
        (Some(list), ..) => entries(&list),
        (None, Some(salt), Some(content)) => {
            let opened = open(&salt, &content, password.ok_or(ImportError::Password)?)?;
            let inner: File<'_> = json::whole(opened.expose(), MAKER)?;
            entries(&inner.entries.unwrap_or_default())
        }
        _ => Err(ImportError::NotThis(MAKER, gettext("there are neither entries nor salt and content").into())),
    }
}

fn open(salt: &str, content: &str, password: &Secret) -> Result<Secret, ImportError> {
    let (Some(salt), Some(content)) = (crypt::base64(salt), crypt::base64(content)) else {
        return Err(ImportError::WrongPassword);
    };
    let (nonce, sealed) = content.split_at_checked(NONCE).ok_or(ImportError::WrongPassword)?;
    open_gcm(&crypt::argon2id(password, &salt, COST)?, nonce, sealed, ABOUT)
}

fn entries(list: &List<'_>) -> Result<Entries, ImportError> {
    json::each(list, |one: One| {
        let content = &one.content;
        let mut account = match content.entry_type.as_str() {
            "Totp" | "Hotp" | "Steam" => from_uri(content.uri.expose_str().unwrap_or_default(), &content.name)?,
            other => return Err(NotTaken::Kind(clean::field(other))),
        };
        if content.entry_type == "Steam" && account.name.is_empty() {
            account.name = clean::name(&content.name);
        }
        Ok(account)
    })
}
