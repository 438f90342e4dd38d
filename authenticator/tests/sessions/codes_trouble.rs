//! Codes on the command line where something is in the way: a prompt nobody answers, a keyring that dies or cannot save, a dead
//! display, a line too long, a person who says no.

use crate::desktop::Desktop;
use crate::desktop::secrets::{Hangs, PROMPT, Secrets};
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::process::{Child, Output, Stdio};
use std::time::Duration;
use zbus::Variant;

const KEY: &str = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";

fn uri(kind: &str, issuer: &str, name: &str) -> String {
    format!("otpauth://{kind}/{issuer}:{name}?secret={KEY}&issuer={issuer}")
}

fn started(desktop: &Desktop, arguments: &[&str]) -> Child {
    let mut command = desktop.command_line();
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

fn ended(child: Child) -> Output {
    tokio::task::block_in_place(|| child.wait_with_output().unwrap())
}

/// That it was refused in one line which names the keyring, and printed nothing.
fn names_the_keyring(output: &Output) -> String {
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!((output.status.code(), output.stdout.len()), (Some(1), 0), "{output:?}");
    assert!(said.contains("keyring") && said.lines().count() == 1, "{said}");
    said
}

#[tokio::test(flavor = "multi_thread")]
async fn a_prompt_that_is_dismissed_ends_the_command_at_once() {
    let desktop = Desktop::without_keyring();
    let secrets = Secrets::start(&desktop, Hangs::InThePrompt).await;
    for arguments in [&["list"][..], &["show", "acme"], &["remove", "acme"]] {
        let mut child = started(&desktop, arguments);
        while child.try_wait().unwrap().is_none() {
            // Again and again: it may not listen yet.
            let (interface, body) = ("org.freedesktop.Secret.Prompt", (true, Variant::from(0u8)));
            secrets.connection.emit_signal(None::<&str>, PROMPT, interface, "Completed", &body).await.unwrap();
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        assert!(names_the_keyring(&ended(child)).contains("was not unlocked"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_keyring_that_dies_while_it_is_asked_ends_the_command() {
    for hangs in [Hangs::Always, Hangs::WithTheValue, Hangs::InThePrompt] {
        let desktop = Desktop::without_keyring();
        let secrets = Secrets::start(&desktop, hangs).await;
        let child = started(&desktop, &["list"]);
        tokio::time::sleep(Duration::from_millis(500)).await;
        secrets.connection.close().await.unwrap();
        let said = names_the_keyring(&ended(child));
        // And not that it was not unlocked, after the minute in which somebody might have.
        assert!(hangs != Hangs::InThePrompt || said.contains("There is no keyring"), "{said}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_counter_that_cannot_be_saved_shows_no_code() {
    let desktop = Desktop::with_keyring().await;
    desktop.done(&["add"], &uri("hotp", "Bank", "bob"));
    assert!(desktop.done(&["show", "bob"], "").starts_with("755224"));
    // The keyring's folder is gone, and a file in its place: it can save nothing.
    let folder = desktop.path("data/keyrings");
    std::fs::remove_dir_all(&folder).unwrap();
    std::fs::write(&folder, b"").unwrap();
    let output = desktop.run(&["show", "bob"], "");
    assert_eq!((output.status.code(), String::from_utf8_lossy(&output.stdout).as_ref()), (Some(1), ""), "{output:?}");
    assert!(!String::from_utf8_lossy(&output.stderr).contains("287082"));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_is_read_whole_or_not_at_all() {
    let desktop = Desktop::with_keyring().await;
    // Cut off after 1,024 bytes it would be an account of six digits.
    let long = format!("{}&image={}&digits=8", uri("totp", "ACME", "alice"), "x".repeat(1_500));
    desktop.done(&["add"], &long);
    let list: serde_json::Value = serde_json::from_str(&desktop.done(&["list", "--json"], "")).unwrap();
    assert_eq!(list[0]["length"], 8);
    let endless = format!("{}&image={}", uri("totp", "ACME", "bob"), "x".repeat(20_000));
    assert!(desktop.refused(&["add"], &endless).contains("Nothing was changed"));
    let backup = desktop.path("backup").display().to_string();
    assert!(desktop.refused(&["export", &backup], &"p".repeat(1_025)).contains("1024 bytes"));
    assert!(!std::path::Path::new(&backup).exists(), "nobody could open what part of a password closed");
}

#[tokio::test(flavor = "multi_thread")]
async fn googles_export_can_be_pasted_like_an_address() {
    let desktop = Desktop::with_keyring().await;
    // One entry: 20 bytes of key, "alice", "ACME", TOTP; and one that has no key.
    let said = desktop.run(
        &["add"],
        "otpauth-migration://offline?data=CikKFDEyMzQ1Njc4OTAxMjM0NTY3ODkwEgVhbGljZRoEQUNNRSABKAEwAgoFEgNib2I%3D\n",
    );
    assert_eq!(
        String::from_utf8_lossy(&said.stdout),
        "Added: ACME, alice\n1 added, 0 there already, 1 left out.\n",
        "{said:?}"
    );
    assert!(String::from_utf8_lossy(&said.stderr).contains("line 1, entry 2: it has no key"), "{said:?}");
}

/// A tool on the path that does nothing but end in failure, and a display for it.
fn with_a_broken_tool(desktop: &Desktop) -> std::process::Command {
    let tools = desktop.path("tools");
    std::fs::create_dir_all(&tools).unwrap();
    for tool in ["xclip", "wl-copy", "wl-paste"] {
        std::fs::write(tools.join(tool), "#!/bin/sh\nexit 1\n").unwrap();
        std::fs::set_permissions(tools.join(tool), PermissionsExt::from_mode(0o755)).unwrap();
    }
    let mut command = desktop.command_line();
    command.env("PATH", format!("{}:/usr/bin:/bin", tools.display()));
    command
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_that_was_not_copied_is_not_said_to_be() {
    let desktop = Desktop::with_keyring().await;
    desktop.done(&["add"], &uri("totp", "ACME", "alice"));
    desktop.done(&["add"], &uri("hotp", "Bank", "bob"));
    for display in ["DISPLAY", "WAYLAND_DISPLAY"] {
        for (name, went_on) in [("alice", false), ("bob", true)] {
            let mut command = with_a_broken_tool(&desktop);
            command.env(display, ":4711").args(["show", name, "--copy"]).stdin(Stdio::null());
            let output = tokio::task::block_in_place(|| command.output().unwrap());
            let said = String::from_utf8_lossy(&output.stderr);
            assert_eq!((output.status.code(), output.stdout.len()), (Some(1), 0), "{output:?}");
            assert!(said.contains("The code was not copied: the clipboard's tool ended at once"), "{said}");
            assert_eq!(said.contains("counter has gone on"), went_on, "{said}");
        }
    }
}

#[cfg(feature = "gui")]
#[tokio::test(flavor = "multi_thread")]
async fn a_copied_code_can_be_pasted_when_the_command_says_so() {
    let mut desktop = Desktop::with_keyring().await;
    let screen = crate::desktop::screen::Screen::start(&mut desktop, "300x200").await;
    desktop.done(&["add"], &uri("hotp", "Bank", "bob"));
    let said = desktop.done(&["show", "bob", "--copy"], "");
    assert_eq!(said, "Copied the code of Bank, bob. It leaves the clipboard in 30 seconds.\n");
    let mut paste = desktop.command("xclip");
    let pasted = paste.env("DISPLAY", &screen.display).args(["-selection", "clipboard", "-out"]).output().unwrap();
    assert_eq!(String::from_utf8_lossy(&pasted.stdout), "755224");
}

/// Runs our program at a terminal, where `typed` is typed.
fn at_a_terminal(desktop: &Desktop, line: &str, typed: &str) -> Output {
    let mut command = desktop.command("script");
    let program = env!("CARGO_BIN_EXE_mfa-authenticator");
    command.args(["-qec", &format!("{program} {line}"), "/dev/null"]);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(typed.as_bytes()).unwrap();
    ended(child)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_is_shown_what_would_be_added_and_can_say_no() {
    let desktop = Desktop::with_keyring().await;
    desktop.done(&["add"], &uri("totp", "ACME", "alice"));
    let file = desktop.path("codes").display().to_string();
    let lines = [uri("totp", "ACME", "alice"), uri("totp", "Bank", "bob"), uri("totp", "Bank", "bob")];
    std::fs::write(&file, lines.join("\n")).unwrap();
    let expected = ["  ACME, alice  (there already)", "  Bank, bob", "  Bank, bob  (there already)"];
    let dry = desktop.done(&["import", &file, "--dry-run"], "");
    for line in expected {
        assert!(dry.lines().any(|own| own == line), "{dry}");
    }
    for no in ["n\n", "\n", "\u{4}", "yess\n"] {
        let output = at_a_terminal(&desktop, &format!("import {file}"), no);
        let said = String::from_utf8_lossy(&output.stdout).replace('\r', "");
        assert_eq!(output.status.code(), Some(1), "{said}");
        assert!(said.contains("Add these? [y/N] ") && said.contains("Nothing was added."), "{said}");
        assert!(expected.iter().all(|line| said.lines().any(|own| own == *line)), "{said}");
        assert_eq!(desktop.done(&["list"], "").lines().count(), 1);
    }
    let output = at_a_terminal(&desktop, &format!("import {file}"), "y\n");
    let said = String::from_utf8_lossy(&output.stdout).replace('\r', "");
    assert!(said.contains("1 added, 2 there already, 0 left out."), "{said}");
    let unasked = at_a_terminal(&desktop, &format!("import --yes {file}"), "");
    assert!(!String::from_utf8_lossy(&unasked.stdout).contains("Add these?"), "{unasked:?}");
    assert_eq!(desktop.done(&["list"], "").lines().count(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dry_run_needs_no_keyring() {
    let desktop = Desktop::without_keyring();
    let file = desktop.path("codes").display().to_string();
    std::fs::write(&file, uri("totp", "ACME", "alice")).unwrap();
    let said = desktop.done(&["import", &file, "--dry-run"], "");
    assert!(said.contains("cannot be told: There is no keyring in this session"), "{said}");
    assert!(said.ends_with("  ACME, alice\nNothing was added.\n"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn locking_says_that_an_open_window_has_a_lock_of_its_own() {
    let desktop = Desktop::with_keyring().await;
    assert!(!desktop.done(&["lock"], "").contains("Ctrl+L"));
    // As the window does.
    let window = desktop.connect("session").await;
    window.request_name(mfa_core::bus::AUTHENTICATOR).await.unwrap();
    assert!(desktop.done(&["lock"], "").contains("The window is open and has a lock of its own: press Ctrl+L there."));
}
