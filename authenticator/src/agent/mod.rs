//! The agent: one program per session that shows requests and signs decisions.
//!
//! Two long-lived connections meet here. `link` holds the one to mfad on the system bus, `desk` and `notices`
//! serve the session bus; `answer` is the only place where a signature is made. What must never happen: a signature
//! without the user's own word for that very request.

mod answer;
mod desk;
mod ear;
mod heard;
mod link;
mod memory;
mod notices;
mod pins;
mod screen;
mod server;
mod window;
mod words;

use crate::catalogue::{Text, filled, gettext};
use crate::keyring::Keyring;
use crate::now;
use crate::requests::{NotListed, Requests};
use crate::session::{self, NoSession};
use link::Link;
use memory::Memory;
use mfa_core::bus::Trust;
use mfa_core::bus::{AGENT, APPROVALS_PATH, Withdrawn};
use pins::Pins;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::{Notify, mpsc};
use zbus::fdo::{RequestNameFlags, RequestNameReply};
use zbus::names::UniqueName;

/// Longest wait for a reply on either bus.
const PATIENCE: Duration = Duration::from_secs(10);

/// Longest wait for the disk at the end.
const LAST_SAVE: Duration = Duration::from_secs(2);

/// Why the agent could not go on.
#[derive(Debug, thiserror::Error)]
pub enum AgentError {
    /// No session bus.
    #[error("{}", filled(gettext("the session bus does not answer: {why}. Start the agent inside a desktop session"), &[("why", .0)]))]
    Session(#[from] zbus::Error),
    /// Another user's.
    #[error(transparent)]
    Another(NoSession),
    /// It was there and is not any more.
    #[error("{}", Text("the session bus is gone"))]
    SessionGone,
}

impl From<NoSession> for AgentError {
    fn from(why: NoSession) -> Self {
        match why {
            NoSession::Bus(error) => Self::Session(error),
            NoSession::Another(_) => Self::Another(why),
        }
    }
}

/// How an agent ended well.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// Another agent serves this session.
    AnotherRuns,
    /// It was told to.
    Told,
}

/// What happens, for the notifications.
#[derive(Debug)]
pub(crate) enum Change {
    /// A request waits.
    Opened(String),
    /// A request is over.
    Over(String),
    /// mfad has something to tell.
    Said(String),
    /// The window is to open for a request; with the notification server's activation token, if it gave one.
    Open(String, Option<String>),
    /// No window opens for a request.
    NoWindow(String),
    /// An answer given by a notification did not get through.
    Failed(String),
}

/// What all parts of the agent share.
#[derive(Debug)]
pub(crate) struct Agent {
    requests: Mutex<Requests>,
    link: Mutex<Option<Link>>,
    keyring: Keyring,
    pins: Pins,
    changes: mpsc::UnboundedSender<Change>,
    /// The list is another now.
    listed: Notify,
    /// The keyring may hold other keys now.
    look: Notify,
    memory: Memory,
}

/// Serves this session until it ends; `trust` says whom to take for mfad.
///
/// # Errors
/// When there is no session bus, or it goes away.
pub async fn run(trust: Trust) -> Result<Ended, AgentError> {
    let session = session::connect(PATIENCE).await?;
    let (changes, changed) = mpsc::unbounded_channel();
    let memory = Memory::of_this_user();
    let agent = Arc::new(Agent {
        requests: Mutex::new(Requests::remembering(memory.load().await)),
        link: Mutex::default(),
        keyring: Keyring::new(session.clone()),
        pins: Pins::default(),
        changes,
        listed: Notify::new(),
        look: Notify::new(),
        memory,
    });
    session.object_server().at(APPROVALS_PATH, desk::Desk::new(Arc::clone(&agent))).await?;
    // Neither replacing nor to be replaced, and no place in a queue: who is first stays.
    match session.request_name_with_flags(AGENT, RequestNameFlags::DO_NOT_QUEUE).await {
        Ok(RequestNameReply::PrimaryOwner | RequestNameReply::AlreadyOwner) => {}
        Ok(_) | Err(zbus::Error::NameTaken) => return Ok(Ended::AnotherRuns),
        Err(error) => return Err(error.into()),
    }
    let ended = tokio::select! {
        () = link::keep(&agent, trust) => Ok(Ended::Told),
        () = memory::keep(&agent) => Ok(Ended::Told),
        ended = notices::serve(&agent, &session, changed) => { ended?; Err(AgentError::SessionGone) }
        ended = link::watch_keyring(&agent, &session) => { ended?; Err(AgentError::SessionGone) }
        ended = desk::announce(&agent, &session) => { ended?; Err(AgentError::SessionGone) }
        () = clock(&agent) => Ok(Ended::Told),
        () = session.closed() => Err(AgentError::SessionGone),
        () = told() => Ok(Ended::Told),
    };
    // A disk that hangs does not keep the session from ending.
    let _ = tokio::time::timeout(LAST_SAVE, agent.memory.save(&agent)).await;
    ended
}

impl Agent {
    /// Takes in a request of mfad's.
    fn present(&self, bytes: &[u8]) -> Result<(), NotListed> {
        let presented = self.requests().present(bytes, now())?;
        if let Some(request) = presented {
            self.tell(Change::Opened(request.id.as_str().to_owned()));
        }
        Ok(())
    }

    /// Ends a request, wherever it was decided.
    fn end(&self, id: &str, how: Withdrawn) {
        if self.requests().end(id, how, now()) {
            self.over(id.to_owned());
        }
    }

    /// mfad is another or gone: what it asked is void.
    fn lose_daemon(&self) {
        *self.link.lock().unwrap_or_else(PoisonError::into_inner) = None;
        let gone = self.requests().forget(now());
        gone.into_iter().for_each(|id| self.over(id));
    }

    fn over(&self, id: String) {
        self.memory.decided();
        self.tell(Change::Over(id));
    }

    /// Whether a message of `sender` on the system bus comes from mfad.
    fn believes(&self, sender: Option<&UniqueName<'_>>) -> bool {
        let link = self.link.lock().unwrap_or_else(PoisonError::into_inner);
        matches!((link.as_ref(), sender), (Some(link), Some(sender)) if link.daemon.as_str() == sender.as_str())
    }

    fn link(&self) -> Option<Link> {
        self.link.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn requests(&self) -> MutexGuard<'_, Requests> {
        self.requests.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn tell(&self, change: Change) {
        self.listed.notify_one();
        // The notifications end only with the agent.
        let _ = self.changes.send(change);
    }
}

/// Ends requests whose time is over. A second is what the user sees of it.
async fn clock(agent: &Agent) {
    let mut tick = tokio::time::interval(Duration::from_secs(1));
    loop {
        tick.tick().await;
        let expired = agent.requests().expire(now());
        expired.into_iter().for_each(|id| agent.over(id));
    }
}

/// Waits for the session's word to end.
async fn told() {
    use tokio::signal::unix::{SignalKind, signal};
    match (signal(SignalKind::terminate()), signal(SignalKind::interrupt())) {
        (Ok(mut terminate), Ok(mut interrupt)) => {
            tokio::select! { _ = terminate.recv() => {} _ = interrupt.recv() => {} }
        }
        // Without handlers the signals end the program themselves.
        _ => std::future::pending().await,
    }
}
