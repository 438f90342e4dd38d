//! An account that was typed field by field, as the URI that everything else reads. Pure.
//!
//! What is wrong with a field is found where URIs are read: there is one place that knows.

use mfa_core::secret::Secret;
use std::fmt::Write;

/// What moves the codes, in the order of the list to choose from.
pub const KINDS: [&str; 3] = ["totp", "hotp", "steam"];

/// The hashes, in the order of the list to choose from.
pub const HASHES: [&str; 3] = ["SHA1", "SHA256", "SHA512"];

/// The fields.
#[derive(Debug)]
pub struct Fields {
    /// Who the account is with.
    pub issuer: String,
    /// Whose it is.
    pub name: String,
    /// The key as the site shows it; spaces and dashes do not count.
    pub key: Secret,
    /// One of [`KINDS`].
    pub kind: &'static str,
    /// One of [`HASHES`].
    pub hash: &'static str,
    /// Digits of a code.
    pub digits: u32,
    /// Seconds of a step.
    pub period: u32,
    /// The next counter.
    pub counter: u64,
}

impl Fields {
    /// The URI.
    #[must_use]
    pub fn uri(&self) -> Secret {
        let key = self.key.expose_str().unwrap_or_default();
        // Room for all of it: a string that grows leaves its old bytes behind.
        let mut uri = String::with_capacity(256 + 3 * (2 * self.issuer.len() + self.name.len() + key.len()));
        uri.push_str("otpauth://");
        uri.push_str(self.kind);
        uri.push('/');
        if !self.issuer.trim().is_empty() {
            escape(self.issuer.trim(), &mut uri);
            uri.push(':');
        }
        escape(self.name.trim(), &mut uri);
        uri.push_str("?secret=");
        let mut plain = String::with_capacity(key.len());
        plain.extend(key.chars().filter(|c| !c.is_whitespace() && *c != '-'));
        let plain = Secret::from(plain);
        escape(plain.expose_str().unwrap_or_default(), &mut uri);
        if !self.issuer.trim().is_empty() {
            uri.push_str("&issuer=");
            escape(self.issuer.trim(), &mut uri);
        }
        if self.kind != "steam" {
            // Writing to a String cannot fail.
            let _ = write!(uri, "&algorithm={}&digits={}", self.hash, self.digits);
            let _ = match self.kind {
                "hotp" => write!(uri, "&counter={}", self.counter),
                _ => write!(uri, "&period={}", self.period),
            };
        }
        Secret::from(uri)
    }
}

/// Everything but RFC 3986's unreserved characters is escaped.
fn escape(text: &str, uri: &mut String) {
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            uri.push(char::from(byte));
        } else {
            let _ = write!(uri, "%{byte:02X}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields() -> Fields {
        Fields {
            issuer: " Big & Co: ".into(),
            name: "alice@example.org".into(),
            key: Secret::from("jbsw y3dp-ehpk 3pxp".to_owned()),
            kind: "totp",
            hash: "SHA1",
            digits: 6,
            period: 30,
            counter: 7,
        }
    }

    fn text(fields: &Fields) -> String {
        fields.uri().expose_str().unwrap().to_owned()
    }

    #[test]
    fn every_field_is_in_it_once_and_nothing_typed_becomes_syntax() {
        assert_eq!(
            text(&fields()),
            "otpauth://totp/Big%20%26%20Co%3A:alice%40example.org?secret=jbswy3dpehpk3pxp\
             &issuer=Big%20%26%20Co%3A&algorithm=SHA1&digits=6&period=30"
        );
        assert!(text(&Fields { kind: "hotp", ..fields() }).ends_with("&digits=6&counter=7"));
        let bare = Fields { issuer: " ".into(), kind: "steam", ..fields() };
        assert_eq!(text(&bare), "otpauth://steam/alice%40example.org?secret=jbswy3dpehpk3pxp");
        let hostile = Fields { key: Secret::from("a&digits=9#?%".to_owned()), ..fields() };
        assert!(text(&hostile).contains("secret=a%26digits%3D9%23%3F%25&"));
    }
}
