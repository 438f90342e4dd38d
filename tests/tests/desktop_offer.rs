//! A desktop that waits is set up as the first factor in a login: by the number it shows, once, and by nobody who guesses.

use pam_mfa_tests::harness::{
    Device, House, Mfactl, Mfad, PASSWORD, Program, SystemBus, Terminal, World, number_in, request_id,
};
use serde_json::Value;
use std::time::Duration;

const POLICY: &str = "require = \"required\"\nenrol = [\"desktop\", \"app\"]\n";

fn house(name: &str, policy: &str) -> (House, SystemBus) {
    let world = World::new(name);
    let bus = SystemBus::start(&world);
    let mfad = Mfad::start(&world, policy);
    let house = House { mfad, mfactl: Mfactl::new(&world), world };
    house.mfad.is_on_the_bus(1);
    house.world.pam("su", &["requisite pam_unix.so", &house.world.module("required", "first_factor=stack")]);
    (house, bus)
}

/// bob goes on as alice, up to the first prompt behind the password.
fn su(house: &House) -> Terminal {
    let bob = house.world.user("bob");
    let program = Program::new("su").args(["alice", "-c", "echo let in"]).as_user(&bob).env("TERM", "xterm");
    let mut terminal = Terminal::start(&program);
    terminal.answer("assword: ", PASSWORD);
    terminal
}

fn offered(device: &mut Device, label: &str) -> (String, String) {
    let answer = device.does(&format!("offer {label}"));
    let words: Vec<&str> = answer.split(' ').collect();
    let ["OK", offer, number] = *words.as_slice() else { panic!("{answer}") };
    (offer.to_owned(), number.to_owned())
}

fn wrong(number: &str) -> &'static str {
    if number == "000000" { "000001" } else { "000000" }
}

fn status(house: &House) -> Value {
    house.mfactl.run(&["status", "alice", "--json"], "").ok().json()
}

#[test]
fn the_number_that_the_desktop_shows_makes_it_the_first_factor_and_it_approves_the_next_login() {
    let (house, _bus) = house("offer-taken", POLICY);
    let mut desktop = Device::start(&house.world.user("alice"), 1);
    let (offer, number) = offered(&mut desktop, "desk");
    desktop.begins(&format!("await {offer}"));
    let mut login = su(&house);
    let menu = login.expect("Your choice (1 to 2): ");
    assert!(menu.contains("1  the desktop that waits to be paired: \"desk\""), "{menu}");
    login.line("1");
    let screen = login.expect("Number your desktop shows: ");
    assert!(screen.contains("Its key begins with "), "{screen}");
    login.line(wrong(&number));
    login.expect("That is not the number.");
    login.line(&format!("{} {}", &number[..3], &number[3..]));
    let screen = login.expect("Press Enter when you have kept them: ");
    assert_eq!(screen.matches('-').count() / 5, 10, "ten recovery codes: {screen}");
    assert_eq!(status(&house)["enrolled"], false, "nothing is kept before the Enter");
    login.line("");
    login.expect("let in");
    let id = desktop.done();
    let id = id.strip_prefix("OK ").unwrap_or_else(|| panic!("{id}"));
    let shown = status(&house);
    assert_eq!(shown["devices"][0]["id"].as_str(), Some(id), "{shown}");
    assert_eq!((shown["devices"][0]["label"].as_str(), shown["recovery_left"].as_u64()), (Some("desk"), Some(10)));
    let log = house.mfactl.run(&["log", "--user", "alice"], "").ok().stdout;
    assert!(log.contains("device.added") && log.contains("recovery.generated"), "{log}");
    assert_eq!(desktop.does(&format!("register {id}")), "OK");
    let mut next = su(&house);
    let prompt = next.expect("press Enter: ");
    let request = desktop.presented();
    let number = number_in(&prompt);
    assert_eq!(desktop.does(&format!("approve {} {number}", request_id(&request))), "OK");
    next.line("");
    next.expect("let in");
    assert!(desktop.does("offer again").contains("NotAuthorized"), "who has a factor shows a proof");
}

#[test]
fn five_wrong_numbers_over_several_logins_end_the_offer_and_the_desktop_is_told() {
    let (house, _bus) = house("offer-guessed", POLICY);
    let mut desktop = Device::start(&house.world.user("alice"), 1);
    let (offer, number) = offered(&mut desktop, "desk");
    desktop.begins(&format!("await {offer}"));
    for guesses in [3, 1] {
        let mut login = su(&house);
        login.answer("Your choice (1 to 2): ", "1");
        for _ in 0..guesses {
            login.answer("Number your desktop shows: ", wrong(&number));
            login.expect("That is not the number.");
        }
    }
    let mut login = su(&house);
    login.answer("Your choice (1 to 2): ", "1");
    login.answer("Number your desktop shows: ", wrong(&number));
    login.expect("The desktop does not wait any more.");
    let told = desktop.done();
    assert!(told.contains("NoSuchRequest") && told.contains("too many wrong numbers"), "{told}");
    assert_eq!(status(&house)["enrolled"], false);
}

#[test]
fn an_offer_goes_with_its_program_and_with_the_next_one_of_the_same_user() {
    let (house, _bus) = house("offer-gone", POLICY);
    let alice = house.world.user("alice");
    let mut desktop = Device::start(&alice, 1);
    let (offer, number) = offered(&mut desktop, "desk");
    let mut login = su(&house);
    login.answer("Your choice (1 to 2): ", "1");
    login.expect("Number your desktop shows: ");
    // A hostile program of the user's takes the place: the number on the user's desktop opens nothing for it.
    let mut hostile = Device::start(&alice, 2);
    let _ = offered(&mut hostile, "evil");
    login.line(&number);
    login.expect("The desktop does not wait any more.");
    assert!(desktop.does(&format!("await {offer}")).contains("NoSuchRequest"));
    drop((desktop, hostile));
    let end = std::time::Instant::now() + Duration::from_secs(15);
    loop {
        let mut login = su(&house);
        // With the app alone there is no menu.
        if login.shows("Key: ", Duration::from_secs(2)) {
            break;
        }
        assert!(std::time::Instant::now() < end, "the offer is withdrawn with its program");
    }
    assert_eq!(status(&house)["enrolled"], false);
}

#[test]
fn a_program_that_leaves_after_its_number_was_typed_leaves_nothing_enrolled() {
    let (house, _bus) = house("offer-late", POLICY);
    let mut desktop = Device::start(&house.world.user("alice"), 1);
    let (_, number) = offered(&mut desktop, "desk");
    let mut login = su(&house);
    login.answer("Your choice (1 to 2): ", "1");
    login.answer("Number your desktop shows: ", &number);
    login.expect("Press Enter when you have kept them: ");
    drop(desktop);
    std::thread::sleep(Duration::from_millis(500));
    login.line("");
    assert!(!login.shows("let in", Duration::from_secs(2)), "its key would be nobody's");
    assert_eq!(status(&house)["enrolled"], false);
}

#[test]
fn hostile_labels_and_keys_are_refused_and_never_reach_a_terminal_raw() {
    let (house, _bus) = house("offer-hostile", POLICY);
    let alice = house.world.user("alice");
    let call = |label: &str, key: &str| {
        let program = Program::new("dbus-send").args(["--system", "--print-reply", "--dest=io.github.pam_mfa.Daemon"]);
        let program = program.args(["/io/github/pam_mfa/Daemon", "io.github.pam_mfa.Agents1.OfferDevice"]);
        program.arg(format!("string:{label}")).arg(format!("array:byte:{key}")).as_user(&alice).run("")
    };
    let zero = vec!["0"; 32].join(",");
    for (label, key) in [("\u{1b}[2J", zero.as_str()), (&"x".repeat(65), &zero), ("desk", &zero), ("desk", "1,2,3")] {
        assert!(call(label, key).stderr.contains("BadValue"), "{label:?}");
    }
    let mut desktop = Device::start(&alice, 1);
    let _ = offered(&mut desktop, "\u{202e}ksed");
    let screen = su(&house).expect("Your choice (1 to 2): ");
    assert!(!screen.contains('\u{202e}') && screen.contains("\\u{202e}ksed"), "{screen:?}");
}
