//! Users, what is required of them, and what lies idle.

use crate::{Scene, unchanged};
use serde_json::json;
use std::time::{Duration, Instant};

#[test]
fn users_are_renamed_purged_adopted_and_looked_at_over_the_bus_as_by_mfactl() {
    let mut scene = Scene::new("bus-users");
    let alice = scene.house.enroll("alice", "hotp");
    for (name, uid) in [("anna", 1010), ("gone", 1011)] {
        scene.house.world.add_user(name, uid);
        let _ = scene.house.enroll(name, "hotp");
    }
    scene.house.world.remove_user("anna");
    scene.house.world.add_user("anne", 1010);
    assert_eq!(scene.does(&json!(["rename", "anna", "anne"])), json!("the enrolment of anna is anne's now"));
    assert_eq!(scene.status("anne")["enrolled"], true);
    scene.house.world.remove_user("gone");
    assert_eq!(scene.does(&json!(["orphans", ""])), json!([["gone"], ""]));
    assert!(scene.house.world.state_dir().join("users/gone.toml").exists());
    assert_eq!(scene.does(&json!(["purge", ""])), json!([["gone"], ""]));
    assert!(!scene.house.world.state_dir().join("users/gone.toml").exists());
    let accounts = json!([["alice", 1001, 1001], ["anne", 1010, 1010], ["bob", 1002, 1002]]);
    let unlisted = scene.does(&json!(["unlisted", accounts]));
    assert_eq!(unlisted.as_array().unwrap().len(), 1, "{unlisted}");
    assert_eq!((&unlisted[0]["user"], &unlisted[0]["required"]), (&json!("bob"), &json!("required")));

    let _ = scene.house.mfactl.run(&["require", "@admins", "required"], "");
    scene.house.world.add_group("admins", 5000, &["alice"]);
    let _ = scene.house.mfactl.run(&["require", "@admins", "required"], "").ok();
    assert_eq!(scene.does(&json!(["requirements"])), json!(["required", "", 0, [["admins", "required", 0]]]));
    let about = scene.does(&json!(["about"]));
    assert!(about[1][0].as_str().unwrap().ends_with("mfa.toml") && about[2] == "", "{about}");

    scene.house.mfad.kill9();
    std::fs::remove_file(scene.house.world.state_dir().join("state/alice")).unwrap();
    scene.house.mfad.run();
    scene.house.mfad.is_on_the_bus(2);
    assert_eq!(scene.house.knock("alice", &alice.oathtool().hotp(0)).reason, "state-lost");
    let _ = scene.does(&json!(["adopt", "alice"]));
    assert!(scene.opens("alice", &alice.oathtool().hotp(1)));

    // Page by page it is the trail, whole.
    for _ in 0..40 {
        let _ = scene.house.mfactl.run(&["unlock", "alice"], "").ok();
    }
    let (mut lines, mut from, mut pages) = (Vec::new(), json!(""), 0);
    loop {
        let page = scene.does(&json!(["log_from", "alice", 0, from]));
        lines.extend(page[0].as_array().unwrap().iter().map(|line| line.as_str().unwrap().to_owned()));
        (from, pages) = (page[1].clone(), pages + 1);
        if from == "" {
            break;
        }
    }
    let shown = scene.house.mfactl.run(&["log", "--user", "alice", "--json"], "").ok().stdout;
    assert_eq!(lines, shown.lines().collect::<Vec<_>>());
    assert!(pages > 1);
    assert!(scene.refused(&json!(["log_from", "alice", 0, "x"])).contains("Error.BadValue"));
    let walked = scene.does(&json!(["verify_log"]));
    assert!(walked[0].as_u64().unwrap() > 40 && walked[2] == json!([]), "{walked}");
}

#[test]
fn a_login_is_explained_over_the_bus_as_it_would_be_at_another_hour() {
    let scene = Scene::new("bus-explain");
    let _ = scene.house.enroll("bob", "totp");
    // 12:00 and 23:00 of the same day, by UTC, which is what hosts of tests go by.
    let [noon, night] = [1_767_614_400, 1_767_654_000].map(|at| json!(["explain_at", "vault", "bob", "", at]));
    let (by_day, by_night) = (scene.does(&noon), scene.does(&night));
    assert_eq!((&by_day[2], &by_night[2]), (&json!(["totp", "recovery"]), &json!(["totp"])));
    assert!(by_night[1].as_str().unwrap().contains("require") && by_night[1] != by_day[1], "{by_night}");
    // Without a time it is now; elsewhere the hour changes nothing.
    let now = scene.does(&json!(["explain", "vault", "bob", ""]));
    assert!(now == by_day || now == by_night, "{now}");
    let elsewhere = json!(["explain_at", "su", "bob", "", night[4]]);
    assert_eq!(scene.does(&elsewhere), scene.does(&json!(["explain", "su", "bob", ""])));
}

#[test]
fn what_lies_idle_is_told_suspended_and_taken_back_over_the_bus() {
    let mut scene = Scene::new("bus-hygiene");
    let alice = scene.house.enroll("alice", "hotp");
    let _ = scene.house.mfad.stop();
    scene.house.mfad.set_clock(91 * 86_400);
    scene.house.mfad.run();
    scene.house.mfad.is_on_the_bus(2);
    // By itself it locks the last one out of nothing.
    let end = Instant::now() + Duration::from_secs(25);
    while !scene.house.mfad.errors().contains("would leave nobody a factor") {
        assert!(Instant::now() < end, "{}", scene.house.mfad.errors());
        std::thread::sleep(Duration::from_millis(50));
    }
    let before = scene.files();
    let told = scene.does(&json!(["hygiene", true, ""]));
    unchanged(&before, &scene.files(), &json!("it was only told"));
    let change = &told[0][0];
    assert_eq!(
        (&change["user"], &change["id"], &change["act"], &change["opens"], &change["recovery_left"]),
        (&json!("alice"), &json!(alice.factor), &json!("suspend-unused"), &json!(false), &json!(10))
    );
    assert_eq!(scene.does(&json!(["hygiene", false, ""])), told);
    assert_eq!(scene.house.knock("alice", &alice.oathtool().hotp(0)).reason, "suspended");
    assert!(scene.house.mfactl.run(&["hygiene"], "").ok().stdout.contains("nothing to do"));
    assert!(scene.refused(&json!(["resume", "alice", "hotp-00000000"])).contains("suspended nothing"));
    let back = scene.does(&json!(["resume", "alice", alice.factor]));
    assert!(back.as_str().unwrap().contains("taken back"), "{back}");
    assert!(scene.opens("alice", &alice.oathtool().hotp(0)));
}

#[test]
fn over_the_bus_a_day_goes_with_required_alone_and_nothing_is_taken_off() {
    let scene = Scene::new("bus-require");
    let day = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs() + 86_400;
    for whom in ["bob", "--all"] {
        let why = scene.refused(&json!(["require", whom, "optional", day]));
        assert!(why.contains("a day from which on goes with \"required\" alone"), "{whom}: {why}");
    }
    for level in ["off", "approved", "Required"] {
        assert!(scene.refused(&json!(["require", "bob", level, 0])).contains("Error.BadValue"), "{level}");
    }
    let years = scene.refused(&json!(["require", "bob", "required", day + 2 * 366 * 86_400]));
    assert!(years.contains("more than a year away"), "{years}");
    let required = || scene.status("bob")["require"].clone();
    let _ = scene.does(&json!(["require", "bob", "required", day]));
    assert_eq!(required()["after"], day, "{}", required());
    let _ = scene.does(&json!(["require", "bob", "optional", 0]));
    assert!(required().to_string().contains("optional"), "{}", required());
    let _ = scene.does(&json!(["require", "bob", "", 0]));
    assert!(!required().to_string().contains("optional"), "{}", required());
}
