//! What a hostile program under the user's uid could try on `Factors1`: guessing, another way than policy's, hostile texts.

use pam_mfa_tests::harness::{
    Device, House, Mfactl, Mfad, Oathtool, Polkit, Program, Ran, SystemBus, User, World, calm_now,
};
use std::time::{Duration, Instant};

const REQUIRED: &str = "require = \"required\"\n";

fn call(user: &User, method: &str, args: &[&str]) -> Ran {
    let program = Program::new("dbus-send").args(["--system", "--print-reply", "--reply-timeout=20000"]);
    let program = program.args(["--dest=io.github.pam_mfa.Daemon", "/io/github/pam_mfa/Daemon"]);
    program.arg(format!("io.github.pam_mfa.{method}")).args(args).as_user(user).run("")
}

fn on(world: World, policy: &str) -> House {
    let mfad = Mfad::start(&world, policy);
    let house = House { mfad, mfactl: Mfactl::new(&world), world };
    house.mfad.is_on_the_bus(1);
    house
}

#[test]
fn the_code_of_a_factor_that_an_administrator_handed_out_cannot_be_guessed() {
    let world = World::new("guess-confirm");
    let _bus = SystemBus::start(&world);
    let house = on(world, REQUIRED);
    let alice = house.world.user("alice");
    let secret = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";
    let _ = house.mfactl.run(&["token", "add", "T-9", "--period", "30"], &format!("{secret}\n")).ok();
    let _ = house.mfactl.run(&["token", "assign", "T-9", "alice"], "").ok();
    let status = house.mfactl.run(&["status", "alice", "--json"], "").ok().json();
    let factor = status["factors"][0]["id"].as_str().unwrap().to_owned();
    let token = Oathtool::new(secret);
    let wrong = token.wrong(calm_now());
    let guess =
        |code: &str| call(&alice, "Factors1.Confirm", &[&format!("string:{factor}"), &format!("string:{code}")]);
    let refused = (0..12).filter(|_| guess(&wrong).stderr.contains("Error.Later")).count();
    assert!(refused >= 6, "of twelve guesses in a row five are looked at, not {}", 12 - refused);
    // Whoever has been guessing does not get in by the right one either.
    let right = guess(&token.totp(calm_now()));
    assert!(right.stderr.contains("Error.Later"), "{right:?}");
    assert_eq!(house.mfactl.run(&["status", "alice", "--json"], "").ok().json()["enrolled"], false);
    // An administrator is not kept from helping.
    let _ = house.mfactl.run(&["unlock", "alice"], "").ok();
    let confirmed = guess(&token.totp(calm_now()));
    assert!(confirmed.ok().stdout.matches('-').count() >= 50, "ten recovery codes");
}

#[test]
fn polkits_word_is_good_for_the_way_that_policy_names_alone() {
    let rules = "polkit.addRule(function(action, subject) { return polkit.Result.YES; });\n";
    let mut world = World::new("guess-way");
    let (_bus, _polkit) = Polkit::start(&mut world, rules);
    let house = on(world, "require = \"optional\"\nenrol = [\"token\"]\n");
    let alice = house.world.user("alice");
    let app = call(&alice, "Factors1.Enroll", &["string:totp", "string:x", "string:"]);
    assert!(app.stderr.contains("Error.NotAuthorized"), "policy names tokens alone: {app:?}");
    house.mfad.reload("require = \"optional\"\nenrol = [\"app\"]\n");
    let end = std::time::Instant::now() + std::time::Duration::from_secs(15);
    while call(&alice, "Factors1.Enroll", &["string:totp", "string:x", "string:"]).code != 0 {
        assert!(std::time::Instant::now() < end, "the new policy lets an app be set up");
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    let token = call(&alice, "Factors1.EnrollToken", &["string:T-1", "string:000000", "string:"]);
    assert!(token.stderr.contains("Error.NotAuthorized"), "policy names apps alone: {token:?}");
}

#[test]
fn texts_that_steer_terminals_are_no_labels_and_are_never_shown_raw() {
    let world = World::new("guess-texts");
    let _bus = SystemBus::start(&world);
    let house = on(world, REQUIRED);
    let alice = house.world.user("alice");
    let mine = house.enroll("alice", "totp");
    for hostile in ["\u{1b}[2Jgone", "\u{202e}enohp", "two\nlines", &"long".repeat(100)] {
        let ran = call(&alice, "Factors1.Rename", &[&format!("string:{}", mine.factor), &format!("string:{hostile}")]);
        assert_ne!(ran.code, 0, "{hostile:?}: {ran:?}");
        let unknown = call(&alice, "Factors1.Prefer", &[&format!("string:{hostile}")]);
        assert_ne!(unknown.code, 0, "{hostile:?}");
    }
    let shown = Mfactl::me(&alice, &[], "").ok().stdout + &house.mfactl.run(&["log"], "").ok().stdout;
    assert!(!shown.contains('\u{1b}') && !shown.contains('\u{202e}'), "{shown:?}");
}

#[test]
fn who_asks_tries_or_changes_much_waits_and_who_looks_does_not() {
    let mut world = World::new("guess-paced");
    let calls =
        ["challenge add-device", "pair desk 000000", "lost device-1 000000", "send 7b7d 00", "deny 1", "offer desk"];
    let all = calls.iter().copied().chain(["devices"]);
    let users: Vec<_> =
        (1100..).zip(all).map(|(uid, call)| (world.add_user(&format!("user{uid}"), uid), call)).collect();
    let _bus = SystemBus::start(&world);
    let house = on(world, REQUIRED);
    // Sixteen of a uid are served at once, then four in a second.
    let least = Duration::from_secs(2);
    std::thread::scope(|scope| {
        for (user, call) in &users {
            let start = || Device::start(user, 9);
            scope.spawn(move || {
                let (mut device, begun) = (start(), Instant::now());
                (0..24).for_each(|_| drop(device.does(call)));
                let took = begun.elapsed();
                assert_eq!(took >= least, *call != "devices", "{call}: {took:?}");
            });
        }
    });
    drop(house);
}
