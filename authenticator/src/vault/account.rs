//! One account: what it is called, and what makes its codes. Pure: times come in, codes go out.
//!
//! What must never happen: a counter's code being made that was not saved as used before (the storage sees to that), or an
//! error that quotes a secret.

use super::steam;
use data_encoding::HEXLOWER;
use mfa_core::clean;
use mfa_core::otp::{Moving, Otp, ShortSecret};
use mfa_core::otpauth::{MAX_COUNTER, Otpauth, UriError};
use mfa_core::secret::Secret;
use serde::{Deserialize, Serialize};

/// The one version of the text form.
const VERSION: u32 = 1;

/// Characters of a Steam code.
const STEAM_LENGTH: u8 = 5;

/// Seconds after which what is in the trash is thrown away: 30 days.
pub const TRASH_KEPT: u64 = 30 * 86_400;

/// Most tags of one account.
pub(super) const MOST_TAGS: usize = 16;

/// Which way the codes are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Style {
    /// Digits (RFC 4226, RFC 6238).
    Digits,
    /// Five of Steam's letters, by time.
    Steam,
}

/// See the module.
#[derive(Debug, Clone)]
pub struct Account {
    /// 128 random bits in hex: what the storage calls it. Empty where nothing keeps it yet.
    pub id: String,
    /// Who the account is with; may be empty.
    pub issuer: String,
    /// Whose it is; may be empty.
    pub name: String,
    /// The user's own words for it.
    pub tags: Vec<String>,
    /// It stands before the others.
    pub pinned: bool,
    /// Seconds since 1970 when it was thrown away.
    pub trashed: Option<u64>,
    /// The next counter, of one that counts.
    pub counter: Option<u64>,
    otp: Otp,
    style: Style,
}

/// The text form, which a keyring holds.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    version: u32,
    uri: Secret,
    style: Style,
    issuer: String,
    name: String,
    #[serde(default)]
    tags: Vec<String>,
    #[serde(default)]
    pinned: bool,
    #[serde(default)]
    trashed: Option<u64>,
}

/// Tags that can be kept: short, each once, and not too many to be shown with their account.
#[must_use]
pub fn tags(found: impl IntoIterator<Item = String>) -> Vec<String> {
    let mut tags: Vec<String> = Vec::new();
    for tag in found {
        let tag = clean::name(tag.replace(',', " ").trim());
        if !tag.is_empty() && !tags.contains(&tag) {
            tags.push(tag);
        }
        if tags.len() == MOST_TAGS {
            break;
        }
    }
    tags
}

impl Account {
    /// One that is nowhere kept yet, and so has no id. `counter`: the next one, where `otp` counts.
    #[must_use]
    pub fn new(issuer: String, name: String, otp: Otp, style: Style, counter: Option<u64>) -> Self {
        Self { id: String::new(), issuer, name, tags: Vec::new(), pinned: false, trashed: None, counter, otp, style }
    }

    /// Reads an address, as of one that is nowhere kept yet.
    ///
    /// # Errors
    /// When it is not one that can be used; none quotes any of it.
    pub fn from_uri(uri: &str) -> Result<Self, UriError> {
        let (text, style) = match steam::as_totp(uri) {
            Some(text) => (text, Style::Steam),
            None => (Secret::from(uri.to_owned()), Style::Digits),
        };
        // Sites hand out 80 bits, and nobody can make them give more.
        let read = Otpauth::parse(text.expose_str().unwrap_or_default(), ShortSecret::Allow)?;
        let issuer = clean::name(read.issuer.as_deref().unwrap_or_default());
        Ok(Self::new(issuer, clean::name(&read.account), read.otp, style, read.counter))
    }

    /// Gives it its id, before it is kept.
    pub(super) fn name_id(&mut self, random: [u8; 16]) {
        self.id = HEXLOWER.encode(&random);
    }

    /// Reads the text form of the account called `id`; `None` when it is damaged or of a later version.
    #[must_use]
    pub fn read(id: &str, text: &[u8]) -> Option<Self> {
        let written: Written = serde_json::from_slice(text).ok().filter(|w: &Written| w.version == VERSION)?;
        let read = Otpauth::parse(written.uri.expose_str()?, ShortSecret::Allow).ok()?;
        // Any program of the user's can write an item, and a file may be made by hand: names go to terminals.
        Some(Self {
            id: id.to_owned(),
            issuer: clean::name(&written.issuer),
            name: clean::name(&written.name),
            tags: tags(written.tags),
            pinned: written.pinned,
            trashed: written.trashed,
            counter: read.counter,
            otp: read.otp,
            style: written.style,
        })
    }

    /// The text form.
    #[must_use]
    pub fn text(&self) -> Secret {
        let written = Written {
            version: VERSION,
            uri: self.plain().print(),
            style: self.style,
            issuer: self.issuer.clone(),
            name: self.name.clone(),
            tags: self.tags.clone(),
            pinned: self.pinned,
            trashed: self.trashed,
        };
        // Strings and numbers: there is nothing in it that JSON could not hold.
        Secret::from(serde_json::to_string(&written).unwrap_or_default())
    }

    /// The address by which other apps take it over.
    #[must_use]
    pub fn uri(&self) -> Secret {
        match self.style {
            Style::Digits => self.plain().print(),
            Style::Steam => steam::from_totp(&self.plain().print()),
        }
    }

    fn plain(&self) -> Otpauth {
        Otpauth {
            otp: self.otp.clone(),
            issuer: Some(self.issuer.clone()).filter(|issuer| !issuer.is_empty()),
            account: self.name.clone(),
            counter: self.counter,
        }
    }

    /// What makes its codes.
    pub(super) fn otp(&self) -> &Otp {
        &self.otp
    }

    /// Which way its codes are written.
    #[must_use]
    pub fn style(&self) -> Style {
        self.style
    }

    /// Seconds of a step of time; `None` for one that counts.
    #[must_use]
    pub fn period(&self) -> Option<u32> {
        match self.otp.moving() {
            Moving::Time { period } => Some(period),
            Moving::Counter => None,
        }
    }

    /// Characters of a code.
    #[must_use]
    pub fn length(&self) -> u8 {
        match self.style {
            Style::Digits => self.otp.digits(),
            Style::Steam => STEAM_LENGTH,
        }
    }

    /// The code at `now`, in seconds since 1970; `None` for one that counts.
    #[must_use]
    pub fn code_at(&self, now: u64) -> Option<Secret> {
        let step = now / u64::from(self.period()?);
        Some(match self.style {
            Style::Digits => self.otp.code(step),
            Style::Steam => steam::code(self.otp.secret(), step),
        })
    }

    /// The code of the counter, which is one further afterwards: to be saved before anybody sees the code. None where the next one could
    /// not be read again.
    pub fn count(&mut self) -> Option<Secret> {
        let counter = self.counter.filter(|counter| *counter < MAX_COUNTER)?;
        self.counter = Some(counter + 1);
        Some(self.otp.code(counter))
    }

    /// What it is called, in one line.
    #[must_use]
    pub fn called(&self) -> String {
        let parts = [self.issuer.as_str(), self.name.as_str()];
        parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(", ")
    }

    /// Whether it is the same key for the same account: what is imported twice is kept once.
    #[must_use]
    pub fn is_same(&self, other: &Self) -> bool {
        self.issuer == other.issuer
            && self.name == other.name
            && self.style == other.style
            && self.otp.secret().expose() == other.otp.secret().expose()
            && self.otp.moving() == other.otp.moving()
            && self.otp.digits() == other.otp.digits()
            && self.otp.algorithm() == other.otp.algorithm()
    }

    /// Whether it has been in the trash for so long that it goes.
    #[must_use]
    pub fn is_gone(&self, now: u64) -> bool {
        self.trashed.is_some_and(|then| now.saturating_sub(then) >= TRASH_KEPT)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RFC: &str = "otpauth://totp/ACME:alice?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=ACME&digits=8";

    fn account(uri: &str) -> Account {
        Account::from_uri(uri).unwrap()
    }

    fn text(secret: &Secret) -> String {
        secret.expose_str().unwrap().to_owned()
    }

    #[test]
    fn codes_are_those_of_the_standard() {
        let it = account(RFC);
        assert_eq!((it.issuer.as_str(), it.name.as_str(), it.length()), ("ACME", "alice", 8));
        for (now, code) in [(59, "94287082"), (1_111_111_109, "07081804"), (20_000_000_000, "65353130")] {
            assert_eq!(text(&it.code_at(now).unwrap()), code);
        }
        let mut counts = account(&RFC.replace("totp", "hotp").replace("&digits=8", ""));
        for code in ["755224", "287082", "359152"] {
            assert_eq!(text(&counts.count().unwrap()), code);
        }
        assert_eq!((counts.counter, counts.period()), (Some(3), None));
        assert!(counts.code_at(59).is_none());
    }

    #[test]
    fn a_counter_never_goes_on_to_where_it_cannot_be_read_again() {
        let mut last = account(&format!("{}&counter={MAX_COUNTER}", RFC.replace("totp", "hotp")));
        assert!(last.count().is_none());
        assert!(Account::read(&last.id, last.text().expose()).is_some());
    }

    #[test]
    fn the_text_form_keeps_everything_and_reads_nothing_else() {
        for uri in [RFC, &RFC.replace("totp", "hotp"), &RFC.replace("totp", "steam")] {
            let mut it = account(uri);
            it.tags = vec!["work".into(), "a\"b".into()];
            (it.pinned, it.trashed, it.name) = (true, Some(7), "new: name".into());
            let read = Account::read(&it.id, it.text().expose()).unwrap();
            assert!(read.is_same(&it) && read.pinned && read.trashed == Some(7) && read.tags == it.tags);
            assert_eq!((read.counter, read.length()), (it.counter, it.length()));
            assert_eq!(read.code_at(59).as_ref().map(text), it.code_at(59).as_ref().map(text));
        }
        let good = text(&account(RFC).text());
        for wrong in
            ["", "{}", &good.replace("\"version\":1", "\"version\":2"), &good.replace("GEZD", "1890"), &good[..9]]
        {
            assert!(Account::read("x", wrong.as_bytes()).is_none(), "{wrong}");
        }
    }

    #[test]
    fn addresses_go_out_as_they_came_in() {
        for uri in [RFC, &RFC.replace("totp", "steam")] {
            let it = account(uri);
            let again = account(it.uri().expose_str().unwrap());
            assert!(again.is_same(&it));
        }
        assert!(text(&account(&RFC.replace("totp", "steam")).uri()).starts_with("otpauth://steam/"));
    }

    #[test]
    fn the_same_key_of_the_same_account_is_the_same_and_nothing_less() {
        let it = account(RFC);
        assert!(it.is_same(&Account { pinned: true, id: "other".into(), ..account(RFC) }));
        for other in ["alice", "digits=8", "totp", "GEZD"].iter().zip(["bob", "digits=6", "hotp", "GEZE"]) {
            assert!(!it.is_same(&account(&RFC.replace(other.0, other.1))), "{other:?}");
        }
    }

    #[test]
    fn the_trash_is_emptied_after_thirty_days() {
        let mut it = account(RFC);
        assert!(!it.is_gone(u64::MAX));
        it.trashed = Some(100);
        assert!(!it.is_gone(100 + TRASH_KEPT - 1) && it.is_gone(100 + TRASH_KEPT) && !it.is_gone(0));
    }
}
