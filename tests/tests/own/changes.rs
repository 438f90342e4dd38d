//! Whoever has a factor changes what there is: by a code, a recovery code, another device's yes, and by nothing less.

use crate::{REQUIRED, enrolled, house, lets_in, own, status};
use pam_mfa_tests::harness::{Home, Mfactl, Oathtool, PASSWORD, Program, Ran, Terminal, calm_now, request_id};
use serde_json::Value;

#[test]
fn a_second_app_is_added_by_a_fresh_code_named_preferred_and_removed_again() {
    let (house, _bus) = house("own-app", REQUIRED);
    let alice = house.world.user("alice");
    let first = house.enroll("alice", "totp");
    let (factor, app) = enrolled(&alice, &first.recovery_codes[0]);
    assert!(Mfactl::me(&alice, &["rename", &factor, "work phone"], "").ok().stdout.contains("work phone"));
    assert!(Mfactl::me(&alice, &["prefer", "push"], "").stderr.contains("no factor of that method"));
    assert_eq!(Mfactl::me(&alice, &["prefer", "totp"], "").code, 0);
    let shown = own(&alice);
    assert_eq!((shown["preferred"].as_str(), shown["recovery_left"].as_u64()), (Some("totp"), Some(9)));
    let listed = shown["factors"].as_array().unwrap();
    assert!(listed.iter().any(|known| known["id"] == factor.as_str() && known["label"] == "work phone"), "{shown}");
    let spent = app.totp(calm_now());
    assert!(!lets_in(&house, "alice", &spent), "the code that confirmed it is spent");
    let text = Mfactl::me(&alice, &[], "").ok().stdout;
    assert!(text.contains("work phone") && text.contains("9 recovery codes left"), "{text}");
    let ran = Mfactl::me(&alice, &["remove", &factor], &format!("{}\n", first.recovery_codes[1]));
    assert_eq!(ran.code, 0, "{ran:?}");
    let last = Mfactl::me(&alice, &["remove", &first.factor], &format!("{}\n", first.recovery_codes[2]));
    assert!(last.code == 1 && last.stderr.contains("last factor"), "{last:?}");
    assert_eq!(own(&alice)["recovery_left"].as_u64(), Some(8), "nothing was spent on a refusal");
}

#[test]
fn without_a_fresh_proof_of_ones_own_nothing_changes() {
    let (house, _bus) = house("own-proof", REQUIRED);
    let (alice, bob) = (house.world.user("alice"), house.world.user("bob"));
    let mine = house.enroll("alice", "totp");
    let theirs = house.enroll("bob", "totp");
    let code = mine.oathtool().totp(calm_now());
    assert!(lets_in(&house, "alice", &code));
    let before = status(&house, "alice")["factors"].clone();
    for proof in ["", "nonsense", &code, &theirs.recovery_codes[0]] {
        for args in [&["enroll"][..], &["disable"], &["recovery-codes"], &["remove", &mine.factor], &["lost", "dev-1"]]
        {
            let ran = Mfactl::me(&alice, args, &format!("{proof}\n"));
            assert_eq!(ran.code, 1, "{args:?} by {proof:?}: {ran:?}");
            let told = proof != "nonsense"
                || ["lost", "remove"].contains(&args[0])
                || ran.stderr.contains("A code works once");
            assert!(told, "{args:?} by {proof:?}: {ran:?}");
        }
    }
    let none = Mfactl::me(&alice, &["confirm", "totp-1"], "");
    assert!(none.code == 1 && none.stderr.contains("you have no factor totp-1"), "{none:?}");
    let done = Mfactl::me(&alice, &["confirm", &mine.factor], "");
    assert!(done.code == 1 && done.stderr.contains("is confirmed already"), "{done:?}");
    assert_eq!(Mfactl::me(&bob, &["remove", &mine.factor], &format!("{}\n", theirs.recovery_codes[1])).code, 1);
    assert_eq!(status(&house, "alice")["factors"], before, "{before}");
    assert_eq!(own(&alice)["recovery_left"].as_u64(), Some(10));
    assert_eq!(own(&house.world.user("carol"))["enrolled"], false);
}

#[test]
fn wrong_proofs_wear_out_the_budget_of_the_users_programs_and_leave_logins_alone() {
    let (house, _bus) = house("own-budget", REQUIRED);
    let alice = house.world.user("alice");
    let mine = house.enroll("alice", "totp");
    let tried: Vec<Ran> = (0..8)
        .map(|_| Mfactl::me(&alice, &["recovery-codes"], "000000\n"))
        .inspect(|ran| assert_eq!(ran.code, 1))
        .collect();
    assert!(tried.iter().any(|ran| ran.stderr.contains("too many wrong codes")), "{tried:?}");
    assert!(lets_in(&house, "alice", &mine.oathtool().totp(calm_now())));
}

#[test]
fn a_recovery_code_removes_everything_and_where_one_is_required_the_next_is_set_up_at_once() {
    let (house, _bus) = house("own-disable", REQUIRED);
    let alice = house.world.user("alice");
    let mine = house.enroll("alice", "totp");
    let ran = Mfactl::me(&alice, &["disable", "--json"], &format!("{}\n", mine.recovery_codes[3]));
    // The input ends before the new factor's first code: it waits.
    assert!(ran.code == 1 && ran.stderr.contains("set up the next one now"), "{ran:?}");
    assert_eq!(own(&alice)["enrolled"], false);
    assert!(!lets_in(&house, "alice", &mine.oathtool().totp(calm_now())), "the old one is gone");
    assert!(!lets_in(&house, "alice", &mine.recovery_codes[4]), "its recovery codes as well");
    let made: Value = serde_json::from_str(ran.stdout.lines().nth(1).unwrap()).unwrap();
    let secret = made["uri"].as_str().unwrap().split("secret=").nth(1).unwrap().split('&').next().unwrap().to_owned();
    let app = Oathtool::new(&secret);
    let confirmed = Mfactl::me(
        &alice,
        &["confirm", made["factor"].as_str().unwrap(), "--json"],
        &format!("{}\n", app.totp(calm_now())),
    );
    assert_eq!(confirmed.ok().json()["recovery_codes"].as_array().map(Vec::len), Some(10));
    let log = house.mfactl.run(&["log", "--json"], "").ok().stdout;
    assert!(log.contains("enroll.disabled") && log.contains("\"by_uid\":1001"), "{log}");
}

#[test]
fn new_recovery_codes_replace_the_old_ones() {
    let (house, _bus) = house("own-recovery", REQUIRED);
    let alice = house.world.user("alice");
    let mine = house.enroll("alice", "totp");
    let code = mine.oathtool().totp(calm_now());
    let made = Mfactl::me(&alice, &["recovery-codes", "--json"], &format!("{code}\n")).ok().json();
    let codes = made["recovery_codes"].as_array().unwrap();
    assert_eq!(codes.len(), 10);
    assert!(!lets_in(&house, "alice", &mine.recovery_codes[0]) && lets_in(&house, "alice", codes[0].as_str().unwrap()));
}

#[test]
fn a_devices_yes_proves_the_change_it_was_asked_about_and_each_change_is_announced() {
    let mut home = Home::new("own-device", REQUIRED);
    let alice = home.house.world.user("alice");
    let mut terminal = Terminal::start(
        &Program::new(pam_mfa_tests::harness::built("mfactl"))
            .args(["me", "recovery-codes", "--by-device"])
            .as_user(&alice),
    );
    terminal.expect("asks for this number: ");
    let request = home.device.presented();
    let number: String = pam_mfa_tests::harness::number_in(terminal.expect("\n").trim());
    assert!(request["purpose"].to_string().contains("renew-recovery"), "{request}");
    assert_eq!(home.device.does(&format!("approve {} {number}", request_id(&request))), "OK");
    assert_eq!(terminal.finish().code, 0);
    let _ = home.device.is_told("New recovery codes were made");
    let _ = home.house.mfactl.run(&["unlock", "alice"], "").ok();
    let _ = home.device.is_told("by an administrator");
}

#[test]
fn what_a_user_prefers_is_named_first_in_the_prompt() {
    let home = Home::new("own-prefer", REQUIRED);
    let alice = home.house.world.user("alice");
    home.furnish_sudo();
    let at_the_prompt = || {
        let mut terminal = Terminal::start(&Program::new("sudo").args(["id"]).as_user(&alice));
        terminal.answer("assword", PASSWORD);
        terminal.expect("press Enter")
    };
    assert!(at_the_prompt().contains("Verification code (or approve"));
    assert_eq!(Mfactl::me(&alice, &["prefer", "push"], "").code, 0);
    let prompt = at_the_prompt();
    assert!(prompt.contains("Approve ") && !prompt.contains("Verification"), "{prompt}");
}
