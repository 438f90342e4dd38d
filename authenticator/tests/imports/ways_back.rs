//! What is exported is read again, by us and as its format is described.

use super::*;
use aes_gcm::{Aes256Gcm, Key, Nonce};
use authenticator::sealed::{Cost, RANDOM, Sealed};
use authenticator::vault::backup;
use authenticator::vault::export::{self, ExportError, Format as Export};
use chacha20poly1305::aead::{Aead, KeyInit};
use data_encoding::{BASE64, HEXLOWER};
use serde_json::Value;
use std::os::unix::fs::{PermissionsExt, symlink};

fn some() -> Vec<Account> {
    let mut all = read(&files::aegis(), None).unwrap().accounts;
    let mut gone =
        Account::from_uri(&format!("otpauth://totp/Gone:dora?secret={KEY_TEXT}&algorithm=SHA256&digits=8&period=60"))
            .unwrap();
    gone.trashed = Some(7);
    all.push(gone);
    all
}

fn written(format: Export) -> Secret {
    let mut next = 0_u8;
    let mut fill = |bytes: &mut [u8]| {
        bytes.iter_mut().for_each(|byte| {
            next = next.wrapping_mul(31).wrapping_add(7);
            *byte = next;
        });
        true
    };
    export::written(&some(), format, &secret(PASSWORD), &mut fill).unwrap()
}

#[test]
fn a_backup_brings_back_everything_and_shows_nothing() {
    let backup = written(Export::Backup);
    let text = backup.expose_str().unwrap();
    for part in ["ACME", "alice", "work", KEY_TEXT] {
        assert!(!text.contains(part), "{part} can be read in it");
    }
    assert_eq!(read(backup.expose(), None).unwrap_err(), ImportError::Password);
    assert_eq!(read(backup.expose(), Some("wrong horse")).unwrap_err(), ImportError::WrongPassword);
    let back = read_as(Format::Backup, backup.expose(), Some(PASSWORD));
    let (before, after) = (some(), back.accounts);
    assert_eq!(before.iter().map(told).collect::<Vec<_>>(), after.iter().map(told).collect::<Vec<_>>());
    assert!(before.iter().zip(&after).all(|(one, other)| one.is_same(other) && one.trashed == other.trashed));
}

#[test]
fn a_changed_backup_is_refused_and_a_costly_one_too() {
    let good = written(Export::Backup).expose_str().unwrap().to_owned();
    let refused = |text: &str| read(text.as_bytes(), Some(PASSWORD)).unwrap_err();
    assert!(
        matches!(refused(&good.replace("backup\":1", "backup\":2")), ImportError::NotThis(_, why) if why.contains("later"))
    );
    for (part, other) in [("65536", "65536000"), ("\"passes\":3", "\"passes\":300"), ("argon2id", "argon2d")] {
        assert!(good.contains(part));
        assert!(matches!(refused(&good.replace(part, other)), ImportError::NotThis(..)), "{part}");
    }
    assert_eq!(refused(&good.replace("\"passes\":3", "\"passes\":2")), ImportError::WrongPassword);
    assert!(matches!(refused(&good[..good.len() / 2]), ImportError::NotThis(..) | ImportError::Unknown));
}

/// docs/backup.md, by other code: the key of argon2id, XChaCha20-Poly1305, and what is inside.
#[test]
fn a_backup_is_as_it_is_documented() {
    let backup = written(Export::Backup);
    let file: Value = serde_json::from_slice(backup.expose()).unwrap();
    assert_eq!(file["mfa-authenticator-backup"], 1);
    let sealed = &file["sealed"];
    assert_eq!((&sealed["version"], &sealed["cipher"]), (&1.into(), &"xchacha20-poly1305".into()));
    let part = |name: &str| BASE64.decode(sealed[name].as_str().unwrap().as_bytes()).unwrap();
    let cost = |name: &str| u32::try_from(sealed["kdf"]["argon2id"][name].as_u64().unwrap()).unwrap();
    let params = argon2::Params::new(cost("memory_kib"), cost("passes"), cost("lanes"), Some(32)).unwrap();
    let mut key = [0; 32];
    argon2::Argon2::new(argon2::Algorithm::Argon2id, argon2::Version::V0x13, params)
        .hash_password_into(PASSWORD.as_bytes(), &part("salt"), &mut key)
        .unwrap();
    let cipher = chacha20poly1305::XChaCha20Poly1305::new(&key.into());
    let nonce = chacha20poly1305::XNonce::try_from(&part("nonce")[..]).unwrap();
    let payload = chacha20poly1305::aead::Payload { msg: &part("sealed"), aad: b"mfa-authenticator backup 1" };
    let list: Value = serde_json::from_slice(&cipher.decrypt(&nonce, payload).unwrap()).unwrap();
    assert_eq!(list.as_array().unwrap().len(), 4);
    assert_eq!(list[0]["issuer"], "ACME");
    assert!(list[0]["uri"].as_str().unwrap().contains(KEY_TEXT));
    let documented = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/backup.md")).unwrap();
    for word in
        ["mfa-authenticator backup 1", "argon2id", "memory_kib", "xchacha20-poly1305", "mfa-authenticator-backup"]
    {
        assert!(documented.contains(word), "docs/backup.md does not say {word}");
    }
}

#[test]
fn one_damaged_account_of_a_backup_hides_no_other() {
    let good = some()[0].text();
    let good = good.expose_str().unwrap();
    let steers = good.replace("alice", "al\\u001b[2Jice");
    let list = format!("[{good},{{\"version\":1}},7,{},{steers}]", good.replace("\"version\":1", "\"version\":2"));
    let sealed =
        Sealed::seal(&secret(&list), &secret(PASSWORD), "mfa-authenticator backup 1", Cost::RECOMMENDED, &[1; RANDOM]);
    let file = format!("{{\"mfa-authenticator-backup\":1,\"sealed\":{}}}", sealed.unwrap().text());
    let read = read(file.as_bytes(), Some(PASSWORD)).unwrap();
    let names: Vec<&str> = read.accounts.iter().map(|account| account.name.as_str()).collect();
    assert_eq!(names, ["alice", "al\\u{1b}[2Jice"], "and no name steers a terminal");
    let why = |place: u32| format!("account {place}: it is damaged, or of a later version");
    assert_eq!(left_out(&read), [why(2), why(3), why(4)]);
}

#[test]
fn an_account_of_a_backup_has_as_many_tags_as_one_of_any_other_file() {
    let mut one = some().remove(0);
    one.tags = (0..1000).flat_map(|n| [format!("tag {n}"), String::from("tag 1"), String::new()]).collect();
    let file = backup::write(&[one], &secret(PASSWORD), Cost::RECOMMENDED, &[1; RANDOM]).unwrap();
    let back = import::read(file.expose(), None, Some(&secret(PASSWORD))).unwrap();
    let expected: Vec<String> = (0..16).map(|n| format!("tag {n}")).collect();
    assert_eq!(back.accounts[0].tags, expected);
}

#[test]
fn an_aegis_file_is_as_aegis_describes_it() {
    let file: Value = serde_json::from_slice(written(Export::Aegis).expose()).unwrap();
    let slot = &file["header"]["slots"][0];
    assert_eq!((&file["version"], &slot["type"]), (&1.into(), &1.into()), "numbers, and not texts");
    let hex = |value: &Value| HEXLOWER.decode(value.as_str().unwrap().as_bytes()).unwrap();
    let params = scrypt::Params::new(15, 8, 1).unwrap();
    assert_eq!((slot["n"].as_u64(), slot["r"].as_u64(), slot["p"].as_u64()), (Some(1 << 15), Some(8), Some(1)));
    let mut key = [0; 32];
    scrypt::scrypt(PASSWORD.as_bytes(), &hex(&slot["salt"]), &params, &mut key).unwrap();
    let open = |key: &[u8], sealing: &Value, mut sealed: Vec<u8>| {
        sealed.extend(hex(&sealing["tag"]));
        let cipher = Aes256Gcm::new(&Key::<Aes256Gcm>::try_from(key).unwrap());
        cipher.decrypt(&Nonce::try_from(&hex(&sealing["nonce"])[..]).unwrap(), &sealed[..]).unwrap()
    };
    let master = open(&key, &slot["key_params"], hex(&slot["key"]));
    let db = BASE64.decode(file["db"].as_str().unwrap().as_bytes()).unwrap();
    let db: Value = serde_json::from_slice(&open(&master, &file["header"]["params"], db)).unwrap();
    assert_eq!((&db["version"], db["entries"].as_array().unwrap().len()), (&3.into(), 3), "without the trash");
    assert_eq!(db["entries"][1]["info"]["counter"], 7);
    assert_eq!((&db["entries"][2]["type"], &db["entries"][2]["info"]["digits"]), (&"steam".into(), &5.into()));
    assert_eq!(db["entries"][0]["groups"][0], db["groups"][0]["uuid"]);
    let back = read_as(Format::Aegis, file.to_string().as_bytes(), Some(PASSWORD));
    assert_eq!(all_told(&back), all_told(&read(&files::aegis(), None).unwrap()));
}

#[test]
fn a_list_of_addresses_comes_back_but_for_tags_and_trash() {
    let back = read_as(Format::Uris, written(Export::Uris).expose(), None);
    assert_eq!(all_told(&back), ["ACME|alice|totp|6|30s", "Bank|bob|hotp|6|Some(7)", "Steam|carol|steam|5|30s"]);
}

#[test]
fn an_export_is_the_owners_alone_and_replaces_nothing_unasked() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("codes");
    export::write_file(&path, &secret("one"), false).unwrap();
    assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    assert!(matches!(export::write_file(&path, &secret("two"), false), Err(ExportError::There)));
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "one");
    std::fs::set_permissions(&path, PermissionsExt::from_mode(0o644)).unwrap();
    export::write_file(&path, &secret("two"), true).unwrap();
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "two");
    assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    let link = folder.path().join("link");
    symlink(&path, &link).unwrap();
    for force in [false, true] {
        assert!(matches!(export::write_file(&link, &secret("three"), force), Err(ExportError::NotAFile)));
    }
    assert!(matches!(export::write_file(folder.path(), &secret("x"), true), Err(ExportError::NotAFile)));
    assert!(export::write_file(&folder.path().join("none/x"), &secret("x"), false).is_err());
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 2, "nothing half-written is left");
}
