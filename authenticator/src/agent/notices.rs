//! Desktop notifications: they announce requests and carry *Open* and *Deny*.
//!
//! *Open* leads to the window; where there is none, to a notification that names the command.
//!
//! What must never happen: an action being taken from anybody but the notification server that showed the very
//! notification (`gdbus emit` forges `ActionInvoked`), or *Approve* standing where a number is due.

use super::server::{self, CRITICAL, Heard, NORMAL};
use super::words::{self, Words};
use super::{Agent, Change, screen, window};
use crate::catalogue::gettext;
use crate::requests::LOGIN;
use mfa_core::bus::{Error, Listed};
use mfa_core::secret::Secret;
use std::sync::Arc;
use tokio::sync::mpsc;
use zbus::Connection;

/// Signals that may wait while a slow notification server keeps us; more are dropped.
const MOST_WAITING: usize = 256;

/// A notification that stands.
#[derive(Debug)]
struct Shown {
    request: String,
    server: String,
    number: u32,
    approvable: bool,
    /// The server's word, for the compositor, that the user chose something here.
    token: Option<String>,
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
    let listening = server::listen(session).await?;
    let (sender, mut heard) = mpsc::channel(MOST_WAITING);
    let mut board = Board { agent, session, shown: Vec::new() };
    tokio::select! {
        () = server::pump(listening, sender) => Ok(()),
        () = async { loop {
            tokio::select! {
                Some(change) = changes.recv() => board.change(change).await,
                Some(heard) = heard.recv() => board.heard(heard).await,
                else => break,
            }
        } } => Ok(()),
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
            Change::Open(id, token) => self.open(id, token),
            Change::NoWindow(id) => self.instruct(&id).await,
            Change::Failed(text) => self.notice(&words::failed(&text)).await,
        }
    }

    async fn heard(&mut self, heard: Heard) {
        match heard {
            Heard::Token { server, number, token } => {
                if let Some(shown) = self.shown.iter_mut().find(|s| s.number == number && s.server == server) {
                    shown.token = Some(token);
                }
            }
            Heard::Action { server, number, key } => {
                let Some(shown) = self.shown.iter_mut().find(|s| s.number == number && s.server == server) else {
                    return;
                };
                let (id, token) = (shown.request.clone(), shown.token.take());
                match key.as_str() {
                    "deny" => self.answer(id, token, false),
                    "approve" if shown.approvable => self.answer(id, token, true),
                    "open" | "default" => self.open(id, token),
                    _ => {}
                }
            }
            Heard::Closed { server, number } => self.shown.retain(|s| s.number != number || s.server != server),
            Heard::ServerChanged => {
                // Our own Notify may have started the server that is there now: what it shows stays.
                let server = server::owner(self.session).await;
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
        let system = self.agent.link().map(|link| link.connection);
        let hidden = screen::hides_details(self.session, system.as_ref()).await;
        let Some(request) = self.agent.requests().waiting(id) else { return };
        // Already there, when a server came up between the request and its announcement.
        if self.shown.iter().any(|shown| shown.request == id) {
            return;
        }
        self.show(&request, &words::announcement(&request, hidden), !hidden && needs_no_more(&request)).await;
    }

    /// Opens the window beside the loop: it may have to be started first.
    fn open(&self, id: String, token: Option<String>) {
        let (agent, session) = (Arc::clone(self.agent), self.session.clone());
        tokio::spawn(async move {
            if let Err(error) = window::open(&session, &id, token.as_deref()).await {
                tracing::info!("no window opens, the notification names the command: {error}");
                agent.tell(Change::NoWindow(id));
            }
        });
    }

    /// How to go on where no window opens.
    async fn instruct(&mut self, id: &str) {
        let Some(request) = self.agent.requests().waiting(id) else { return };
        self.withdraw(id).await;
        self.show(&request, &words::instructions(&request), false).await;
    }

    async fn show(&mut self, request: &Listed, words: &Words, approvable: bool) {
        let (open, deny) = (gettext("Open"), gettext("Deny"));
        let mut actions = vec!["default", open, "open", open, "deny", deny];
        if approvable {
            actions.extend(["approve", gettext("Approve")]);
        }
        match server::notify(self.session, words, &actions, CRITICAL).await {
            Ok((server, number)) => {
                let request = request.id.clone();
                self.shown.push(Shown { request, server, number, approvable, token: None });
            }
            Err(error) => tracing::warn!("the notification server takes nothing: {error}"),
        }
    }

    async fn withdraw(&mut self, id: &str) {
        while let Some(index) = self.shown.iter().position(|shown| shown.request == id) {
            let gone = self.shown.swap_remove(index);
            server::close(self.session, &gone.server, gone.number).await;
        }
    }

    /// Answers beside the loop: a keyring's prompt may stand open meanwhile.
    fn answer(&self, id: String, token: Option<String>, yes: bool) {
        let agent = Arc::clone(self.agent);
        tokio::spawn(async move {
            let no_pin = Secret::new(Vec::new());
            let answered = if yes { agent.approve(&id, "", no_pin).await } else { agent.deny(&id, false).await };
            match answered {
                Ok(()) => {}
                Err(Error::PinNeeded(_)) => agent.tell(Change::Open(id, token)),
                Err(error) => agent.tell(Change::Failed(error.words())),
            }
        });
    }

    async fn notice(&self, words: &Words) {
        if let Err(error) = server::notify(self.session, words, &[], NORMAL).await {
            tracing::warn!("the notification server takes nothing: {error}");
        }
    }
}

/// Whether a yes is complete without the number: a local login whose policy asks for none.
fn needs_no_more(request: &Listed) -> bool {
    !request.number_due && request.rhost.is_empty() && request.purpose == LOGIN
}
