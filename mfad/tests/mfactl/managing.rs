//! Users and their factors: everything between enrolment and removal.

use crate::house::{House, hotp, totp};

#[test]
fn factors_and_recovery_codes_come_and_go() {
    let house = House::new();
    house.enrolled("games", "totp");
    house.enrolled("games", "hotp");
    let status = house.status("games");
    let id = |index: usize| status["factors"][index]["id"].as_str().unwrap().to_owned();
    let new = house.mfactl(&["recovery", "new", "games", "--json"]).json();
    assert_eq!((&new["user"], new["recovery_codes"].as_array().unwrap().len()), (&"games".into(), 10));
    house.mfactl(&["factor", "remove", "games", "totp-00000000"]).refused(1, &id(0));
    house.mfactl(&["factor", "remove", "games", &id(0)]).ok();
    assert!(house.mfactl(&["factor", "remove", "games", &id(1), "--json"]).json()["done"].is_string());
    let status = house.status("games");
    assert_eq!((&status["enrolled"], &status["recovery_left"]), (&false.into(), &0.into()));
    house.mfactl(&["recovery", "new", "games"]).refused(1, "no confirmed factor");
}

#[test]
fn a_counter_that_ran_ahead_is_found_by_two_codes() {
    let house = House::new();
    let key = house.enrolled("games", "hotp");
    house.typing(&["verify", "games"], &hotp(&key, 40)).refused(1, "wrong-code");
    house.typing(&["resync", "games"], &format!("{}\n{}\n", hotp(&key, 40), hotp(&key, 42))).refused(1, "successive");
    let said = house.typing(&["resync", "games"], &format!("{}\n{}\n", hotp(&key, 40), hotp(&key, 41))).ok();
    assert!(said.contains("is 42 now"), "{said}");
    house.typing(&["verify", "games"], &hotp(&key, 42)).ok();
    let factor = house.status("games")["factors"][0]["id"].as_str().unwrap().to_owned();
    house.typing(&["resync", "games", &factor], &format!("{}\n", hotp(&key, 43))).refused(1, "no code was given");
}

#[test]
fn failures_lock_and_unlock_forgets_them() {
    let house = House::new();
    let key = house.enrolled("games", "hotp");
    for _ in 0..5 {
        house.typing(&["verify", "games"], "000000").refused(1, "wrong-code");
    }
    house.typing(&["verify", "games"], &hotp(&key, 0)).refused(1, "mfactl unlock games");
    house.mfactl(&["unlock", "games"]).ok();
    house.typing(&["verify", "games"], &hotp(&key, 0)).ok();
}

#[test]
fn a_lost_state_waits_for_adopt() {
    let mut house = House::new();
    let key = house.enrolled("games", "hotp");
    house.mfactl(&["adopt", "games"]).refused(1, "not lost");
    house.stop();
    std::fs::remove_file(house.state_dir().join("state/games")).unwrap();
    house.start();
    house.typing(&["verify", "games"], &hotp(&key, 0)).refused(1, "state-lost");
    assert!(house.mfactl(&["status", "games"]).ok().contains("mfactl adopt"));
    house.mfactl(&["adopt", "games"]).ok();
    house.typing(&["verify", "games"], &hotp(&key, 0)).ok();
}

#[test]
fn an_enrolment_follows_its_account_and_orphans_are_removed() {
    let mut house = House::new();
    let key = house.enrolled("games", "hotp");
    house.enrolled("man", "totp");
    house.mfactl(&["rename", "games", "man"]).refused(1, "another account");
    house.stop();
    let users = house.state_dir().join("users");
    let text = std::fs::read_to_string(users.join("games.toml")).unwrap();
    std::fs::rename(house.state_dir().join("state/games"), house.state_dir().join("state/gamer")).unwrap();
    std::fs::remove_file(users.join("games.toml")).unwrap();
    house.give(&users.join("gamer.toml"), &text.replace("name = \"games\"", "name = \"gamer\""));
    house.give(
        &users.join("gone%1B.toml"),
        &text.replace("\"games\"", "\"gone\\u001b\"").replace("uid = 5", "uid = 60123"),
    );
    house.start();
    assert!(house.mfactl(&["status", "games"]).ok().contains("mfactl rename gamer games"));
    house.mfactl(&["rename", "gamer", "games"]).ok();
    house.typing(&["verify", "games"], &hotp(&key, 0)).ok();
    let would = house.mfactl(&["purge", "--orphans", "--dry-run", "--json"]).objects();
    assert_eq!(would, [serde_json::json!({ "orphan": "gone\u{1b}", "removed": false })]);
    assert_eq!(house.mfactl(&["purge", "--orphans"]).ok(), "removed gone\\u{1b}\n");
    assert!(house.mfactl(&["purge", "--orphans"]).ok().contains("nothing to remove"));
    assert_eq!(house.mfactl(&["list", "--json"]).objects().len(), 2);
}

#[test]
fn requirements_are_set_lifted_and_explained() {
    let house = House::new();
    house.write("mfa.toml", "require = \"off\"\n[[rule]]\nmatch = { service = [\"cups\"], user = [\"*\"], from = [\"*\"] }\nrequire = \"off\"\n");
    let mut house = house;
    house.stop();
    house.start();
    let explain = |user: &str, service: &str| house.mfactl(&["explain", user, service, "--json"]).json();
    assert_eq!(
        (&explain("games", "sshd")["require"], &explain("games", "sshd")["outcome"]),
        (&"off".into(), &"exempt".into())
    );
    house.mfactl(&["require", "--all", "optional"]).ok();
    house.mfactl(&["require", "@games", "required"]).ok();
    house.mfactl(&["require", "man", "required"]).ok();
    assert_eq!(explain("daemon", "sshd")["outcome"], "not-enrolled-ignored");
    assert_eq!(explain("games", "sshd")["decided_by"], "requirements.toml: group games");
    assert_eq!(explain("man", "sshd")["outcome"], "not-enrolled-refused");
    house.enrolled("man", "totp");
    assert_eq!(explain("man", "sshd")["methods"], serde_json::json!(["totp", "recovery"]));
    let text = house.mfactl(&["explain", "man", "sshd", "--rhost", "192.0.2.1", "--tty", "ssh"]).ok();
    assert!(text.starts_with("man at sshd is asked for a verification code, 3 tries.\n"), "{text}");
    assert!(text.contains("mfactl require man") && text.contains("mfa.toml:1: require"), "{text}");
    assert_eq!(explain("man", "cups")["require"], "off");
    house.mfactl(&["reset", "man"]).ok();
    assert_eq!(house.status("man")["require"]["require"], "required");
    house.mfactl(&["require", "man", "--lift"]).ok();
    house.mfactl(&["require", "@games", "--lift"]).ok();
    assert_eq!(explain("man", "sshd")["outcome"], "not-enrolled-ignored");
    house.mfactl(&["reset", "bin"]).refused(1, "not enrolled");
}

#[test]
fn a_login_of_another_hour_is_explained_by_the_rule_of_that_hour() {
    let mut house = House::new();
    house.write(
        "mfa.toml",
        "require = \"optional\"\n[[rule]]\nmatch = { service = [\"sshd\"], time = [\"22:00-06:00\"] }\nrequire = \"required\"\n",
    );
    house.stop();
    house.start();
    let at = |when: &str| house.mfactl(&["explain", "games", "sshd", "--json", "--at", when]).json()["outcome"].clone();
    assert_eq!(at("2026-11-27T23:30"), "not-enrolled-refused");
    assert_eq!(at("2026-11-27T12:00"), "not-enrolled-ignored");
    house.mfactl(&["explain", "games", "sshd", "--at", "noon"]).refused(2, "2026-11-29T22:30");
}

#[test]
fn lists_of_any_length_come_whole_and_in_order() {
    let mut house = House::new();
    let key = house.enrolled("games", "totp");
    house.enrolled("man", "totp");
    for _ in 0..7 {
        // Quotes take two bytes of JSON each.
        house.mfactl(&["enroll", "games", "--no-confirm", "--label", &"\"".repeat(64)]).ok();
    }
    house.mfactl(&["enroll", "games", "--no-confirm"]).refused(1, "8 factors");
    house.mfactl(&["enroll", "man", "--no-confirm", "--label", &"x".repeat(65)]).refused(1, "64 plain characters");
    house.stop();
    let users = house.state_dir().join("users");
    let copy = |of: &str, uid: &str, name: &str, number: u32| {
        let text = std::fs::read_to_string(users.join(format!("{of}.toml"))).unwrap();
        let text = text.replace(&format!("name = \"{of}\""), &format!("name = \"{name}\""));
        house.give(&users.join(format!("{name}.toml")), &text.replace(uid, &format!("uid = {number}")));
    };
    (0..20).for_each(|number| copy("games", "uid = 5", &format!("many{number:02}"), 100_000 + number));
    (0..4500).for_each(|number| copy("man", "uid = 6", &format!("u{number:04}"), 200_000 + number));
    house.give(&users.join("damaged.toml"), "version = 1\n");
    house.start();
    let mut listed = house.mfactl(&["status", "--json"]).objects();
    let totals = listed.pop().unwrap();
    assert_eq!((&totals["totals"]["users"], &totals["totals"]["enrolled"]), (&4523.into(), &4522.into()));
    let names: Vec<&str> = listed.iter().map(|user| user["user"].as_str().unwrap()).collect();
    assert_eq!(names.len(), 4523);
    assert!(names.is_sorted() && names[..3] == ["damaged", "games", "man"]);
    assert_eq!(listed[0]["problem"], true);
    house.mfactl(&["status", "damaged"]).refused(1, "damaged.toml");
    let text = house.mfactl(&["list"]).ok();
    assert!(text.starts_with("USER ") && text.lines().count() == 4524, "{text}");
    house.typing(&["verify", "games"], &totp(&key)).ok();
}
