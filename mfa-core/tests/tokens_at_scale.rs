//! Files of many tokens in each format: all are read, and how long it takes is printed.
//!
//! 200 tokens in every run; 10,000 under `tests/run.sh --all` (`MFA_LONG`). The time is not judged: machines differ.
#![cfg(feature = "authority")]
#![allow(clippy::unwrap_used, reason = "helpers of a test, which clippy.toml does not see as one")]

use cbc::cipher::block_padding::Pkcs7;
use cbc::cipher::{BlockModeEncrypt, KeyIvInit};
use data_encoding::{BASE32_NOPAD, BASE64, HEXLOWER};
use hmac::{Hmac, KeyInit, Mac};
use mfa_core::otp::ShortSecret;
use mfa_core::secret::Secret;
use mfa_core::tokens::pskc::Unlock;
use mfa_core::tokens::{Format, read};
use sha2::Sha256;
use std::time::Instant;

const KEY: [u8; 16] = [7; 16];

fn tokens() -> u32 {
    if std::env::var_os("MFA_LONG").is_some() { 10_000 } else { 200 }
}

fn seed(number: u32) -> [u8; 20] {
    let mut seed = [0x5a; 20];
    seed[..4].copy_from_slice(&number.to_be_bytes());
    seed
}

fn read_all(what: &str, format: Format, text: &str) {
    let unlock = Unlock::Key(Secret::new(KEY.to_vec()));
    let started = Instant::now();
    let report = read(text.as_bytes(), None, &unlock, ShortSecret::Refuse);
    let took = started.elapsed();
    println!("{what}: {} tokens, {} KiB in {took:.1?}", report.entries.len(), text.len() / 1024);
    assert_eq!((report.format, report.refused()), (Some(format), 0));
    assert_eq!(report.entries.len(), usize::try_from(tokens()).unwrap());
    assert!(report.entries.iter().zip(0..).all(|(token, number)| token.otp.secret().expose() == seed(number)));
}

#[test]
fn a_long_makers_list_is_read() {
    let mut text = String::from("Name,Serial number,Time interval,Model,Secret key\n");
    for number in 0..tokens() {
        text.push_str(&format!("\"Token {number}\",{number:08},30,C200,{}\n", HEXLOWER.encode(&seed(number))));
    }
    read_all("csv", Format::Csv, &text);
}

#[test]
fn a_long_list_for_entra_is_read() {
    let mut text = String::from("upn,serial number,secret key,time interval,manufacturer,model\n");
    for number in 0..tokens() {
        text.push_str(&format!("u{number}@example.org,{number:08},{},30,Acme,1\n", BASE32_NOPAD.encode(&seed(number))));
    }
    read_all("entra", Format::Entra, &text);
}

#[test]
fn a_long_list_of_seeds_is_read() {
    let rows = (0..tokens()).map(|number| format!("{number:08},{},TOTP,6,30\n", HEXLOWER.encode(&seed(number))));
    read_all("oath", Format::Oath, &rows.collect::<String>());
}

/// The packages, with what stands in `Secret`.
fn container(head: &str, secret: impl Fn(u32) -> String) -> String {
    let mut text = format!(
        "<KeyContainer Version=\"1.0\" xmlns=\"urn:ietf:params:xml:ns:keyprov:pskc\" \
         xmlns:xenc=\"http://www.w3.org/2001/04/xmlenc#\" xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\">\n{head}\n"
    );
    for number in 0..tokens() {
        text.push_str(&format!(
            "<KeyPackage>\n  <DeviceInfo>\n    <Manufacturer>Acme</Manufacturer>\n    <SerialNo>{number:08}</SerialNo>\n  </DeviceInfo>\n  \
             <Key Id=\"{number:08}\" Algorithm=\"urn:ietf:params:xml:ns:keyprov:pskc:totp\">\n    <Data>\n      <Secret>{}</Secret>\n    \
             </Data>\n  </Key>\n</KeyPackage>\n",
            secret(number)
        ));
    }
    text.push_str("</KeyContainer>\n");
    text
}

#[test]
fn a_long_plain_container_is_read() {
    let plain = |number| format!("<PlainValue>{}</PlainValue>", BASE64.encode(&seed(number)));
    read_all("pskc, plain", Format::Pskc, &container("", plain));
}

#[test]
fn a_long_encrypted_container_is_read() {
    let sealed = |number: u32| {
        let mut vector = [0; 16];
        vector[..4].copy_from_slice(&number.to_be_bytes());
        let mut bytes = [0; 48];
        bytes[..16].copy_from_slice(&vector);
        bytes[16..36].copy_from_slice(&seed(number));
        let cipher = cbc::Encryptor::<aes::Aes128>::new(&KEY.into(), &vector.into());
        cipher.encrypt_padded::<Pkcs7>(&mut bytes[16..], 20).unwrap();
        let mac = <Hmac<Sha256> as KeyInit>::new_from_slice(&KEY).unwrap().chain_update(bytes).finalize();
        format!(
            "<EncryptedValue><xenc:EncryptionMethod Algorithm=\"http://www.w3.org/2001/04/xmlenc#aes128-cbc\"/>\
             <xenc:CipherData><xenc:CipherValue>{}</xenc:CipherValue></xenc:CipherData></EncryptedValue><ValueMAC>{}</ValueMAC>",
            BASE64.encode(&bytes),
            BASE64.encode(&mac.into_bytes())
        )
    };
    let head = "<EncryptionKey><ds:KeyName>1</ds:KeyName></EncryptionKey>\
                <MACMethod Algorithm=\"http://www.w3.org/2001/04/xmldsig-more#hmac-sha256\"/>";
    read_all("pskc, encrypted", Format::Pskc, &container(head, sealed));
}
