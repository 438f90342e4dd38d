//! import: what other modules' own programs wrote, every line told, nothing half done.

use crate::house::{House, hotp, program, totp};
use data_encoding::{BASE32, HEXLOWER};

const KEY: &[u8; 20] = b"12345678901234567890";

fn base32() -> String {
    BASE32.encode(KEY)
}

#[test]
fn a_file_of_google_authenticator_is_taken_with_a_word_about_every_line() {
    let house = House::new();
    let file = house.folder.join("google").to_str().unwrap().to_owned();
    let options = ["-t", "-d", "-f", "-r3", "-R30", "-w3", "-q", "-Q", "none", "-l", "x", "-i", "x", "-s", &file];
    program("google-authenticator", &options);
    let text = std::fs::read_to_string(&file).unwrap();
    let said = house.mfactl(&["import", "google-authenticator", &file, "--user", "games"]).ok();
    assert!(said.starts_with("line 1: taken: TOTP, 6 digits every 30 s\n"), "{said}");
    assert_eq!(said.lines().count(), text.lines().count() + 1, "{said}");
    assert!(!said.contains(text.lines().next().unwrap()), "the secret is shown");
    let status = house.status("games");
    assert_eq!((&status["enrolled"], &status["recovery_left"]), (&true.into(), &0.into()));
    house.typing(&["verify", "games"], &totp(text.lines().next().unwrap())).ok();
    house.mfactl(&["import", "google-authenticator", &file, "--user", "games"]).refused(1, "enrolled already");
    house.mfactl(&["import", "google-authenticator", &file, "--user", "nosuch"]).refused(1, "no account");
    house.mfactl(&["import", "google-authenticator", &file]).refused(2, "--user");
}

#[test]
fn a_file_that_forgets_used_codes_has_all_of_them_spent() {
    let house = House::new();
    let file = house.write("google", &format!("{}\n\" TOTP_AUTH\n", base32()));
    let said = house.mfactl(&["import", "google-authenticator", &file, "--user", "games"]).ok();
    assert!(said.contains("line 1: taken: TOTP, 6 digits every 30 s; codes up to now are taken for used"), "{said}");
    house.typing(&["verify", "games"], &totp(&base32())).refused(1, "replay");
}

#[test]
fn a_users_oath_is_taken_and_its_counters_go_on() {
    let house = House::new();
    let hex = HEXLOWER.encode(KEY);
    let file = house.write(
        "users.oath",
        &format!("# tokens\n\nHOTP games - {hex} 4 338314 2009-12-07T23:23:49L\nHOTP/T30 man - {hex}\n"),
    );
    let tried = house.mfactl(&["import", "oath", &file, "--dry-run"]).ok();
    assert!(tried.ends_with("Nothing was written. Would import 2 factors.\n"), "{tried}");
    house.typing(&["verify", "games"], "000000").refused(1, "not enrolled");
    let told = house.mfactl(&["import", "oath", &file, "--json"]).json();
    assert_eq!((&told["refused"], &told["kept"], &told["written"]), (&0.into(), &2.into(), &true.into()));
    assert_eq!((&told["lines"][0]["line"], &told["lines"][0]["outcome"]), (&3.into(), &"taken".into()));
    house.typing(&["verify", "games"], &hotp(&base32(), 4)).refused(1, "replay");
    house.typing(&["verify", "games"], &hotp(&base32(), 5)).ok();
}

#[test]
fn a_bad_line_keeps_everything_out_unless_it_is_skipped() {
    let house = House::new();
    let hex = HEXLOWER.encode(KEY);
    let file = house.write(
        "users.oath",
        &format!("HOTP games - {hex}\nHOTP man - nothex\nHOTP nosuch - {hex}\nHOTP bin - {}\n", &hex[..20]),
    );
    let refused = house.mfactl(&["import", "oath", &file, "--json"]);
    assert_eq!(refused.code, 1);
    let told: serde_json::Value = serde_json::from_str(&refused.out).unwrap();
    let outcomes: Vec<&str> =
        told["lines"].as_array().unwrap().iter().map(|l| l["outcome"].as_str().unwrap()).collect();
    assert_eq!((outcomes, &told["written"]), (vec!["taken", "refused", "refused", "refused"], &false.into()));
    assert_eq!(house.status("games")["enrolled"], false);
    let text = house.mfactl(&["import", "oath", &file]);
    assert!(text.out.contains("line 3: refused: there is no account \"nosuch\"\n"), "{text:?}");
    assert!(text.err.contains("3 lines were refused") && text.err.contains("--skip-bad"), "{text:?}");
    house.mfactl(&["import", "oath", &file, "--skip-bad", "--allow-short-secret"]).ok();
    assert_eq!((&house.status("games")["enrolled"], &house.status("bin")["enrolled"]), (&true.into(), &true.into()));
}

#[test]
fn many_lines_are_staged_in_many_frames() {
    let house = House::new();
    let users = ["games", "man", "bin", "sys", "daemon", "mail", "news", "proxy", "backup", "list"];
    let mut text = String::new();
    for number in 0..50 {
        let mut key = *KEY;
        key[19] = number;
        text.push_str(&format!("HOTP {} - {}\n", users[usize::from(number) % 10], HEXLOWER.encode(&key)));
    }
    text.push_str(&format!("HOTP {} - {}\n", "x".repeat(40_000), HEXLOWER.encode(KEY)));
    let file = house.write("users.oath", &text);
    let told = house.mfactl(&["import", "oath", &file, "--json", "--skip-bad"]).json();
    assert_eq!((&told["refused"], &told["kept"]), (&1.into(), &50.into()));
    assert_eq!(told["lines"][50]["outcome"], "refused");
    assert_eq!(house.status("list")["factors"].as_array().unwrap().len(), 5);
}

#[test]
fn only_a_file_that_is_named_itself_is_read() {
    let house = House::new();
    let file = house.write("users.oath", "HOTP games - 00\n");
    let link = house.folder.join("link");
    std::os::unix::fs::symlink(&file, &link).unwrap();
    house.mfactl(&["import", "oath", link.to_str().unwrap()]).refused(1, "symbolic link");
    house.mfactl(&["import", "oath", "/dev/zero"]).refused(1, "not a regular file");
    house.mfactl(&["import", "oath", "/no/such/file"]).refused(1, "No such file");
    house.mfactl(&["import", "oath", &house.write("empty", "")]).refused(1, "nothing that could be imported");
}
