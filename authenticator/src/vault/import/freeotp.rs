//! FreeOTP+: keys as arrays of signed bytes.

use super::entry::{Entry, Kind, NotTaken};
use super::json::{self, List};
use super::{Entries, ImportError};
use mfa_core::secret::Secret;
use serde::{Deserialize, Deserializer};
use zeroize::Zeroizing;

#[derive(Deserialize)]
struct File<'a> {
    #[serde(borrow)]
    tokens: List<'a>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct One {
    r#type: Option<String>,
    algo: Option<String>,
    /// One less than the next: of one that never counted, -1.
    counter: Option<i64>,
    digits: Option<u64>,
    period: Option<u64>,
    issuer_ext: Option<String>,
    issuer_int: Option<String>,
    label: Option<String>,
    #[serde(deserialize_with = "signed")]
    secret: Secret,
}

pub(super) fn read(bytes: &[u8]) -> Result<Entries, ImportError> {
    let file: File<'_> = json::whole(bytes, "FreeOTP+")?;
    json::each(&file.tokens, |one: One| {
        let given = |issuer: &Option<String>| issuer.clone().filter(|issuer| !issuer.trim().is_empty());
        let next = one.counter.map(|used| u64::try_from(used.saturating_add(1)).map_err(|_| NotTaken::Counter));
        let issuer = given(&one.issuer_ext).or_else(|| given(&one.issuer_int)).unwrap_or_default();
        Entry {
            kind: one.r#type.as_deref().map_or(Ok(Kind::Totp), Kind::named)?,
            issuer: &issuer,
            name: one.label.as_deref().unwrap_or_default(),
            algorithm: one.algo.as_deref(),
            digits: one.digits,
            period: one.period,
            counter: next.transpose()?,
            tags: Vec::new(),
            pinned: false,
        }
        .with_key(one.secret)
    })
}

/// A key as Java has its bytes: from -128 to 127.
fn signed<'de, D: Deserializer<'de>>(from: D) -> Result<Secret, D::Error> {
    let bytes = Zeroizing::new(Vec::<i8>::deserialize(from)?);
    Ok(Secret::new(bytes.iter().map(|byte| byte.cast_unsigned()).collect()))
}
