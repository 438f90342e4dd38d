//! What the authenticator reads: other apps' files, and pictures.

use authenticator::vault::Account;
use authenticator::vault::import::{self, Format};
use authenticator::vault::picture;

const FORMATS: [Format; 9] = [
    Format::Backup,
    Format::Uris,
    Format::Aegis,
    Format::Twofas,
    Format::Proton,
    Format::Ente,
    Format::Stratum,
    Format::Bitwarden,
    Format::Freeotp,
];

/// Without a password nothing is derived; an account that was read is kept in a form that is read again as the same.
pub(crate) fn import(bytes: &[u8]) {
    for format in FORMATS.into_iter().map(Some).chain([None]) {
        let Ok(read) = import::read(bytes, format, None) else { continue };
        for account in &read.accounts {
            let again = Account::read("id", account.text().expose()).unwrap_or_else(|| panic!("cannot be kept"));
            assert!(again.is_same(account), "it is kept as another");
            assert!(!account.called().is_empty() && !account.called().chars().any(char::is_control));
            let _ = account.code_at(0);
        }
    }
}

/// Addresses alone come out of a picture.
pub(crate) fn picture(bytes: &[u8]) {
    for uri in picture::addresses(bytes).unwrap_or_default() {
        assert!(uri.expose_str().unwrap().contains("://"));
    }
}
