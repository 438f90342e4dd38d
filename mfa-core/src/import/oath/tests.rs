//! A file as pam_oath wrote it, each field's quirks, and what may be wrong with a line.

use super::*;
use jiff::tz::Offset;

const FILE: &str = include_str!("../../../tests/fixtures/users.oath");
const KEY: &str = "3132333435363738393031323334353637383930";

fn read(text: &str) -> Report {
    parse(text, &TimeZone::UTC, ShortSecret::Refuse)
}

fn only(line: &str) -> Imported {
    let mut report = read(line);
    assert_eq!(report.refused(), 0, "{report:?}");
    report.factors.remove(0)
}

fn refused(line: &str) -> String {
    let report = read(line);
    assert!(report.factors.is_empty() && report.refused() == 1, "{line}: {report:?}");
    report.lines[0].text.clone()
}

#[test]
fn a_file_that_was_in_use_is_read_with_its_spent_codes() {
    let report = read(FILE);
    assert_eq!(report.refused(), 0, "{report:?}");
    let found: Vec<_> =
        report.factors.iter().map(|f| (f.line, f.user.as_deref().unwrap(), f.counter, f.mark)).collect();
    let time = 1_795_457_916;
    assert_eq!(
        found,
        [
            (2, "alice", Some(3), None),
            (3, "bob", Some(6), None),
            (4, "carol", None, Some(time / 30)),
            // Its code was four minutes ahead when it was accepted.
            (5, "dora", None, Some((time + 240) / 60)),
            (6, "root", Some(0), None),
            (7, "root", Some(4), None),
        ]
    );
    assert!(report.lines.iter().all(|line| line.outcome == Outcome::Taken));
    assert_eq!(report.lines.len(), 6);
}

#[test]
fn every_type_is_read() {
    for (kind, moving, digits) in [
        ("HOTP", Moving::Counter, 6),
        ("HOTP/E", Moving::Counter, 6),
        ("HOTP/E/6", Moving::Counter, 6),
        ("HOTP/E/8", Moving::Counter, 8),
        ("HOTP/T30", Moving::Time { period: 30 }, 6),
        ("HOTP/T30/6", Moving::Time { period: 30 }, 6),
        ("HOTP/T60/8", Moving::Time { period: 60 }, 8),
        ("HOTP/T120/7", Moving::Time { period: 120 }, 7),
    ] {
        let otp = only(&format!("{kind} anna - {KEY}")).otp;
        assert_eq!((otp.moving(), otp.digits(), otp.algorithm()), (moving, digits, Algorithm::Sha1), "{kind}");
    }
    for kind in [
        "TOTP",
        "hotp",
        "HOTP/",
        "HOTP/6",
        "HOTP/E/5",
        "HOTP/E/9",
        "HOTP/E/6/6",
        "HOTP/T",
        "HOTP/T14",
        "HOTP/T121",
        "HOTP/T+30",
        "HOTP/T30/",
        "OCRA-1:HOTP-SHA1-6:QN08",
        "MOTP",
        "-",
    ] {
        assert!(refused(&format!("{kind} anna - {KEY}")).starts_with("the type"), "{kind}");
    }
}

#[test]
fn blanks_comments_and_empty_lines_are_as_in_liboath() {
    let text = format!("\n# HOTP x - {KEY}\n  \t\n\t HOTP \t anna\t+  {} \r\n   # end", KEY.to_uppercase());
    let report = read(&text);
    assert_eq!((report.lines.len(), report.factors.len(), report.factors[0].line), (1, 1, 4));
    assert_eq!(report.factors[0].otp.secret().expose(), b"12345678901234567890");
}

#[test]
fn a_counter_beside_a_last_code_is_the_used_one() {
    assert_eq!(only(&format!("HOTP anna - {KEY}")).counter, Some(0));
    assert_eq!(only(&format!("HOTP anna - {KEY} 7")).counter, Some(7));
    assert_eq!(only(&format!("HOTP anna - {KEY} 7 162583")).counter, Some(8));
    assert_eq!(only(&format!("HOTP anna - {KEY} 7 162583 2009-12-07T23:23:49L")).counter, Some(8));
}

#[test]
fn the_time_of_the_last_code_is_the_hosts_own() {
    let zone = TimeZone::fixed(Offset::from_hours(2).unwrap());
    // 561216 is the code of 18:18:36 in UTC.
    let line = format!("HOTP/T30 anna - {KEY} 0 561216 2026-11-23T20:18:36L");
    let report = parse(&line, &zone, ShortSecret::Refuse);
    assert_eq!((report.factors[0].mark, report.lines[0].outcome), (Some(1_795_457_916 / 30), Outcome::Taken));
    // Read in the wrong zone the code is not found; what was accepted by that time stays spent.
    let report = read(&line);
    assert_eq!(report.factors[0].mark, Some((1_795_457_916 + 7200) / 30 + 1));
    assert_eq!(report.lines[0].outcome, Outcome::Changed);
}

#[test]
fn a_last_code_without_a_time_leaves_no_mark_and_says_so() {
    let report = read(&format!("HOTP/T30 anna - {KEY} 0 561216"));
    assert_eq!((report.factors[0].mark, report.lines[0].outcome), (None, Outcome::Changed));
}

#[test]
fn a_user_may_have_several_tokens_but_none_twice() {
    let other = KEY.replace("30", "3f");
    let report = read(&format!("HOTP anna - {KEY}\nHOTP anna - {other}\nHOTP ben - {KEY}\nHOTP/T30 anna - {KEY}\n"));
    assert_eq!(report.factors.len(), 3);
    assert_eq!((report.lines[3].number, report.lines[3].outcome), (4, Outcome::Refused));
    assert!(report.lines[3].text.contains("line 1"));
    let labels: std::collections::HashSet<_> = report.factors.iter().map(|factor| &factor.label).collect();
    assert_eq!(labels.len(), 3);
}

#[test]
fn what_cannot_be_used_is_refused_with_its_line() {
    for (line, why) in [
        ("HOTP".to_owned(), "ends before"),
        ("HOTP anna".to_owned(), "ends before"),
        (format!("HOTP anna {KEY}"), "ends before"),
        (format!("HOTP anna 1234 {KEY}"), "PIN"),
        ("HOTP anna - 00".to_owned(), "8 bits"),
        ("HOTP anna - 31323334353637383930".to_owned(), "80 bits"),
        (format!("HOTP anna - {KEY}0"), "hexadecimal"),
        ("HOTP anna - GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ".to_owned(), "hexadecimal"),
        (format!("HOTP anna - {KEY} x"), "counter"),
        (format!("HOTP anna - {KEY} -1"), "counter"),
        (format!("HOTP anna - {KEY} 9223372036854775808"), "counter"),
        (format!("HOTP anna - {KEY} 9223372036854775807 123456"), "counter"),
        (format!("HOTP anna - {KEY} 0 12345"), "last code"),
        (format!("HOTP anna - {KEY} 0 -"), "last code"),
        (format!("HOTP anna - {KEY} 0 123456 2009-12-07T23:23:49"), "time"),
        (format!("HOTP anna - {KEY} 0 123456 2009-13-07T23:23:49L"), "time"),
        (format!("HOTP/T30 anna - {KEY} 0 123456 1960-01-01T00:00:00L"), "time"),
        (format!("HOTP anna - {KEY} 0 123456 2009-12-07T23:23:49L x"), "seven"),
    ] {
        let text = refused(&line);
        assert!(text.contains(why), "{line}: {text}");
        assert!(!text.contains("31323334") && !text.contains("GEZD"), "{text}");
    }
    let report = read(&format!("# one\nHOTP anna - {KEY}\nHOTP\n\nHOTP ben - {KEY}\nrubbish"));
    let numbers: Vec<_> = report.lines.iter().map(|line| (line.number, line.outcome)).collect();
    use Outcome::{Refused, Taken};
    assert_eq!(numbers, [(2, Taken), (3, Refused), (5, Taken), (6, Refused)]);
    assert_eq!(report.factors.len(), 2);
}

#[test]
fn a_short_key_is_taken_when_it_is_allowed() {
    let report = parse("HOTP anna - 31323334353637383930", &TimeZone::UTC, ShortSecret::Allow);
    assert!(report.factors[0].otp.is_short() && report.lines[0].text.contains("only 80 bits"));
}

#[test]
fn foreign_text_in_a_report_is_cleaned() {
    let report = read(&format!("HOTP an\u{1b}[2Jna - {KEY}"));
    assert!(!report.lines[0].text.contains('\u{1b}'));
}

#[test]
fn no_report_holds_a_key_or_a_code() {
    for line in read(FILE).lines {
        assert!(!line.text.contains("3132") && !line.text.contains("359152"), "{}", line.text);
    }
}
