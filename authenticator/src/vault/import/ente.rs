//! Ente Auth's encrypted export: argon2id, and a list of addresses in libsodium's secretstream of one message.

use super::crypt;
use super::json;
use super::{Entries, ImportError, uris};
use crypto_secretstream::{Header, Key, PullStream};
use mfa_core::secret::Secret;
use serde::Deserialize;
use zeroize::Zeroizing;

const MAKER: &str = "Ente Auth";

/// Bytes of a secretstream's header, which the file calls its nonce.
const HEADER: usize = 24;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct File {
    kdf_params: Kdf,
    encrypted_data: String,
    encryption_nonce: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Kdf {
    /// In bytes.
    mem_limit: u64,
    ops_limit: u32,
    salt: String,
}

pub(super) fn read(bytes: &[u8], password: Option<&Secret>) -> Result<Entries, ImportError> {
    let file: File = json::whole(bytes, MAKER)?;
    let password = password.ok_or(ImportError::Password)?;
    let part = |text: &str| crypt::base64(text).ok_or(ImportError::WrongPassword);
    let (salt, header, sealed) =
        (part(&file.kdf_params.salt)?, part(&file.encryption_nonce)?, part(&file.encrypted_data)?);
    let header = <[u8; HEADER]>::try_from(header).map_err(|_| ImportError::WrongPassword)?;
    let kib = u32::try_from(file.kdf_params.mem_limit / 1024).map_err(|_| ImportError::Costly("argon2id"))?;
    let key = crypt::argon2id(password, &salt, (kib, file.kdf_params.ops_limit, 1))?;
    let mut text = Zeroizing::new(sealed);
    let mut stream = PullStream::init(Header::from(header), &Key::from(*key));
    stream.pull(&mut *text, b"").map_err(|_| ImportError::WrongPassword)?;
    uris::read(&text)
}
