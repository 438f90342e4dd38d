//! Which format a file has, files that are none, and the limits of all.

use super::*;

const KEY: &str = "3132333435363738393031323334353637383930";

fn list(bytes: &[u8]) -> Report {
    read(bytes, None, &Unlock::Nothing, ShortSecret::Refuse)
}

fn refused(bytes: &[u8]) -> (usize, String) {
    let report = list(bytes);
    assert!(
        report.entries.is_empty() && report.lines.len() == 1 && report.refused() == 1,
        "{:?}",
        report.lines.first()
    );
    (report.lines[0].number, report.lines[0].text.clone())
}

#[test]
fn a_file_is_told_by_its_content() {
    for (text, format) in [
        ("Name,Serial number,Time interval,Model,Secret key\n", Some(Format::Csv)),
        ("\n\nSECRET-KEY;SERIAL;x\n", Some(Format::Csv)),
        ("upn,serial number,secret key,time interval,manufacturer,model\n", Some(Format::Entra)),
        ("\"UPN\";\"Serial Number\";\"Secret Key\";\"Time Interval\"\n", Some(Format::Entra)),
        ("serial,seed\n", Some(Format::Oath)),
        ("#\n1,00,TOTP\n", Some(Format::Oath)),
        ("1;00;hotp;6;0\n", Some(Format::Oath)),
        ("  \r\n<?xml version=\"1.0\"?>", Some(Format::Pskc)),
        ("", None),
        ("# nothing\n", None),
        ("1,00\n", None),
        ("1,00,OCRA\n", None),
        ("HOTP anna - 3132333435363738393031323334353637383930\n", None),
        ("\"\n", None),
    ] {
        assert_eq!(Format::of(text), format, "{text}");
    }
}

#[test]
fn a_file_of_no_known_format_says_what_is_expected() {
    let (line, text) = refused(format!("1,{KEY}\n").as_bytes());
    assert_eq!(line, 1);
    assert!(text.contains("names its columns") && !text.contains("3132"), "{text}");
}

#[test]
fn what_is_no_text_is_refused_with_its_line() {
    let table = format!("Serial number,Secret key\n1,{KEY}\n");
    let (line, text) = refused(&[table.as_bytes(), b"2,\xff\xfe\n"].concat());
    assert_eq!((line, text.contains("not UTF-8")), (3, true));
    let (line, text) = refused(&[table.as_bytes(), b"2\0,3\n"].concat());
    assert_eq!((line, text.contains("NUL")), (3, true));
    // UTF-16, as Windows' "Unicode" saves it.
    assert!(refused(b"\xff\xfeS\0e\0r\0").1.contains("UTF-8"));
    assert!(refused(b"\x1f\x8b\x08").1.contains("UTF-8"));
    assert!(refused(b"").1.contains("cannot be told"));
}

#[test]
fn a_file_cut_short_loses_no_row_silently() {
    let table = format!("Serial number,Secret key\n1,{KEY}\n2,{}\n", KEY.replace("30", "31"));
    for length in 0..table.len() {
        let report = list(&table.as_bytes()[..length]);
        let begun = table[..length].lines().skip(1).filter(|row| !row.is_empty()).count();
        // The names, then a line for each row that has begun; or one for the whole file.
        assert!(report.lines.len() == begun + 1 || report.lines.len() == 1 && report.refused() == 1, "{length}");
        assert_eq!(report.entries.len() + report.refused(), begun.max(report.refused()), "{length}");
    }
}

#[test]
fn too_many_rows_and_too_many_bytes_are_refused_whole() {
    // Rows that are refused count too, and are quicker.
    let mut text = format!("Serial number,Secret key\n{}", "x,x\n".repeat(MAX_ROWS));
    assert_eq!(list(text.as_bytes()).refused(), MAX_ROWS);
    text.push_str("x,x\n");
    assert_eq!(
        refused(text.as_bytes()),
        (MAX_ROWS + 2, String::from("the file has more than 100,000 tokens: split it"))
    );
    let (line, said) = refused(&vec![b'x'; MAX_BYTES + 1]);
    assert_eq!((line, said.contains("32 MiB")), (1, true));
}
