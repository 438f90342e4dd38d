//! Users look after their own factors over the bus: `mfactl me` and `Factors1`, with a real polkitd where one is asked.

mod changes;
mod first;
mod managing;
mod marks;

use pam_mfa_tests::harness::{House, Mfactl, Mfad, Oathtool, Polkit, Program, Ran, SystemBus, User, World, calm_now};
use serde_json::Value;

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

/// Calls a method of mfad's, in more time than polkit has.
fn call(user: &User, method: &str, args: &[&str]) -> Ran {
    let program = Program::new("dbus-send").args(["--system", "--print-reply", "--reply-timeout=20000"]);
    let program = program.args(["--dest=io.github.pam_mfa.Daemon", "/io/github/pam_mfa/Daemon"]);
    program.arg(format!("io.github.pam_mfa.{method}")).args(args).as_user(user).run("")
}
