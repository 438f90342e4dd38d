//! Marks of recovery codes that went, where the clock stood in the future when those were made: whichever way the next ones come,
//! they hold.

use crate::{house, started, status, ticket};
use pam_mfa_tests::harness::{Device, House, Mfactl, Oathtool, PASSWORD, Program, Ran, Terminal, calm_now};

const POLICY: &str = "require = \"required\"\nenrol = [\"app\", \"desktop\"]\n";

/// Ten years.
const LATER: u64 = 315_360_000;

/// alice with a factor, of whose recovery codes one is spent, and which were made ten years from now.
fn with_later_codes(house: &House) {
    let _ = house.mfactl.run(&["reset", "alice"], "");
    let codes = house.enroll("alice", "hotp").recovery_codes;
    edit(house, |text| {
        let (before, set) = text.split_once("[recovery]").expect("a set");
        let (word, rest) = set.split_once("created = ").expect("its time");
        let (made, rest) = rest.split_once('\n').unwrap();
        let made = made.parse::<u64>().unwrap() + LATER;
        format!("{before}[recovery]{word}created = {made}\n{rest}")
    });
    assert!(holds(house, &codes[0]) && !holds(house, &codes[0]));
}

fn edit(house: &House, how: impl FnOnce(&str) -> String) {
    let file = house.world.state_dir().join("users/alice.toml");
    let text = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, how(&text)).unwrap();
}

fn holds(house: &House, code: &str) -> bool {
    house.mfactl.run(&["verify", "alice"], &format!("{code}\n")).code == 0
}

/// The recovery codes in what was shown.
fn shown(text: &str) -> Vec<String> {
    let words = text.split(|c: char| c.is_whitespace() || c == '"');
    words.filter(|word| word.len() == 29 && word.matches('-').count() == 5).map(str::to_owned).collect()
}

fn codes(ran: Ran) -> Vec<String> {
    shown(&ran.ok().stdout)
}

/// A login of alice's in which she sets up her first factor.
fn login(house: &House) -> Terminal {
    let bob = house.world.user("bob");
    let mut login = Terminal::start(&Program::new("su").args(["alice", "-c", "echo let in"]).as_user(&bob));
    login.answer("assword: ", PASSWORD);
    login
}

fn kept(mut login: Terminal) -> Vec<String> {
    let screen = login.expect("Press Enter when you have kept them: ");
    login.line("");
    login.expect("let in");
    shown(&screen)
}

#[test]
fn spent_codes_of_a_set_that_went_say_nothing_of_the_next_whichever_way_that_comes() {
    let (house, _bus) = house("own-marks", POLICY);
    let alice = house.world.user("alice");
    house.world.pam("su", &["requisite pam_unix.so", &house.world.module("required", "first_factor=stack")]);
    let ways: [(&str, &dyn Fn() -> Vec<String>); 5] = [
        ("administrator", &|| house.enroll("alice", "totp").recovery_codes),
        ("administrator's token", &|| {
            let key = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";
            let _ = house.mfactl.run(&["token", "add", "T-9", "--period", "30"], &format!("{key}\n")).ok();
            codes(house.mfactl.run(&["token", "assign", "T-9", "alice", "--no-confirm", "--json"], ""))
        }),
        ("ticket", &|| {
            let begun = Mfactl::me(&alice, &["enroll", "--json"], &format!("{}\n", ticket(&house)));
            let (factor, app) = started(&begun);
            codes(Mfactl::me(&alice, &["confirm", &factor, "--json"], &format!("{}\n", app.totp(calm_now()))))
        }),
        ("app in a login", &|| {
            let mut login = login(&house);
            let screen = login.expect("the app shows now: ");
            let key = screen.lines().find_map(|line| line.trim().strip_prefix("Key: ")).unwrap().replace(' ', "");
            login.line(&Oathtool::new(&key).totp(calm_now()));
            kept(login)
        }),
        ("desktop in a login", &|| {
            let mut desktop = Device::start(&alice, 1);
            let offered = desktop.does("offer desk");
            let number = offered.split(' ').next_back().unwrap().to_owned();
            let mut login = login(&house);
            login.answer("Your choice (1 to 2): ", "2");
            login.answer("Number your desktop shows: ", &number);
            kept(login)
        }),
    ];
    for (way, next) in ways {
        with_later_codes(&house);
        let factor = status(&house, "alice")["factors"][0]["id"].as_str().unwrap().to_owned();
        let _ = house.mfactl.run(&["factor", "remove", "alice", &factor], "").ok();
        hold_all(&house, way, &next());
    }
    // A file that was carried here without its codes.
    with_later_codes(&house);
    edit(&house, |text| text.split_once("[recovery]").unwrap().0.to_owned());
    let new = house.mfactl.run(&["recovery", "new", "alice", "--json"], "");
    hold_all(&house, "new codes", &codes(new));
}

fn hold_all(house: &House, way: &str, codes: &[String]) {
    assert_eq!((codes.len(), &status(house, "alice")["recovery_left"]), (10, &10.into()), "{way}");
    let ran = house.mfactl.run(&["verify", "alice"], &format!("{}\n", codes[0]));
    assert_eq!(ran.code, 0, "{way}: {ran:?}\n{}", house.mfad.errors());
    assert_eq!(status(house, "alice")["recovery_left"], 9, "{way}");
}
