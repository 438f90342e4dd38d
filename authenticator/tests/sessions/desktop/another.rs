//! A session bus of another user than the desktop's.

use super::Desktop;
use std::os::unix::fs::{PermissionsExt, chown};
use std::os::unix::net::UnixStream;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

const ANOTHER: u32 = 65534;

/// One that lets everybody in; it ends with the value.
pub(crate) struct Bus {
    child: Child,
    pub address: String,
}

impl Bus {
    /// None where this test cannot become another user.
    pub(crate) fn start(desktop: &Desktop) -> Option<Self> {
        if !nix::unistd::Uid::effective().is_root() {
            eprintln!("skipped: needs root to become another user");
            return None;
        }
        let folder = desktop.path("another");
        std::fs::create_dir(&folder).unwrap();
        std::fs::set_permissions(&folder, PermissionsExt::from_mode(0o755)).unwrap();
        chown(&folder, Some(ANOTHER), None).unwrap();
        let (socket, config) = (folder.join("bus"), folder.join("bus.conf"));
        let text = format!(
            "<busconfig><type>session</type><listen>unix:path={}</listen><auth>EXTERNAL</auth><policy context=\"default\">\
             <allow user=\"*\"/><allow own=\"*\"/><allow send_destination=\"*\"/><allow receive_sender=\"*\"/></policy></busconfig>",
            socket.display()
        );
        std::fs::write(&config, text).unwrap();
        let child = Command::new("setpriv")
            .args(["--reuid=65534", "--regid=65534", "--clear-groups", "dbus-daemon", "--nofork", "--nopidfile"])
            .arg(format!("--config-file={}", config.display()))
            .stdin(Stdio::null())
            .spawn()
            .unwrap();
        let until = Instant::now() + Duration::from_secs(10);
        while UnixStream::connect(&socket).is_err() {
            assert!(Instant::now() < until, "dbus-daemon does not listen");
            std::thread::sleep(Duration::from_millis(20));
        }
        Some(Self { child, address: format!("unix:path={}", socket.display()) })
    }
}

impl Drop for Bus {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}
