//! The keys and ciphers that other authenticators use, with a limit for every number that a file brings along.

use super::ImportError;
use aes::Aes256;
use aes_gcm::{Aes256Gcm, Key, Nonce};
use argon2::{Algorithm, Argon2, Block, Params, Version};
use cbc::cipher::{BlockModeDecrypt, KeyIvInit, block_padding::Pkcs7};
use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use data_encoding::BASE64;
use hmac::{Hmac, Mac};
use mfa_core::secret::Secret;
use sha1::Sha1;
use sha2::Sha256;
use zeroize::{Zeroize, Zeroizing};

/// Bytes of a key.
pub(super) const KEY: usize = 32;

/// Bytes of the nonce of AES-GCM.
pub(super) const NONCE: usize = 12;

/// Most memory for one derivation, in KiB: 1 GiB, libsodium's limit for sensitive data, which Ente uses.
pub(super) const MOST_KIB: u32 = 1 << 20;

/// Most passes of argon2id over all its memory together, in KiB: 16 GiB, some twenty seconds of one core.
const MOST_PASSED_KIB: u64 = 16 << 20;

/// Most lanes of argon2id.
const MOST_LANES: u32 = 16;

/// Most bytes of scrypt's work, `128 * N * r * p` (RFC 7914 section 2): 1 GiB; Aegis takes 32 MiB.
const MOST_SCRYPT: u64 = 1 << 30;

/// Most iterations of PBKDF2: Bitwarden lets its users choose up to two million.
const MOST_ITERATIONS: u32 = 5_000_000;

/// A key of 32 bytes.
pub(super) type Derived = Zeroizing<[u8; KEY]>;

/// scrypt (RFC 7914).
pub(super) fn scrypt(password: &Secret, salt: &[u8], (n, r, p): (u64, u32, u32)) -> Result<Derived, ImportError> {
    let work = 128_u64.saturating_mul(n).saturating_mul(r.into()).saturating_mul(p.into());
    if !n.is_power_of_two() || n < 2 || r == 0 || p == 0 || work > MOST_SCRYPT {
        return Err(ImportError::Costly("scrypt"));
    }
    let log_n = u8::try_from(n.ilog2()).map_err(|_| ImportError::Costly("scrypt"))?;
    let params = scrypt::Params::new(log_n, r, p).map_err(|_| ImportError::Costly("scrypt"))?;
    // The library takes `128 * r * (N + p + 1)` bytes and ends the program where it does not get them: asked for and given back before.
    let blocks = n.saturating_add(p.into()).saturating_add(1);
    let bytes =
        usize::try_from(blocks.saturating_mul(r.into()).saturating_mul(128)).map_err(|_| ImportError::Memory)?;
    let mut room = Vec::<u8>::new();
    room.try_reserve_exact(bytes).map_err(|_| ImportError::Memory)?;
    // A compiler may leave out what nobody looks at.
    drop(std::hint::black_box(room));
    let mut key = Derived::default();
    scrypt::scrypt(password.expose(), salt, &params, key.as_mut()).map_err(|_| ImportError::Costly("scrypt"))?;
    Ok(key)
}

/// argon2id, version 0x13 (RFC 9106): KiB, passes, lanes.
pub(super) fn argon2id(
    password: &Secret,
    salt: &[u8],
    (kib, passes, lanes): (u32, u32, u32),
) -> Result<Derived, ImportError> {
    let costly = ImportError::Costly("argon2id");
    if kib > MOST_KIB || u64::from(kib) * u64::from(passes) > MOST_PASSED_KIB || lanes > MOST_LANES {
        return Err(costly);
    }
    let params = Params::new(kib, passes, lanes, Some(KEY)).map_err(|_| costly.clone())?;
    let mut memory = Vec::new();
    memory.try_reserve_exact(params.block_count()).map_err(|_| ImportError::Memory)?;
    memory.resize(params.block_count(), Block::new());
    let mut key = Derived::default();
    let argon = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
    let done = argon.hash_password_into_with_memory(password.expose(), salt, key.as_mut(), &mut memory);
    memory.iter_mut().for_each(Zeroize::zeroize);
    done.map_err(|_| costly)?;
    Ok(key)
}

/// PBKDF2 (RFC 8018) with HMAC-SHA-256.
pub(super) fn pbkdf2_sha256(password: &Secret, salt: &[u8], iterations: u32) -> Result<Derived, ImportError> {
    let mut key = Derived::default();
    pbkdf2::pbkdf2_hmac::<Sha256>(password.expose(), salt, checked(iterations)?, key.as_mut());
    Ok(key)
}

/// PBKDF2 with HMAC-SHA-1.
pub(super) fn pbkdf2_sha1(password: &Secret, salt: &[u8], iterations: u32) -> Result<Derived, ImportError> {
    let mut key = Derived::default();
    pbkdf2::pbkdf2_hmac::<Sha1>(password.expose(), salt, checked(iterations)?, key.as_mut());
    Ok(key)
}

fn checked(iterations: u32) -> Result<u32, ImportError> {
    if (1..=MOST_ITERATIONS).contains(&iterations) { Ok(iterations) } else { Err(ImportError::Costly("PBKDF2")) }
}

/// Opens AES-256-GCM; the tag stands at the end.
pub(super) fn open_gcm(key: &Derived, nonce: &[u8], sealed: &[u8], about: &[u8]) -> Result<Secret, ImportError> {
    let nonce = Nonce::try_from(nonce).map_err(|_| ImportError::WrongPassword)?;
    let cipher = Aes256Gcm::new(&Key::<Aes256Gcm>::from(**key));
    cipher.decrypt(&nonce, Payload { msg: sealed, aad: about }).map(Secret::new).map_err(|_| ImportError::WrongPassword)
}

/// Opens AES-256-CBC with the padding of PKCS 7, which says nothing about whether it was changed.
pub(super) fn open_cbc(key: &Derived, iv: &[u8], sealed: &[u8]) -> Result<Secret, ImportError> {
    let decryptor =
        cbc::Decryptor::<Aes256>::new_from_slices(key.as_ref(), iv).map_err(|_| ImportError::WrongPassword)?;
    let mut bytes = Zeroizing::new(sealed.to_vec());
    let plain = decryptor.decrypt_padded::<Pkcs7>(&mut bytes).map_err(|_| ImportError::WrongPassword)?;
    Ok(Secret::new(plain.to_vec()))
}

/// HMAC-SHA-256.
pub(super) fn hmac_sha256(key: &[u8], parts: &[&[u8]]) -> Option<Hmac<Sha256>> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).ok()?;
    parts.iter().for_each(|part| mac.update(part));
    Some(mac)
}

/// Base64, whose bytes may be what the file hides.
pub(super) fn base64(text: &str) -> Option<Vec<u8>> {
    BASE64.decode(text.trim().as_bytes()).ok()
}
