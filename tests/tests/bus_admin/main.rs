//! `Admin1` does what `mfactl` does, by the proxy that other programs use, for whom a real polkitd lets; nobody else changes a byte.

mod asking;
mod bypass;
mod given;
mod users;

use pam_mfa_tests::harness::{House, Mfactl, Mfad, Polkit, Program, Ran, SystemBus, User, World, built};
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Two administrators for a bypass; hygiene that a jump of the clock brings.
const POLICY: &str = "require = \"required\"\n[bypass]\nmax = \"4h\"\nconsent = true\n[hygiene]\nat = \"03:30\"\nsuspend_unused = \"90d\"\nrenew_after = \"0\"\ndrop_pending = \"0\"\n[[rule]]\nmatch = { service = [\"vault\"], time = [\"22:00-06:00\"] }\nrequire = \"required\"\nmethods = [\"totp\"]\n";

/// carol and bob are administrators; dave looks after users and makes no bypasses; erin may look at bob and nothing else; frank is
/// asked for a password; of heidi no rule speaks.
const RULES: &str = "polkit.addRule(function(action, subject) {\n\
  if (action.id == 'io.github.pam_mfa.manage-users' && ['carol', 'bob', 'dave'].indexOf(subject.user) >= 0) return polkit.Result.YES;\n\
  if (action.id == 'io.github.pam_mfa.manage-bypasses' && ['carol', 'bob'].indexOf(subject.user) >= 0) return polkit.Result.YES;\n\
  if (subject.user == 'erin' && action.lookup('method') == 'Status' && action.lookup('user') == 'bob') return polkit.Result.YES;\n\
  if (subject.user == 'frank') return polkit.Result.AUTH_SELF;\n\
  if (subject.user == 'heidi') return polkit.Result.NOT_HANDLED;\n\
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
