//! `Admin1` does what `mfactl` does, by the proxy that other programs use, for whom a real polkitd lets; nobody else changes a byte.

use pam_mfa_tests::harness::{
    House, Mfactl, Mfad, Oathtool, Polkit, Program, Ran, SystemBus, Terminal, User, World, built, canary,
};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// Two administrators for a bypass; hygiene that a jump of the clock brings.
const POLICY: &str = "require = \"required\"\n[bypass]\nmax = \"4h\"\nconsent = true\n[hygiene]\nat = \"03:30\"\nsuspend_unused = \"90d\"\nrenew_after = \"0\"\ndrop_pending = \"0\"\n";

/// carol and bob are administrators; dave looks after users and makes no bypasses; erin may look at bob and nothing else; frank is
/// asked for a password.
const RULES: &str = "polkit.addRule(function(action, subject) {\n\
  if (action.id == 'io.github.pam_mfa.manage-users' && ['carol', 'bob', 'dave'].indexOf(subject.user) >= 0) return polkit.Result.YES;\n\
  if (action.id == 'io.github.pam_mfa.manage-bypasses' && ['carol', 'bob'].indexOf(subject.user) >= 0) return polkit.Result.YES;\n\
  if (subject.user == 'erin' && action.lookup('method') == 'Status' && action.lookup('user') == 'bob') return polkit.Result.YES;\n\
  if (subject.user == 'frank') return polkit.Result.AUTH_SELF;\n\
  return polkit.Result.NO;\n});\n";

struct Scene {
    house: House,
    carol: User,
    bob: User,
    dave: User,
    /// The user whom calls are about, and somebody without any right.
    strangers: [User; 2],
    _bus: SystemBus,
    _polkit: Polkit,
}

impl Scene {
    fn new(name: &str) -> Self {
        let mut world = World::new(name);
        let [dave, guest] = [("dave", 1004), ("guest", 65_000)].map(|(name, uid)| world.add_user(name, uid));
        let (bus, polkit) = Polkit::start(&mut world, RULES);
        let [alice, bob, carol] = ["alice", "bob", "carol"].map(|name| world.user(name));
        let mfad = Mfad::start_with_own_clock(&world, POLICY);
        let house = House { mfad, mfactl: Mfactl::new(&world), world };
        house.mfad.is_on_the_bus(1);
        Self { house, carol, bob, dave, strangers: [alice, guest], _bus: bus, _polkit: polkit }
    }

    /// What carol gets, whom polkit lets; before, the strangers get nothing and change nothing.
    fn does(&self, call: &Value) -> Value {
        self.nobody_else(call, &self.strangers.each_ref());
        admin(&self.carol, call).ok().json()
    }

    fn nobody_else(&self, call: &Value, who: &[&User]) {
        let before = self.files();
        for stranger in who {
            let ran = admin(stranger, call);
            assert!(ran.code == 1 && ran.stderr.contains("Error.NotAuthorized"), "{}: {call}: {ran:?}", stranger.name);
        }
        unchanged(&before, &self.files(), call);
    }

    /// Why carol is refused, and that nothing was changed.
    fn refused(&self, call: &Value) -> String {
        let before = self.files();
        let ran = admin(&self.carol, call);
        assert_eq!(ran.code, 1, "{call}: {ran:?}");
        unchanged(&before, &self.files(), call);
        ran.stderr
    }

    /// Every file of the state folder, once all that happened stands in the trail.
    fn files(&self) -> BTreeMap<PathBuf, Vec<u8>> {
        let _ = self.house.mfactl.run(&["log", "--user", "nobody-of-this-name"], "").ok();
        let mut files = BTreeMap::new();
        walk(&self.house.world.state_dir(), &mut files);
        files
    }

    fn status(&self, user: &str) -> Value {
        self.house.mfactl.run(&["status", user, "--json"], "").ok().json()
    }

    /// The serial numbers of the stock, each with its holder.
    fn stock(&self) -> Vec<String> {
        let list = self.house.mfactl.run(&["token", "list", "--json"], "").ok().stdout;
        let token = |line: &str| {
            let token: Value = serde_json::from_str(line).unwrap();
            format!("{} {} {}", token["serial"], token["holder"], token["away"]).replace('"', "")
        };
        list.lines().map(token).collect()
    }

    fn opens(&self, user: &str, code: &str) -> bool {
        self.house.knock(user, code).code == "PAM_SUCCESS"
    }
}

fn admin(user: &User, call: &Value) -> Ran {
    Program::new(built("admin")).as_user(user).run(&format!("{call}\n"))
}

fn unchanged(before: &BTreeMap<PathBuf, Vec<u8>>, after: &BTreeMap<PathBuf, Vec<u8>>, call: &Value) {
    let other = |path: &&PathBuf| before.get(*path) != after.get(*path);
    let changed: Vec<&PathBuf> = before.keys().chain(after.keys()).filter(other).collect();
    assert_eq!(changed, Vec::<&PathBuf>::new(), "{call}");
}

fn walk(folder: &Path, files: &mut BTreeMap<PathBuf, Vec<u8>>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            walk(&path, files);
        } else {
            files.insert(path.clone(), std::fs::read(&path).unwrap());
        }
    }
}

/// A generator that counts, as `Admin1` takes it, and what it shows.
fn counting(number: u8) -> (Value, Oathtool) {
    let secret = data_encoding::BASE32_NOPAD.encode(&[number; 20]);
    canary::keep_quiet_about(&secret);
    let otp = json!({"method": "hotp", "secret": secret, "algorithm": "SHA1", "digits": 6, "period": 0});
    (otp, Oathtool::new(&secret))
}

fn token(serial: &str, otp: &Value) -> Value {
    json!({"serial": serial, "name": "", "model": "C100", "otp": otp, "counter": 5})
}

#[test]
fn tokens_and_factors_are_given_over_the_bus_all_or_none_and_set_right() {
    let scene = Scene::new("bus-tokens");
    let ((one, codes), (two, _), (three, other)) = (counting(1), counting(2), counting(3));
    let added = scene.does(&json!(["add_tokens", [token("N-1", &one), token("N-2", &two)], false]));
    assert_eq!(added, json!("added to the stock: 2 tokens"));
    assert_eq!(scene.stock(), ["N-1 null null", "N-2 null null"]);
    let again = scene.refused(&json!(["add_tokens", [token("N-3", &three), token("N-1", &one)], false]));
    assert!(again.contains("Error.Refused: number 2 of the list: this token is in stock already"), "{again}");
    for (key, value) in [("method", json!("push")), ("algorithm", json!("MD5")), ("period", json!(30))] {
        let mut otp = three.clone();
        otp[key] = value;
        let why = scene.refused(&json!(["add_tokens", [token("N-3", &otp)], false]));
        assert!(why.contains("Error.BadValue"), "{key}: {why}");
    }
    let mut short = three.clone();
    short["secret"] = json!(data_encoding::BASE32_NOPAD.encode(&[9; 10]));
    assert!(scene.refused(&json!(["add_tokens", [token("N-3", &short)], false])).contains("less than"));

    let _ = scene.house.mfactl.run(&["token", "assign", "N-1", "bob", "--no-confirm"], "").ok();
    assert_eq!(scene.stock(), ["N-1 bob null", "N-2 null null"]);
    let said = scene.does(&json!(["resync_token", "n-1", codes.hotp(40), codes.hotp(41)]));
    assert!(said.as_str().unwrap().contains("is 42 now"), "{said}");
    assert!(!scene.opens("bob", &codes.hotp(41)) && scene.opens("bob", &codes.hotp(42)));
    let _ = scene.house.mfactl.run(&["token", "lost", "N-2"], "").ok();
    let _ = scene.does(&json!(["find_token", "N-2"]));
    assert_eq!(scene.stock(), ["N-1 bob null", "N-2 null null"]);
    let _ = scene.does(&json!(["retire_token", "N-2"]));
    assert_eq!(scene.stock(), ["N-1 bob null", "N-2 null retired"]);

    let factor = |user: &str, otp: &Value| json!({"user": user, "label": "old", "otp": otp, "counter": 7});
    let ghost = scene.refused(&json!(["import", [factor("alice", &three), factor("ghost", &two)], false]));
    assert!(ghost.contains("number 2 of the list: there is no account"), "{ghost}");
    let done = scene.does(&json!(["import", [factor("alice", &three)], false]));
    assert!(done.as_str().unwrap().contains("factors 1, users 1"), "{done}");
    assert_eq!(scene.status("alice")["factors"][0]["label"], "old");
    assert!(!scene.opens("alice", &other.hotp(6)) && scene.opens("alice", &other.hotp(7)));
    let _ = scene.does(&json!(["resync", "alice", "", other.hotp(60), other.hotp(61)]));
    let judged = scene.does(&json!(["verify", "alice", other.hotp(62)]));
    assert_eq!(judged, json!([true, "code-accepted", "hotp", 0]));
    assert!(!scene.opens("alice", &other.hotp(62)), "it was spent");
    let trail = scene.house.mfactl.run(&["log", "--user", "alice", "--json"], "").ok().stdout;
    assert!(trail.contains("\"by_uid\":1003"), "it says who: {trail}");
}

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
    let looks = took(&scene.carol, json!(["requirements"]));
    let roots = took(&scene.house.world.user("root"), json!(["unlock", "bob"]));
    assert!(looks < least && roots < least, "{looks:?} {roots:?}");
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
