//! A maker's list as a spreadsheet saves it, each column's words, and what may be wrong with a row.

use crate::import::Outcome;
use crate::otp::{Algorithm, Moving, ShortSecret};
use crate::tokens::pskc::Unlock;
use crate::tokens::{Format, Report, TokenEntry, read};

const MAKER: &[u8] = include_bytes!("../../../tests/fixtures/tokens/maker.csv");
const KEY: &str = "3132333435363738393031323334353637383930";

fn list(text: &str) -> Report {
    read(text.as_bytes(), Some(Format::Csv), &Unlock::Nothing, ShortSecret::Refuse)
}

/// The token of a file with one row.
fn only(text: &str) -> (TokenEntry, String) {
    let mut report = list(text);
    assert_eq!((report.refused(), report.entries.len()), (0, 1), "{report:?}");
    (report.entries.remove(0), report.lines.pop().unwrap().text)
}

fn refused(text: &str) -> String {
    let report = list(text);
    assert!(report.entries.is_empty() && report.refused() == 1, "{text}: {report:?}");
    report.lines.into_iter().find(|line| line.outcome == Outcome::Refused).unwrap().text
}

#[test]
fn a_makers_list_with_semicolons_quotes_and_a_byte_order_mark_is_read() {
    let report = read(MAKER, None, &Unlock::Nothing, ShortSecret::Refuse);
    assert_eq!((report.format, report.refused()), (Some(Format::Csv), 0), "{report:?}");
    let found: Vec<_> = report
        .entries
        .iter()
        .map(|t| (t.line, &*t.serial, &*t.name, &*t.model, t.otp.moving(), t.otp.secret().len()))
        .collect();
    let every = |period| Moving::Time { period };
    assert_eq!(
        found,
        [
            (2, "2308-0001", "Token \"A\"", "C200", every(30), 20),
            (3, "2308-0002", "Token B", "C200", every(60), 20),
            (4, "2308-0003", "", "C200; H41", every(30), 16),
        ]
    );
    let texts: Vec<_> = report.lines.iter().map(|line| (line.number, line.outcome, line.text.as_str())).collect();
    assert_eq!(
        texts,
        [
            (1, Outcome::Taken, "the names of the columns"),
            (2, Outcome::Taken, "TOTP, 6 digits every 30 s, serial number 2308-0001; the key is hexadecimal"),
            (3, Outcome::Taken, "TOTP, 6 digits every 60 s, serial number 2308-0002; the key is base32"),
            (
                4,
                Outcome::Taken,
                "TOTP, 6 digits every 30 s, serial number 2308-0003; the key is read as hexadecimal, although it could be base32; no time interval is given, 30 s are assumed"
            ),
        ]
    );
}

#[test]
fn columns_come_in_any_order_and_unknown_ones_are_named_and_not_used() {
    let report = list(&format!("secret KEY,Colour,serial_number,Bo\u{1b}x\n{KEY},red,7,12\n"));
    assert_eq!((report.entries.len(), &*report.entries[0].serial), (1, "7"));
    assert_eq!(report.lines[0].outcome, Outcome::LeftOut);
    assert_eq!(
        report.lines[0].text,
        "the names of the columns; there is no Time interval: 30 s are assumed; there is no Name: the tokens have no names; \
         there is no Model: the model stays empty; not used: Colour, Bo\\u{1b}x"
    );
}

#[test]
fn a_type_says_whether_a_token_counts() {
    let row =
        |kind: &str, interval: &str| format!("Serial number,Type,Time interval,Secret key\n1,{kind},{interval},{KEY}");
    for (kind, interval) in
        [("HOTP", ""), ("hotp", "0"), ("event", "event"), ("Event-based", "HOTP"), ("", "event"), ("", "HOTP")]
    {
        let (token, text) = only(&row(kind, interval));
        assert_eq!((token.otp.moving(), token.counter), (Moving::Counter, 0), "{kind} {interval}");
        assert!(text.contains("the next counter is 0"));
    }
    for (kind, interval, period) in
        [("TOTP", "", 30), ("", "", 30), ("time", "60", 60), ("", "15", 15), ("", "120", 120)]
    {
        assert_eq!(only(&row(kind, interval)).0.otp.moving(), Moving::Time { period }, "{kind} {interval}");
    }
    for (kind, interval, why) in [
        ("", "0", "0 seconds"),
        ("TOTP", "0", "0 seconds"),
        ("TOTP", "event", "not a number"),
        ("HOTP", "30", "no time interval"),
        ("OCRA", "30", "neither TOTP nor HOTP"),
        ("", "14", "14 seconds"),
        ("", "121", "121 seconds"),
        ("", "-30", "not a number"),
        ("", "30.0", "not a number"),
        ("", "4294967326", "not a number"),
        ("", "99999999999999999999", "not a number"),
    ] {
        assert!(refused(&row(kind, interval)).contains(why), "{kind} {interval}");
    }
}

#[test]
fn digits_algorithm_and_counter_are_read_where_they_are() {
    let row = |digits: &str, algorithm: &str, counter: &str| {
        format!("Serial number,Type,Secret key,Digits,Algorithm,Counter\n1,HOTP,{KEY},{digits},{algorithm},{counter}")
    };
    let (token, _) = only(&row("8", "HmacSHA256", "17"));
    assert_eq!((token.otp.digits(), token.otp.algorithm(), token.counter), (8, Algorithm::Sha256, 17));
    for (digits, algorithm, counter, why) in [
        ("5", "", "", "6, 7 or 8"),
        ("9", "", "", "6, 7 or 8"),
        ("six", "", "", "6, 7 or 8"),
        ("", "MD5", "", "SHA1, SHA256 or SHA512"),
        ("", "", "-1", "counter"),
        ("", "", "9223372036854775808", "counter"),
        ("", "", "1e3", "counter"),
    ] {
        assert!(refused(&row(digits, algorithm, counter)).contains(why), "{digits} {algorithm} {counter}");
    }
    // A counter beside a time interval means that one of them is in the wrong column.
    let text = format!("Serial number,Time interval,Secret key,Counter\n1,30,{KEY},5");
    assert!(refused(&text).contains("counter"));
}

#[test]
fn what_cannot_be_used_is_refused_with_its_line() {
    for (row, why) in [
        (format!(",n,30,m,{KEY}"), "no serial number"),
        (format!("1 2,n,30,m,{KEY}"), "serial number has"),
        (format!("2.31E+12,n,30,m,{KEY}"), "serial number has"),
        (format!("ä1,n,30,m,{KEY}"), "serial number has"),
        (format!("{},n,30,m,{KEY}", "1".repeat(65)), "serial number has"),
        (format!("1,{},30,m,{KEY}", "n".repeat(65)), "the name"),
        (format!("1,n\u{202e},30,m,{KEY}"), "the name"),
        (format!("1,n,30,{},{KEY}", "m".repeat(65)), "the model"),
        (String::from("1,n,30,m,"), "0 bits"),
        (String::from("1,n,30,m,31323334353637383930"), "80 bits"),
        (String::from("1,n,30,m,GEZDGNBVGY3TQOJQ"), "80 bits"),
        (format!("1,n,30,m,{}", "00".repeat(129)), "129 bytes"),
        (String::from("1,n,30,m,not a key!"), "neither"),
        (format!("1,n,30,{KEY}"), "4 fields"),
        (format!("1,n,30,m,{KEY},"), "6 fields"),
        (format!("1,\"n,30,m,{KEY}"), "not closed"),
        (format!("1,\"n\"n,30,m,{KEY}"), "within a field"),
        (format!("1,{},30,m,{KEY}", "n".repeat(4096)), "longer than 4096"),
    ] {
        let text = format!("Serial number,Name,Time interval,Model,Secret key\n\n{row}\n");
        let report = list(&text);
        assert_eq!((report.entries.len(), report.lines[1].number), (0, 3), "{row}");
        let said = &report.lines[1].text;
        assert!(said.contains(why), "{row}: {said}");
        assert!(!said.contains("3132") && !said.contains("GEZD"), "{said}");
    }
}

#[test]
fn one_bad_row_does_not_take_the_next_ones_with_it() {
    let text = format!(
        "Serial number,Secret key\n1,\"{KEY}\n2,GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ\n3,x\n4,GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJR\n"
    );
    let report = list(&text);
    let outcomes: Vec<_> = report.lines.iter().map(|line| (line.number, line.outcome)).collect();
    use Outcome::{Refused, Taken};
    assert_eq!(outcomes, [(1, Taken), (2, Refused), (3, Taken), (4, Refused), (5, Taken)]);
    assert_eq!(report.entries.iter().map(|token| &*token.serial).collect::<Vec<_>>(), ["2", "4"]);
}

#[test]
fn serial_numbers_and_keys_that_come_twice_are_named_with_both_lines() {
    let other = KEY.replace("30", "31");
    let report =
        list(&format!("Serial number,Secret key\n1,{KEY}\n2,{other}\n1,{}\n3,{KEY}\n", KEY.replace("30", "32")));
    assert_eq!(report.entries.len(), 2);
    assert_eq!((report.lines[3].number, &*report.lines[3].text), (4, "the same serial number stands in line 2"));
    assert_eq!(report.lines[4].number, 5);
    assert!(report.lines[4].text.starts_with("the same key stands in line 2"));
}

#[test]
fn a_list_without_its_columns_is_refused_whole() {
    for (text, why) in [
        (format!("1,{KEY}\n"), "are missing: Serial number, Secret key"),
        (format!("Serial number,Key code\n1,{KEY}\n"), "are missing: Secret key"),
        (format!("Serial number,Secret key,SERIAL NUMBER\n1,{KEY},2\n"), "Serial number is named twice"),
        (format!("Serial number,\"Secret key\n1,{KEY}\n"), "not closed"),
        (String::new(), "no token"),
        (String::from("\n;;;\n"), "no token"),
        (String::from("Serial number,Secret key\n"), "no token"),
    ] {
        let said = refused(&text);
        assert!(said.contains(why), "{text}: {said}");
        assert!(!said.contains("3132"));
    }
}

#[test]
fn a_short_key_is_taken_when_it_is_allowed() {
    let text = "Serial number,Secret key\n1,GEZDGNBVGY3TQOJQ\n";
    let report = read(text.as_bytes(), None, &Unlock::Nothing, ShortSecret::Allow);
    assert!(report.entries[0].otp.is_short() && report.lines[1].text.contains("only 80 bits"));
}
