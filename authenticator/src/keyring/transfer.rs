//! How values cross the bus: a session of the Secret Service, encrypted where the keyring can.
//!
//! `dh-ietf1024-sha256-aes128-cbc-pkcs7` of the Secret Service specification ("Transfer of Secrets"), and `plain` with a keyring that
//! does not know it. It keeps values out of what listens or writes down what passes on the bus, and no more: who may listen there
//! may ask the keyring itself, and nothing says who the other end is. Called by `values`. What must never happen: a session
//! opened over a connection that has not searched before (see `service::search`).

use super::KeyringError;
use super::service::understood;
use crate::catalogue::gettext;
use aes::Aes128;
use aes::cipher::block_padding::Pkcs7;
use aes::cipher::{BlockModeDecrypt, BlockModeEncrypt, KeyIvInit};
use crypto_bigint::modular::{FixedMontyForm, FixedMontyParams};
use crypto_bigint::{Odd, U1024};
use hkdf::Hkdf;
use mfa_core::secret::Secret;
use sha2::Sha256;
use tokio::runtime::Handle;
use zbus::{Connection, OwnedObjectPath, OwnedVariant, Variant, fdo, proxy};
use zeroize::Zeroizing;

/// Session, initialization vector, value, content type.
pub(super) type Value = (OwnedObjectPath, Vec<u8>, Vec<u8>, String);

const ENCRYPTED: &str = "dh-ietf1024-sha256-aes128-cbc-pkcs7";
const PLAIN: &str = "plain";

/// The second Oakley group (RFC 2409 section 6.2), which the specification asks for.
const PRIME: Odd<U1024> = Odd::<U1024>::from_be_hex(
    "FFFFFFFFFFFFFFFFC90FDAA22168C234C4C6628B80DC1CD129024E088A67CC74020BBEA63B139B22514A08798E3404DDEF9519B3CD3A431B\
     302B0A6DF25F14374FE1356D6D51C245E485B576625E7EC6F44C42E9A637ED6B0BFF5CB6F406B7EDEE386BFB5A899FA5AE9F24117C4B1FE6\
     49286651ECE65381FFFFFFFFFFFFFFFF",
);
const GROUP: FixedMontyParams<{ U1024::LIMBS }> = FixedMontyParams::new_vartime(PRIME);
const GENERATOR: U1024 = U1024::from_u8(2);

/// Bytes of a number of the group.
const BYTES: usize = 128;

/// Bytes of AES-128's key and of its blocks.
const BLOCK: usize = 16;

/// Sessions opened at most for one transfer; one in 256 is of no use.
const TRIES: usize = 4;

type Key = Zeroizing<[u8; BLOCK]>;

#[proxy(
    interface = "org.freedesktop.Secret.Service",
    default_service = "org.freedesktop.secrets",
    default_path = "/org/freedesktop/secrets"
)]
trait Service {
    fn open_session(&self, algorithm: &str, input: &Variant<'_>) -> zbus::Result<(OwnedVariant, OwnedObjectPath)>;
}

#[proxy(interface = "org.freedesktop.Secret.Session", default_service = "org.freedesktop.secrets")]
trait Session {
    #[zbus(no_reply)]
    fn close(&self) -> zbus::Result<()>;
}

/// An open session, which is closed when it is dropped: a keyring keeps each for as long as its caller's connection lasts.
pub(super) struct Transfer {
    session: Connection,
    path: OwnedObjectPath,
    key: Option<Key>,
}

/// Does `work` with a session. Whoever stops waiting leaves none open: the opening goes on without him, and ends in a close.
pub(super) async fn across<T>(
    session: &Connection,
    work: impl AsyncFnOnce(&Transfer) -> Result<T, KeyringError>,
) -> Result<T, KeyringError> {
    let session = session.clone();
    let opened = tokio::spawn(async move { Transfer::open(&session).await }).await;
    work(&opened.map_err(|_| KeyringError::Silent)??).await
}

impl Drop for Transfer {
    /// Best effort: what was done is done.
    fn drop(&mut self) {
        let (session, path) = (self.session.clone(), self.path.clone());
        if let Ok(runtime) = Handle::try_current() {
            runtime.spawn(async move {
                if let Ok(proxy) = SessionProxy::builder(&session).path(path).build().await {
                    let _ = proxy.close().await;
                }
            });
        }
    }
}

impl Transfer {
    async fn open(session: &Connection) -> Result<Self, KeyringError> {
        let service = ServiceProxy::new(session).await.map_err(understood)?;
        for _ in 0..TRIES {
            let (private, public) = pair(getrandom::fill).map_err(|_| no_randomness())?;
            match service.open_session(ENCRYPTED, &Variant::from(public)).await {
                Ok((theirs, path)) => {
                    let mut opened = Self { session: session.clone(), path, key: None };
                    let common = Vec::<u8>::try_from(theirs).ok().and_then(|theirs| common(&private, &theirs));
                    let common = common.ok_or_else(unreadable)?;
                    // Some leave its leading zeros out before they make the key (KWallet): a value would be lost, or kept as another.
                    if common.first() != Some(&0) {
                        opened.key = Some(derived(&common).ok_or_else(unreadable)?);
                        return Ok(opened);
                    }
                }
                // The specification's NotSupported, or whatever a keyring says that lacks a part for it (KWallet without QCA's plugins).
                Err(zbus::Error::FDO(error)) if is_of_the_bus(&error) => {
                    return Err(understood(zbus::Error::FDO(error)));
                }
                Err(zbus::Error::FDO(_) | zbus::Error::MethodError(..)) => {
                    let (_, path) = service.open_session(PLAIN, &Variant::from("")).await.map_err(understood)?;
                    return Ok(Self { session: session.clone(), path, key: None });
                }
                Err(error) => return Err(understood(error)),
            }
        }
        Err(unreadable())
    }

    /// The session's name, for the keyring to answer in.
    pub(super) fn path(&self) -> &OwnedObjectPath {
        &self.path
    }

    /// `value` as it is sent.
    pub(super) fn wrapped(&self, value: &Secret) -> Result<Value, KeyringError> {
        let (vector, bytes) = match &self.key {
            None => (Vec::new(), value.expose().to_vec()),
            Some(key) => {
                let mut vector = [0; BLOCK];
                getrandom::fill(&mut vector).map_err(|_| no_randomness())?;
                (vector.to_vec(), encrypted(key, &vector, value))
            }
        };
        Ok((self.path.clone(), vector, bytes, "text/plain".to_owned()))
    }

    /// The value that was sent.
    pub(super) fn unwrapped(&self, (_, vector, bytes, _): Value) -> Result<Secret, KeyringError> {
        match &self.key {
            None => Ok(Secret::new(bytes)),
            Some(key) => decrypted(key, &vector, bytes).ok_or_else(unreadable),
        }
    }
}

/// Whether it says that nobody answered, and not what somebody answered.
fn is_of_the_bus(error: &fdo::Error) -> bool {
    matches!(understood(zbus::Error::FDO(Box::new(error.clone()))), KeyringError::Absent | KeyringError::Silent)
}

fn unreadable() -> KeyringError {
    KeyringError::Refused(gettext("what it sends cannot be decrypted").to_owned())
}

fn no_randomness() -> KeyringError {
    KeyringError::Refused(gettext("the system gives no randomness").to_owned())
}

fn power(base: &U1024, exponent: &U1024) -> Zeroizing<U1024> {
    Zeroizing::new(FixedMontyForm::new(base, &GROUP).pow(exponent).retrieve())
}

fn public(private: &U1024) -> Vec<u8> {
    power(&GENERATOR, private).to_be_bytes().to_vec()
}

/// A number of ours, and what the other end is sent of it. KWallet (QCA) reads that as a number with a sign, of which it may leave out a
/// first byte of ones.
fn pair<E>(mut fill: impl FnMut(&mut [u8]) -> Result<(), E>) -> Result<(Zeroizing<U1024>, Vec<u8>), E> {
    let mut random = Zeroizing::new([0; BYTES]);
    loop {
        fill(random.as_mut_slice())?;
        let private = Zeroizing::new(U1024::from_be_slice(random.as_slice()));
        let public = public(&private);
        if public.first() != Some(&0xFF) {
            return Ok((private, public));
        }
    }
}

/// The number that `theirs`, of at most 128 bytes after leading zeros, makes with ours.
fn common(private: &U1024, theirs: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let first = theirs.iter().position(|byte| *byte != 0)?;
    let theirs = theirs.get(first..)?;
    let mut padded = [0; BYTES];
    padded.get_mut(BYTES.checked_sub(theirs.len())?..)?.copy_from_slice(theirs);
    let theirs = U1024::from_be_slice(&padded);
    // 1 and p - 1 would make a key that everybody knows (RFC 2631 section 2.1.5).
    if theirs <= U1024::ONE || theirs >= PRIME.wrapping_sub(&U1024::ONE) {
        return None;
    }
    Some(Zeroizing::new(power(&theirs, private).to_be_bytes().to_vec()))
}

fn derived(common: &[u8]) -> Option<Key> {
    let mut key = Key::default();
    Hkdf::<Sha256>::new(None, common).expand(&[], key.as_mut_slice()).ok()?;
    Some(key)
}

fn encrypted(key: &Key, vector: &[u8; BLOCK], value: &Secret) -> Vec<u8> {
    cbc::Encryptor::<Aes128>::new(&(**key).into(), &(*vector).into()).encrypt_padded_vec::<Pkcs7>(value.expose())
}

fn decrypted(key: &Key, vector: &[u8], bytes: Vec<u8>) -> Option<Secret> {
    let decryptor = cbc::Decryptor::<Aes128>::new_from_slices(key.as_slice(), vector).ok()?;
    let mut bytes = Zeroizing::new(bytes);
    decryptor.decrypt_padded::<Pkcs7>(&mut bytes).ok().map(|plain| Secret::new(plain.to_vec()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(byte: u8) -> U1024 {
        U1024::from_be_slice(&[byte; BYTES])
    }

    fn agreed(private: &U1024, theirs: &[u8]) -> Option<Key> {
        common(private, theirs).and_then(|common| derived(&common))
    }

    #[test]
    fn no_number_is_sent_that_reads_otherwise_with_a_sign() {
        // 2 to the power of 2161 begins with 0xFF in this group, 2 to that of 3 does not.
        let mut numbers = [2161_u64, 3].map(U1024::from_u64).into_iter();
        assert_eq!(public(&U1024::from_u64(2161))[0], 0xFF);
        let fill = |random: &mut [u8]| -> Result<(), ()> {
            random.copy_from_slice(numbers.next().unwrap().to_be_bytes().as_ref());
            Ok(())
        };
        let (private, sent) = pair(fill).unwrap();
        assert_eq!((*private, sent), (U1024::from_u64(3), public(&U1024::from_u64(3))));
    }

    #[test]
    fn two_ends_agree_on_one_key_and_read_what_the_other_sends() {
        let (ours, theirs) = (number(0x5A), number(0xC3));
        let key = agreed(&ours, &public(&theirs)).unwrap();
        assert_eq!(*key, *agreed(&theirs, &public(&ours)).unwrap());
        assert_ne!(*key, *agreed(&ours, &public(&number(0xC2))).unwrap());
        for length in [0, 1, 15, 16, 17, 200] {
            let value = Secret::new(vec![7; length]);
            let sent = encrypted(&key, &[9; BLOCK], &value);
            assert_eq!(sent.len(), length / BLOCK * BLOCK + BLOCK);
            assert_eq!(decrypted(&key, &[9; BLOCK], sent).unwrap().expose(), value.expose());
        }
    }

    #[test]
    fn a_number_that_makes_a_key_everybody_knows_is_refused() {
        let ours = number(0x5A);
        let last = PRIME.wrapping_sub(&U1024::ONE);
        for wrong in [
            &[][..],
            &[0],
            &[1],
            &[0, 0, 1],
            &last.to_be_bytes(),
            &PRIME.to_be_bytes(),
            &[0xFF; BYTES],
            &[1; BYTES + 1],
        ] {
            assert!(agreed(&ours, wrong).is_none(), "{wrong:?}");
        }
        // Some send a byte for the sign, others leave zeros out.
        let theirs = public(&number(3));
        let signed: Vec<u8> = std::iter::once(0).chain(theirs.iter().copied()).collect();
        assert_eq!(*agreed(&ours, &theirs).unwrap(), *agreed(&ours, &signed).unwrap());
        assert!(agreed(&ours, &[2]).is_some());
    }

    #[test]
    fn what_was_cut_or_has_no_vector_is_no_value() {
        let key = Key::new([1; BLOCK]);
        let sent = encrypted(&key, &[9; BLOCK], &Secret::new(vec![7; 20]));
        for (vector, bytes) in [(&[9; BLOCK][..], &sent[..31]), (&[9; BLOCK], &[]), (&[9; 15], &sent), (&[], &sent)] {
            assert!(decrypted(&key, vector, bytes.to_vec()).is_none());
        }
    }
}
