//! What password managers keep beside a login: an address, a key alone, or `steam://KEY`.

use super::entry::{Entry, Kind, NotTaken, from_uri, short};
use crate::vault::Account;
use mfa_core::secret::Secret;

/// How a key of Steam's is written there.
const STEAM: &str = "steam://";

/// The account of the login at `issuer` called `name`; what an address says of itself goes first.
pub(super) fn account(totp: &Secret, issuer: &str, name: &str) -> Result<Account, NotTaken> {
    let text = totp.expose_str().map(str::trim).filter(|text| !text.is_empty()).ok_or(NotTaken::NoKey)?;
    if let Some((head, key)) = text.split_at_checked(STEAM.len())
        && head.eq_ignore_ascii_case(STEAM)
    {
        return Entry { kind: Kind::Steam, issuer, name, ..Entry::default() }
            .with_base32(Some(&Secret::from(key.to_owned())));
    }
    if !text.contains("://") {
        return Entry { issuer, name, ..Entry::default() }.with_base32(Some(totp));
    }
    let mut account = from_uri(text, if name.is_empty() { issuer } else { name })?;
    if account.issuer.is_empty() {
        account.issuer = short(issuer);
    }
    Ok(account)
}
