//! Who starts the agent: the user's unit, the session's autostart, the bus, or all of them at once. One stays.

use crate::approving::paired;
use crate::desktop::{Desktop, wait};
use std::process::{Child, Command, Stdio};

const UNIT: &str = include_str!("../../../packaging/systemd/user/mfa-authenticator.service");
const AUTOSTART: &str = include_str!("../../../packaging/desktop/io.github.pam_mfa.Authenticator.Agent.desktop");

/// What every agent but the first says, before it ends with 0.
const ANOTHER: &str = "An agent serves this session already.\n";

/// The command that a shipped file names, with the built program in the place of the installed one.
fn shipped(desktop: &Desktop, file: &str, key: &str) -> Command {
    let line = file.lines().find_map(|line| line.strip_prefix(key)).unwrap();
    let mut words = line.split(' ');
    assert_eq!(words.next(), Some("/usr/bin/mfa-authenticator"));
    let mut command = desktop.command_line();
    command.args(words).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
    command
}

/// Waits until all of these but `owner` have ended, each with 0 and a word; and that `owner` goes on.
async fn only(owner: u32, mut agents: Vec<Child>) {
    wait("the others to end", async || {
        agents.iter_mut().all(|agent| agent.id() == owner || agent.try_wait().unwrap().is_some())
    })
    .await;
    for mut agent in agents {
        if agent.id() == owner {
            assert!(agent.try_wait().unwrap().is_none());
            agent.kill().unwrap();
            agent.wait().unwrap();
            continue;
        }
        let ended = tokio::task::block_in_place(|| agent.wait_with_output().unwrap());
        assert!(ended.status.success(), "{ended:?}");
        assert_eq!(String::from_utf8(ended.stdout).unwrap(), ANOTHER);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn exactly_one_agent_serves_a_session() {
    let (mut desktop, _mfad) = paired().await;
    assert_eq!(desktop.done(&["agent"], ""), ANOTHER);
    assert!(desktop.agent_is_running());
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_agents_started_at_once_one_stays_and_the_others_end_well() {
    let desktop = Desktop::with_keyring().await;
    let agents: Vec<_> = (0..6).map(|_| shipped(&desktop, UNIT, "ExecStart=").spawn().unwrap()).collect();
    wait("one to serve", async || desktop.run(&["requests"], "").status.success()).await;
    only(desktop.agent_pid().await, agents).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_bus_starts_the_agent_when_it_is_asked_for() {
    let desktop = Desktop::with_activation();
    assert_eq!(desktop.listed().len(), 0);
    assert_eq!(desktop.done(&["agent"], ""), ANOTHER);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_unit_the_autostart_and_the_bus_start_agents_at_once_and_one_stays() {
    for round in 0..6 {
        let desktop = Desktop::with_activation();
        let mut starts = [shipped(&desktop, UNIT, "ExecStart="), shipped(&desktop, AUTOSTART, "Exec=")];
        // Whoever asks for the agent has the bus start one. In turn it is first, second and last.
        let (listed, agents) = std::thread::scope(|scope| {
            let ask = || scope.spawn(|| desktop.command_line().arg("requests").output().unwrap());
            let mut asking = None;
            let mut agents = Vec::new();
            for (at, start) in starts.iter_mut().enumerate() {
                if round % 3 == at {
                    asking = Some(ask());
                }
                agents.push(start.spawn().unwrap());
            }
            (asking.unwrap_or_else(ask).join().unwrap(), agents)
        });
        assert!(listed.status.success(), "who asks is served, whoever won: {listed:?}");
        let owner = desktop.agent_pid().await;
        only(owner, agents).await;
    }
}
