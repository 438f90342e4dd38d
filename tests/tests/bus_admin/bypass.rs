//! A bypass, which takes two administrators.

use crate::{Scene, admin};
use pam_mfa_tests::harness::canary;
use serde_json::json;

#[test]
fn a_bypass_takes_two_administrators_over_the_bus_and_managing_users_is_not_enough() {
    let scene = Scene::new("bus-bypass");
    let alice = scene.house.enroll("alice", "hotp");
    let make = json!(["make_bypass", "alice", 3600, 1, "phone lost"]);
    scene.nobody_else(&make, &[&scene.dave]);
    let made = scene.does(&make);
    let code = made[0].as_str().unwrap();
    canary::keep_quiet_about(code);
    assert_eq!((&made[1]["standing"], &made[1]["by_uid"]), (&json!("waits"), &json!(1003)), "{made}");
    let shown = scene.house.mfactl.run(&["bypass"], "").ok().stdout;
    assert!(
        shown.contains("alice: Bypass, waits for the consent") && shown.contains("by uid 1003: phone lost"),
        "{shown}"
    );
    assert_eq!(scene.house.knock("alice", code).reason, "consent-missing");
    let first = made[1]["id"].as_str().unwrap();
    let consent = json!(["consent_to_bypass", "alice", first]);
    scene.nobody_else(&consent, &[&scene.dave, &scene.strangers[0], &scene.strangers[1]]);
    assert!(scene.refused(&consent).contains("you made it yourself"));
    let root = admin(&scene.house.world.user("root"), &consent);
    assert!(root.stderr.contains("Error.Refused") && root.stderr.contains("log in as yourself"), "{root:?}");
    assert_eq!(scene.house.knock("alice", code).reason, "consent-missing");
    let other = admin(&scene.bob, &json!(["consent_to_bypass", "alice", "00000000"]));
    assert!(other.stderr.contains("Error.Refused") && other.stderr.contains("has changed since"), "{other:?}");
    assert_eq!(scene.house.knock("alice", code).reason, "consent-missing");
    let _ = admin(&scene.bob, &consent).ok();
    let listed = scene.does(&json!(["bypasses", ""]));
    assert_eq!((&listed[0][0]["standing"], &listed[0][0]["consented"]), (&json!("open"), &json!(1002)), "{listed}");
    assert_eq!(listed[0][0]["id"], first, "{listed}");
    assert!(scene.opens("alice", code) && !scene.opens("alice", code));
    let _ = scene.does(&make);
    // Ending one takes nobody's door key but the one that was handed out.
    scene.nobody_else(&json!(["revoke_bypass", "alice"]), &scene.strangers.each_ref());
    let _ = admin(&scene.dave, &json!(["revoke_bypass", "alice"])).ok();
    assert!(scene.house.mfactl.run(&["bypass"], "").ok().stdout.contains("No bypass is open"));
    assert!(scene.opens("alice", &alice.oathtool().hotp(0)));
    for (call, why) in [
        (json!(["make_bypass", "alice", 5, 1, "x"]), "60 s at least and 4 h at most"),
        (json!(["make_bypass", "alice", 3600, 1, " "]), "1 to 160 plain characters"),
        (json!(["make_bypass", "alice", 3600, 1001, "x"]), "1 to 1000 logins"),
    ] {
        assert!(scene.refused(&call).contains(why), "{call}");
    }
}
