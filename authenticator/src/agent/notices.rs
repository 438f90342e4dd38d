//! Desktop notifications: they announce requests and carry *Open* and *Deny*.
//!
//! What must never happen: an action being taken from anybody but the notification server that showed the very
//! notification (`gdbus emit` forges `ActionInvoked`), or *Approve* standing where a number is due.

use super::server::{self, CRITICAL, Heard, NORMAL};
use super::words::{self, Words};
use super::{Agent, Change, screen};
use mfa_core::approval::{Purpose, Request};
use mfa_core::bus::Error;
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
        match server::notify(self.session, words, &actions, CRITICAL).await {
            Ok((server, number)) => {
                let request = request.id.as_str().to_owned();
                self.shown.push(Shown { request, server, number, approvable });
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

    async fn notice(&self, words: &Words) {
        if let Err(error) = server::notify(self.session, words, &[], NORMAL).await {
            tracing::warn!("the notification server takes nothing: {error}");
        }
    }
}

/// Whether a yes is complete without the number: a local login whose policy asks for none.
fn needs_no_more(request: &Request) -> bool {
    !request.number_due && request.rhost.is_none() && request.purpose == Purpose::Login
}
