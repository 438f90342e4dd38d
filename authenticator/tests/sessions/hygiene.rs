//! What other programs of the user may learn from the process itself: nothing.

use crate::desktop::Desktop;
use crate::desktop::another::Bus;
use std::os::unix::fs::MetadataExt;
use std::process::{Child, Stdio};
use std::time::Duration;

/// Starts our program as another user than root: only then does the kernel's answer tell anything.
fn as_nobody(desktop: &Desktop, bus: &Bus, arguments: &[&str]) -> Child {
    let program = desktop.path("program");
    std::fs::copy(env!("CARGO_BIN_EXE_mfa-authenticator"), &program).unwrap();
    let mut command = desktop.command("setpriv");
    command.args(["--reuid=65534", "--regid=65534", "--clear-groups"]).arg(program).args(arguments);
    command.env("DBUS_SESSION_BUS_ADDRESS", &bus.address);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
}

/// Not dumpable: the kernel gives the files of the process to root, and dumps no core of it.
pub(crate) async fn is_closed(desktop: &Desktop, arguments: &[&str]) -> bool {
    let Some(bus) = Bus::start(desktop) else { return true };
    let mut child = as_nobody(desktop, &bus, arguments);
    let file = format!("/proc/{}/environ", child.id());
    let mut closed = false;
    for _ in 0..100 {
        tokio::time::sleep(Duration::from_millis(30)).await;
        let ours = std::fs::read_to_string(format!("/proc/{}/comm", child.id())).unwrap_or_default() == "program\n";
        if ours && std::fs::metadata(&file).is_ok_and(|file| file.uid() == 0) {
            closed = true;
            break;
        }
    }
    let limits = std::fs::read_to_string(format!("/proc/{}/limits", child.id())).unwrap_or_default();
    let core = limits.lines().find(|line| line.starts_with("Max core file size")).unwrap_or_default();
    closed &= core.split_whitespace().nth(4) == Some("0");
    assert!(child.try_wait().unwrap().is_none(), "it ended by itself");
    child.kill().unwrap();
    child.wait().unwrap();
    closed
}

#[tokio::test(flavor = "multi_thread")]
async fn the_agent_can_neither_be_read_by_other_programs_of_the_user_nor_dump_core() {
    assert!(is_closed(&Desktop::without_keyring(), &["agent"]).await);
}
