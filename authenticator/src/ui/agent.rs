//! The agent, as the window sees it: asked from a thread of its own, because D-Bus futures do not belong on GTK's loop.
//!
//! What must never happen: the window standing still because a bus does.

use super::request::{Ask, Word};
use super::text;
use crate::catalogue::gettext;
use crate::session::{self, NoSession};
use futures_util::StreamExt;
use mfa_core::bus::{Approvals1Proxy, Decided, Error, Listed};
use std::time::Duration;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use zbus::fdo;
use zbus::proxy::CacheProperties;

/// Longest wait for the agent: it may have the keyring ask for a password meanwhile.
const PATIENCE: Duration = Duration::from_secs(120);

/// The pause before an agent or a bus that did not answer is asked again.
const RETRY: Duration = Duration::from_secs(3);

/// What the window hears.
#[derive(Debug)]
pub(super) enum News {
    /// What waits, oldest first, and what is over, newest first.
    Listed(Vec<Listed>, Vec<Decided>),
    /// The agent does not answer, and why.
    NoAgent(String),
    /// What came of a word about a request.
    Answered(String, Ask, Result<(), Error>),
}

/// Starts the thread. It ends when nobody can speak to it any more.
///
/// # Errors
/// When the system gives no thread.
pub(super) fn connect() -> std::io::Result<(UnboundedSender<Word>, UnboundedReceiver<News>)> {
    let (words, said) = unbounded_channel();
    let (news, heard) = unbounded_channel();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    std::thread::Builder::new().name("agent".to_owned()).spawn(move || {
        runtime.block_on(serve(said, &news));
        runtime.shutdown_background();
    })?;
    Ok((words, heard))
}

async fn serve(mut said: UnboundedReceiver<Word>, news: &UnboundedSender<News>) {
    loop {
        let ended = talk(&mut said, news).await;
        let text = match ended {
            Ok(()) => return,
            Err(NoSession::Bus(error)) => text::no_bus(&error.to_string()),
            Err(another @ NoSession::Another(_)) => another.to_string(),
        };
        if news.send(News::NoAgent(text)).is_err() {
            return;
        }
        tokio::time::sleep(RETRY).await;
    }
}

/// One connection to the session bus; ends well when the window is gone.
async fn talk(said: &mut UnboundedReceiver<Word>, news: &UnboundedSender<News>) -> Result<(), NoSession> {
    let session = session::connect(PATIENCE).await?;
    let agent = Approvals1Proxy::builder(&session).cache_properties(CacheProperties::No).build().await?;
    // Before the first look, or a change in between would be missed.
    let mut changes = agent.receive_changed().await?;
    let mut owners = agent.inner().receive_owner_changed().await?;
    loop {
        let listed = look(&agent).await;
        let pause = if matches!(listed, News::NoAgent(_)) { RETRY } else { Duration::MAX };
        if news.send(listed).is_err() {
            return Ok(());
        }
        loop {
            tokio::select! {
                word = said.recv() => match word {
                    Some(word) => answer(&agent, word, news),
                    None => return Ok(()),
                },
                change = changes.next() => if change.is_some() { break } else { return Err(gone().into()) },
                owner = owners.next() => if owner.is_some() { break } else { return Err(gone().into()) },
                () = session.closed() => return Err(gone().into()),
                () = tokio::time::sleep(pause) => break,
            }
        }
    }
}

async fn look(agent: &Approvals1Proxy<'_>) -> News {
    let looked = async { Ok((agent.list().await?, agent.history().await?)) };
    match looked.await {
        Ok((waiting, over)) => News::Listed(waiting, over),
        Err(error) if is_absent(&error) => News::NoAgent(text::ABSENT.to_string()),
        Err(error) => News::NoAgent(error.words()),
    }
}

/// Beside everything else: a yes may wait for the keyring while a no does not.
fn answer(agent: &Approvals1Proxy<'static>, word: Word, news: &UnboundedSender<News>) {
    let (agent, news) = (agent.clone(), news.clone());
    tokio::spawn(async move {
        let answer = match word.ask {
            Ask::Approve => {
                let text = |secret: &mfa_core::secret::Secret| secret.expose_str().unwrap_or_default().to_owned();
                agent.approve(&word.id, &text(&word.number), &text(&word.pin)).await
            }
            Ask::Deny => agent.deny(&word.id, false).await,
            Ask::Report => agent.deny(&word.id, true).await,
        };
        let answer = answer
            .map_err(|error| if is_absent(&error) { Error::Unavailable(text::ABSENT.to_string()) } else { error });
        // The window may be gone meanwhile.
        let _ = news.send(News::Answered(word.id, word.ask, answer));
    });
}

fn is_absent(error: &Error) -> bool {
    matches!(error, Error::Bus(zbus::Error::FDO(cause))
        if matches!(**cause, fdo::Error::ServiceUnknown(_) | fdo::Error::NameHasNoOwner(_)))
}

fn gone() -> zbus::Error {
    zbus::Error::Failure(gettext("it is gone").to_owned())
}
