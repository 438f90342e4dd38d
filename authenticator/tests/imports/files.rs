//! The files of each maker, plain and encrypted, as their formats are described.

use super::{KEY, KEY_TEXT, PASSWORD};
use aes_gcm::{Aes256Gcm, Key, Nonce};
use argon2::{Algorithm, Argon2, Params, Version};
use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use data_encoding::{BASE64, HEXLOWER};
use hmac::{Hmac, Mac};
use serde_json::{Value, json};
use sha1::Sha1;
use sha2::{Digest, Sha256};

fn gcm(key: [u8; 32], nonce: [u8; 12], plain: &[u8], about: &[u8]) -> Vec<u8> {
    let payload = Payload { msg: plain, aad: about };
    Aes256Gcm::new(&Key::<Aes256Gcm>::from(key)).encrypt(&Nonce::from(nonce), payload).unwrap()
}

fn argon2id(salt: &[u8], kib: u32, passes: u32, lanes: u32) -> [u8; 32] {
    let mut key = [0; 32];
    let params = Params::new(kib, passes, lanes, Some(32)).unwrap();
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
        .hash_password_into(PASSWORD.as_bytes(), salt, &mut key)
        .unwrap();
    key
}

pub(super) fn aegis_db() -> Value {
    json!({
        "version": 3,
        "entries": [
            { "type": "totp", "uuid": "a", "name": "alice", "issuer": "ACME", "note": "", "favorite": true, "icon": null,
              "info": { "secret": KEY_TEXT, "algo": "SHA1", "digits": 6, "period": 30 }, "groups": ["g"] },
            { "type": "hotp", "uuid": "b", "name": "bob", "issuer": "Bank", "info": { "secret": KEY_TEXT, "algo": "SHA1", "digits": 6, "counter": 7 } },
            { "type": "steam", "uuid": "c", "name": "carol", "issuer": "Steam", "info": { "secret": KEY_TEXT, "algo": "SHA1", "digits": 5, "period": 30 } },
            { "type": "motp", "uuid": "d", "name": "dora", "issuer": "Odd", "info": { "secret": "e3152afee62599c8", "algo": "MD5", "digits": 6, "period": 10, "pin": "1234" } },
            { "type": "totp", "uuid": "e", "name": "eve", "issuer": "Bad", "info": { "secret": "not base32!", "algo": "SHA1", "digits": 6, "period": 30 } },
            7
        ],
        "groups": [{ "uuid": "g", "name": "work" }]
    })
}

pub(super) fn aegis() -> Vec<u8> {
    json!({ "version": 1, "header": { "slots": null, "params": null }, "db": aegis_db() }).to_string().into_bytes()
}

/// With scrypt's parameters, one wrong slot and one of a fingerprint before the right one.
pub(super) fn aegis_sealed(log_n: u8) -> Value {
    let (salt, master) = ([3; 32], [9; 32]);
    let mut wrapping = [0; 32];
    let params = scrypt::Params::new(log_n, 8, 1).unwrap();
    scrypt::scrypt(PASSWORD.as_bytes(), &salt, &params, &mut wrapping).unwrap();
    let (key, tag) = detached(gcm(wrapping, [1; 12], &master, b""));
    let (db, db_tag) = detached(gcm(master, [2; 12], aegis_db().to_string().as_bytes(), b""));
    let slot = json!({ "type": 1, "uuid": "s", "key": HEXLOWER.encode(&key),
        "key_params": { "nonce": "010101010101010101010101", "tag": HEXLOWER.encode(&tag) },
        "n": 1_u64 << log_n, "r": 8, "p": 1, "salt": HEXLOWER.encode(&salt), "repaired": true, "is_backup": false });
    let mut other = slot.clone();
    other["key"] = json!(HEXLOWER.encode(&[5; 32]));
    let finger = json!({ "type": 2, "uuid": "f", "key": "00", "key_params": { "nonce": "00", "tag": "00" } });
    json!({ "version": 1,
        "header": { "slots": [finger, other, slot], "params": { "nonce": "020202020202020202020202", "tag": HEXLOWER.encode(&db_tag) } },
        "db": BASE64.encode(&db) })
}

fn detached(mut sealed: Vec<u8>) -> (Vec<u8>, Vec<u8>) {
    let tag = sealed.split_off(sealed.len() - 16);
    (sealed, tag)
}

pub(super) fn twofas_services() -> Value {
    json!([
        { "name": "ACME", "secret": KEY_TEXT, "updatedAt": 1, "groupId": "g",
          "otp": { "account": "alice", "issuer": "ACME", "digits": 6, "period": 30, "algorithm": "SHA1", "tokenType": "TOTP", "source": "link", "link": "otpauth://…" },
          "order": { "position": 0 }, "icon": { "selected": "Label" } },
        { "name": "Bank", "secret": KEY_TEXT, "otp": { "account": "bob", "digits": 6, "algorithm": "SHA1", "tokenType": "HOTP", "counter": 7 } },
        { "name": "Steam", "secret": KEY_TEXT, "otp": { "account": "carol", "digits": 5, "period": 30, "tokenType": "STEAM" } },
        { "name": "None", "secret": "", "otp": { "tokenType": "TOTP" } }
    ])
}

pub(super) fn twofas() -> Vec<u8> {
    json!({ "services": twofas_services(), "groups": [{ "id": "g", "name": "work", "isExpanded": true }], "schemaVersion": 4, "appOrigin": "android" })
        .to_string()
        .into_bytes()
}

pub(super) fn twofas_sealed() -> Vec<u8> {
    let (salt, nonce) = ([4; 256], [5; 12]);
    let mut key = [0; 32];
    pbkdf2::pbkdf2_hmac::<Sha256>(PASSWORD.as_bytes(), &salt, 10_000, &mut key);
    let part = |plain: &[u8]| {
        [BASE64.encode(&gcm(key, nonce, plain, b"")), BASE64.encode(&salt), BASE64.encode(&nonce)].join(":")
    };
    json!({ "services": [], "groups": [{ "id": "g", "name": "work" }], "schemaVersion": 4,
        "servicesEncrypted": part(twofas_services().to_string().as_bytes()), "reference": part(b"reference") })
    .to_string()
    .into_bytes()
}

pub(super) fn proton_plain() -> Vec<u8> {
    json!({ "version": 1, "entries": [
        { "id": "1", "content": { "uri": format!("otpauth://totp/alice?secret={KEY_TEXT}&issuer=ACME&digits=6&period=30&algorithm=SHA1"), "entry_type": "Totp", "name": "alice" }, "note": null },
        { "id": "2", "content": { "uri": format!("steam://{KEY_TEXT}"), "entry_type": "Steam", "name": "carol" }, "note": null },
        { "id": "3", "content": { "uri": "otpauth://totp/x?secret=", "entry_type": "Totp", "name": "x" } }
    ] })
    .to_string()
    .into_bytes()
}

pub(super) fn proton_sealed() -> Vec<u8> {
    let (salt, nonce) = ([6; 16], [7; 12]);
    let key = argon2id(&salt, 19 * 1024, 2, 1);
    let sealed = gcm(key, nonce, &proton_plain(), b"proton.authenticator.export.v1");
    json!({ "version": 1, "salt": BASE64.encode(&salt), "content": BASE64.encode(&[&nonce[..], &sealed].concat()) })
        .to_string()
        .into_bytes()
}

pub(super) fn ente_lines() -> String {
    let display = "codeDisplay=%7B%22pinned%22%3Atrue%2C%22trashed%22%3Afalse%2C%22tags%22%3A%5B%22work%22%5D%2C%22note%22%3A%22%22%7D";
    format!(
        "otpauth://totp/ACME:alice?algorithm=SHA1&digits=6&issuer=ACME&period=30&secret={KEY_TEXT}&{display}\n\
         otpauth://hotp/Bank:bob?secret={KEY_TEXT}&issuer=Bank&counter=7\n\n\
         otpauth://steam/Steam:carol?secret={KEY_TEXT}&issuer=Steam\n\
         otpauth://totp/Gone:dora?secret={KEY_TEXT}&codeDisplay=%7B%22trashed%22%3Atrue%7D\n"
    )
}

pub(super) fn ente_sealed(mem_limit: u64, ops_limit: u32) -> Value {
    let (salt, mut text) = ([8; 16], ente_lines().into_bytes());
    let key = argon2id(&salt, 8 * 1024, 2, 1);
    let (begun, mut stream) =
        crypto_secretstream::PushStream::init(rand_core::OsRng, &crypto_secretstream::Key::from(key));
    stream.push(&mut text, b"", crypto_secretstream::Tag::Final).unwrap();
    json!({ "version": 1, "kdfParams": { "memLimit": mem_limit, "opsLimit": ops_limit, "salt": BASE64.encode(&salt) },
        "encryptedData": BASE64.encode(&text), "encryptionNonce": BASE64.encode(begun.as_ref()) })
}

pub(super) fn stratum_plain() -> Vec<u8> {
    json!({ "Authenticators": [
        { "Type": 2, "Icon": "x", "Issuer": "ACME", "Username": "alice", "Secret": KEY_TEXT, "Algorithm": 0, "Digits": 6, "Period": 30, "Counter": 0, "CopyCount": 3, "Ranking": 0 },
        { "Type": 1, "Issuer": "Bank", "Username": "bob", "Secret": format!("{KEY_TEXT}AA"), "Algorithm": 0, "Digits": 6, "Period": 30, "Counter": 7 },
        { "Type": 4, "Issuer": "Steam", "Username": "carol", "Secret": KEY_TEXT.to_lowercase(), "Algorithm": 0, "Digits": 5, "Period": 30, "Counter": 0 },
        { "Type": 5, "Issuer": "Yandex", "Username": "dora", "Secret": KEY_TEXT, "Pin": "1234", "Algorithm": 1, "Digits": 8, "Period": 30, "Counter": 0 }
    ],
    "Categories": [{ "Id": "c", "Name": "work", "Ranking": 0 }],
    "AuthenticatorCategories": [{ "CategoryId": "c", "AuthenticatorSecret": KEY_TEXT, "Ranking": 0 }], "CustomIcons": [] })
    .to_string()
    .into_bytes()
}

pub(super) fn stratum_sealed() -> Vec<u8> {
    let (salt, nonce) = ([1; 16], [2; 12]);
    let sealed = gcm(argon2id(&salt, 64 * 1024, 3, 4), nonce, &stratum_plain(), b"");
    [b"AUTHENTICATORPRO", &salt[..], &nonce, &sealed].concat()
}

pub(super) fn stratum_old() -> Vec<u8> {
    let (salt, iv) = ([1; 20], [2; 16]);
    let mut key = [0; 32];
    pbkdf2::pbkdf2_hmac::<Sha1>(PASSWORD.as_bytes(), &salt, 64_000, &mut key);
    [b"AuthenticatorPro", &salt[..], &iv, &cbc_sealed(key, iv, &stratum_plain())].concat()
}

fn cbc_sealed(key: [u8; 32], iv: [u8; 16], plain: &[u8]) -> Vec<u8> {
    use cbc::cipher::{BlockModeEncrypt, KeyIvInit, block_padding::Pkcs7};
    let mut bytes = vec![0; plain.len() + 16];
    bytes[..plain.len()].copy_from_slice(plain);
    let sealed = cbc::Encryptor::<aes::Aes256>::new(&key.into(), &iv.into());
    sealed.encrypt_padded::<Pkcs7>(&mut bytes, plain.len()).unwrap().to_vec()
}

pub(super) fn bitwarden_plain() -> Value {
    json!({ "encrypted": false, "folders": [{ "id": "f", "name": "work" }], "items": [
        { "id": "1", "folderId": "f", "type": 1, "name": "ACME", "favorite": true, "login": { "username": "alice", "password": "hunter2", "totp": format!("otpauth://totp/ACME:alice?secret={KEY_TEXT}&issuer=ACME") } },
        { "id": "2", "type": 1, "name": "Site", "login": { "username": "bob", "totp": KEY_TEXT.to_lowercase() } },
        { "id": "3", "type": 1, "name": "Steam", "login": { "username": "carol", "totp": format!("steam://{KEY_TEXT}") } },
        { "id": "4", "type": 1, "name": "No code", "login": { "username": "dora", "totp": null } },
        { "id": "5", "type": 2, "name": "A note", "secureNote": { "type": 0 } },
        { "id": "6", "type": 1, "name": "Bad", "login": { "username": "eve", "totp": "otpauth://totp/x?secret=1" } }
    ] })
}

pub(super) fn bitwarden_sealed(argon: bool, iterations: u32) -> Value {
    let salt = "c2FsdCBvZiB0aGUgZmlsZQ==";
    let mut key = [0; 32];
    if argon {
        key = argon2id(&Sha256::digest(salt), 16 * 1024, 2, 2);
    } else {
        pbkdf2::pbkdf2_hmac::<Sha256>(PASSWORD.as_bytes(), salt.as_bytes(), 5_000, &mut key);
    }
    let expanded = |about: &[u8]| -> [u8; 32] {
        let mut mac = <Hmac<Sha256> as hmac::KeyInit>::new_from_slice(&key).unwrap();
        mac.update(about);
        mac.update(&[1]);
        mac.finalize().into_bytes().into()
    };
    let iv = [3; 16];
    let sealed = |plain: &[u8]| {
        let sealed = cbc_sealed(expanded(b"enc"), iv, plain);
        let mut mac = <Hmac<Sha256> as hmac::KeyInit>::new_from_slice(&expanded(b"mac")).unwrap();
        mac.update(&iv);
        mac.update(&sealed);
        format!("2.{}|{}|{}", BASE64.encode(&iv), BASE64.encode(&sealed), BASE64.encode(&mac.finalize().into_bytes()))
    };
    json!({ "encrypted": true, "passwordProtected": true, "salt": salt, "kdfType": u32::from(argon), "kdfIterations": iterations,
        "kdfMemory": 16, "kdfParallelism": 2, "encKeyValidation_DO_NOT_EDIT": sealed(b"check"), "data": sealed(bitwarden_plain().to_string().as_bytes()) })
}

pub(super) fn bitwarden_table() -> Vec<u8> {
    format!(
        "folder,favorite,type,name,notes,fields,reprompt,login_uri,login_username,login_password,login_totp\n\
         work,1,login,ACME,\"two\nlines, and a \"\"quote\"\"\",,0,https://acme.example,alice,hunter2,{KEY_TEXT}\n\
         ,,login,Nothing,,,0,,bob,pw,\n\
         ,,login,Bad,,,0,,eve,pw,not base32!\n"
    )
    .into_bytes()
}

pub(super) fn freeotp() -> Vec<u8> {
    let signed: Vec<i8> = KEY.iter().map(|byte| byte.cast_signed()).collect();
    json!({ "tokenOrder": ["ACME:alice"], "tokens": [
        { "algo": "SHA1", "counter": 0, "digits": 6, "issuerExt": "ACME", "issuerInt": "ACME", "label": "alice", "period": 30, "secret": signed, "type": "TOTP" },
        { "algo": "SHA1", "counter": 6, "digits": 6, "issuerExt": "", "issuerInt": "Bank", "label": "bob", "period": 30, "secret": signed, "type": "HOTP" },
        { "algo": "SHA256", "counter": 0, "digits": 6, "issuerExt": "Signed", "label": "carol", "period": 30, "secret": vec![-1_i8; 20], "type": "TOTP" },
        { "algo": "SHA1", "digits": 6, "issuerExt": "Bad", "label": "eve", "period": 30, "secret": [300], "type": "TOTP" }
    ] })
    .to_string()
    .into_bytes()
}

pub(super) fn andotp_plain() -> Vec<u8> {
    json!([
        { "secret": KEY_TEXT, "issuer": "ACME", "label": "alice", "digits": 6, "type": "TOTP", "algorithm": "SHA1", "thumbnail": "Default", "last_used": 1, "used_frequency": 0, "period": 30, "tags": ["work"] },
        { "secret": KEY_TEXT, "issuer": "Bank", "label": "bob", "digits": 6, "type": "HOTP", "algorithm": "SHA1", "counter": 7, "tags": [] },
        { "secret": KEY_TEXT, "issuer": "Steam", "label": "carol", "digits": 5, "type": "STEAM", "algorithm": "SHA1", "period": 30 },
        { "secret": KEY_TEXT, "issuer": "Odd", "label": "dora", "digits": 6, "type": "MOTP", "algorithm": "SHA1" }
    ])
    .to_string()
    .into_bytes()
}

pub(super) fn andotp_sealed(iterations: u32) -> Vec<u8> {
    let (salt, nonce) = ([1; 12], [2; 12]);
    let mut key = [0; 32];
    pbkdf2::pbkdf2_hmac::<Sha1>(PASSWORD.as_bytes(), &salt, 1_000, &mut key);
    [&iterations.to_be_bytes()[..], &salt, &nonce, &gcm(key, nonce, &andotp_plain(), b"")].concat()
}

pub(super) fn andotp_old() -> Vec<u8> {
    let nonce = [2; 12];
    [&nonce[..], &gcm(Sha256::digest(PASSWORD).into(), nonce, &andotp_plain(), b"")].concat()
}

/// One part of Google's export (protobuf): each entry is key, name, issuer, algorithm, digits, kind, counter.
pub(super) fn migration(entries: &[(&[u8], &str, &str, [u64; 4])], (count, index, export): (u64, u64, u64)) -> String {
    fn number(field: u64, mut value: u64, out: &mut Vec<u8>) {
        out.push(u8::try_from(field << 3).unwrap());
        loop {
            let low = u8::try_from(value & 0x7f).unwrap();
            value >>= 7;
            out.push(if value == 0 { low } else { low | 0x80 });
            if value == 0 {
                return;
            }
        }
    }
    fn bytes(field: u8, value: &[u8], out: &mut Vec<u8>) {
        out.extend([field << 3 | 2, u8::try_from(value.len()).unwrap()]);
        out.extend(value);
    }
    let mut message = Vec::new();
    for (key, name, issuer, [algorithm, digits, kind, counter]) in entries {
        let mut entry = Vec::new();
        bytes(1, key, &mut entry);
        bytes(2, name.as_bytes(), &mut entry);
        bytes(3, issuer.as_bytes(), &mut entry);
        for (field, value) in [(4, *algorithm), (5, *digits), (6, *kind), (7, *counter)] {
            number(field, value, &mut entry);
        }
        bytes(1, &entry, &mut message);
    }
    for (field, value) in [(2, 1), (3, count), (4, index), (5, export)] {
        number(field, value, &mut message);
    }
    let data = BASE64.encode(&message).replace('+', "%2B").replace('/', "%2F").replace('=', "%3D");
    format!("otpauth-migration://offline?data={data}")
}
