//! The stock of hardware tokens: `tokens.toml` in the state folder.
//!
//! mfad writes it at each import and hand-out and reads it when a token is chosen. Whose a token is stands here; whether it is in
//! use stands in the holder's enrolment, which has a copy of its key. What must never happen: one token held by two people, or a key
//! that is kept after the token was retired.

use crate::enrollment::{Factor, FactorId};
use crate::otp::{Algorithm, Moving, Otp, ShortSecret};
use crate::place::{self, FileError};
use crate::secret::Secret;
use crate::tokens::MAX_ROWS;
use crate::upkeep::Upkeep;
use crate::verify::MOST_DRIFT;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use toml::Spanned;
use zeroize::Zeroizing;

/// Name of the file in the state folder.
pub const FILE: &str = "tokens.toml";

/// Longest file read, in bytes: [`MAX_ROWS`] tokens with long names.
pub const MAX_BYTES: u64 = 64 * 1024 * 1024;

/// Why a token cannot be handed out any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Away {
    /// It is lost: its key is kept, so that it is known when somebody turns it in.
    Lost,
    /// It is out of use for good: its key is gone.
    Retired,
}

/// One token.
#[derive(Debug, Clone)]
pub struct Token {
    /// What the administrator calls it; may be empty.
    pub name: String,
    /// Maker and model; may be empty.
    pub model: String,
    /// Seconds since 1970 when it came into the stock.
    pub added: u64,
    /// Whose it is: canonical name.
    pub holder: Option<String>,
    /// Why it is not to be had, if it is not.
    pub away: Option<Away>,
    /// Its generator; `None` once it is retired.
    pub otp: Option<Otp>,
    /// How far it had got when it was last in use.
    pub reached: Reached,
}

/// How far a token's codes are spent, and what is known of its clock.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Reached {
    /// HOTP: the next counter.
    pub counter: u64,
    /// TOTP: the last step accepted.
    pub mark: Option<u64>,
    /// TOTP: steps its clock is ahead of ours.
    pub drift: i64,
}

impl Token {
    /// The factor it becomes for its holder.
    #[must_use]
    pub fn factor(&self, serial: &str, random: [u8; 4], pending: bool, created: u64) -> Option<Factor> {
        let otp = self.otp.clone()?;
        let method = match otp.moving() {
            Moving::Time { .. } => crate::wire::Method::Totp,
            Moving::Counter => crate::wire::Method::Hotp,
        };
        Some(Factor {
            id: FactorId::new(method, random),
            label: String::new(),
            token: Some(serial.to_owned()),
            pending,
            created,
            otp,
            counter: self.reached.counter,
            upkeep: Upkeep::default(),
        })
    }

    /// Whether `user` may take it.
    #[must_use]
    pub fn is_for(&self, user: &str) -> bool {
        self.away.is_none() && self.otp.is_some() && self.holder.as_deref().is_none_or(|holder| holder == user)
    }
}

/// All tokens, by serial number.
#[derive(Debug, Clone, Default)]
pub struct Stock {
    /// By serial number, as it is printed on the token.
    pub tokens: BTreeMap<String, Token>,
}

impl Stock {
    /// The serial number a person means: in any case, with spaces around.
    #[must_use]
    pub fn serial(&self, typed: &str) -> Option<&str> {
        let typed = typed.trim();
        if let Some((serial, _)) = self.tokens.get_key_value(typed) {
            return Some(serial);
        }
        let mut fitting = self.tokens.keys().filter(|serial| serial.eq_ignore_ascii_case(typed));
        fitting.next().filter(|_| fitting.next().is_none()).map(String::as_str)
    }

    /// Reads the file's text.
    ///
    /// # Errors
    /// What is wrong, with file, line and key; never a value.
    pub fn parse(file: &str, text: &str) -> Result<Self, FileError> {
        let form: Form = place::read(file, text)?;
        if form.version != 1 {
            return Err(FileError::whole(file, "this mfad reads version 1 only"));
        }
        if form.token.len() > MAX_ROWS {
            return Err(FileError::whole(file, format!("more than {MAX_ROWS} tokens")));
        }
        let mut tokens = BTreeMap::new();
        for entry in form.token {
            let span = entry.span();
            let (serial, token) =
                entry.into_inner().into_token().map_err(|why| FileError::at(file, text, &span, why))?;
            if tokens.insert(serial, token).is_some() {
                return Err(FileError::at(file, text, &span, "a serial number that another token has"));
            }
        }
        Ok(Self { tokens })
    }

    /// The file's text; it holds keys, so it is wiped.
    ///
    /// # Errors
    /// Never for a value made by this module.
    pub fn print(&self) -> Result<Zeroizing<String>, toml::ser::Error> {
        let token = self.tokens.iter().map(|(serial, token)| TokenForm::from_token(serial, token)).collect();
        let body = Zeroizing::new(toml::to_string(&PrintForm { version: 1, token })?);
        Ok(Zeroizing::new(format!("# Written by mfad; change it with mfactl token. It holds secrets.\n{}", *body)))
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Form {
    version: u32,
    #[serde(default)]
    token: Vec<Spanned<TokenForm>>,
}

#[derive(Serialize)]
struct PrintForm {
    version: u32,
    token: Vec<TokenForm>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct TokenForm {
    serial: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    name: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    model: String,
    added: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    holder: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    away: Option<Away>,
    /// Base32.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    secret: Option<Secret>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    algorithm: Option<Algorithm>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    digits: Option<u8>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    period: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    counter: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    mark: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    drift: Option<i64>,
}

impl TokenForm {
    fn into_token(self) -> Result<(String, Token), String> {
        let moving = match (self.period, self.counter) {
            (Some(period), None) => Some(Moving::Time { period }),
            (None, Some(_)) => Some(Moving::Counter),
            (None, None) => None,
            (Some(_), Some(_)) => return Err(String::from("a token has a period or a counter, not both")),
        };
        let otp = match (self.secret, self.algorithm, self.digits, moving) {
            (Some(secret), Some(algorithm), Some(digits), Some(moving)) => {
                let secret = crate::base32::decode(secret.expose_str().unwrap_or_default())
                    .map_err(|_| String::from("the secret is not base32"))?;
                let otp = Otp::new(secret, algorithm, digits, moving, ShortSecret::Allow).map_err(|e| e.to_string())?;
                Some(otp)
            }
            (None, None, None, None) if self.away == Some(Away::Retired) => None,
            _ => return Err(String::from("a token has a secret, an algorithm, digits, and a period or a counter")),
        };
        let token = Token {
            name: self.name,
            model: self.model,
            added: self.added,
            holder: self.holder,
            away: self.away,
            otp,
            reached: Reached {
                counter: self.counter.unwrap_or(0),
                mark: self.mark,
                drift: self.drift.unwrap_or(0).clamp(-MOST_DRIFT, MOST_DRIFT),
            },
        };
        Ok((self.serial, token))
    }

    fn from_token(serial: &str, token: &Token) -> Self {
        let otp = token.otp.as_ref();
        let period = otp.and_then(|otp| match otp.moving() {
            Moving::Time { period } => Some(period),
            Moving::Counter => None,
        });
        Self {
            serial: serial.to_owned(),
            name: token.name.clone(),
            model: token.model.clone(),
            added: token.added,
            holder: token.holder.clone(),
            away: token.away,
            secret: otp.map(|otp| crate::base32::encode(otp.secret())),
            algorithm: otp.map(Otp::algorithm),
            digits: otp.map(Otp::digits),
            period,
            counter: otp.filter(|_| period.is_none()).map(|_| token.reached.counter),
            mark: token.reached.mark.filter(|_| period.is_some()),
            drift: Some(token.reached.drift).filter(|drift| period.is_some() && *drift != 0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token(seed: u8, moving: Moving) -> Token {
        let otp = Otp::new(Secret::new(vec![seed; 20]), Algorithm::Sha1, 6, moving, ShortSecret::Refuse).unwrap();
        Token {
            name: "Lobby".into(),
            model: String::new(),
            added: 5,
            holder: None,
            away: None,
            otp: Some(otp),
            reached: Reached { counter: 7, mark: Some(9), drift: -2 },
        }
    }

    #[test]
    fn a_stock_survives_its_file() {
        let mut stock = Stock::default();
        stock.tokens.insert("A-1".into(), Token { holder: Some("anna".into()), ..token(1, Moving::Counter) });
        stock.tokens.insert("a-2".into(), token(2, Moving::Time { period: 30 }));
        let retired = Token { away: Some(Away::Retired), otp: None, ..token(3, Moving::Counter) };
        stock.tokens.insert("A-3".into(), retired);
        let text = stock.print().unwrap();
        let again = Stock::parse("tokens.toml", &text).unwrap();
        assert_eq!(*again.print().unwrap(), *text);
        assert_eq!(again.tokens["A-1"].reached, Reached { counter: 7, ..Reached::default() });
        assert_eq!(again.tokens["a-2"].reached, Reached { mark: Some(9), drift: -2, counter: 0 });
        assert!(again.tokens["A-3"].otp.is_none());
        assert_eq!((again.serial(" a-1 "), again.serial("A-2"), again.serial("A")), (Some("A-1"), Some("a-2"), None));
    }

    #[test]
    fn a_token_is_for_its_holder_or_for_anybody_and_for_nobody_once_it_is_away() {
        let free = token(1, Moving::Counter);
        assert!(free.is_for("anna"));
        let held = Token { holder: Some("anna".into()), ..free.clone() };
        assert!(held.is_for("anna") && !held.is_for("bob"));
        assert!(!Token { away: Some(Away::Lost), ..held }.is_for("anna"));
    }

    #[test]
    fn a_damaged_stock_is_refused_with_its_line_and_without_its_keys() {
        for (text, expected) in [
            ("version = 2\n", "tokens.toml: this mfad reads version 1 only"),
            ("version = 1\n[[token]]\nserial = \"A\"\nadded = 1\n", "tokens.toml:2: [[token]]: a token has a secret"),
            (
                "version = 1\n[[token]]\nserial = \"A\"\nadded = 1\nsecret = \"JBSWY3DP!\"\nalgorithm = \"SHA1\"\ndigits = 6\nperiod = 30\n",
                "tokens.toml:2: [[token]]: the secret is not base32",
            ),
        ] {
            let error = Stock::parse("tokens.toml", text).unwrap_err().to_string();
            assert!(error.starts_with(expected) && !error.contains("JBSW"), "{error}");
        }
    }
}
