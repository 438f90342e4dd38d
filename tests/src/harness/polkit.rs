//! The real polkitd on a world's bus, with the actions that are shipped and rules of the test's.

use super::mounts;
use super::program::Program;
use super::{SystemBus, World};
use std::path::Path;
use std::process::Child;
use std::time::{Duration, Instant};

/// polkit's own policy for the bus.
const BUS_POLICY: &str = "/usr/share/dbus-1/system.d/org.freedesktop.PolicyKit1.conf";

/// A running polkitd; it ends with the value.
pub struct Polkit {
    child: Child,
}

impl Polkit {
    /// A bus of this world, and polkit on it, which asks nobody: `rules` (JavaScript) say who may do what.
    ///
    /// # Panics
    /// When it does not answer in time.
    #[must_use]
    pub fn start(world: &mut World, rules: &str) -> (SystemBus, Self) {
        world.add_user("polkitd", 996);
        let bus = SystemBus::start_with(world, &[BUS_POLICY]);
        let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("../packaging/polkit");
        mounts::bind(&shipped, Path::new("/usr/share/polkit-1/actions"));
        // The machine's own folder is its polkitd's alone, whose uid may be another.
        mounts::tmpfs(Path::new("/etc/polkit-1/rules.d"), 0o755);
        world.write("/etc/polkit-1/rules.d/10-test.rules", rules, 0o644);
        let polkitd = Program::new("/usr/lib/polkit-1/polkitd").arg("--no-debug").bound_to_the_test();
        let child = polkitd.command().spawn().expect("polkitd: tests/run.sh installs it");
        let end = Instant::now() + Duration::from_secs(15);
        while !is_there() {
            assert!(Instant::now() < end, "polkitd is not there");
            std::thread::sleep(Duration::from_millis(50));
        }
        (bus, Self { child })
    }

    /// Stops it in the middle of whatever it does: it answers nothing any more, and keeps its name.
    ///
    /// # Panics
    /// When it cannot be stopped.
    pub fn freeze(&self) {
        let pid = nix::unistd::Pid::from_raw(i32::try_from(self.child.id()).unwrap());
        nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGSTOP).unwrap();
    }
}

fn is_there() -> bool {
    let program =
        Program::new("dbus-send").args(["--system", "--print-reply=literal", "--dest=org.freedesktop.DBus", "/"]);
    let program = program.args(["org.freedesktop.DBus.NameHasOwner", "string:org.freedesktop.PolicyKit1"]);
    program.run("").stdout.contains("true")
}

impl Drop for Polkit {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
