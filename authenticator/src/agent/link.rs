//! The connection to mfad: made, kept, and made again.
//!
//! Whoever owns mfad's name is asked for by the bus's own answer, never believed from a signal: a signal can be forged
//! by any peer, and so is only a reason to ask again. When mfad or the bus restarts, all devices register anew.

use super::{Agent, PATIENCE, ear::Ear, heard};
use crate::daemon;
use crate::keyring::{Held, SECRETS};
use futures_util::StreamExt;
use mfa_core::bus::{AGENT_PATH, Agents1Proxy, DAEMON, Error};
use mfa_core::bus::{NoDaemon, Trust};
use mfa_core::device::DeviceId;
use std::sync::{Arc, PoisonError};
use std::time::Duration;
use zbus::names::OwnedUniqueName;
use zbus::{Connection, ObjectPath};

/// The first pause before the system bus is tried again; it doubles up to [`LONGEST_PAUSE`].
const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// The pause before a registration that failed is tried again.
const RETRY: Duration = Duration::from_secs(5);

/// The pause before a look for what no signal told: a device that an administrator made active again.
const LOOK: Duration = Duration::from_secs(300);

/// mfad as it was met.
#[derive(Debug, Clone)]
pub(super) struct Link {
    pub(super) connection: Connection,
    /// Its unique name.
    pub(super) daemon: OwnedUniqueName,
    /// The devices registered with it.
    pub(super) devices: Vec<DeviceId>,
}

impl Link {
    /// `Agents1` of this mfad.
    pub(super) async fn agents(&self) -> zbus::Result<Agents1Proxy<'static>> {
        daemon::agents(&self.connection, &self.daemon).await
    }
}

/// Keeps the agent linked to mfad for as long as the program runs.
pub(super) async fn keep(agent: &Arc<Agent>, trust: Trust) {
    let mut pause = FIRST_PAUSE;
    loop {
        match serve(agent, trust, &mut pause).await {
            Ok(()) => tracing::info!("the system bus is gone"),
            Err(error) => tracing::warn!("the system bus does not answer: {error}"),
        }
        agent.lose_daemon();
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

/// One connection, until it ends.
async fn serve(agent: &Arc<Agent>, trust: Trust, pause: &mut Duration) -> zbus::Result<()> {
    let connection = daemon::system_bus(PATIENCE).serve_at(AGENT_PATH, Ear::new(Arc::clone(agent))).build().await?;
    let mut owners = heard::owners(&connection, DAEMON).await?;
    *pause = FIRST_PAUSE;
    let mut said = String::new();
    loop {
        let found = trust.find(&connection).await;
        let news = match &found {
            Ok(name) => format!("mfad is there as {name}"),
            Err(NoDaemon::Bus(error)) => return Err(error.clone()),
            Err(other) => other.to_string(),
        };
        if news != said {
            tracing::info!("{news}");
            said = news;
        }
        let next = match found {
            Ok(daemon) => meet(agent, &connection, daemon).await,
            Err(_) => {
                agent.lose_daemon();
                LOOK
            }
        };
        tokio::select! {
            change = owners.next() => if change.is_none() { return Ok(()) },
            () = connection.closed() => return Ok(()),
            () = agent.look.notified() => {}
            () = tokio::time::sleep(next) => {}
        }
    }
}

/// Registers what is not registered yet; when to look again.
async fn meet(agent: &Arc<Agent>, connection: &Connection, daemon: OwnedUniqueName) -> Duration {
    if agent.link().is_none_or(|link| link.daemon != daemon) {
        agent.lose_daemon();
        let link = Link { connection: connection.clone(), daemon, devices: Vec::new() };
        *agent.link.lock().unwrap_or_else(PoisonError::into_inner) = Some(link);
    }
    match register(agent).await {
        Ok(()) => LOOK,
        Err(error) => {
            tracing::warn!("registering with mfad failed and is tried again: {error}");
            RETRY
        }
    }
}

async fn register(agent: &Arc<Agent>) -> Result<(), Error> {
    let Some(link) = agent.link() else { return Ok(()) };
    let devices = daemon::factors(&link.connection, &link.daemon).await?.devices().await?;
    let path = ObjectPath::try_from(AGENT_PATH)?;
    let mut keyring_answers = true;
    for device in devices.into_iter().filter(|device| !device.suspended) {
        let id = DeviceId::typed(&device.id);
        if link.devices.contains(&id) {
            continue;
        }
        if keyring_answers {
            match agent.keyring.holds(&id).await {
                Ok(Held::No) => continue,
                Ok(Held::Yes) => {}
                // Whose key is here cannot be known now. Being shown a request, and denying it, must not depend on that.
                Err(error) => {
                    tracing::warn!("{error} Requests are shown and can be denied.");
                    keyring_answers = false;
                }
            }
        }
        // In the list before the call: mfad may present a request before it replies.
        if let Some(link) = agent.link.lock().unwrap_or_else(PoisonError::into_inner).as_mut() {
            link.devices.push(id.clone());
        }
        let registered = link.agents().await?.register(&device.id, &path).await;
        if let Err(error) = registered {
            if let Some(link) = agent.link.lock().unwrap_or_else(PoisonError::into_inner).as_mut() {
                link.devices.retain(|known| *known != id);
            }
            match error {
                Error::NoSuchDevice(why) => tracing::info!("mfad does not take {id}: {why}"),
                other => return Err(other),
            }
        } else {
            tracing::info!("requests for {id} are shown here");
        }
    }
    Ok(())
}

/// Looks for keys again when the keyring starts or takes something in, as after pairing.
pub(super) async fn watch_keyring(agent: &Arc<Agent>, session: &Connection) -> zbus::Result<()> {
    let items = heard::signals(session, None, "org.freedesktop.Secret.Collection").await?.map(|_| ());
    let mut news = futures_util::stream::select(heard::owners(session, SECRETS).await?, items);
    while news.next().await.is_some() {
        agent.look.notify_one();
    }
    Ok(())
}
