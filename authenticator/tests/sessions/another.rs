//! A session bus of another user, to which a `su` that keeps the environment leads.

use crate::desktop::Desktop;
use crate::desktop::another::Bus;
#[cfg(feature = "gui")]
use crate::desktop::screen::Screen;
#[cfg(feature = "gui")]
use futures_util::StreamExt;
use std::process::Stdio;
use zbus::connection::Builder;
#[cfg(feature = "gui")]
use zbus::fdo::DBusProxy;

/// What our program complains about where the session bus is at `address`; it must end.
fn complaint(desktop: &Desktop, address: &str, arguments: &[&str]) -> String {
    let mut command = desktop.command("timeout");
    command.arg("20").arg(env!("CARGO_BIN_EXE_mfa-authenticator")).args(arguments).stdin(Stdio::null());
    let ended = command.env("DBUS_SESSION_BUS_ADDRESS", address).output().unwrap();
    assert_eq!(ended.status.code(), Some(1), "{arguments:?}: {ended:?}");
    String::from_utf8(ended.stderr).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_session_bus_of_another_user_is_told_and_asked_nothing() {
    let desktop = Desktop::without_keyring();
    let Some(bus) = Bus::start(&desktop) else { return };
    // It lets us in: what follows is our own word.
    let _let_in = Builder::address(bus.address.as_str()).build().await.unwrap();
    for arguments in [
        &["agent"][..],
        &["requests"],
        &["approve", "1", "482913"],
        &["deny", "1"],
        &["history"],
        &["pin", "set"],
        &["list"],
        &["show", "acme"],
        &["add"],
        &["export", "/nowhere/backup"],
        &["lock"],
        &["unlock"],
        &["status"],
    ] {
        let said = complaint(&desktop, &bus.address, arguments);
        assert_eq!(
            said,
            "mfa-authenticator: The session bus belongs to another user (uid 65534) and is not used. \
             Start this in a session of your own; after su, by su - instead\n",
            "{arguments:?}"
        );
    }
}

#[cfg(feature = "gui")]
#[tokio::test(flavor = "multi_thread")]
async fn no_window_opens_in_the_session_of_another_user() {
    let mut desktop = Desktop::without_keyring();
    let Some(bus) = Bus::start(&desktop) else { return };
    let _screen = Screen::start(&mut desktop, "900x700").await;
    let listener = Builder::address(bus.address.as_str()).build().await.unwrap();
    let names = DBusProxy::new(&listener).await.unwrap();
    let mut owners = names.receive_name_owner_changed().await.unwrap();
    for arguments in [&["window"][..], &["window", "--requests"], &["window", "--gapplication-service"]] {
        let said = complaint(&desktop, &bus.address, arguments);
        assert!(said.contains("The session bus belongs to another user (uid 65534)"), "{arguments:?}: {said}");
    }
    // Whoever is greeted gets a name. Ours comes after all those, and alone.
    listener.request_name("org.example.Last").await.unwrap();
    let first = owners.next().await.unwrap();
    assert_eq!(first.args().unwrap().name.as_str(), "org.example.Last", "the bus was greeted");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_that_libraries_read_apart_is_no_session_bus() {
    let desktop = Desktop::with_keyring().await;
    let own = desktop.address("session");
    // Each may have another bus in its other half, or in what a library makes of it.
    let named_twice = own.replace("path=", "path=/nowhere,path=");
    std::os::unix::fs::symlink(desktop.path("session.sock"), desktop.path("a;b")).unwrap();
    let listed = format!("unix:path={}", desktop.path("a;b").display());
    for address in [named_twice, listed, "tcp:host=127.0.0.1,port=9".into(), "unixexec:path=/bin/false".into()] {
        let said = complaint(&desktop, &address, &["status"]);
        assert!(said.contains("No session bus."), "{address}: {said}");
    }
    // As dbus-daemon prints it, and as it may stand as well (D-Bus specification, "Server Addresses").
    let guid = desktop.connect("session").await.server_guid().to_string();
    let before = own.replace("unix:", &format!("unix:guid={guid},"));
    for address in [format!("{own},guid={guid}"), before] {
        let mut status = desktop.command_line();
        let status = status.env("DBUS_SESSION_BUS_ADDRESS", &address).arg("status").output().unwrap();
        assert!(status.status.success(), "{address}: {status:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_bus_that_greets_nobody_is_not_waited_for_without_end() {
    let desktop = Desktop::without_keyring();
    let path = desktop.path("silent");
    let _silent = std::os::unix::net::UnixListener::bind(&path).unwrap();
    let said = complaint(&desktop, &format!("unix:path={}", path.display()), &["status"]);
    assert!(said.contains("No session bus."), "{said}");
}
