//! Files as the real programs wrote them, and what may be wrong with a file.

use super::*;

const TOTP: &str = include_str!("../../../tests/fixtures/google_authenticator.totp");
const HOTP: &str = include_str!("../../../tests/fixtures/google_authenticator.hotp");
const SECRET: &str = "A7RTPJUPHDSZBXGEBUKZHGE3WY";

fn read(text: &str) -> Report {
    parse(text, ShortSecret::Refuse)
}

fn outcomes(report: &Report) -> Vec<(usize, Outcome)> {
    report.lines.iter().map(|line| (line.number, line.outcome)).collect()
}

fn texts(report: &Report) -> String {
    report.lines.iter().map(|line| format!("{}: {}\n", line.number, line.text)).collect()
}

#[test]
fn a_time_based_file_is_read_with_its_spent_codes() {
    let report = read(TOTP);
    let [factor] = report.factors.as_slice() else { panic!("{report:?}") };
    assert_eq!(factor.otp.moving(), Moving::Time { period: 30 });
    assert_eq!((factor.otp.digits(), factor.otp.algorithm(), factor.otp.secret().len()), (6, Algorithm::Sha1, 16));
    assert_eq!((factor.mark, factor.counter, factor.user.as_deref()), (Some(59_848_598), None, None));
    use Outcome::{Changed, LeftOut, Taken};
    let expected = [Taken, LeftOut, Changed, Taken, Taken, LeftOut, LeftOut, LeftOut, LeftOut, LeftOut];
    assert_eq!(outcomes(&report), (1..).zip(expected).collect::<Vec<_>>());
    assert_eq!(report.refused(), 0);
}

#[test]
fn a_counter_based_file_is_read_with_its_next_counter() {
    let report = read(HOTP);
    let [factor] = report.factors.as_slice() else { panic!("{report:?}") };
    assert_eq!((factor.otp.moving(), factor.counter, factor.mark), (Moving::Counter, Some(4), None));
    assert_eq!(report.refused(), 0);
}

#[test]
fn a_counter_beats_the_time() {
    let report = read(&format!("{SECRET}\n\" TOTP_AUTH\n\" STEP_SIZE 5\n\" HOTP_COUNTER 9\n\" DISALLOW_REUSE 1 2\n"));
    assert_eq!(report.factors[0].counter, Some(9));
    assert_eq!(report.factors[0].mark, None);
    use Outcome::{LeftOut, Taken};
    assert_eq!(outcomes(&report), [(1, Taken), (2, LeftOut), (3, LeftOut), (4, Taken), (5, LeftOut)]);
}

#[test]
fn every_option_the_module_writes_is_known() {
    let report = read(&format!(
        "{SECRET}\r\n\" TOTP_AUTH\r\n\" STEP_SIZE 60\r\n\" WINDOW_SIZE 3\r\n\" TIME_SKEW -4\r\n\
         \" RESETTING_TIME_SKEW 59848597+4\r\n\" DISALLOW_REUSE\r\n\" LAST0 10.0.0.1 1795457916\r\n\" RATE_LIMIT 3 30\r\n\r\n"
    ));
    assert_eq!(report.factors[0].otp.moving(), Moving::Time { period: 60 });
    assert_eq!(report.factors[0].mark, None);
    use Outcome::{Changed, LeftOut, Taken};
    let expected = [Taken, Taken, Taken, Taken, Changed, LeftOut, Taken, LeftOut, LeftOut];
    assert_eq!(outcomes(&report), (1..).zip(expected).collect::<Vec<_>>());
}

#[test]
fn a_line_that_decides_which_codes_work_takes_the_factor_with_it() {
    for bad in [
        "\" STEP_SIZE 5",
        "\" STEP_SIZE 121",
        "\" STEP_SIZE",
        "\" STEP_SIZE 30x",
        "\" DISALLOW_REUSE 1 x",
        "\" HOTP_COUNTER 0",
        "\" HOTP_COUNTER -1",
        "\" HOTP_COUNTER 9223372036854775808",
        "\" TOTP_AUTH",
    ] {
        let report = read(&format!("{SECRET}\n\" TOTP_AUTH\n{bad}\n"));
        assert!(report.factors.is_empty(), "{bad}");
        assert_eq!(report.lines.iter().filter(|line| line.outcome == Outcome::Refused).count(), 2, "{bad}");
        assert_eq!((report.lines[0].outcome, report.lines[2].outcome), (Outcome::Refused, Outcome::Refused), "{bad}");
    }
}

#[test]
fn a_line_that_is_not_understood_is_refused_and_leaves_the_factor() {
    for bad in
        ["\" SOMETHING 1", "123456789", "1234567", "garbage", "\"TOTP_AUTH", "A7RTPJUPHDSZBXGE", "\" A7RTPJUPHDSZBXGE"]
    {
        let report = read(&format!("{SECRET}\n\" TOTP_AUTH\n{bad}\n"));
        assert_eq!(report.factors.len(), 1, "{bad}");
        assert_eq!(outcomes(&report)[2], (3, Outcome::Refused), "{bad}");
        assert_eq!(report.refused(), 1);
    }
}

#[test]
fn a_secret_that_cannot_be_used_is_refused() {
    for text in
        ["", "\n", "\" TOTP_AUTH\n", "A7RTPJUPHDSZBXGE9\n\" TOTP_AUTH\n", SECRET, "JBSWY3DPEHPK3PXP\n\" TOTP_AUTH\n"]
    {
        let report = read(text);
        assert!(report.factors.is_empty(), "{text}");
        assert_eq!(outcomes(&report)[0], (1, Outcome::Refused), "{text}");
    }
}

#[test]
fn a_short_secret_is_taken_when_it_is_allowed_and_the_report_says_so() {
    let text = "JBSWY3DPEHPK3PXP\n\" TOTP_AUTH\n";
    assert!(texts(&read(text)).contains("80 bits"));
    let report = parse(text, ShortSecret::Allow);
    assert!(report.factors[0].otp.is_short());
    assert!(texts(&report).contains("only 80 bits"));
}

#[test]
fn mistyped_letters_are_read_as_the_module_reads_them() {
    let report = read("A7RTPJUPHDSZ8XGE8UKZHGE3W0\n\" TOTP_AUTH\n");
    let plain = read("A7RTPJUPHDSZBXGEBUKZHGE3WO\n\" TOTP_AUTH\n");
    assert_eq!(report.factors[0].otp.secret().expose(), plain.factors[0].otp.secret().expose());
    assert_eq!(outcomes(&report)[0], (1, Outcome::Changed));
}

#[test]
fn no_report_holds_a_secret_or_a_code() {
    let odd = format!("{SECRET}1!\n\" {SECRET} {SECRET}\n{SECRET}\n\" STEP_SIZE {SECRET}\n\" HOTP_COUNTER {SECRET}\n");
    for text in [TOTP, HOTP, &odd] {
        let report = texts(&read(text));
        assert!(!report.contains("A7RT") && !report.contains("RSC5"), "{report}");
        assert!(text.lines().filter(|line| is_scratch_code(line)).all(|code| !report.contains(code)), "{report}");
    }
}
