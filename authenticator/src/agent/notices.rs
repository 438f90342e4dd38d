//! Desktop notifications: they announce requests and carry *Open* and *Deny*.
//!
//! What must never happen: an action being taken from anybody but the notification server that showed the very
//! notification (`gdbus emit` forges `ActionInvoked`), or *Approve* standing where a number is due.

use super::{Agent, Change, heard, screen, words};
use crate::agent::words::Words;
use crate::keyring::SECRETS;
use futures_util::{Stream, StreamExt};
use mfa_core::approval::{Purpose, Request};
use mfa_core::bus::{AUTHENTICATOR, Error};
use std::collections::HashMap;
use std::sync::Arc;
use tokio::sync::mpsc;
use zbus::fdo::DBusProxy;
use zbus::names::{BusName, OwnedUniqueName};
use zbus::{Connection, Message, Variant};

const NAME: &str = "org.freedesktop.Notifications";
const PATH: &str = "/org/freedesktop/Notifications";

/// Signals that may wait while a slow notification server keeps us; more are dropped.
const MOST_WAITING: usize = 256;

/// The `urgency` hint of a request: "critical", which no server hides by itself.
const CRITICAL: u8 = 2;
const NORMAL: u8 = 1;

/// What comes from the session bus.
#[derive(Debug)]
enum Heard {
    /// A server says that an action was chosen.
    Action { server: String, number: u32, key: String },
    /// A server says that a notification is gone.
    Closed { server: String, number: u32 },
    /// Another server, or none.
    ServerChanged,
}

/// A notification that stands.
#[derive(Debug)]
struct Shown {
    request: String,
    server: String,
    number: u32,
    approvable: bool,
}

/// Shows and withdraws notifications until the session bus ends.
///
/// # Errors
/// When the session bus refuses to be listened to.
pub(super) async fn serve(
    agent: &Arc<Agent>,
    session: &Connection,
    mut changes: mpsc::UnboundedReceiver<Change>,
) -> zbus::Result<()> {
    // Before the first Notify, or an early answer would be missed.
    let signals = heard::signals(session, Some(PATH), NAME).await?.filter_map(|m| std::future::ready(read(&m)));
    let servers = heard::owners(session, NAME).await?.map(|()| Heard::ServerChanged);
    let (sender, mut heard) = mpsc::channel(MOST_WAITING);
    let mut board = Board { agent, session, shown: Vec::new() };
    tokio::select! {
        // A queue of its own: signals that nobody takes would hold up the replies we wait for.
        () = pump(futures_util::stream::select(signals, servers), sender) => Ok(()),
        ended = watch_keyring(agent, session) => ended,
        () = async { loop {
            tokio::select! {
                Some(change) = changes.recv() => board.change(change).await,
                Some(heard) = heard.recv() => board.heard(heard).await,
                else => break,
            }
        } } => Ok(()),
    }
}

async fn pump(mut from: impl Stream<Item = Heard> + Unpin, to: mpsc::Sender<Heard>) {
    while let Some(heard) = from.next().await {
        if to.try_send(heard).is_err() {
            tracing::warn!("too many signals: one was dropped");
        }
    }
}

/// Looks for keys again when the keyring starts or takes something in, as after pairing.
async fn watch_keyring(agent: &Arc<Agent>, session: &Connection) -> zbus::Result<()> {
    let items = heard::signals(session, None, "org.freedesktop.Secret.Collection").await?.map(|_| ());
    let mut news = futures_util::stream::select(heard::owners(session, SECRETS).await?, items);
    while news.next().await.is_some() {
        agent.look.notify_one();
    }
    Ok(())
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
        "NotificationClosed" => {
            let (number, _reason): (u32, u32) = body.deserialize().ok()?;
            Some(Heard::Closed { server, number })
        }
        _ => None,
    }
}

struct Board<'a> {
    agent: &'a Arc<Agent>,
    session: &'a Connection,
    shown: Vec<Shown>,
}

impl Board<'_> {
    async fn change(&mut self, change: Change) {
        match change {
            Change::Opened(id) => self.announce(&id).await,
            Change::Over(id) => self.withdraw(&id).await,
            Change::Said(text) => self.notice(&words::said(&text)).await,
            Change::Failed(text) => self.notice(&words::failed(&text)).await,
        }
    }

    async fn heard(&mut self, heard: Heard) {
        match heard {
            Heard::Action { server, number, key } => {
                let Some(shown) = self.shown.iter().find(|s| s.number == number && s.server == server) else { return };
                let (id, approvable) = (shown.request.clone(), shown.approvable);
                match key.as_str() {
                    "deny" => self.answer(|agent| async move { agent.deny(&id, false).await }),
                    "approve" if approvable => self.answer(|agent| async move { agent.approve(&id, "").await }),
                    "open" | "default" => self.open(&id).await,
                    _ => {}
                }
            }
            Heard::Closed { server, number } => self.shown.retain(|s| s.number != number || s.server != server),
            Heard::ServerChanged => {
                // Our own Notify may have started the server that is there now: what it shows stays.
                let server = self.server().await;
                self.shown.retain(|shown| server.as_deref() == Some(shown.server.as_str()));
                if server.is_none() {
                    return;
                }
                let waiting = self.agent.requests().list();
                for request in waiting {
                    self.announce(&request.id).await;
                }
            }
        }
    }

    async fn announce(&mut self, id: &str) {
        let hidden = screen::hides_details(self.session).await;
        let Some(request) = self.agent.requests().waiting(id).cloned() else { return };
        // Already there, when a server came up between the request and its announcement.
        if self.shown.iter().any(|shown| shown.request == id) {
            return;
        }
        self.show(&request, &words::announcement(&request, hidden), !hidden && needs_no_more(&request)).await;
    }

    /// *Open*: there is no window here, so the notification says how to go on.
    async fn open(&mut self, id: &str) {
        let Some(request) = self.agent.requests().waiting(id).cloned() else { return };
        self.withdraw(id).await;
        self.show(&request, &words::instructions(&request), false).await;
    }

    async fn show(&mut self, request: &Request, words: &Words, approvable: bool) {
        let mut actions = vec!["default", "Open", "open", "Open", "deny", "Deny"];
        if approvable {
            actions.extend(["approve", "Approve"]);
        }
        match self.notify(words, &actions, CRITICAL).await {
            Ok((server, number)) => {
                let request = request.id.as_str().to_owned();
                self.shown.push(Shown { request, server: server.to_string(), number, approvable });
            }
            Err(error) => tracing::warn!("the notification server takes nothing: {error}"),
        }
    }

    async fn withdraw(&mut self, id: &str) {
        while let Some(index) = self.shown.iter().position(|shown| shown.request == id) {
            let gone = self.shown.swap_remove(index);
            let closed = self
                .session
                .call_method(Some(gone.server.as_str()), PATH, Some(NAME), "CloseNotification", &gone.number)
                .await;
            if let Err(error) = closed {
                tracing::debug!("a notification could not be closed: {error}");
            }
        }
    }

    /// Answers beside the loop: a keyring's prompt may stand open meanwhile.
    fn answer<F>(&self, answer: impl FnOnce(Arc<Agent>) -> F)
    where
        F: Future<Output = Result<(), Error>> + Send + 'static,
    {
        let agent = Arc::clone(self.agent);
        let answer = answer(Arc::clone(&agent));
        tokio::spawn(async move {
            if let Err(error) = answer.await {
                agent.tell(Change::Failed(crate::cli::said(&error)));
            }
        });
    }

    async fn server(&self) -> Option<String> {
        let bus = DBusProxy::new(self.session).await.ok()?;
        bus.get_name_owner(BusName::try_from(NAME).ok()?).await.ok().map(|name| name.to_string())
    }

    async fn notice(&self, words: &Words) {
        if let Err(error) = self.notify(words, &[], NORMAL).await {
            tracing::warn!("the notification server takes nothing: {error}");
        }
    }

    /// Shows something; the server that took it, by the sender of its reply, and the number it gave.
    async fn notify(&self, words: &Words, actions: &[&str], urgency: u8) -> zbus::Result<(OwnedUniqueName, u32)> {
        let capabilities = self.session.call_method(Some(NAME), PATH, Some(NAME), "GetCapabilities", &()).await?;
        let capabilities: Vec<String> = capabilities.body().deserialize()?;
        let can = |what: &str| capabilities.iter().any(|capability| capability == what);
        let body = words::body(words, can("body-markup"));
        let actions = if can("actions") { actions } else { &[] };
        let hints = HashMap::from([
            ("urgency", Variant::from(urgency)),
            ("desktop-entry", Variant::from(AUTHENTICATOR)),
            ("x-gnome-privacy-scope", Variant::from("user")),
        ]);
        // 0: it stays until it is withdrawn; -1: the server's own default.
        let expires = if urgency == CRITICAL { 0i32 } else { -1 };
        let arguments = ("Authenticator", 0u32, "", words.title, body.as_str(), actions, hints, expires);
        let reply = self.session.call_method(Some(NAME), PATH, Some(NAME), "Notify", &arguments).await?;
        let number = reply.body().deserialize()?;
        let header = reply.header();
        let server = header.sender().ok_or(zbus::Error::MissingField)?;
        Ok((server.to_owned().into(), number))
    }
}

/// Whether a yes is complete without the number: a local login whose policy asks for none.
fn needs_no_more(request: &Request) -> bool {
    !request.number_due && request.rhost.is_none() && request.purpose == Purpose::Login
}
