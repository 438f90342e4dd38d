//! What polkit is told, what it shows, and how often it is asked.

use crate::{Scene, admin};
use pam_mfa_tests::harness::{Program, Terminal, User, built};
use serde_json::{Value, json};
use std::time::{Duration, Instant};

#[test]
fn polkit_is_told_what_is_asked_and_about_whom() {
    let mut scene = Scene::new("bus-told");
    let erin = scene.house.world.add_user("erin", 1005);
    let _ = admin(&erin, &json!(["status", "bob"])).ok();
    for other in [json!(["status", "alice"]), json!(["status", "bob "]), json!(["unlock", "bob"])] {
        let ran = admin(&erin, &other);
        assert!(ran.stderr.contains("Error.NotAuthorized"), "{other}: {ran:?}");
    }
}

#[test]
fn polkits_dialogue_says_what_is_asked_and_about_whom() {
    let mut scene = Scene::new("bus-dialogue");
    let frank = scene.house.world.add_user("frank", 1006);
    let call = "busctl --system --allow-interactive-authorization=yes call io.github.pam_mfa.Daemon \
        /io/github/pam_mfa/Daemon io.github.pam_mfa.Admin1";
    for (method, arguments, shown) in [
        ("Ticket", "s bob", "to manage second factors: Ticket bob"),
        ("VerifyLog", "", "to manage second factors: VerifyLog "),
        ("RevokeBypass", "s '<b>$(x)\u{1b}[2J'", "to manage second factors: RevokeBypass ?b?$?x???2J"),
        ("ConsentToBypass", "ss bob 0", "to stand in for a second factor: ConsentToBypass bob"),
    ] {
        // The agent is this process's, which is the caller's then; it closes the descriptor when polkit knows it.
        let line = format!(
            "known=$(mktemp -u) && mkfifo $known && {{ pkttyagent --process $$ --notify-fd 9 9> $known & cat $known; \
             rm $known; exec {call} {method} {arguments}; }}"
        );
        let mut terminal = Terminal::start(&Program::new("sh").args(["-c", &line]).as_user(&frank));
        terminal.expect(shown);
    }
}

#[test]
fn who_changes_much_over_the_bus_waits_and_who_looks_or_is_root_does_not() {
    let scene = Scene::new("bus-paced");
    let _ = scene.house.enroll("bob", "hotp");
    let took = |who: &User, call: Value| {
        let (lines, start) = (format!("{call}\n").repeat(24), Instant::now());
        let _ = Program::new(built("admin")).as_user(who).run(&lines).ok();
        start.elapsed()
    };
    // Sixteen are served at once, then four in a second.
    let least = Duration::from_secs(2);
    let changes = took(&scene.carol, json!(["unlock", "bob"]));
    assert!(changes >= least, "{changes:?}");
    // A code that is tried, and what an administrator cleans up, as well.
    for (who, call) in [(&scene.bob, json!(["verify", "bob", "000000"])), (&scene.dave, json!(["purge", ""]))] {
        let changes = took(who, call.clone());
        assert!(changes >= least, "{call}: {changes:?}");
    }
    let looks = took(&scene.carol, json!(["requirements"]));
    let roots = took(&scene.house.world.user("root"), json!(["unlock", "bob"]));
    assert!(looks < least && roots < least, "{looks:?} {roots:?}");
}

/// The defaults of the actions as they are shipped.
#[test]
fn where_no_rule_says_who_users_are_managed_by_who_authenticates_and_bypasses_by_nobody() {
    let mut scene = Scene::new("bus-defaults");
    let heidi = scene.house.world.add_user("heidi", 1007);
    let call = "--system --allow-interactive-authorization=no call io.github.pam_mfa.Daemon /io/github/pam_mfa/Daemon \
        io.github.pam_mfa.Admin1";
    for (what, why) in [
        ("Status s bob", "you have to authenticate for this"),
        ("Unlock s bob", "you have to authenticate for this"),
        ("RevokeBypass s bob", "you have to authenticate for this"),
        ("MakeBypass stqs bob 3600 1 lost", "polkit does not let you do this"),
        ("ConsentToBypass ss bob 00000000", "polkit does not let you do this"),
    ] {
        let words = call.split_ascii_whitespace().chain(what.split(' '));
        let ran = Program::new("busctl").args(words).as_user(&heidi).run("");
        assert!(ran.code == 1 && ran.stderr.contains(why), "{what}: {ran:?}");
    }
}
