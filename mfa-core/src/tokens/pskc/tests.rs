//! RFC 6030's plain examples, and what may be wrong with a key or a container. Encrypted files: `seal`'s tests.

use crate::import::Outcome;
use crate::otp::{Algorithm, Moving, ShortSecret};
use crate::tokens::pskc::Unlock;
use crate::tokens::{Format, Report, TokenEntry, read};

const FIGURE_2: &str = include_str!("../../../tests/fixtures/tokens/rfc6030-figure2.xml");
pub(super) const FIGURE_3: &str = include_str!("../../../tests/fixtures/tokens/rfc6030-figure3.xml");

pub(super) const KEY: &[u8] = b"12345678901234567890";

pub(super) fn open(text: &str, unlock: &Unlock) -> Report {
    read(text.as_bytes(), None, unlock, ShortSecret::Refuse)
}

pub(super) fn only(report: Report) -> TokenEntry {
    assert_eq!((report.refused(), report.format), (0, Some(Format::Pskc)), "{report:?}");
    report.entries.into_iter().next().unwrap()
}

/// The only line of a file that gives no token.
pub(super) fn refused(text: &str, unlock: &Unlock) -> (usize, String) {
    let report = open(text, unlock);
    assert!(report.entries.is_empty() && report.refused() == 1, "{report:?}");
    let line = report.lines.iter().find(|line| line.outcome == Outcome::Refused).unwrap();
    (line.number, line.text.clone())
}

/// A container with one package like the RFC's third figure, of these parts.
fn package(key: &str, data: &str) -> String {
    format!(
        "<KeyContainer Version=\"1.0\" xmlns=\"urn:ietf:params:xml:ns:keyprov:pskc\">\n<KeyPackage>\
         <DeviceInfo><SerialNo>9</SerialNo></DeviceInfo>\
         <Key Id=\"1\" Algorithm=\"urn:ietf:params:xml:ns:keyprov:pskc:totp\">{key}\
         <Data><Secret><PlainValue>MTIzNDU2Nzg5MDEyMzQ1Njc4OTA=</PlainValue></Secret>{data}</Data></Key>\
         </KeyPackage>\n</KeyContainer>"
    )
}

#[test]
fn figure_2_has_a_key_too_short_for_any_use() {
    let (line, text) = refused(FIGURE_2, &Unlock::Nothing);
    assert_eq!(line, 5);
    assert!(text.contains("32 bits"), "{text}");
}

#[test]
fn figure_3_is_read_with_its_counter_and_eight_digits() {
    let report = open(FIGURE_3, &Unlock::Nothing);
    // Whom the file gives it to is not passed on: it is no account's name.
    assert_eq!((report.lines[0].number, report.lines[0].outcome), (5, Outcome::Changed));
    assert!(report.lines[0].text.contains("UserId is not used"), "{}", report.lines[0].text);
    let token = only(report);
    assert_eq!((token.line, &*token.serial, &*token.model, &*token.name), (5, "987654321", "Manufacturer", ""));
    assert_eq!((token.otp.digits(), token.otp.moving(), token.counter), (8, Moving::Counter, 0));
    assert_eq!(token.otp.secret().expose(), KEY);
    assert_eq!(token.user, None);
    // RFC 4226, appendix D, in eight digits.
    assert_eq!(token.otp.code(0).expose(), b"84755224");
}

#[test]
fn time_intervals_suites_and_names_are_read() {
    let key = "<FriendlyName>Anna's</FriendlyName><AlgorithmParameters><Suite>HMAC-SHA256</Suite>\
               <ResponseFormat Length=\"7\" Encoding=\"DECIMAL\" CheckDigits=\"false\"/></AlgorithmParameters>";
    let data = "<Time><PlainValue>0</PlainValue></Time><TimeInterval><PlainValue> 60\n</PlainValue></TimeInterval>";
    let report = open(&package(key, data), &Unlock::Nothing);
    assert_eq!(report.lines[0].outcome, Outcome::Taken);
    let token = only(report);
    assert_eq!((token.otp.moving(), token.otp.digits()), (Moving::Time { period: 60 }, 7));
    assert_eq!((token.otp.algorithm(), &*token.name), (Algorithm::Sha256, "Anna's"));

    let report = open(&package("", ""), &Unlock::Nothing);
    assert!(report.lines[0].text.contains("30 s are assumed"));
    assert_eq!(only(report).otp.moving(), Moving::Time { period: 30 });

    for data in
        ["<Time><PlainValue>1700000000</PlainValue></Time>", "<TimeDrift><PlainValue>4</PlainValue></TimeDrift>"]
    {
        let report = open(&package("", data), &Unlock::Nothing);
        assert_eq!((report.lines[0].outcome, report.entries.len()), (Outcome::Changed, 1), "{report:?}");
    }
}

#[test]
fn what_a_policy_forbids_or_leaves_unclear_is_refused() {
    for (policy, why) in [
        ("<KeyUsage>OTP</KeyUsage>", None),
        ("<KeyUsage>CR</KeyUsage><KeyUsage>OTP</KeyUsage>", None),
        ("<StartDate>2012-09-19T00:00:00Z</StartDate><ExpiryDate>2022-09-01T00:00:00Z</ExpiryDate>", None),
        ("<PINPolicy MinLength=\"4\" PINUsageMode=\"Local\"/>", None),
        ("<KeyUsage>Encrypt</KeyUsage>", Some("does not allow")),
        ("<PINPolicy PINUsageMode=\"Prepend\"/>", Some("with a PIN")),
        ("<PINPolicy PINUsageMode=\"Algorithmic\"/>", Some("with a PIN")),
        ("<PINPolicy PINUsageMode=\"Local\" OnWeekDaysOnly=\"TRUE\"/>", Some("not understood")),
        ("<PINPolicy PINUsageMode=\"Local\"><Foo/></PINPolicy>", Some("not understood")),
        ("<PINPolicy/>", Some("not understood")),
        ("<Foo>bar</Foo>", Some("not understood")),
        ("<x:KeyUsage xmlns:x=\"urn:x\">OTP</x:KeyUsage>", Some("not understood")),
    ] {
        let text = package(&format!("<Policy>{policy}</Policy>"), "");
        match why {
            None => assert_eq!(open(&text, &Unlock::Nothing).entries.len(), 1, "{policy}"),
            Some(why) => assert!(refused(&text, &Unlock::Nothing).1.contains(why), "{policy}"),
        }
    }
    let report = open(&package("<Policy><ExpiryDate>2022-09-01</ExpiryDate></Policy>", ""), &Unlock::Nothing);
    assert!(report.lines[0].text.contains("its ExpiryDate (2022-09-01) is not kept"));
}

#[test]
fn what_cannot_be_used_is_refused_with_the_line_of_its_package() {
    let whole = package("", "");
    for (from, to, why) in [
        ("pskc:totp", "pskc:ocra", "not HOTP or TOTP"),
        ("keyprov:pskc:totp", "keyprov:pskc", "not HOTP or TOTP"),
        ("<SerialNo>9</SerialNo>", "<SerialNo>9</SerialNo><SerialNo>8</SerialNo>", "SerialNo twice"),
        ("<SerialNo>9<", "<SerialNo>9 8<", "serial number"),
        ("<PlainValue>MTIz", "<PlainValue>!MTIz", "Secret is not one"),
        ("<Secret>", "<Secret><PlainValue>QQ==</PlainValue>", "PlainValue twice"),
        ("<PlainValue>MTIzNDU2Nzg5MDEyMzQ1Njc4OTA=</PlainValue>", "", "no Secret"),
        ("<Data>", "<Data><TimeInterval><PlainValue>14</PlainValue></TimeInterval>", "14 seconds"),
        ("<Data>", "<Data><TimeInterval><PlainValue>5000000000</PlainValue></TimeInterval>", "time interval"),
        ("<Data>", "<Data><TimeInterval><PlainValue>3e1</PlainValue></TimeInterval>", "TimeInterval is not"),
        ("<Data>", "<Data><Counter><PlainValue>99999999999999999999</PlainValue></Counter>", "Counter is not"),
        (
            "<Data>",
            "<AlgorithmParameters><ResponseFormat Length=\"6\" Encoding=\"BASE64\"/></AlgorithmParameters><Data>",
            "decimal",
        ),
        (
            "<Data>",
            "<AlgorithmParameters><ResponseFormat Length=\"6\" Encoding=\"DECIMAL\" CheckDigits=\"true\"/></AlgorithmParameters><Data>",
            "check digit",
        ),
        (
            "<Data>",
            "<AlgorithmParameters><ResponseFormat Length=\"9\" Encoding=\"DECIMAL\"/></AlgorithmParameters><Data>",
            "6, 7 or 8",
        ),
        (
            "<Data>",
            "<AlgorithmParameters><Suite>HMAC-MD5</Suite></AlgorithmParameters><Data>",
            "SHA1, SHA256 or SHA512",
        ),
    ] {
        let text = whole.replacen(from, to, 1);
        assert!(text != whole, "{from}");
        let (line, said) = refused(&text, &Unlock::Nothing);
        assert_eq!((line, said.contains(why)), (2, true), "{to}: {said}");
        assert!(!said.contains("MTIz"), "{said}");
    }
}

#[test]
fn what_is_no_key_is_named_and_left_out() {
    let text = package("", "").replace(
        "</KeyPackage>",
        "</KeyPackage><KeyPackage><Key Id=\"1\" Algorithm=\"urn:ietf:params:xml:ns:keyprov:pskc:pin\"/></KeyPackage>\
         <Extension/><ds:Signature xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\"><a>x</a></ds:Signature>",
    );
    let report = open(&text, &Unlock::Nothing);
    assert_eq!(report.entries.len(), 1);
    let left: Vec<_> =
        report.lines.iter().filter(|line| line.outcome == Outcome::LeftOut).map(|line| line.text.as_str()).collect();
    assert_eq!(
        left,
        ["a PIN, which is not kept here", "Extension: not used", "the signature of the file is not checked"]
    );
}

#[test]
fn a_container_that_is_none_or_not_xml_is_refused_whole() {
    let whole = package("", "");
    for (text, why) in [
        (String::from("<"), "well-formed"),
        (String::from("<a/>"), "no PSKC"),
        (whole.replace("Version=\"1.0\"", "Version=\"2.0\""), "version 1.0"),
        (whole.replace("keyprov:pskc\">", "keyprov:pskc:1.0\">"), "no PSKC"),
        (whole.replace("</KeyContainer>", ""), "cut short"),
        (whole.replace("</KeyPackage>", ""), "well-formed"),
        (whole.replace("</Data>", "</Dat>"), "well-formed"),
        (format!("{whole}<KeyContainer/>"), "well-formed"),
        (format!("{whole} text"), "well-formed"),
        (whole.replace("Id=\"1\"", "Id=\"1\" Id=\"2\""), "well-formed"),
        (whole.replace("<Data>", "<Data>&payload;"), "entity"),
        (whole.replace("<Data>", "<Data>&#0;"), "entity"),
        (format!("<!DOCTYPE x>{whole}"), "document type"),
        (
            format!("<!DOCTYPE x [<!ENTITY a \"aaaaaaaaaa\"><!ENTITY b \"&a;&a;&a;&a;&a;&a;&a;&a;\">]>{whole}"),
            "document type",
        ),
        (format!("<!DOCTYPE x [<!ENTITY a SYSTEM \"file:///etc/passwd\">]>{whole}"), "document type"),
        (whole.replace("<Data>", &"<Data>".repeat(20)), "more than any"),
        (whole.replace("<Data>", &format!("<Data>{}", "<x/>".repeat(300))), "more than any"),
        (whole.replace("<Data>", &format!("<Data>{}", "x".repeat(70_000))), "more than any"),
        (
            whole.replace("<Data>", &format!("<Data {}>", (0..40).map(|n| format!("a{n}=\"\" ")).collect::<String>())),
            "more than",
        ),
    ] {
        let (_, said) = refused(&text, &Unlock::Nothing);
        assert!(said.contains(why), "{said}: {}", text.get(..80).unwrap_or(&text));
    }
    // Deep enough to break a reader that calls itself.
    let deep = whole.replace("<Data>", &"<a>".repeat(1_000_000));
    assert!(refused(&deep, &Unlock::Nothing).1.contains("more than any"));
}

#[test]
fn entities_of_xml_itself_comments_and_cdata_are_read() {
    let text = package("<FriendlyName>A &amp; B<!-- c --> &#67;<![CDATA[ <D>]]></FriendlyName>", "");
    assert_eq!(only(open(&text, &Unlock::Nothing)).name, "A & B C <D>");
}
