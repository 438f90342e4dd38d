//! The file of Microsoft's own documentation, and what may be wrong with a row of it.

use crate::import::Outcome;
use crate::otp::{Algorithm, Moving, ShortSecret};
use crate::tokens::pskc::Unlock;
use crate::tokens::{Format, Report, read};

const FILE: &str = include_str!("../../../tests/fixtures/tokens/entra.csv");

fn list(text: &str) -> Report {
    read(text.as_bytes(), None, &Unlock::Nothing, ShortSecret::Refuse)
}

#[test]
fn a_file_for_entra_is_read_with_whom_it_names() {
    let report = list(FILE);
    assert_eq!((report.format, report.refused()), (Some(Format::Entra), 0), "{report:?}");
    let token = &report.entries[0];
    assert_eq!((token.line, &*token.serial, token.user.as_deref()), (2, "1234567", Some("Helga@contoso.com")));
    assert_eq!((&*token.model, &*token.name), ("Contoso HardwareKey", ""));
    let otp = &token.otp;
    assert_eq!((otp.moving(), otp.digits(), otp.algorithm()), (Moving::Time { period: 60 }, 6, Algorithm::Sha1));
    assert_eq!(otp.secret().len(), 20);
    assert!(report.lines[1].text.ends_with("; for Helga@contoso.com"));
    assert_eq!((report.entries[1].user.as_deref(), report.entries[1].line), (None, 3));
}

#[test]
fn keys_are_base32_and_intervals_must_be_there() {
    for (from, to, why) in [
        ("2234567ABCDEF2234567ABCDEF234567", "31323334353637383930313233343536", "not base32"),
        (",60,", ",,", "time interval"),
        (",60,", ",event,", "time interval"),
        ("Helga", "He\u{7}lga", "the user"),
        ("Helga", &"h".repeat(120), "the user"),
        ("1234567,", ",", "no serial number"),
    ] {
        let report = list(&FILE.replacen(from, to, 1));
        assert_eq!((report.lines[1].outcome, report.entries.len()), (Outcome::Refused, 1), "{to}");
        assert!(report.lines[1].text.contains(why), "{to}: {}", report.lines[1].text);
    }
}

#[test]
fn a_missing_column_is_named() {
    let text = FILE.replace("upn,", "user,");
    let report = read(text.as_bytes(), Some(Format::Entra), &Unlock::Nothing, ShortSecret::Refuse);
    assert!(report.lines[0].text.ends_with("missing: upn") && report.entries.is_empty());
}
