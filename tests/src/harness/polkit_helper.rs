//! polkit's helper as systemd starts it since polkit 127: as root, with an agent's connection for its standard input and output.
//!
//! The real one. Of a polkit before 127 it takes user and cookie as arguments; later ones read both from the connection.

use super::World;
use super::hearing::Hearing;
use super::program::{PATIENCE, Program};
use rustix::process::Uid;
use rustix::thread::set_thread_res_uid;
use std::fs::{self, Permissions};
use std::io::Write;
use std::net::Shutdown;
use std::os::fd::OwnedFd;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::process::Child;

/// The agent's end of it. The helper is killed with the value.
pub struct PolkitHelper {
    child: Child,
    agent: UnixStream,
    lines: Hearing,
}

impl PolkitHelper {
    /// Asks for `user`, for an agent whose effective uid is `agent`.
    ///
    /// # Panics
    /// When there is no helper.
    #[must_use]
    pub fn started_for(world: &World, agent: u32, user: &str) -> Self {
        Self::started(world, agent, user, |helper| helper)
    }

    /// The same in a pid namespace of its own, which the agent is not in.
    ///
    /// # Panics
    /// When there is no helper.
    #[must_use]
    pub fn entered_for(world: &World, agent: u32, user: &str) -> Self {
        Self::started(world, agent, user, Program::entered)
    }

    fn started(world: &World, agent: u32, user: &str, how: impl FnOnce(Program) -> Program) -> Self {
        let socket = world.folder().join("agent-helper.socket");
        let listener = UnixListener::bind(&socket).unwrap();
        fs::set_permissions(&socket, Permissions::from_mode(0o666)).unwrap();
        let connecting = std::thread::spawn(move || {
            // Of this thread alone.
            set_thread_res_uid(None, Uid::from_raw(agent), None).unwrap();
            UnixStream::connect(socket).unwrap()
        });
        let (accepted, _) = listener.accept().unwrap();
        let agent = connecting.join().unwrap();
        let ends: [OwnedFd; 2] = [accepted.try_clone().unwrap().into(), accepted.into()];
        let [input, output] = ends;
        let helper = Program::new("/usr/lib/polkit-1/polkit-agent-helper-1").args([user, "cookie"]).bound_to_the_test();
        let child = how(helper).command().stdin(input).stdout(output).spawn().expect("polkit's helper");
        Self { child, agent, lines: Hearing::default() }
    }

    /// What it says up to `text`.
    ///
    /// # Panics
    /// When it does not say it in time.
    pub fn expect(&mut self, text: &str) -> String {
        match self.lines.until(&self.agent, text.as_bytes(), PATIENCE) {
            Some(said) => String::from_utf8_lossy(&said).into_owned(),
            None => panic!("{text:?} was not said: {}", String::from_utf8_lossy(self.lines.heard())),
        }
    }

    /// Answers its prompt.
    ///
    /// # Panics
    /// When it is gone.
    pub fn answer(&mut self, text: &str) {
        writeln!(self.agent, "{text}").unwrap();
    }

    /// The agent closes its connection.
    ///
    /// # Panics
    /// When it is closed.
    pub fn leave(&self) {
        self.agent.shutdown(Shutdown::Both).unwrap();
    }
}

impl Drop for PolkitHelper {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
