//! Users look after their own factors over the bus: `mfactl me` and `Factors1`, with a real polkitd where one is asked.

use pam_mfa_tests::harness::{
    Device, Home, House, Mfactl, Mfad, Oathtool, PASSWORD, Polkit, Program, Ran, SystemBus, Terminal, User, World,
    calm_now, request_id,
};
use serde_json::Value;
use std::time::Duration;

const REQUIRED: &str = "require = \"required\"\n";
const GRACE: &str = "require = \"optional\"\nenrol = [\"app\", \"token\"]\n";

/// alice may set up her own factor, carol manages users; nobody is asked anything.
const RULES: &str = "polkit.addRule(function(action, subject) {\n\
  if (action.id == 'io.github.pam_mfa.enroll-own' && subject.user == 'alice') return polkit.Result.YES;\n\
  if (action.id == 'io.github.pam_mfa.manage-users' && subject.user == 'carol') return polkit.Result.YES;\n\
  return polkit.Result.NO;\n});\n";

/// A ticket for alice.
fn ticket(house: &House) -> String {
    house.mfactl.run(&["ticket", "alice", "--json"], "").ok().json()["ticket"].as_str().unwrap().to_owned()
}

/// A house on a bus; without polkit.
fn house(name: &str, policy: &str) -> (House, SystemBus) {
    let world = World::new(name);
    let bus = SystemBus::start(&world);
    (on(world, policy), bus)
}

/// A house on a bus with polkit.
fn with_polkit(name: &str, policy: &str) -> (House, SystemBus, Polkit) {
    let mut world = World::new(name);
    let (bus, polkit) = Polkit::start(&mut world, RULES);
    (on(world, policy), bus, polkit)
}

fn on(world: World, policy: &str) -> House {
    let mfad = Mfad::start(&world, policy);
    let house = House { mfad, mfactl: Mfactl::new(&world), world };
    house.mfad.is_on_the_bus(1);
    house
}

fn status(house: &House, user: &str) -> Value {
    house.mfactl.run(&["status", user, "--json"], "").ok().json()
}

/// What `mfactl me --json` shows.
fn own(user: &User) -> Value {
    Mfactl::me(user, &["--json"], "").ok().json()
}

/// The first object that `me enroll --json` prints: the factor's name and its key.
fn started(ran: &Ran) -> (String, Oathtool) {
    let made: Value = serde_json::from_str(ran.stdout.lines().next().unwrap_or_default()).unwrap();
    let uri = made["uri"].as_str().unwrap_or_else(|| panic!("{ran:?}"));
    let secret = uri.split("secret=").nth(1).unwrap().split('&').next().unwrap();
    (made["factor"].as_str().unwrap().to_owned(), Oathtool::new(secret))
}

/// Sets up one more app by `proof`; its name and key.
fn enrolled(user: &User, proof: &str) -> (String, Oathtool) {
    let begun = Mfactl::me(user, &["enroll", "--label", "tablet", "--json"], &format!("{proof}\n"));
    let (factor, app) = started(&begun);
    let ran = Mfactl::me(user, &["confirm", &factor, "--json"], &format!("{}\n", app.totp(calm_now())));
    assert_eq!(ran.code, 0, "{ran:?}");
    (factor, app)
}

fn lets_in(house: &House, user: &str, code: &str) -> bool {
    house.knock(user, code).code == "PAM_SUCCESS"
}

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

fn call(user: &User, method: &str, args: &[&str]) -> Ran {
    let program = Program::new("dbus-send").args(["--system", "--print-reply", "--reply-timeout=20000"]);
    let program = program.args(["--dest=io.github.pam_mfa.Daemon", "/io/github/pam_mfa/Daemon"]);
    program.arg(format!("io.github.pam_mfa.{method}")).args(args).as_user(user).run("")
}

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
