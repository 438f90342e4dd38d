//! Aegis's encrypted vault, version 1 with a database of version 3 (`docs/vault.md` of its repository).

use crate::vault::{Account, Style};
use aes_gcm::{Aes256Gcm, Key, Nonce};
use chacha20poly1305::aead::{AeadInOut, KeyInit};
use data_encoding::{BASE64, HEXLOWER};
use mfa_core::base32;
use mfa_core::secret::Secret;
use serde::Serialize;
use zeroize::Zeroizing;

/// Aegis's own cost: 32 MiB.
const LOG_N: u8 = 15;
const R: u32 = 8;
const P: u32 = 1;

#[derive(Serialize)]
struct File {
    version: u32,
    header: Header,
    db: String,
}

#[derive(Serialize)]
struct Header {
    slots: [Slot; 1],
    params: Sealing,
}

#[derive(Serialize)]
struct Slot {
    /// A number: readers take nothing else.
    r#type: u32,
    uuid: String,
    key: String,
    key_params: Sealing,
    n: u32,
    r: u32,
    p: u32,
    salt: String,
    repaired: bool,
    is_backup: bool,
}

#[derive(Serialize)]
struct Sealing {
    nonce: String,
    tag: String,
}

#[derive(Serialize)]
struct Database<'a> {
    version: u32,
    entries: Vec<Entry<'a>>,
    groups: Vec<Group<'a>>,
}

#[derive(Serialize)]
struct Group<'a> {
    uuid: String,
    name: &'a str,
}

#[derive(Serialize)]
struct Entry<'a> {
    r#type: &'static str,
    uuid: String,
    name: &'a str,
    issuer: &'a str,
    note: &'static str,
    favorite: bool,
    icon: Option<()>,
    info: Info,
    groups: Vec<String>,
}

#[derive(Serialize)]
struct Info {
    secret: Secret,
    algo: String,
    digits: u8,
    #[serde(skip_serializing_if = "Option::is_none")]
    period: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    counter: Option<u64>,
}

/// `None` where `fill` gives no randomness, or there is no memory.
pub(super) fn written(
    accounts: &[Account],
    password: &Secret,
    fill: &mut dyn FnMut(&mut [u8]) -> bool,
) -> Option<Secret> {
    let (mut master, mut salt, mut nonces) = (Zeroizing::new([0; 32]), [0; 32], [[0; 12]; 2]);
    let [first, second] = &mut nonces;
    if !(fill(master.as_mut()) && fill(&mut salt) && fill(first) && fill(second)) {
        return None;
    }
    let mut wrapping = Zeroizing::new([0; 32]);
    let params = scrypt::Params::new(LOG_N, R, P).ok()?;
    scrypt::scrypt(password.expose(), &salt, &params, wrapping.as_mut()).ok()?;
    let (key, key_params) = sealed(&wrapping, first, master.as_ref())?;
    let database = database(accounts, fill)?;
    let (db, params) = sealed(&master, second, database.expose())?;
    let slot = Slot {
        r#type: 1,
        uuid: uuid(fill)?,
        key: HEXLOWER.encode(&key),
        key_params,
        n: 1 << LOG_N,
        r: R,
        p: P,
        salt: HEXLOWER.encode(&salt),
        repaired: true,
        is_backup: false,
    };
    let file = File { version: 1, header: Header { slots: [slot], params }, db: BASE64.encode(&db) };
    serde_json::to_string_pretty(&file).ok().map(Secret::from)
}

fn sealed(key: &[u8; 32], nonce: &[u8; 12], plain: &[u8]) -> Option<(Vec<u8>, Sealing)> {
    let cipher = Aes256Gcm::new(&Key::<Aes256Gcm>::from(*key));
    let mut bytes = plain.to_vec();
    let tag = cipher.encrypt_inout_detached(&Nonce::from(*nonce), b"", bytes.as_mut_slice().into()).ok()?;
    Some((bytes, Sealing { nonce: HEXLOWER.encode(nonce), tag: HEXLOWER.encode(&tag) }))
}

fn database(accounts: &[Account], fill: &mut dyn FnMut(&mut [u8]) -> bool) -> Option<Secret> {
    let mut groups: Vec<Group<'_>> = Vec::new();
    for tag in accounts.iter().flat_map(|account| &account.tags) {
        if !groups.iter().any(|group| group.name == tag) {
            groups.push(Group { uuid: uuid(fill)?, name: tag });
        }
    }
    let mut entries = Vec::with_capacity(accounts.len());
    for account in accounts {
        let own = groups.iter().filter(|group| account.tags.iter().any(|tag| tag == group.name));
        entries.push(Entry {
            r#type: match (account.style(), account.period()) {
                (Style::Steam, _) => "steam",
                (Style::Digits, Some(_)) => "totp",
                (Style::Digits, None) => "hotp",
            },
            uuid: uuid(fill)?,
            name: &account.name,
            issuer: &account.issuer,
            note: "",
            favorite: account.pinned,
            icon: None,
            info: Info {
                secret: base32::encode(account.otp().secret()),
                algo: account.otp().algorithm().to_string(),
                digits: account.length(),
                period: account.period(),
                counter: account.counter,
            },
            groups: own.map(|group| group.uuid.clone()).collect(),
        });
    }
    // Room for the whole from the start: a string that grows leaves its old bytes behind.
    let mut text = Vec::with_capacity(1024 * (accounts.len() + groups.len() + 1));
    serde_json::to_writer(&mut text, &Database { version: 3, entries, groups }).ok()?;
    Some(Secret::new(text))
}

/// A random UUID (RFC 9562 section 5.4).
fn uuid(fill: &mut dyn FnMut(&mut [u8]) -> bool) -> Option<String> {
    let mut bytes = [0; 16];
    if !fill(&mut bytes) {
        return None;
    }
    let number = u128::from_be_bytes(bytes) & !(0xf << 76) & !(0b11 << 62) | 0x4 << 76 | 0b10 << 62;
    let hex = format!("{number:032x}");
    let part = |range: std::ops::Range<usize>| hex.get(range).unwrap_or_default().to_owned();
    Some([part(0..8), part(8..12), part(12..16), part(16..20), part(20..32)].join("-"))
}
