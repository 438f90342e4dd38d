//! PSKC, the XML of RFC 6030: plain, encrypted with a key that was agreed on, or with a password.
//!
//! A file is read element by element (`tree`), the values in it opened by `seal` and `hash`, and what a key may be used for
//! is judged by `terms`. What must never happen: a value used whose MAC was not checked, an entity resolved, or a key
//! taken whose policy says more than is understood here.

mod hash;
mod seal;
mod terms;
mod tree;

pub use seal::{NotHex, Unlock};

use super::gathering::{Broken, Found, Gathering, Refusal};
use super::words::{PERIOD, digits, made_by};
use crate::clean;
use crate::import::{Outcome, number};
use crate::otp::{Algorithm, Moving, Otp, ShortSecret};
use seal::{Opener, Value};
use thiserror::Error;
use tree::{Document, Element, Space};

/// Why a key, or a whole file, is refused. None quotes a value.
#[derive(Debug, Error)]
pub(super) enum PskcRefusal {
    #[error("the XML is cut short or not well-formed")]
    Xml,
    #[error(
        "the file has a document type declaration, which PSKC never has: remove it if you trust where the file is from"
    )]
    DocType,
    #[error("the file refers to an entity that XML itself does not have")]
    Entity,
    #[error("the file nests or repeats more than any PSKC file does")]
    TooMuch,
    #[error("the file is no PSKC key container of RFC 6030, version 1.0")]
    NotPskc,
    #[error("it has {0} twice")]
    Twice(&'static str),
    #[error("it has no {0}")]
    Missing(&'static str),
    #[error("its {0} is not one that can be read")]
    Unreadable(&'static str),
    #[error("the algorithm is not HOTP or TOTP")]
    Algorithm,
    #[error("codes are not plain decimal digits, or have a check digit")]
    Response,
    #[error("its policy does not allow it to be used for one-time passwords")]
    Usage,
    #[error("its policy says something that is not understood, and RFC 6030 then forbids to use the key")]
    Policy,
    #[error("its codes are joined or computed with a PIN, which is not kept here")]
    Pin,
    #[error("the file is encrypted with a key that was agreed on, named {0}: give that key")]
    KeyWanted(String),
    #[error("the file is encrypted with a password: give the password, not a key")]
    PasswordWanted,
    #[error(
        "the file is encrypted by a certificate or in another way that is not supported: ask for one with a key or a password"
    )]
    Certificate,
    #[error("the value is encrypted, and the file does not say before it with what")]
    NoKey,
    #[error("the encryption is not AES in CBC mode with 128, 192 or 256 bits")]
    Cipher,
    #[error("the key has another length than the encryption needs")]
    KeyLength,
    #[error("the derivation of the key is not PBKDF2 with a salt, 1 to 2,000,000 rounds and 16, 24 or 32 bytes")]
    Derivation,
    #[error("the MAC is not HMAC with SHA1, SHA224, SHA256, SHA384 or SHA512")]
    MacAlgorithm,
    #[error("the MAC key cannot be opened: the key or password is most likely wrong")]
    WrongKey,
    #[error("the encrypted value has no MAC, without which it could have been changed")]
    NoMac,
    #[error("the MAC of the encrypted value does not match: the key or password is wrong, or the file was changed")]
    WrongMac,
}

/// Reads the key packages.
pub(super) fn read(text: &str, unlock: &Unlock, short: ShortSecret, gathering: &mut Gathering) -> Result<(), Broken> {
    let mut document = Document::open(text)?;
    let mut opener = Opener::new(unlock);
    while let Some(element) = document.next()? {
        let broken = |why: PskcRefusal| Broken { line: element.line, why: why.into() };
        match (element.space, &*element.name) {
            (Space::Pskc, "EncryptionKey") => opener.take_key(&element, unlock).map_err(broken)?,
            (Space::Pskc, "MACMethod") => opener.take_mac(&element).map_err(broken)?,
            (Space::Pskc, "KeyPackage") if is_pin(&element) => {
                let text = "a PIN, which is not kept here";
                gathering.say(element.line, Outcome::LeftOut, String::from(text));
            }
            (Space::Pskc, "KeyPackage") => gathering.row(element.line, token(&element, &opener, short))?,
            (Space::Signature, "Signature") => {
                let text = "the signature of the file is not checked";
                gathering.say(element.line, Outcome::LeftOut, String::from(text));
            }
            (_, name) => gathering.say(element.line, Outcome::LeftOut, format!("{}: not used", clean::field(name))),
        }
    }
    Ok(())
}

/// Whether a package holds the PIN of another one's token.
fn is_pin(package: &Element) -> bool {
    let key = package.pskc("Key").ok().flatten();
    key.and_then(|key| key.attribute("Algorithm")).is_some_and(|name| name == "urn:ietf:params:xml:ns:keyprov:pskc:pin")
}

fn token(package: &Element, opener: &Opener, short: ShortSecret) -> Result<Found, Refusal> {
    let key = package.pskc("Key")?.ok_or(PskcRefusal::Missing("Key"))?;
    let data = key.pskc("Data")?.ok_or(PskcRefusal::Missing("Data"))?;
    let mut notes = Notes::default();

    let device = package.pskc("DeviceInfo")?;
    let of_device = |name| device.map_or(Ok(None), |device| device.pskc(name)).map(|found| found.map(Element::text));
    let serial = match of_device("SerialNo")? {
        Some(serial) => serial.to_owned(),
        None => {
            notes.change("the file gives no serial number, the Id of the key is taken");
            key.attribute("Id").unwrap_or_default().to_owned()
        }
    };
    let model = made_by(of_device("Manufacturer")?.unwrap_or_default(), of_device("Model")?.unwrap_or_default());
    let name = key.pskc("FriendlyName")?.map(Element::text).unwrap_or_default().to_owned();

    let counts = counts(key.attribute("Algorithm").unwrap_or_default())?;
    let (algorithm, length) = parameters(key.pskc("AlgorithmParameters")?, &mut notes)?;
    terms::judge(key.pskc("Policy")?, &mut notes)?;
    let moving = if counts { Moving::Counter } else { Moving::Time { period: period(data, opener, &mut notes)? } };
    let counter = number_in(data, "Counter", opener)?.filter(|_| counts).unwrap_or(0);
    // Last, since it is the only one that costs anything.
    let secret = data.pskc("Secret")?.ok_or(PskcRefusal::Missing("Secret"))?;
    let secret = match opener.value("Secret", secret)? {
        Value::Plain(text) => tree::base64(text).ok_or(PskcRefusal::Unreadable("Secret"))?,
        Value::Opened(secret) => secret,
    };
    notes.unused(package, &["DeviceInfo", "CryptoModuleInfo", "Key"]);
    notes.unused(key, &["Issuer", "AlgorithmParameters", "FriendlyName", "Data", "Policy"]);
    notes.unused(data, &["Secret", "Counter", "Time", "TimeInterval"]);
    let otp = Otp::new(secret, algorithm, length, moving, short)?;
    Ok(Found { serial, name, model, user: None, otp, counter, notes: notes.said, outcome: notes.outcome })
}

/// Whether the algorithm of a key is HOTP rather than TOTP. Drafts before the RFC wrote `#` for the last colon.
fn counts(name: &str) -> Result<bool, PskcRefusal> {
    let last = name.strip_prefix("urn:ietf:params:xml:ns:keyprov:pskc").and_then(|rest| rest.strip_prefix([':', '#']));
    match last {
        Some("hotp") => Ok(true),
        Some("totp") => Ok(false),
        _ => Err(PskcRefusal::Algorithm),
    }
}

/// The hash and the digits.
fn parameters(parameters: Option<&Element>, notes: &mut Notes) -> Result<(Algorithm, u8), Refusal> {
    let Some(parameters) = parameters else { return Ok((Algorithm::Sha1, digits("")?)) };
    let algorithm = match parameters.pskc("Suite")?.map(Element::text) {
        None | Some("") => Algorithm::Sha1,
        Some(suite) => suite.parse()?,
    };
    let length = match parameters.pskc("ResponseFormat")? {
        None => "",
        Some(format) => {
            let checked = format.attribute("CheckDigits").is_some_and(|value| !matches!(value, "false" | "0"));
            if checked || format.attribute("Encoding") != Some("DECIMAL") {
                return Err(PskcRefusal::Response.into());
            }
            format.attribute("Length").ok_or(PskcRefusal::Missing("Length of the response"))?
        }
    };
    notes.unused(parameters, &["Suite", "ResponseFormat"]);
    Ok((algorithm, digits(length)?))
}

/// Seconds of a step.
fn period(data: &Element, opener: &Opener, notes: &mut Notes) -> Result<u32, Refusal> {
    if number_in(data, "Time", opener)?.is_some_and(|time| time > 0) {
        notes.change("its Time is not used: steps are counted from 1970");
    }
    match number_in(data, "TimeInterval", opener)? {
        Some(seconds) => Ok(u32::try_from(seconds).map_err(|_| Refusal::Interval)?),
        None => {
            notes.say(format!("no time interval is given, {PERIOD} s are assumed"));
            Ok(PERIOD)
        }
    }
}

/// A number of a key's data. Encrypted ones are big-endian bytes (RFC 6030 section 4.2).
fn number_in(data: &Element, name: &'static str, opener: &Opener) -> Result<Option<u64>, PskcRefusal> {
    let Some(element) = data.pskc(name)? else { return Ok(None) };
    let read = match opener.value(name, element)? {
        Value::Plain(text) => number(text.trim()),
        Value::Opened(bytes) if (1..=8).contains(&bytes.len()) => {
            Some(bytes.expose().iter().fold(0, |number, byte| number << 8 | u64::from(*byte)))
        }
        Value::Opened(_) => None,
    };
    read.map(Some).ok_or(PskcRefusal::Unreadable(name))
}

/// What there is to say about a key.
struct Notes {
    said: Vec<String>,
    outcome: Outcome,
}

impl Default for Notes {
    fn default() -> Self {
        Self { said: Vec::new(), outcome: Outcome::Taken }
    }
}

impl Notes {
    fn say(&mut self, text: String) {
        self.said.push(text);
    }

    /// Something means less here than in the file.
    fn change(&mut self, text: &str) {
        self.outcome = Outcome::Changed;
        self.say(text.to_owned());
    }

    /// Names the elements that are not among those that were read.
    fn unused(&mut self, element: &Element, read: &[&str]) {
        for child in &element.children {
            if child.space != Space::Pskc || !read.contains(&&*child.name) {
                self.change(&format!("{} is not used", clean::field(&child.name)));
            }
        }
    }
}

#[cfg(test)]
mod tests;
