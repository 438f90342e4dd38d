//! Who manages users by polkit's word, and a polkit that is gone.

use crate::{GRACE, call, lets_in, own, with_polkit};
use pam_mfa_tests::harness::{Program, calm_now};
use std::time::Duration;

#[test]
fn who_manages_users_by_polkits_word_does_what_mfactl_does_and_is_named_in_the_trail() {
    let (house, _bus, _polkit) = with_polkit("own-admin", GRACE);
    let (bob, carol) = (house.world.user("bob"), house.world.user("carol"));
    let _ = house.enroll("alice", "totp");
    assert!(call(&bob, "Admin1.Status", &["string:alice"]).stderr.contains("NotAuthorized"));
    assert!(call(&carol, "Admin1.Status", &["string:alice"]).ok().stdout.contains("totp"));
    let set = call(&carol, "Admin1.Require", &["string:bob", "string:required", "uint64:0"]).ok().stdout;
    assert!(set.contains("bob"), "{set}");
    let listed = call(&carol, "Admin1.List", &["array:string:overdue", "uint64:0", "string:"]).ok().stdout;
    assert!(listed.contains("\"bob\"") && !listed.contains("\"alice\""), "{listed}");
    assert_eq!(call(&carol, "Admin1.Reset", &["string:alice", "uint64:0"]).code, 0);
    assert_eq!(own(&house.world.user("alice"))["enrolled"], false);
    let log = call(&carol, "Admin1.Log", &["string:alice", "uint64:0"]).ok().stdout;
    assert!(log.contains("admin.reset") && log.contains(&format!("\"by_uid\":{}", carol.uid)), "{log}");
    let unknown = call(&carol, "Admin1.List", &["array:string:everything", "uint64:0", "string:"]);
    assert!(unknown.stderr.contains("BadValue"), "{unknown:?}");
}

#[test]
fn a_polkit_that_is_gone_or_answers_nothing_lets_nobody_and_holds_up_nobody_else() {
    let (house, _bus, polkit) = with_polkit("own-frozen", GRACE);
    let (alice, carol) = (house.world.user("alice"), house.world.user("carol"));
    let mine = house.enroll("bob", "totp");
    polkit.freeze();
    let waiting: Vec<_> = (0..12)
        .map(|_| {
            let program = Program::new("dbus-send").args(["--system", "--print-reply", "--reply-timeout=60000"]);
            let program = program.args(["--dest=io.github.pam_mfa.Daemon", "/io/github/pam_mfa/Daemon"]);
            let program = program.args(["io.github.pam_mfa.Admin1.Status", "string:bob"]).as_user(&carol);
            program.bound_to_the_test().command().spawn().unwrap()
        })
        .collect();
    std::thread::sleep(Duration::from_millis(500));
    assert!(
        call(&carol, "Admin1.Status", &["string:bob"]).stderr.contains("Error.Later"),
        "carol has her turns in use"
    );
    assert_eq!(own(&alice)["enrolled"], false, "others are served");
    assert!(lets_in(&house, "bob", &mine.oathtool().totp(calm_now())), "and logins are");
    drop(polkit);
    for mut child in waiting {
        let _ = child.kill();
        let _ = child.wait();
    }
    let gone = call(&alice, "Admin1.Status", &["string:bob"]);
    assert!(gone.stderr.contains("NotAuthorized"), "{gone:?}");
}
