//! `otpauth://` URIs: what authenticator apps scan and sites hand out.
//!
//! Used by enrolment (to print) and by everything that reads a factor from elsewhere. There is no standard; this
//! reads what is written in the wild and prints what Google's Key URI Format describes, in the one
//! form that all apps take. What must never happen: an error that quotes the URI, since the secret is in it.

use crate::base32;
use crate::otp::{Algorithm, Moving, Otp, OtpError, ShortSecret};
use crate::secret::Secret;
use std::fmt::{Display, Write as _};
use thiserror::Error;
use zeroize::Zeroizing;

/// Longest URI read, in bytes: a version 40 QR code holds 2,953, and percent-encoding is paid for in full.
pub const MAX_URI: usize = 4096;

/// Highest counter read or written: the enrolment and state files keep integers as signed 64 bits.
pub const MAX_COUNTER: u64 = i64::MAX as u64;

/// Digits when a URI does not say.
const DEFAULT_DIGITS: u8 = 6;

/// Seconds of a step when a URI does not say.
const DEFAULT_PERIOD: u32 = 30;

/// A factor as an `otpauth://` URI describes it. Names are as they came: clean them before they are shown.
#[derive(Debug, Clone)]
pub struct Otpauth {
    /// The generator.
    pub otp: Otp,
    /// Who the account is with.
    pub issuer: Option<String>,
    /// The account's name; may be empty.
    pub account: String,
    /// The next HOTP counter; `None` for TOTP.
    pub counter: Option<u64>,
}

/// Why a text is not a URI that can be used. None quotes any of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum UriError {
    /// Over [`MAX_URI`].
    #[error("the URI has {0} bytes, the limit is {MAX_URI}")]
    TooLong(usize),
    /// Another scheme, or none.
    #[error("not an otpauth:// URI")]
    NotOtpauth,
    /// Google Authenticator's export of several accounts at once.
    #[error("this is an export of several accounts (otpauth-migration): give one otpauth:// URI for each")]
    Migration,
    /// Steam's own codes, in any of their three spellings.
    #[error("Steam's codes are five letters of a kind of their own and are not supported")]
    Steam,
    /// A type that is neither `totp` nor `hotp`.
    #[error("the type is not supported: the URI must start with otpauth://totp/ or otpauth://hotp/")]
    Kind,
    /// Percent-encoded bytes that are not UTF-8.
    #[error("the {0} is not UTF-8 text")]
    NotText(&'static str),
    /// A parameter that must stand once stands twice.
    #[error("the parameter {0} is given twice")]
    Twice(&'static str),
    /// No secret, or an empty one.
    #[error("the parameter secret is missing")]
    NoSecret,
    /// The secret is not base32.
    #[error("the parameter secret is {0}")]
    Secret(base32::NotBase32),
    /// A parameter that is not a number this side can hold.
    #[error("the parameter {0} is not a number that can be used")]
    Number(&'static str),
    /// The numbers or the secret's length are outside what is accepted.
    #[error(transparent)]
    Otp(#[from] OtpError),
}

impl Otpauth {
    /// Reads a URI.
    ///
    /// Case does not matter in the scheme, the type and parameter names. The issuer is the parameter if there is one, else
    /// the label up to its first colon (`:` or `%3A`). `+` is a space in a parameter, where form encoders put it for
    /// one, and a plus in the label, where it belongs to mail addresses. Algorithm, digits, period and counter
    /// default to SHA1, 6, 30 and 0. Empty and unknown parameters are ignored.
    ///
    /// # Errors
    /// When it is too long, of another kind, has no usable secret, says something twice, or names numbers outside the limits.
    pub fn parse(uri: &str, short: ShortSecret) -> Result<Self, UriError> {
        let uri = uri.trim();
        if uri.len() > MAX_URI {
            return Err(UriError::TooLong(uri.len()));
        }
        let (scheme, rest) = uri.split_once("://").ok_or(UriError::NotOtpauth)?;
        match scheme.to_ascii_lowercase().as_str() {
            "otpauth" => {}
            "otpauth-migration" => return Err(UriError::Migration),
            "steam" => return Err(UriError::Steam),
            _ => return Err(UriError::NotOtpauth),
        }
        let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
        let (kind, label) = path.split_once('/').unwrap_or((path, ""));
        let counts = match kind.to_ascii_lowercase().as_str() {
            "totp" => false,
            "hotp" => true,
            "steam" => return Err(UriError::Steam),
            _ => return Err(UriError::Kind),
        };
        let parameters = Parameters::read(query)?;
        let moving = if counts {
            Moving::Counter
        } else {
            Moving::Time { period: number(parameters.period, "period")?.unwrap_or(DEFAULT_PERIOD) }
        };
        let algorithm = match parameters.algorithm {
            Some(name) => name.trim().parse()?,
            None => Algorithm::default(),
        };
        let digits = number(parameters.digits, "digits")?.unwrap_or(DEFAULT_DIGITS);
        let counter = number(parameters.counter.filter(|_| counts), "counter")?.unwrap_or(0);
        if counter > MAX_COUNTER {
            return Err(UriError::Number("counter"));
        }
        let secret = base32::decode(&parameters.secret.ok_or(UriError::NoSecret)?).map_err(UriError::Secret)?;
        let (prefix, account) = split_label(&decode(label, false, "label")?);
        Ok(Self {
            otp: Otp::new(secret, algorithm, digits, moving, short)?,
            issuer: parameters.issuer.map(|name| name.trim().to_owned()).filter(|name| !name.is_empty()).or(prefix),
            account,
            counter: counts.then_some(counter),
        })
    }

    /// The URI that all apps read: the issuer in the label and as a parameter, no padding, everything written out.
    /// A colon in a name becomes a dash, since readers split the label there.
    #[must_use]
    pub fn print(&self) -> Secret {
        self.written(false)
    }

    /// The same without what every app takes for granted (SHA1, 6 digits, 30 s), so that its picture fits a terminal of 24 rows.
    #[must_use]
    pub fn brief(&self) -> Secret {
        self.written(true)
    }

    fn written(&self, brief: bool) -> Secret {
        // Longest parts: a secret of 128 bytes is 205 letters, a name three bytes for each of its own, twice.
        let names = self.account.len() + 2 * self.issuer.as_ref().map_or(0, String::len);
        let mut uri = String::with_capacity(384 + 3 * names);
        let kind = if self.otp.moving() == Moving::Counter { "hotp" } else { "totp" };
        append(&mut uri, format_args!("otpauth://{kind}/"));
        if let Some(issuer) = &self.issuer {
            encode_name(issuer, &mut uri);
            uri.push(':');
        }
        encode_name(&self.account, &mut uri);
        uri.push_str("?secret=");
        uri.push_str(base32::encode(self.otp.secret()).expose_str().unwrap_or_default());
        if let Some(issuer) = &self.issuer {
            uri.push_str("&issuer=");
            encode_name(issuer, &mut uri);
        }
        if !(brief && self.otp.algorithm() == Algorithm::default()) {
            append(&mut uri, format_args!("&algorithm={}", self.otp.algorithm()));
        }
        if !(brief && self.otp.digits() == DEFAULT_DIGITS) {
            append(&mut uri, format_args!("&digits={}", self.otp.digits()));
        }
        match self.otp.moving() {
            Moving::Time { period: DEFAULT_PERIOD } if brief => {}
            Moving::Time { period } => append(&mut uri, format_args!("&period={period}")),
            Moving::Counter => append(&mut uri, format_args!("&counter={}", self.counter.unwrap_or(0))),
        }
        Secret::from(uri)
    }
}

/// The parameters that mean something here, decoded; empty ones count as absent.
#[derive(Default)]
struct Parameters {
    secret: Option<Zeroizing<String>>,
    issuer: Option<Zeroizing<String>>,
    algorithm: Option<Zeroizing<String>>,
    digits: Option<Zeroizing<String>>,
    period: Option<Zeroizing<String>>,
    counter: Option<Zeroizing<String>>,
}

impl Parameters {
    fn read(query: &str) -> Result<Self, UriError> {
        let mut known = Self::default();
        let without_fragment = query.split('#').next().unwrap_or_default();
        for pair in without_fragment.split('&') {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let (slot, name) = match name.to_ascii_lowercase().as_str() {
                "secret" => (&mut known.secret, "secret"),
                "issuer" => (&mut known.issuer, "issuer"),
                "algorithm" => (&mut known.algorithm, "algorithm"),
                "digits" => (&mut known.digits, "digits"),
                "period" => (&mut known.period, "period"),
                "counter" => (&mut known.counter, "counter"),
                "encoder" if value.eq_ignore_ascii_case("steam") => return Err(UriError::Steam),
                _ => continue,
            };
            let text = decode(value, true, name)?;
            if text.trim().is_empty() {
                continue;
            }
            if slot.replace(text).is_some() {
                return Err(UriError::Twice(name));
            }
        }
        Ok(known)
    }
}

fn number<T: std::str::FromStr>(text: Option<Zeroizing<String>>, name: &'static str) -> Result<Option<T>, UriError> {
    text.map(|text| {
        let text = text.trim();
        // `+6` would parse; it is no number anybody writes.
        let plain = text.bytes().all(|byte| byte.is_ascii_digit());
        plain.then(|| text.parse().ok()).flatten().ok_or(UriError::Number(name))
    })
    .transpose()
}

fn split_label(label: &str) -> (Option<String>, String) {
    match label.split_once(':') {
        Some((issuer, account)) => {
            (Some(issuer.trim().to_owned()).filter(|name| !name.is_empty()), account.trim().to_owned())
        }
        None => (None, label.trim().to_owned()),
    }
}

/// Percent-decoding. A percent sign that starts no escape stands for itself, as sites leave it so.
fn decode(text: &str, plus_is_space: bool, name: &'static str) -> Result<Zeroizing<String>, UriError> {
    let mut bytes = Zeroizing::new(Vec::with_capacity(text.len()));
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        rest = tail;
        match (first, tail) {
            (b'+', _) if plus_is_space => bytes.push(b' '),
            (b'%', [high, low, after @ ..]) => match (hex(*high), hex(*low)) {
                (Some(high), Some(low)) => {
                    bytes.push(high << 4 | low);
                    rest = after;
                }
                _ => bytes.push(b'%'),
            },
            _ => bytes.push(*first),
        }
    }
    match std::str::from_utf8(&bytes) {
        Ok(text) => Ok(Zeroizing::new(text.to_owned())),
        Err(_) => Err(UriError::NotText(name)),
    }
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok())
}

/// Everything but RFC 3986's unreserved characters and `@` is escaped.
fn encode_name(name: &str, uri: &mut String) {
    for byte in name.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'@' => uri.push(char::from(byte)),
            b':' => uri.push('-'),
            _ => append(uri, format_args!("%{byte:02X}")),
        }
    }
}

fn append(uri: &mut String, text: impl Display) {
    // Writing to a String cannot fail.
    let _ = write!(uri, "{text}");
}

#[cfg(test)]
mod tests;
