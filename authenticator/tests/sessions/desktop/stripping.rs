//! A Secret Service that leaves out leading zeros of the number both ends agree on, as KWallet does with QCA, whose OpenSSL cuts them off.

use super::Desktop;
use aes::Aes128;
use aes::cipher::block_padding::Pkcs7;
use aes::cipher::{BlockModeEncrypt, KeyIvInit};
use crypto_bigint::modular::{FixedMontyForm, FixedMontyParams};
use crypto_bigint::{Odd, U1024};
use hkdf::Hkdf;
use sha2::Sha256;
use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use zbus::{Connection, OwnedObjectPath, OwnedVariant, Variant, interface};

const ROOT: &str = "/org/freedesktop/secrets";
const ITEM: &str = "/org/freedesktop/secrets/collection/login/1";
const PRIME: Odd<U1024> = Odd::<U1024>::from_be_hex(
    "FFFFFFFFFFFFFFFFC90FDAA22168C234C4C6628B80DC1CD129024E088A67CC74020BBEA63B139B22514A08798E3404DDEF9519B3CD3A431B\
     302B0A6DF25F14374FE1356D6D51C245E485B576625E7EC6F44C42E9A637ED6B0BFF5CB6F406B7EDEE386BFB5A899FA5AE9F24117C4B1FE6\
     49286651ECE65381FFFFFFFFFFFFFFFF",
);
const GROUP: FixedMontyParams<{ U1024::LIMBS }> = FixedMontyParams::new_vartime(PRIME);

/// Which of its sessions were closed.
pub(crate) type Closed = Arc<Mutex<Vec<usize>>>;

/// Its first session has a number that begins with zeros, the others have none.
pub(crate) struct Stripping {
    value: &'static str,
    keys: Vec<[u8; 16]>,
}

struct Session(usize, Closed);

impl Stripping {
    pub(crate) async fn start(desktop: &Desktop, value: &'static str) -> (Connection, Closed) {
        let closed = Closed::default();
        let mut builder = zbus::connection::Builder::address(desktop.address("session").as_str())
            .serve_at(ROOT, Self { value, keys: Vec::new() })
            .name("org.freedesktop.secrets");
        for number in 0..3 {
            builder = builder.serve_at(path(number), Session(number, Arc::clone(&closed)));
        }
        (builder.build().await.unwrap(), closed)
    }
}

fn path(number: usize) -> OwnedObjectPath {
    OwnedObjectPath::try_from(format!("{ROOT}/session/s{number}")).unwrap()
}

/// What is sent to the other end, and the common number, which begins with a zero byte or does not.
pub(crate) fn agreed(theirs: &U1024, with_zero: bool) -> (Vec<u8>, Vec<u8>) {
    let generator = FixedMontyForm::new(&U1024::from_u8(2), &GROUP);
    let theirs = FixedMontyForm::new(theirs, &GROUP);
    let (mut ours, mut common) = (generator, theirs);
    while (common.retrieve().to_be_bytes()[0] == 0) != with_zero {
        (ours, common) = (ours * generator, common * theirs);
    }
    (ours.retrieve().to_be_bytes().to_vec(), common.retrieve().to_be_bytes().to_vec())
}

#[interface(name = "org.freedesktop.Secret.Service")]
impl Stripping {
    async fn search_items(&self, _attributes: HashMap<String, String>) -> (Vec<OwnedObjectPath>, Vec<OwnedObjectPath>) {
        (vec![OwnedObjectPath::try_from(ITEM).unwrap()], Vec::new())
    }

    async fn open_session(&mut self, algorithm: String, input: OwnedVariant) -> (OwnedVariant, OwnedObjectPath) {
        assert_ne!(algorithm, "plain");
        let theirs = U1024::from_be_slice(&Vec::<u8>::try_from(input).unwrap());
        let number = self.keys.len();
        let (ours, common) = agreed(&theirs, number == 0);
        let stripped: Vec<u8> = common.into_iter().skip_while(|byte| *byte == 0).collect();
        let mut key = [0; 16];
        Hkdf::<Sha256>::new(None, &stripped).expand(&[], &mut key).unwrap();
        self.keys.push(key);
        (OwnedVariant::try_from(Variant::from(ours)).unwrap(), path(number))
    }

    async fn get_secrets(
        &self,
        items: Vec<OwnedObjectPath>,
        session: OwnedObjectPath,
    ) -> HashMap<OwnedObjectPath, (OwnedObjectPath, Vec<u8>, Vec<u8>, String)> {
        let number = (0..self.keys.len()).find(|number| path(*number) == session).unwrap();
        let vector = [9; 16];
        let encryptor = cbc::Encryptor::<Aes128>::new(&self.keys[number].into(), &vector.into());
        let bytes = encryptor.encrypt_padded_vec::<Pkcs7>(self.value.as_bytes());
        let value = (session, vector.to_vec(), bytes, "text/plain".to_owned());
        items.into_iter().map(|item| (item, value.clone())).collect()
    }
}

#[interface(name = "org.freedesktop.Secret.Session")]
impl Session {
    async fn close(&self) {
        self.1.lock().unwrap().push(self.0);
    }
}
