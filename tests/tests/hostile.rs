//! What a hostile user tries beside wrong codes: floods, odd names and frames, files in trouble, another user in the
//! middle of a talk.

use pam_mfa_tests::harness::{House, PamClient, Raw, World, admin, begin, calm_now};
use serde_json::json;
use std::fs;
use std::io::Write;
use std::time::{Duration, Instant};

const POLICY: &str = "require = \"required\"\n";

#[test]
fn who_becomes_another_user_during_the_talk_gets_in_as_neither() {
    let house = House::new("changed", POLICY);
    let codes = house.enroll("alice", "totp").oathtool();
    let _ = house.enroll("bob", "totp");
    let code = codes.totp(calm_now());
    let door = house.door("door", "alice", "first_factor=stack");
    let mark = house.world.log().mark();
    assert_ne!(door.clone().option("--user-meanwhile", "bob").verdict(&[&code]), "PAM_SUCCESS");
    house.world.log().expect_new(mark, &["reason=user-changed"]);
    assert_eq!(door.verdict(&[&code]), "PAM_SUCCESS", "alice's code was not used up for bob");
}

#[test]
fn an_account_that_vanished_with_its_factors_still_there_is_not_let_by() {
    let mut house = House::new("vanished", "require = \"optional\"\n");
    let _ = house.enroll("alice", "totp");
    house.world.remove_user("alice");
    assert_eq!(house.knock("alice", "123456").reason, "unknown-user", "not \"not-enrolled\"");
}

#[test]
fn a_requirement_is_not_lost_with_the_file_that_holds_it() {
    let mut house = House::new("required-own", "require = \"off\"\n");
    let _ = house.enroll("alice", "totp");
    let set = admin(&house, &json!({"require": {"whom": {"user": "alice"}, "require": {"require": "required"}}}));
    assert!(set["done"].is_object(), "{set}");
    let file = house.world.state_dir().join("users/alice.toml");
    let whole = fs::read_to_string(&file).unwrap();
    house.mfad.stop();
    fs::write(&file, &whole[..whole.len() / 2]).unwrap();
    house.mfad.run();
    assert_eq!(house.knock("alice", "123456").reason, "enrolment-damaged", "not \"not-required\"");
    assert_eq!(house.knock("bob", "123456").reason, "not-required", "a fault of alice's is nobody else's");
    // Reset repairs the file; what it required cannot be known any more and is said to be gone.
    let reset = admin(&house, &json!({"reset": {"user": "alice"}}));
    assert!(reset["done"]["text"].as_str().unwrap().contains("set it again"), "{reset}");
}

#[test]
fn a_reset_keeps_what_is_required_of_the_user() {
    let house = House::new("reset-own", "require = \"off\"\n");
    let code = house.enroll("alice", "totp").recovery_codes[0].clone();
    let _ = admin(&house, &json!({"require": {"whom": {"user": "alice"}, "require": {"require": "required"}}}));
    let _ = admin(&house, &json!({"reset": {"user": "alice"}}));
    assert_eq!(house.knock("alice", &code).reason, "enrolment-required");
    let again = house.enroll("alice", "hotp");
    assert_eq!(house.knock("alice", &again.oathtool().hotp(0)).code, "PAM_SUCCESS", "the new state is whole");
    assert_eq!(house.knock("alice", &again.recovery_codes[0]).code, "PAM_SUCCESS");
}

#[test]
fn one_user_at_many_prompts_of_su_leaves_others_theirs() {
    let house = House::new("prompts", POLICY);
    let mut held = Vec::new();
    let mut prompts = 0;
    for _ in 0..150 {
        let mut su = Raw::to(&house, "root.sock");
        prompts += usize::from(su.ask(&begin("alice", 1002)).is_some());
        held.push(su);
    }
    assert_eq!(prompts, 128);
    assert!(Raw::to(&house, "root.sock").ask(&begin("alice", 1003)).is_some());
    assert!(Raw::to(&house, "root.sock").ask(&begin("alice", 0)).is_some());
}

#[test]
fn a_program_of_a_user_cannot_fill_the_trail() {
    let house = House::new("trail", "require = \"optional\"\n");
    let start = Instant::now();
    let mut answered = 0;
    while start.elapsed() < Duration::from_secs(1) {
        answered += usize::from(Raw::to(&house, "user.sock").ask(&begin("root", 0)).is_some());
    }
    assert!((1..=64).contains(&answered), "{answered} logins of one uid within a second");
}

#[test]
fn a_resync_revives_no_code_that_was_used_early() {
    let house = House::new("resync-used", POLICY);
    let codes = house.enroll("alice", "totp").oathtool();
    let now = calm_now();
    assert_eq!(house.knock("alice", &codes.totp(now + 30)).code, "PAM_SUCCESS", "a device ahead by a step");
    let pair = json!({"user": "alice", "factor": null, "first": codes.totp(now - 30), "second": codes.totp(now)});
    let said = admin(&house, &json!({"resync": pair}));
    assert!(said["done"].is_object(), "{said}");
    assert_eq!(house.knock("alice", &codes.totp(now + 30)).reason, "replay");
}

#[test]
fn frames_that_are_deep_doubled_cut_or_endless_are_refused_and_hurt_nobody() {
    let house = House::new("frames", POLICY);
    let code = house.enroll("alice", "totp").oathtool().totp(calm_now());
    let deep = format!("{}{}", "[".repeat(8_000), "]".repeat(8_000));
    let doubled = r#"{"v":1,"t":{"begin":{"user":"alice","user":"bob","service":"x","real_uid":0}}}"#;
    let two = r#"{"v":1,"t":{"begin":{"user":"alice","service":"x","real_uid":0},"cancel":null}}"#;
    let negative = r#"{"v":1,"t":{"begin":{"user":"alice","service":"x","real_uid":-1}}}"#;
    for (socket, body) in ["root.sock", "user.sock"]
        .iter()
        .flat_map(|s| [deep.as_str(), doubled, two, negative, "", "\u{0}", "{\"v\":1e99}"].map(|body| (*s, body)))
    {
        let mut raw = Raw::to(&house, socket);
        let _ = raw.0.write_all(&[&u32::try_from(body.len()).unwrap().to_be_bytes(), body.as_bytes()].concat());
        let reply = raw.hear().map_or(String::new(), |reply| reply.to_string());
        assert!(reply.is_empty() || reply.contains("protocol"), "{body:.60}: {reply}");
    }
    // A length past the limit is not waited for.
    let mut endless = Raw::to(&house, "root.sock");
    endless.0.write_all(&[0xff; 4]).unwrap();
    assert!(endless.hear().is_none());
    // The longest name that fits a frame: whatever becomes of it, mfad goes on.
    let _ = Raw::to(&house, "root.sock").ask(&begin(&"x".repeat(16_300), 0));
    assert_eq!(house.knock("alice", &code).code, "PAM_SUCCESS");
}

#[test]
fn odd_names_reach_no_file_and_nobody() {
    let house = House::new("names", "require = \"optional\"\n");
    let before = fs::read_dir(house.world.state_dir().join("users")).unwrap().count();
    for name in ["..", ".", "../../etc/passwd", "a/b", "a%2Fb", "50%", "a\nb", "-x", &"x".repeat(255), "\u{202e}bob"] {
        let reply = Raw::to(&house, "root.sock").ask(&begin(name, 0)).unwrap();
        assert!(reply["granted"].is_null(), "{name:?}: {reply}");
    }
    assert_eq!(fs::read_dir(house.world.state_dir().join("users")).unwrap().count(), before);
}

#[test]
fn mfad_keeps_no_id_group_or_capability_of_root() {
    let house = House::new("dropped", POLICY);
    let status = std::fs::read_to_string(format!("/proc/{}/status", house.mfad.pid())).unwrap();
    let field = |name: &str| {
        let line = status.lines().find(|line| line.starts_with(name)).unwrap();
        line.split_ascii_whitespace().skip(1).map(str::to_owned).collect::<Vec<_>>()
    };
    let (uids, gids) = (field("Uid:"), field("Gid:"));
    assert!(uids.iter().all(|uid| *uid == uids[0] && uid != "0"), "{uids:?}");
    assert!(gids.iter().all(|gid| *gid == gids[0] && gid != "0"), "{gids:?}");
    assert!(field("Groups:").iter().all(|group| *group == gids[0]), "{:?}", field("Groups:"));
    for capabilities in ["CapInh:", "CapPrm:", "CapEff:", "CapAmb:"] {
        assert_eq!(field(capabilities), ["0000000000000000"], "{capabilities}");
    }
    // Not dumpable: the kernel gives the files of the process to root.
    let owner =
        std::os::unix::fs::MetadataExt::uid(&std::fs::metadata(format!("/proc/{}/environ", house.mfad.pid())).unwrap());
    assert_eq!(owner, 0);
}

#[test]
fn no_secret_stands_in_a_log_a_trail_or_a_state_record() {
    let mut house = House::new("canary", POLICY);
    let enrolled = house.enroll("alice", "totp");
    let codes = enrolled.oathtool();
    let now = calm_now();
    let (right, wrong) = (codes.totp(now), codes.wrong(now));
    for answer in
        [wrong.as_str(), &right, &right, &enrolled.recovery_codes[0], &enrolled.recovery_codes[0], "hunter2hunter2"]
    {
        let _ = house.knock("alice", answer);
    }
    let file = house.world.state_dir().join("users/alice.toml");
    let whole = fs::read_to_string(&file).unwrap();
    // Damaged so that the secret stands where a key should.
    house.mfad.stop();
    fs::write(&file, whole.replace("secret = ", "")).unwrap();
    house.mfad.run();
    let _ = house.knock("alice", &right);
    house.mfad.stop();
    let mut seen = house.mfad.errors() + &house.world.log().lines().join("\n");
    for folder in ["audit", "state"] {
        for entry in fs::read_dir(house.world.state_dir().join(folder)).unwrap() {
            seen += &String::from_utf8_lossy(&fs::read(entry.unwrap().path()).unwrap());
        }
    }
    assert!(seen.contains("code-accepted") && seen.contains("alice.toml"), "{seen}");
    let plain = enrolled.recovery_codes[0].replace('-', "");
    for secret in [&enrolled.secret, &right, &wrong, &enrolled.recovery_codes[0], &plain, "hunter2"] {
        assert!(!seen.contains(secret), "{secret} in {seen}");
    }
}

#[test]
fn a_missing_module_lets_nobody_in_under_the_controls_we_ship() {
    let world = World::new("missing");
    for control in ["required", "requisite", "[success=ok ignore=ignore default=die]"] {
        world.pam("gone", &["required pam_permit.so", &format!("{control} /nowhere/pam_mfa.so")]);
        assert_ne!(PamClient::new("gone", "alice").verdict(&[]), "PAM_SUCCESS", "{control}");
    }
    world.pam("gone", &["required pam_permit.so", "optional /nowhere/pam_mfa.so"]);
    assert_eq!(PamClient::new("gone", "alice").verdict(&[]), "PAM_SUCCESS", "why doctor warns of optional");
}

#[test]
fn a_login_that_is_asked_nothing_decides_no_stack_and_a_refused_one_passes_none() {
    let house = House::new(
        "matrix",
        "require = \"optional\"\n[[rule]]\nmatch = { service = [\"*\"], user = [\"bob\"], from = [\"*\"] }\nrequire = \"off\"\n",
    );
    let ask = |house: &House, stack: &[&str], user: &str, answer: &str| {
        house.world.pam("matrix", stack);
        PamClient::new("matrix", user).verdict(&[answer]) == "PAM_SUCCESS"
    };
    // Nobody, exempt, not enrolled: an IGNORE ends no `sufficient` and fills no empty stack.
    let sufficient = house.world.module("sufficient", "first_factor=stack");
    for user in ["bob", "carol", "nobody-there"] {
        let module = house.world.module("required", "");
        assert!(!ask(&house, &[&sufficient, "required pam_deny.so"], user, "123456"), "{user}");
        assert!(!ask(&house, &[&module], user, "123456"), "{user}");
        assert!(ask(&house, &["required pam_permit.so", &module], user, "123456"), "{user}");
    }
    let strict = "[[rule]]\nmatch = { user = [\"carol\"] }\nrequire = \"required\"\n";
    let config = house.world.folder().join("mfa.toml");
    let text = fs::read_to_string(&config).unwrap() + strict;
    house.world.write(&config, &text, 0o644);
    let mut house = house;
    house.mfad.restart();
    let codes = house.enroll("alice", "totp").recovery_codes;
    let ask = |stack: &[&str], user: &str, answer: &str| ask(&house, stack, user, answer);
    assert!(ask(&[&sufficient, "required pam_deny.so"], "alice", &codes[0]), "a grant is one");
    for control in ["required", "requisite", "[success=ok ignore=ignore default=die]"] {
        let module = house.world.module(control, "first_factor=stack");
        for (user, answer) in [("alice", "123456"), ("alice", codes[0].as_str()), ("alice", ""), ("carol", "123456")] {
            assert!(!ask(&["required pam_permit.so", &module], user, answer), "{control} {user} {answer}");
        }
    }
}
