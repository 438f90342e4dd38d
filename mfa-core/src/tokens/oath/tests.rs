//! Rows of both types, with and without names above them, and what may be wrong with one.

use crate::import::Outcome;
use crate::otp::{Moving, ShortSecret};
use crate::tokens::pskc::Unlock;
use crate::tokens::{Format, Report, read};

const FILE: &str = include_str!("../../../tests/fixtures/tokens/oath.csv");
const KEY: &str = "3132333435363738393031323334353637383930";

fn list(text: &str) -> Report {
    read(text.as_bytes(), Some(Format::Oath), &Unlock::Nothing, ShortSecret::Refuse)
}

#[test]
fn rows_are_read_with_names_above_them_and_comments() {
    let report = read(FILE.as_bytes(), None, &Unlock::Nothing, ShortSecret::Refuse);
    assert_eq!((report.format, report.refused()), (Some(Format::Oath), 0), "{report:?}");
    let found: Vec<_> =
        report.entries.iter().map(|t| (t.line, &*t.serial, t.otp.moving(), t.otp.digits(), t.counter)).collect();
    let every = |period| Moving::Time { period };
    assert_eq!(
        found,
        [
            (3, "T-1", every(30), 6, 0),
            (4, "T-2", every(60), 8, 0),
            (5, "T-3", Moving::Counter, 6, 17),
            (6, "T-4", every(30), 6, 0),
        ]
    );
    assert_eq!(report.lines[0].number, 2);
    assert!(report.lines[4].text.ends_with("no step is given, 30 s are assumed"));
    // The same without the line of names.
    let bare = FILE.replace("serial,seed,type,len,step\n", "");
    assert_eq!(read(bare.as_bytes(), None, &Unlock::Nothing, ShortSecret::Refuse).entries.len(), 4);
}

#[test]
fn what_cannot_be_used_is_refused_with_its_line() {
    for (row, why) in [
        (format!("1,{KEY}"), "three to five"),
        (format!("1,{KEY},TOTP,6,30,x"), "three to five"),
        (format!("1,{KEY},,6,30"), "neither TOTP nor HOTP"),
        (format!("1,{KEY},OCRA,6,30"), "neither TOTP nor HOTP"),
        (format!("1,{KEY},TOTP,5,30"), "6, 7 or 8"),
        (format!("1,{KEY},TOTP,6,1"), "1 seconds"),
        (format!("1,{KEY},TOTP,6,x"), "not a number"),
        (format!("1,{KEY},HOTP,6,-3"), "counter"),
        (format!(",{KEY},TOTP,6,30"), "no serial number"),
        (String::from("1,GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ,TOTP,6,30"), "not hexadecimal"),
        (format!("1,{KEY}0,TOTP,6,30"), "not hexadecimal"),
        (String::from("1,,TOTP,6,30"), "0 bits"),
    ] {
        let report = list(&format!("# {KEY}\n{row}\n"));
        assert!(report.entries.is_empty(), "{row}");
        let line = &report.lines[0];
        assert_eq!((line.number, line.outcome), (2, Outcome::Refused), "{row}");
        assert!(line.text.contains(why) && !line.text.contains("3132"), "{row}: {}", line.text);
    }
}
