//! The notification server: what is said to it, and what is heard from it.
//!
//! Our own calls instead of a library's, because what counts is who answers: each notification is known by the unique
//! name that took it, and each signal by the one that sent it.

use super::heard;
use super::words::{self, Sink, Words};
use futures_util::{Stream, StreamExt, stream};
use mfa_core::bus::AUTHENTICATOR;
use std::collections::HashMap;
use std::future;
use tokio::sync::mpsc;
use zbus::fdo::DBusProxy;
use zbus::names::BusName;
use zbus::{Connection, Message, Variant};

const NAME: &str = "org.freedesktop.Notifications";
const PATH: &str = "/org/freedesktop/Notifications";

/// The `urgency` hint of a request: "critical", which no server hides by itself.
pub(super) const CRITICAL: u8 = 2;

/// The `urgency` hint of everything else.
pub(super) const NORMAL: u8 = 1;

/// What comes from the session bus.
#[derive(Debug)]
pub(super) enum Heard {
    /// A server says that an action was chosen.
    Action { server: String, number: u32, key: String },
    /// A server says what the compositor wants to see before a window may take the focus.
    Token { server: String, number: u32, token: String },
    /// A server says that a notification is gone.
    Closed { server: String, number: u32 },
    /// Another server, or none.
    ServerChanged,
}

/// Everything said from now on, for [`pump`].
pub(super) async fn listen(session: &Connection) -> zbus::Result<impl Stream<Item = Heard> + Unpin + use<>> {
    let signals = heard::signals(session, Some(PATH), NAME).await?.filter_map(|m| future::ready(read(&m)));
    let servers = heard::owners(session, NAME).await?.map(|()| Heard::ServerChanged);
    Ok(stream::select(signals, servers))
}

/// Passes on what is heard into a queue of its own: signals that nobody takes would hold up the replies we wait for.
pub(super) async fn pump(mut from: impl Stream<Item = Heard> + Unpin, to: mpsc::Sender<Heard>) {
    while let Some(heard) = from.next().await {
        if to.try_send(heard).is_err() {
            tracing::warn!("too many signals: one was dropped");
        }
    }
}

/// Reads a signal; the sender is the bus's word.
fn read(message: &Message) -> Option<Heard> {
    let header = message.header();
    let server = header.sender()?.as_str().to_owned();
    let body = message.body();
    match header.member()?.as_str() {
        "ActionInvoked" => {
            let (number, key): (u32, String) = body.deserialize().ok()?;
            Some(Heard::Action { server, number, key })
        }
        "ActivationToken" => {
            let (number, token): (u32, String) = body.deserialize().ok()?;
            is_token(&token).then_some(Heard::Token { server, number, token })
        }
        "NotificationClosed" => {
            let (number, _reason): (u32, u32) = body.deserialize().ok()?;
            Some(Heard::Closed { server, number })
        }
        _ => None,
    }
}

/// Whether this can be an activation token: those are short names (64 characters in GNOME Shell and KWin).
fn is_token(text: &str) -> bool {
    !text.is_empty() && text.len() <= 256 && text.bytes().all(|b| b.is_ascii_graphic())
}

/// The unique name of the server that is there now.
pub(super) async fn owner(session: &Connection) -> Option<String> {
    let bus = DBusProxy::new(session).await.ok()?;
    bus.get_name_owner(BusName::try_from(NAME).ok()?).await.ok().map(|name| name.to_string())
}

/// Shows something; the unique name of the server that took it, by the sender of its reply, and the number it gave.
pub(super) async fn notify(
    session: &Connection,
    words: &Words,
    actions: &[&str],
    urgency: u8,
) -> zbus::Result<(String, u32)> {
    let capabilities = session.call_method(Some(NAME), PATH, Some(NAME), "GetCapabilities", &()).await?;
    let capabilities: Vec<String> = capabilities.body().deserialize()?;
    let can = |what: &str| capabilities.iter().any(|capability| capability == what);
    let program = program(session).await.unwrap_or_default();
    let body = words::body(words, Sink { markup: can("body-markup"), flat: is_flat(&program) });
    let actions = if can("actions") { drawn(actions, &program) } else { Vec::new() };
    let hints = HashMap::from([
        ("urgency", Variant::from(urgency)),
        ("desktop-entry", Variant::from(AUTHENTICATOR)),
        ("x-gnome-privacy-scope", Variant::from("user")),
    ]);
    // 0: it stays until it is withdrawn; -1: the server's own default.
    let expires = if urgency == CRITICAL { 0i32 } else { -1 };
    let arguments = ("Authenticator", 0u32, "", words.title, body.as_str(), actions, hints, expires);
    let reply = session.call_method(Some(NAME), PATH, Some(NAME), "Notify", &arguments).await?;
    let number = reply.body().deserialize()?;
    let header = reply.header();
    let server = header.sender().ok_or(zbus::Error::MissingField)?;
    Ok((server.to_string(), number))
}

/// What the server calls itself.
async fn program(session: &Connection) -> zbus::Result<String> {
    let reply = session.call_method(Some(NAME), PATH, Some(NAME), "GetServerInformation", &()).await?;
    let (program, _, _, _): (String, String, String, String) = reply.body().deserialize()?;
    Ok(program)
}

/// Whether the server makes one line of all: GNOME Shell does (seen with 48).
fn is_flat(program: &str) -> bool {
    program == "gnome-shell"
}

/// The actions for a server: Xfce's draws the default one as a button, too, and would show two that say the same.
fn drawn<'a>(actions: &[&'a str], program: &str) -> Vec<&'a str> {
    let twice = program == "Xfce Notify Daemon";
    actions.chunks(2).filter(|action| !(twice && action.first() == Some(&"open"))).flatten().copied().collect()
}

/// Takes a notification away; best effort, the server may be gone.
pub(super) async fn close(session: &Connection, server: &str, number: u32) {
    if let Err(error) = session.call_method(Some(server), PATH, Some(NAME), "CloseNotification", &number).await {
        tracing::debug!("a notification could not be closed: {error}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_server_draws_open_twice() {
        let actions = ["default", "Open", "open", "Open", "deny", "Deny"];
        assert_eq!(drawn(&actions, "gnome-shell"), actions);
        assert_eq!(drawn(&actions, "Xfce Notify Daemon"), ["default", "Open", "deny", "Deny"]);
        assert!(drawn(&[], "Xfce Notify Daemon").is_empty());
    }

    #[test]
    fn a_token_is_a_short_name() {
        assert!(is_token("gnome-shell/Terminal/1234-5-desk_TIME678"));
        for wrong in ["", "a b", "a\n", "ä", &"x".repeat(257)] {
            assert!(!is_token(wrong));
        }
    }
}
