//! A first factor, and what ends with it: by polkit's word in the grace, by a ticket, by a token.

use crate::{GRACE, REQUIRED, call, enrolled, house, lets_in, own, started, status, ticket, with_polkit};
use pam_mfa_tests::harness::{Device, Mfactl, Oathtool, PASSWORD, Program, Terminal, calm_now};

#[test]
fn polkit_lets_a_first_factor_be_set_up_in_the_grace_alone_and_only_whom_it_lets() {
    let (house, _bus, _polkit) = with_polkit("own-first", GRACE);
    let (alice, bob) = (house.world.user("alice"), house.world.user("bob"));
    let refused = Mfactl::me(&bob, &["enroll", "--json"], "\n");
    assert!(refused.code == 1 && refused.stdout.contains("polkit does not let you"), "{refused:?}");
    let (_, app) = enrolled(&alice, "");
    assert_eq!(own(&alice)["enrolled"], true);
    assert!(
        Mfactl::me(&alice, &["enroll"], "\n").stderr.contains("no proof was given"),
        "the second one needs a proof"
    );
    assert!(call(&alice, "Factors1.Enroll", &["string:totp", "string:x", "string:"]).stderr.contains("NotAuthorized"));
    drop(app);
    let _ = house.mfactl.run(&["reset", "alice"], "").ok();
    let _ = house.mfactl.run(&["require", "alice", "--after", "0"], "").ok();
    let late = Mfactl::me(&alice, &["enroll", "--json"], "\n");
    assert!(late.code == 1 && late.stdout.contains("a factor is required by now"), "{late:?}");
    let (_, app) = enrolled(&alice, &ticket(&house));
    assert!(!lets_in(&house, "alice", "000000") && own(&alice)["enrolled"] == true);
    drop(app);
}

#[test]
fn what_was_begun_without_a_proof_ends_with_the_first_factor_whichever_way_that_comes() {
    let (house, _bus, _polkit) = with_polkit("own-begun", GRACE);
    let alice = house.world.user("alice");
    house.world.pam("su", &["requisite pam_unix.so", &house.world.module("required", "first_factor=stack")]);
    let ways: [(&str, &dyn Fn()); 4] = [
        ("administrator", &|| drop(house.enroll("alice", "totp"))),
        ("another app's code", &|| drop(enrolled(&alice, ""))),
        ("device by a ticket", &|| drop(Device::start(&alice, 1).pair(&ticket(&house)))),
        ("login", &|| {
            let _ = house.mfactl.run(&["require", "alice", "--after", "0"], "").ok();
            let bob = house.world.user("bob");
            let mut login = Terminal::start(&Program::new("su").args(["alice", "-c", "echo let in"]).as_user(&bob));
            login.answer("assword: ", PASSWORD);
            let screen = login.expect("the app shows now: ");
            let key = screen.lines().find_map(|line| line.trim().strip_prefix("Key: ")).unwrap().replace(' ', "");
            login.line(&Oathtool::new(&key).totp(calm_now()));
            login.answer("Press Enter when you have kept them: ", "");
            login.expect("let in");
        }),
    ];
    for (way, first) in ways {
        // A program with alice's uid begins one and keeps its key.
        let (begun, key) = started(&Mfactl::me(&alice, &["enroll", "--label", "theirs", "--json"], "\n"));
        assert!(status(&house, "alice")["factors"].to_string().contains(&begun), "{way}");
        first();
        let code = format!("string:{}", key.totp(calm_now()));
        let confirmed = call(&alice, "Factors1.Confirm", &[&format!("string:{begun}"), &code]);
        assert!(confirmed.code == 1 && confirmed.stderr.contains("no factor"), "{way}: {confirmed:?}");
        let now = status(&house, "alice");
        assert!(now["enrolled"] == true && !now.to_string().contains(&begun), "{way}: {now}");
        let log = house.mfactl.run(&["log", "--user", "alice"], "").ok().stdout;
        assert!(log.lines().any(|line| line.contains("factor.removed") && line.contains(&begun)), "{way}: {log}");
        let _ = house.mfactl.run(&["reset", "alice"], "").ok();
    }
}

#[test]
fn a_ticket_ends_with_the_enrolment_it_was_made_for() {
    let (house, _bus) = house("own-ticket", REQUIRED);
    let alice = house.world.user("alice");
    let adds = |ticket: &str, seed: u8| Device::start(&alice, seed).does(&format!("pair x {ticket}")).starts_with("OK");
    // Made for one without a factor: by another way there is one now.
    let leaked = ticket(&house);
    let _ = house.enroll("alice", "totp");
    assert!(!adds(&leaked, 1), "it was for a first factor");
    // For one who has factors, who lost all means of proof: it adds one more, once.
    let for_one_more = ticket(&house);
    assert!(adds(&for_one_more, 2) && !adds(&for_one_more, 3));
    let leaked = ticket(&house);
    let _ = house.mfactl.run(&["reset", "alice"], "").ok();
    assert!(!adds(&leaked, 4), "the factors it was for are gone");
    let after = ticket(&house);
    assert!(adds(&after, 5), "one made since is good");
    let _ = house.mfactl.run(&["reset", "alice"], "").ok();
    // What disabling gives out is for the next first factor alone.
    let again = house.enroll("alice", "totp");
    let disabled = call(&alice, "Factors1.Disable", &[&format!("string:{}", again.recovery_codes[0])]).ok().stdout;
    let given = disabled.split('"').nth(1).filter(|text| text.len() == 26).unwrap_or_else(|| panic!("{disabled}"));
    let _ = house.enroll("alice", "totp");
    assert!(!adds(given, 6), "another way was quicker");
    assert_eq!(status(&house, "alice")["devices"].as_array().map(Vec::len), Some(0));
}

#[test]
fn where_policy_lets_nobody_enrol_alone_polkit_is_not_even_asked() {
    let (house, _bus, _polkit) = with_polkit("own-closed", "require = \"optional\"\n");
    let ran = Mfactl::me(&house.world.user("alice"), &["enroll", "--json"], "\n");
    assert!(ran.code == 1 && ran.stdout.contains("ask your administrator for a ticket"), "{ran:?}");
}

#[test]
fn a_token_is_taken_by_its_serial_number_and_a_code_of_it() {
    let (house, _bus) = house("own-token", REQUIRED);
    let alice = house.world.user("alice");
    let mine = house.enroll("alice", "totp");
    let secret = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";
    let _ = house.mfactl.run(&["token", "add", "T-77", "--period", "30"], &format!("{secret}\n")).ok();
    let token = Oathtool::new(secret);
    let proofs: Vec<&String> = mine.recovery_codes.iter().collect();
    for (serial, code) in [("T-78", token.totp(calm_now())), ("T-77", String::from("000000"))] {
        let ran =
            Mfactl::me(&alice, &["token", serial], &format!("{}\n{code}\n", proofs[usize::from(serial == "T-77")]));
        assert!(ran.code == 1 && ran.stderr.contains("not a token you can take, or not a code of it"), "{ran:?}");
    }
    let listed = house.mfactl.run(&["token", "list", "--json"], "").ok().stdout;
    assert!(!listed.contains("alice"), "it went back: {listed}");
    let ran = Mfactl::me(&alice, &["token", "t-77"], &format!("{}\n{}\n", proofs[2], token.totp(calm_now())));
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(own(&alice)["factors"].to_string().contains("T-77"));
}
