//! Aegis: `docs/vault.md` of its repository. Plain, or AES-256-GCM under a master key that scrypt unwraps.

use super::crypt::{self, Derived, open_gcm};
use super::entry::{Entry, Kind, MOST_TAGS, short};
use super::json::{self, List};
use super::{Entries, ImportError};
use data_encoding::HEXLOWER_PERMISSIVE as HEX;
use mfa_core::secret::Secret;
use serde::Deserialize;
use serde_json::value::RawValue;
use std::collections::BTreeMap;

const MAKER: &str = "Aegis";

/// The slots whose key comes from a password; others come from the hardware of a phone.
const PASSWORD: u64 = 1;

/// Most slots that are tried: each is a derivation.
const MOST_SLOTS: usize = 4;

#[derive(Deserialize)]
struct File<'a> {
    header: Header,
    #[serde(borrow)]
    db: &'a RawValue,
}

#[derive(Deserialize)]
struct Header {
    slots: Option<Vec<Slot>>,
    params: Option<Sealing>,
}

#[derive(Deserialize)]
struct Sealing {
    nonce: String,
    tag: String,
}

#[derive(Deserialize)]
struct Slot {
    #[serde(rename = "type")]
    kind: u64,
    key: String,
    key_params: Sealing,
    #[serde(default)]
    n: u64,
    #[serde(default)]
    r: u32,
    #[serde(default)]
    p: u32,
    #[serde(default)]
    salt: String,
}

#[derive(Deserialize)]
struct Database<'a> {
    #[serde(borrow)]
    entries: List<'a>,
    #[serde(borrow)]
    groups: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Group {
    uuid: String,
    name: String,
}

#[derive(Deserialize)]
struct One {
    #[serde(rename = "type")]
    kind: String,
    name: Option<String>,
    issuer: Option<String>,
    favorite: Option<bool>,
    info: Info,
    groups: Option<Vec<String>>,
    /// Before version 3 of the database.
    group: Option<String>,
}

#[derive(Deserialize)]
struct Info {
    secret: Option<Secret>,
    algo: Option<String>,
    digits: Option<u64>,
    period: Option<u64>,
    counter: Option<u64>,
}

pub(super) fn read(bytes: &[u8], password: Option<&Secret>) -> Result<Entries, ImportError> {
    let file: File<'_> = json::whole(bytes, MAKER)?;
    match (file.header.slots.filter(|slots| !slots.is_empty()), file.header.params) {
        (Some(slots), Some(params)) => {
            let sealed: String = json::whole(file.db.get().as_bytes(), MAKER)?;
            let sealed = crypt::base64(&sealed).ok_or(ImportError::WrongPassword)?;
            let master = master_key(&slots, password.ok_or(ImportError::Password)?)?;
            database(open(&master, &params, sealed)?.expose())
        }
        _ => database(file.db.get().as_bytes()),
    }
}

fn master_key(slots: &[Slot], password: &Secret) -> Result<Derived, ImportError> {
    let mut wrong = ImportError::WrongPassword;
    for slot in slots.iter().filter(|slot| slot.kind == PASSWORD).take(MOST_SLOTS) {
        let (Some(salt), Some(wrapped)) = (hex(&slot.salt), hex(&slot.key)) else { continue };
        let key = crypt::scrypt(password, &salt, (slot.n, slot.r, slot.p));
        match key.and_then(|key| open(&key, &slot.key_params, wrapped)) {
            Ok(master) => {
                return master.expose().try_into().map(Derived::new).map_err(|_| ImportError::WrongPassword);
            }
            Err(why) => wrong = why,
        }
    }
    Err(wrong)
}

fn open(key: &Derived, params: &Sealing, mut sealed: Vec<u8>) -> Result<Secret, ImportError> {
    let (Some(nonce), Some(tag)) = (hex(&params.nonce), hex(&params.tag)) else {
        return Err(ImportError::WrongPassword);
    };
    sealed.extend_from_slice(&tag);
    open_gcm(key, &nonce, &sealed, b"")
}

fn hex(text: &str) -> Option<Vec<u8>> {
    HEX.decode(text.as_bytes()).ok()
}

fn database(bytes: &[u8]) -> Result<Entries, ImportError> {
    let database: Database<'_> = json::whole(bytes, MAKER)?;
    let groups = json::beside(database.groups).into_iter().map(|group: Group| (group.uuid, short(&group.name)));
    let groups: BTreeMap<String, String> = groups.collect();
    json::each(&database.entries, |one: One| {
        let named = one.groups.iter().flatten().filter_map(|uuid| groups.get(uuid).cloned());
        Entry {
            kind: Kind::named(&one.kind)?,
            issuer: one.issuer.as_deref().unwrap_or_default(),
            name: one.name.as_deref().unwrap_or_default(),
            algorithm: one.info.algo.as_deref(),
            digits: one.info.digits,
            period: one.info.period,
            counter: one.info.counter,
            tags: named.chain(one.group.clone()).take(MOST_TAGS).collect(),
            pinned: one.favorite.unwrap_or_default(),
        }
        .with_base32(one.info.secret.as_ref())
    })
}
