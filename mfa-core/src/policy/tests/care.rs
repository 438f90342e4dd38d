//! `[bypass]` and `[hygiene]`: what they say, and that they say all of it.

use super::*;
use crate::bypass::LONGEST;

const DAY: u64 = 86_400;

const HYGIENE: &str = "[hygiene]\nat = \"03:30\"\nsuspend_unused = \"90d\"\nrenew_after = \"365d\"\noverlap = \"14d\"\ndrop_pending = \"7d\"\n";

#[test]
fn without_a_section_a_bypass_lasts_a_day_at_most_and_nothing_is_suspended() {
    let built_in = policy("");
    assert_eq!((built_in.bypass.max.value, built_in.bypass.consent.value), (LONGEST, false));
    assert_eq!(built_in.hygiene, None);
}

#[test]
fn a_section_says_what_it_says() {
    let read = policy("[bypass]\nmax = \"4h\"\nconsent = true\n");
    assert_eq!((read.bypass.max.value, read.bypass.consent.value), (4 * 3600, true));
    assert_eq!(read.bypass.max.place.to_string(), "mfa.toml:2: max");
    let hygiene = policy(HYGIENE).hygiene.unwrap();
    assert_eq!((hygiene.at.value, clock(hygiene.at.value).as_str()), (210, "03:30"));
    assert_eq!((hygiene.suspend_unused.value, hygiene.renew_after.value), (90 * DAY, 365 * DAY));
    assert_eq!((hygiene.overlap.unwrap().value, hygiene.drop_pending.value), (14 * DAY, 7 * DAY));
    let off = policy("[hygiene]\nat = \"00:00\"\nsuspend_unused = \"0\"\nrenew_after = \"0\"\ndrop_pending = \"0\"\n");
    assert_eq!(off.hygiene.unwrap().overlap, None);
}

#[test]
fn a_later_file_says_it_anew_and_in_full() {
    let source = |text: &str| Source { file: "d.toml".into(), text: text.into() };
    let main = Some(source("[bypass]\nmax = \"1h\"\nconsent = true\n"));
    let merged = |drop_in: &str| Layers { main: main.clone(), drop_ins: vec![source(drop_in)], vendor: None }.merge();
    assert!(merged("[bypass]\nmax = \"2h\"\n").is_err(), "half a section is none");
    let read = merged("[bypass]\nmax = \"2h\"\nconsent = false\n").unwrap();
    assert_eq!((read.bypass.max.value, read.bypass.consent.value), (7200, false));
}

#[test]
fn what_is_no_such_section_is_refused_with_its_line() {
    let hygiene = |from: &str, to: &str| HYGIENE.replace(from, to);
    for (text, expected) in [
        (String::from("[bypass]\nmax = \"25h\"\nconsent = true"), "mfa.toml:2: max: expected a span of"),
        (String::from("[bypass]\nmax = \"30s\"\nconsent = true"), "mfa.toml:2: max: expected a span of"),
        (String::from("[bypass]\nmax = \"0\"\nconsent = true"), "mfa.toml:2: max: expected a span of"),
        (String::from("[bypass]\nmax = \"1h\""), "mfa.toml:1: [bypass]: the key consent is missing"),
        (String::from("[bypass]\nconsent = true"), "mfa.toml:1: [bypass]: the key max is missing"),
        (String::from("[bypass]\nmax = \"1h\"\nconsent = \"yes\""), "mfa.toml:3: consent: "),
        (hygiene("at = \"03:30\"\n", ""), "mfa.toml:1: [hygiene]: the key at is missing"),
        (hygiene("overlap = \"14d\"\n", ""), "mfa.toml:4: renew_after: needs an overlap as well"),
        (hygiene("drop_pending = \"7d\"\n", ""), "mfa.toml:1: [hygiene]: the key drop_pending is missing"),
        (hygiene("03:30", "24:00"), "mfa.toml:2: at: expected an hour"),
        (hygiene("03:30", "3:30"), "mfa.toml:2: at: expected an hour"),
        (hygiene("90d", "23h"), "mfa.toml:3: suspend_unused: expected a span of a day at least"),
        (hygiene("90d", "4000d"), "mfa.toml:3: suspend_unused: expected a span of a day at least"),
        (hygiene("14d", "0"), "mfa.toml:5: overlap: a factor that stops is announced before"),
        (hygiene("365d", "0"), "mfa.toml:5: overlap: nothing is renewed"),
        (hygiene("7d", "soon"), "mfa.toml:6: drop_pending: expected a span"),
        (String::from("methods = [\"totp\", \"bypass\"]"), "mfa.toml:1: methods: expected one of"),
    ] {
        let error = merge(&text).unwrap_err().to_string();
        assert!(error.starts_with(expected), "{text:?} gave {error:?}");
    }
}
