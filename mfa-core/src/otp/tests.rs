//! The RFCs' own tables, the limits, and what the mark and the counter must do.

use super::*;

/// The key of RFC 4226 appendix D and, cut to the hash's length, of RFC 6238 appendix B.
fn rfc_key(length: usize) -> Secret {
    Secret::new(b"1234567890".iter().copied().cycle().take(length).collect())
}

fn totp(period: u32) -> Otp {
    Otp::new(rfc_key(20), Algorithm::Sha1, 6, Moving::Time { period }, ShortSecret::Refuse).unwrap()
}

fn hotp() -> Otp {
    Otp::new(rfc_key(20), Algorithm::Sha1, 6, Moving::Counter, ShortSecret::Refuse).unwrap()
}

fn text(code: &Secret) -> &str {
    code.expose_str().unwrap()
}

fn code_at(otp: &Otp, step: u64) -> String {
    text(&otp.code(step)).to_owned()
}

#[test]
fn the_table_of_rfc_4226_appendix_d_holds() {
    let table = ["755224", "287082", "359152", "969429", "338314", "254676", "287922", "162583", "399871", "520489"];
    for (counter, expected) in (0..).zip(table) {
        assert_eq!(code_at(&hotp(), counter), expected);
    }
}

#[test]
fn the_table_of_rfc_6238_appendix_b_holds() {
    let table = [
        (59, "94287082", "46119246", "90693936"),
        (1_111_111_109, "07081804", "68084774", "25091201"),
        (1_111_111_111, "14050471", "67062674", "99943326"),
        (1_234_567_890, "89005924", "91819424", "93441116"),
        (2_000_000_000, "69279037", "90698825", "38618901"),
        (20_000_000_000, "65353130", "77737706", "47863826"),
    ];
    for (now, sha1, sha256, sha512) in table {
        for (algorithm, length, expected) in
            [(Algorithm::Sha1, 20, sha1), (Algorithm::Sha256, 32, sha256), (Algorithm::Sha512, 64, sha512)]
        {
            let otp =
                Otp::new(rfc_key(length), algorithm, 8, Moving::Time { period: 30 }, ShortSecret::Refuse).unwrap();
            assert_eq!(code_at(&otp, now / 30), expected, "{algorithm} at {now}");
            assert_eq!(otp.check_totp(expected, now, None, None), Check::Accepted { step: now / 30 });
        }
    }
}

#[test]
fn numbers_outside_the_limits_are_refused() {
    let make = |bytes: usize, digits, period, short| {
        Otp::new(rfc_key(bytes), Algorithm::Sha1, digits, Moving::Time { period }, short).map(|otp| otp.is_short())
    };
    let strict = ShortSecret::Refuse;
    for digits in (0..6).chain(9..=u8::MAX) {
        assert_eq!(make(20, digits, 30, strict), Err(OtpError::Digits(digits)));
    }
    for period in (0..15).chain(121..200).chain([u32::MAX]) {
        assert_eq!(make(20, 6, period, strict), Err(OtpError::Period(period)));
    }
    for (digits, period) in [(6, 15), (7, 30), (8, 120)] {
        assert_eq!(make(14, digits, period, strict), Ok(false));
    }
    assert_eq!(make(13, 6, 30, strict), Err(OtpError::Short(104)));
    assert_eq!(make(13, 6, 30, ShortSecret::Allow), Ok(true));
    assert_eq!(make(10, 6, 30, ShortSecret::Allow), Ok(true));
    assert_eq!(make(9, 6, 30, ShortSecret::Allow), Err(OtpError::TooShort(72)));
    assert_eq!(make(0, 6, 30, ShortSecret::Allow), Err(OtpError::TooShort(0)));
    assert_eq!(make(128, 6, 30, strict), Ok(false));
    assert_eq!(make(129, 6, 30, strict), Err(OtpError::TooLong(129)));
}

#[test]
fn one_step_on_either_side_of_now_is_accepted_and_no_more() {
    for period in [15, 30, 60, 120] {
        let otp = totp(period);
        let period = u64::from(period);
        for now in [1_700_000_000, 1_700_000_000 / period * period, 1_700_000_000 / period * period + period - 1] {
            let current = now / period;
            for step in current - 4..=current + 4 {
                let expected = if step.abs_diff(current) <= 1 { Check::Accepted { step } } else { Check::Wrong };
                assert_eq!(otp.check_totp(&code_at(&otp, step), now, None, None), expected);
            }
        }
    }
}

#[test]
fn the_first_code_of_a_token_may_be_ten_minutes_off_and_no_more() {
    let (otp, now) = (totp(30), 1_700_000_000);
    let current = now / 30;
    for (off, accepted) in [(0, true), (20, true), (21, false), (22, false)] {
        for step in [current - off, current + off] {
            let expected = if accepted { Check::Accepted { step } } else { Check::Wrong };
            assert_eq!(otp.check_first_totp(&code_at(&otp, step), now, None), expected, "{off}");
        }
    }
    assert_eq!(otp.check_first_totp(&code_at(&otp, current), now, Some(current)), Check::Replay { step: current });
}

#[test]
fn a_code_is_accepted_once() {
    let otp = totp(30);
    let mut mark = None;
    let mut accepted = 0;
    for now in (1_700_000_000..1_700_003_000).step_by(10) {
        let step = now / 30;
        match otp.check_totp(&code_at(&otp, step), now, mark, None) {
            Check::Accepted { step } => {
                assert!(mark.is_none_or(|old| step > old));
                mark = Some(step);
                accepted += 1;
            }
            other => assert_eq!(other, Check::Replay { step }),
        }
    }
    assert_eq!(accepted, 1_700_002_990 / 30 - 1_700_000_000 / 30 + 1);
}

#[test]
fn a_step_below_the_mark_stays_refused_after_the_clock_was_set_back() {
    let otp = totp(30);
    let mark = Some(1_700_000_000 / 30);
    for now in [0, 29, 30, 946_684_800, 1_699_000_000, 1_700_000_000 - 60] {
        let step = now / 30;
        assert_eq!(otp.check_totp(&code_at(&otp, step), now, mark, None), Check::Replay { step });
    }
    let repaired = 1_700_000_000 + 30;
    let step = repaired / 30;
    assert_eq!(otp.check_totp(&code_at(&otp, step), repaired, mark, None), Check::Accepted { step });
}

#[test]
fn after_a_loss_of_state_only_later_steps_are_accepted() {
    let otp = totp(30);
    let now = 1_700_000_000;
    let step = now / 30;
    for (mark, after) in [(None, Some(step)), (Some(step), None), (Some(step), Some(step - 5)), (Some(0), Some(step))] {
        assert_eq!(otp.check_totp(&code_at(&otp, step), now, mark, after), Check::Replay { step });
        let next = Check::Accepted { step: step + 1 };
        assert_eq!(otp.check_totp(&code_at(&otp, step + 1), now, mark, after), next);
    }
    assert_eq!(otp.check_totp(&code_at(&otp, step), now, None, Some(u64::MAX)), Check::Replay { step });
}

#[test]
fn the_first_and_the_last_seconds_of_time_do_not_overflow() {
    let otp = totp(15);
    assert_eq!(otp.check_totp(&code_at(&otp, 0), 0, None, None), Check::Accepted { step: 0 });
    assert_eq!(otp.check_totp(&code_at(&otp, 1), 0, None, None), Check::Accepted { step: 1 });
    assert_eq!(otp.check_totp(&code_at(&otp, 0), 0, Some(0), None), Check::Replay { step: 0 });
    assert_eq!(otp.check_totp(&code_at(&otp, u64::MAX), 0, None, None), Check::Wrong);
    let last = u64::MAX / 15;
    assert_eq!(otp.check_totp(&code_at(&otp, last), u64::MAX, None, None), Check::Accepted { step: last });
    assert_eq!(otp.check_totp(&code_at(&otp, last), u64::MAX, Some(u64::MAX), None), Check::Replay { step: last });
}

#[test]
fn the_expected_counter_and_nine_after_it_are_accepted() {
    let otp = hotp();
    for next in [0, 1, 9, 10, 5_000, u64::MAX - 40] {
        for counter in next.saturating_sub(12)..next + 15 {
            let expected = match counter {
                c if c < next && next - c <= LOOK_BACK => Check::Replay { step: counter },
                c if c >= next && c - next < LOOK_AHEAD => Check::Accepted { step: counter },
                _ => Check::Wrong,
            };
            assert_eq!(otp.check_hotp(&code_at(&otp, counter), next), expected, "{counter} from {next}");
        }
    }
}

#[test]
fn a_counter_never_goes_back() {
    let otp = hotp();
    let mut next = 0;
    for press in (0..300).step_by(7) {
        assert_eq!(otp.check_hotp(&code_at(&otp, press), next), Check::Accepted { step: press });
        next = press + 1;
        assert_eq!(otp.check_hotp(&code_at(&otp, press), next), Check::Replay { step: press });
    }
}

#[test]
fn the_last_counter_does_not_overflow() {
    let otp = hotp();
    for next in [u64::MAX - 1, u64::MAX] {
        assert_eq!(otp.check_hotp(&code_at(&otp, u64::MAX), next), Check::Wrong);
        assert_eq!(otp.resync_hotp(&code_at(&otp, u64::MAX), &code_at(&otp, 0), next), None);
    }
}

#[test]
fn two_codes_by_chance_equal_do_not_let_a_spent_one_in() {
    // A secret whose codes of two counters within the window are equal.
    let (otp, low, high) = (0u32..)
        .find_map(|salt| {
            let mut key = vec![0; 16];
            key.extend_from_slice(&salt.to_be_bytes());
            let otp = Otp::new(Secret::new(key), Algorithm::Sha1, 6, Moving::Counter, ShortSecret::Refuse).unwrap();
            let codes: Vec<String> = (0..10).map(|counter| code_at(&otp, counter)).collect();
            let pair = (0..10).flat_map(|a| (a + 1..10).map(move |b| (a, b))).find(|&(a, b)| codes[a] == codes[b]);
            pair.map(|(a, b)| (otp, a as u64, b as u64))
        })
        .unwrap();
    let code = code_at(&otp, low);
    assert_eq!(otp.check_hotp(&code, 0), Check::Accepted { step: high });
    assert_eq!(otp.check_hotp(&code, low + 1), Check::Replay { step: low });
}

#[test]
fn two_successive_codes_find_a_lost_counter() {
    let otp = hotp();
    for (at, expected) in [(0, Some(2)), (50, Some(52)), (99, Some(101)), (100, None)] {
        assert_eq!(otp.resync_hotp(&code_at(&otp, at), &code_at(&otp, at + 1), 0), expected);
    }
    assert_eq!(otp.resync_hotp(&code_at(&otp, 20), &code_at(&otp, 20), 0), None);
    assert_eq!(otp.resync_hotp(&code_at(&otp, 20), &code_at(&otp, 22), 0), None);
    assert_eq!(otp.resync_hotp(&code_at(&otp, 21), &code_at(&otp, 20), 0), None);
    assert_eq!(otp.resync_hotp(&code_at(&otp, 3), &code_at(&otp, 4), 4), None);
}

#[test]
fn a_factor_of_the_other_kind_accepts_nothing() {
    assert_eq!(hotp().check_totp(&code_at(&hotp(), 0), 0, None, None), Check::Wrong);
    assert_eq!(totp(30).check_hotp(&code_at(&totp(30), 0), 0), Check::Wrong);
    assert_eq!(totp(30).resync_hotp(&code_at(&totp(30), 0), &code_at(&totp(30), 1), 0), None);
}

#[test]
fn what_is_not_the_whole_code_is_wrong() {
    let otp = totp(30);
    let code = code_at(&otp, 0);
    for typed in ["", "0", &code[..5], &format!("{code}0"), &format!("0{code}"), &format!("+{}", &code[1..]), "abcdef"]
    {
        assert_eq!(otp.check_totp(typed, 0, None, None), Check::Wrong, "{typed}");
    }
}

#[test]
fn an_answer_with_the_shape_of_a_code_is_reduced_to_its_digits() {
    for (answer, digits) in [
        ("123456", "123456"),
        (" 123 456 ", "123456"),
        ("123-4567", "1234567"),
        ("1234 5678", "12345678"),
        ("000000", "000000"),
    ] {
        assert_eq!(text(&normalise(answer).unwrap()), digits);
    }
    for answer in [
        "",
        " ",
        "12345",
        "123456789",
        "12345a",
        "+123456",
        "123456\n",
        "123\u{a0}456",
        "١٢٣٤٥٦",
        "１２３４５６",
        "-------",
    ] {
        assert!(normalise(answer).is_none(), "{answer:?}");
    }
}

#[test]
fn algorithms_are_read_as_the_world_writes_them() {
    for (text, expected) in [
        ("SHA1", Algorithm::Sha1),
        ("sha-1", Algorithm::Sha1),
        ("HmacSHA256", Algorithm::Sha256),
        ("HMAC-SHA-512", Algorithm::Sha512),
        ("Sha_512", Algorithm::Sha512),
    ] {
        assert_eq!(text.parse(), Ok(expected));
        assert_eq!(expected.to_string().parse(), Ok(expected));
        let json = serde_json::to_string(&expected).unwrap();
        assert_eq!(json, format!("\"{expected}\""));
    }
    for text in ["", "MD5", "SHA", "SHA3", "SHA384", "SHA1 ", "SHA12"] {
        assert_eq!(text.parse::<Algorithm>(), Err(OtpError::Algorithm), "{text}");
    }
    assert!(serde_json::from_str::<Algorithm>("\"sha1\"").is_err());
}

#[test]
fn debug_output_holds_nothing_of_the_secret() {
    assert!(format!("{:?}", hotp()).contains("Secret(…)"));
}
