//! What `Admin1` tells of users, tokens, logins and bypasses, and what is given to it.

use crate::secret::Secret;
use serde::{Deserialize, Serialize};
use zbus::Signature;
use zbus::zvariant::Type;

/// A string, as in frames. What becomes of it here is wiped; the message that it came in is not (docs/dbus.md).
impl Type for Secret {
    const SIGNATURE: &'static Signature = &Signature::Str;
}

/// One user in a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Type)]
pub struct UserListed {
    /// Canonical name.
    pub user: String,
    /// Enrolled uid; 4294967295 where the file cannot be read and nothing else says it.
    pub uid: u32,
    /// Whether there is a confirmed factor or a device.
    pub enrolled: bool,
    /// `off`, `optional`, `required` or `approved`.
    pub required: String,
    /// From when a factor is required, where that is to come.
    pub deadline: u64,
    /// Of the last login with a factor.
    pub last_login: u64,
}

/// One hardware token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Type)]
pub struct TokenShown {
    /// Its serial number.
    pub serial: String,
    /// What it is, as its maker calls it.
    pub model: String,
    /// Whose it is; empty: nobody's.
    pub holder: String,
    /// `stock`, `held`, `lost` or `retired`.
    pub state: String,
    /// When it last opened a login.
    pub last_used: u64,
}

/// One remembered login.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Type)]
pub struct GrantShown {
    /// Its name.
    pub id: String,
    /// Of which kind of service.
    pub kind: String,
    /// From where.
    pub source: String,
    /// Seconds for which it still holds.
    pub left: u64,
}

/// One bypass.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Type)]
pub struct BypassShown {
    /// Whose.
    pub user: String,
    /// `open`, `waits` (for consent), `used-up`, `over` or `lost` (the record of its uses).
    pub standing: String,
    /// Why it was made.
    pub reason: String,
    /// Uid of who made it.
    pub by_uid: u32,
    /// When.
    pub made: u64,
    /// When it is over.
    pub until: u64,
    /// How many logins it opens; 0: any number.
    pub uses: u16,
    /// How many it opened.
    pub used: u16,
    /// Uid of the other administrator, who consented; 4294967295: nobody has.
    pub consented: u32,
    /// Its name, which consent has to give.
    pub id: String,
}

/// Something that hygiene does.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Type)]
pub struct HygieneShown {
    /// Whose.
    pub user: String,
    /// The factor or device.
    pub id: String,
    /// What the user calls it.
    pub label: String,
    /// `suspend-unused`, `suspend-old`, `announce` (that it stops), `spare` (it does not stop after all) or `drop` (it was never
    /// confirmed).
    pub act: String,
    /// When what is announced stops.
    pub stops: u64,
    /// Whether anything of the user's opens a login afterwards.
    pub opens: bool,
    /// Recovery codes left.
    pub recovery_left: u32,
}

/// A hardware token to be put in stock.
#[derive(Debug, Clone, Serialize, Deserialize, Type)]
pub struct TokenGiven {
    /// As printed on it.
    pub serial: String,
    /// What it is called; may be empty.
    pub name: String,
    /// Maker and model; may be empty.
    pub model: String,
    /// How its codes are made.
    pub otp: OtpGiven,
    /// The next counter of one that counts; otherwise 0.
    pub counter: u64,
}

/// A factor from another product's file.
#[derive(Debug, Clone, Serialize, Deserialize, Type)]
pub struct FactorGiven {
    /// Name of an account.
    pub user: String,
    /// What the user calls it; may be empty.
    pub label: String,
    /// How its codes are made.
    pub otp: OtpGiven,
    /// The next counter of one that counts; of one that goes by time the last step that may have been used, 0 where none was.
    pub counter: u64,
}

/// A generator of codes.
#[derive(Debug, Clone, Serialize, Deserialize, Type)]
pub struct OtpGiven {
    /// `totp` or `hotp`.
    pub method: String,
    /// Base32.
    pub secret: Secret,
    /// `SHA1`, `SHA256` or `SHA512`.
    pub algorithm: String,
    /// 6 to 8.
    pub digits: u8,
    /// Seconds of a TOTP step; 0 of one that counts.
    pub period: u32,
}
