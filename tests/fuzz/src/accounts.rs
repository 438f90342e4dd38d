//! What the authenticator reads: other apps' files, plain and under a password, and pictures.

use crate::costs::is_cheap;
use authenticator::vault::Account;
use authenticator::vault::import::{self, Format, Import};
use authenticator::vault::picture;
use clap::ValueEnum;
use mfa_core::secret::Secret;

/// What the files of the corpus are sealed under.
const PASSWORD: &str = "correct horse";

/// Every format there is, and whichever it looks like.
pub(crate) fn import(bytes: &[u8]) {
    for format in Format::value_variants().iter().copied().map(Some).chain([None]) {
        // Without a password nothing is derived.
        if let Ok(read) = import::read(bytes, format, None) {
            is_kept(&read);
        }
    }
}

/// Each encrypted format, with a password: what stands in front of its derivation, around what is sealed, and behind it. Files whose
/// derivation costs more than a moment are left out; that these are refused is tested beside the importers.
pub(crate) fn sealed(bytes: &[u8]) {
    // One of andOTP has no mark, but the number of its iterations in front.
    let format = import::recognised(bytes).or_else(|| {
        let iterations = bytes.first_chunk::<4>().map_or(0, |number| u32::from_be_bytes(*number));
        (iterations <= 1024).then_some(Format::Andotp)
    });
    let Some(format) = format.filter(|format| is_cheap(bytes) && is_turn(*format, bytes)) else { return };
    let read = |password: Option<&str>| {
        let password = password.map(|password| Secret::from(password.to_owned()));
        import::read(bytes, Some(format), password.as_ref())
    };
    let Ok(opened) = read(Some(PASSWORD)) else { return };
    is_kept(&opened);
    // Either the password was not asked for, or no other opens it.
    match read(None) {
        Ok(plain) => assert_eq!(plain.accounts.len(), opened.accounts.len(), "a password changes what is read"),
        Err(_) => assert!(read(Some("another")).is_err(), "any password opens it"),
    }
}

/// Proton's and Stratum's derivations cost a tenth of a second whatever the file says: of their inputs one in sixteen is tried.
fn is_turn(format: Format, bytes: &[u8]) -> bool {
    let sum = bytes.iter().fold(0_u8, |sum, byte| sum.wrapping_add(*byte));
    !matches!(format, Format::Proton | Format::Stratum) || sum.is_multiple_of(16)
}

/// An account that was read is kept in a form that is read again as the same.
fn is_kept(read: &Import) {
    for account in &read.accounts {
        let again = Account::read("id", account.text().expose()).unwrap_or_else(|| panic!("cannot be kept"));
        assert!(again.is_same(account), "it is kept as another");
        assert!(!account.called().is_empty() && !account.called().chars().any(char::is_control));
        let _ = account.code_at(0);
    }
}

/// Addresses alone come out of a picture.
pub(crate) fn picture(bytes: &[u8]) {
    for uri in picture::addresses(bytes).unwrap_or_default() {
        assert!(uri.expose_str().unwrap().contains("://"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;
    use std::path::Path;

    /// Every file of a corpus.
    fn corpus(name: &str) -> Vec<Vec<u8>> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus").join(name);
        std::fs::read_dir(folder).unwrap().map(|entry| std::fs::read(entry.unwrap().path()).unwrap()).collect()
    }

    #[test]
    fn the_corpora_hold_every_format_plain_and_under_a_password() {
        let (mut plain, mut sealed) = (BTreeSet::new(), BTreeSet::new());
        for file in corpus("accounts") {
            if let Ok(read) = import::read(&file, None, None)
                && !read.accounts.is_empty()
            {
                plain.insert(read.format.name());
            }
        }
        let password = Secret::from(PASSWORD.to_owned());
        for file in corpus("sealed") {
            assert!(is_cheap(&file), "{}", file.escape_ascii());
            let format = import::recognised(&file).unwrap_or(Format::Andotp);
            let read = import::read(&file, Some(format), Some(&password));
            assert!(read.is_ok_and(|read| !read.accounts.is_empty()), "{format:?}: {}", file.escape_ascii());
            sealed.insert(format.name());
        }
        let names = |left_out: &[Format]| -> BTreeSet<&str> {
            Format::value_variants()
                .iter()
                .filter(|format| !left_out.contains(format))
                .map(|format| format.name())
                .collect()
        };
        // These two are never plain, those three never sealed.
        assert_eq!(plain, names(&[Format::Ente, Format::Backup]));
        assert_eq!(sealed, names(&[Format::Uris, Format::Freeotp, Format::ProtonPass]));
    }
}
