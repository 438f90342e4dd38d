//! 2FAS, schema versions 1 to 4. Plain, or AES-256-GCM under a key of PBKDF2-HMAC-SHA-256.

use super::crypt::{self, open_gcm};
use super::entry::{Entry, Kind, short};
use super::json::{self, List};
use super::{Entries, ImportError};
use crate::catalogue::gettext;
use mfa_core::secret::Secret;
use serde::Deserialize;
use serde_json::value::RawValue;
use std::collections::BTreeMap;

const MAKER: &str = "2FAS";

/// What the app itself takes.
const ITERATIONS: u32 = 10_000;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct File<'a> {
    #[serde(borrow, default)]
    services: List<'a>,
    services_encrypted: Option<String>,
    #[serde(borrow)]
    groups: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Group {
    id: String,
    name: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct One {
    name: Option<String>,
    secret: Option<Secret>,
    #[serde(default)]
    otp: Otp,
    group_id: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Otp {
    account: Option<String>,
    label: Option<String>,
    issuer: Option<String>,
    digits: Option<u64>,
    period: Option<u64>,
    algorithm: Option<String>,
    counter: Option<u64>,
    token_type: Option<String>,
}

pub(super) fn read(bytes: &[u8], password: Option<&Secret>) -> Result<Entries, ImportError> {
    let file: File<'_> = json::whole(bytes, MAKER)?;
    let groups = json::beside(file.groups).into_iter().map(|group: Group| (group.id, short(&group.name))).collect();
    let Some(sealed) = file.services_encrypted.filter(|text| !text.is_empty()) else {
        return services(&file.services, &groups);
    };
    let opened = open(&sealed, password.ok_or(ImportError::Password)?)?;
    let list: List<'_> = json::whole(opened.expose(), MAKER)?;
    services(&list, &groups)
}

/// Ciphertext and tag, salt, nonce: in base64, with colons between.
fn open(sealed: &str, password: &Secret) -> Result<Secret, ImportError> {
    let mut parts = sealed.split(':').map(crypt::base64);
    let (Some(Some(sealed)), Some(Some(salt)), Some(Some(nonce)), None) =
        (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return Err(ImportError::NotThis(
            MAKER,
            gettext("servicesEncrypted does not have three parts in base64").into(),
        ));
    };
    open_gcm(&crypt::pbkdf2_sha256(password, &salt, ITERATIONS)?, &nonce, &sealed, b"")
}

fn services(list: &List<'_>, groups: &BTreeMap<String, String>) -> Result<Entries, ImportError> {
    json::each(list, |one: One| {
        let otp = &one.otp;
        let issuer = otp.issuer.as_deref().filter(|issuer| !issuer.trim().is_empty()).or(one.name.as_deref());
        Entry {
            kind: otp.token_type.as_deref().map_or(Ok(Kind::Totp), Kind::named)?,
            issuer: issuer.unwrap_or_default(),
            name: otp.account.as_deref().or(otp.label.as_deref()).unwrap_or_default(),
            algorithm: otp.algorithm.as_deref(),
            digits: otp.digits,
            period: otp.period,
            counter: otp.counter,
            tags: one.group_id.and_then(|id| groups.get(&id).cloned()).into_iter().collect(),
            pinned: false,
        }
        .with_base32(one.secret.as_ref())
    })
}
