//! mfad on the system bus: agents register and answer here, users look after their factors, programs administer.
//!
//! Codes work without a bus, so a bus that is absent or ends is waited for and never ends mfad. A caller is its uid, as
//! the bus itself tells it; there is no default. What must never happen: a call served for a caller whose
//! credentials are not known, or memory that grows with what a caller sends.

mod admin;
mod agents;
mod factors;
mod gate;
mod polkit;
mod shown;
mod turns;

use turns::Turns;

use crate::authority::Authority;
use crate::pushes::{Challenges, Out};
use mfa_core::bus::{Agent1Proxy, DAEMON, DAEMON_PATH, Error};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc::UnboundedReceiver;
use zbus::Connection;
use zbus::export::futures_core::Stream;
use zbus::fdo::DBusProxy;
use zbus::names::BusName;

/// Between two tries to reach a bus.
const AGAIN: Duration = Duration::from_secs(5);

/// Time for an agent to take a request: it is sent, not waited for.
const DELIVERY: Duration = Duration::from_secs(5);

/// Serves the bus at `address` for as long as mfad runs.
pub async fn serve(authority: Arc<Authority>, address: String) {
    let Some(mut outbox) = authority.pushes.outbox() else { return };
    let mut said = String::new();
    loop {
        match on_bus(&authority, &address, &mut outbox).await {
            Ok(()) => tracing::warn!("the system bus is gone; codes still work, pushes wait for it"),
            Err(why) if why.to_string() != said => {
                said = why.to_string();
                tracing::warn!("no system bus at {address}: {why}; codes still work, pushes wait for it");
            }
            Err(_) => {}
        }
        authority.pushes.forget_agents();
        authority.offers.forget();
        tokio::time::sleep(AGAIN).await;
    }
}

async fn on_bus(authority: &Arc<Authority>, address: &str, outbox: &mut UnboundedReceiver<Out>) -> zbus::Result<()> {
    let challenges = Arc::new(Challenges::default());
    let turns = Turns::default();
    let connection = zbus::connection::Builder::socket(gate::connect(address).await?)
        .serve_at(DAEMON_PATH, agents::Agents::new(Arc::clone(authority), turns.clone()))
        .serve_at(DAEMON_PATH, factors::Factors::new(Arc::clone(authority), Arc::clone(&challenges), turns.clone()))
        .serve_at(DAEMON_PATH, admin::Admin::new(Arc::clone(authority), turns))
        .name(DAEMON)
        .build()
        .await?;
    tracing::info!("on the system bus as {DAEMON}");
    let bus = DBusProxy::new(&connection).await?;
    let mut changes = std::pin::pin!(bus.receive_name_owner_changed().await?);
    loop {
        tokio::select! {
            out = outbox.recv() => match out {
                Some(out) => drop(tokio::spawn(deliver(connection.clone(), out))),
                None => return Ok(()),
            },
            change = std::future::poll_fn(|context| changes.as_mut().poll_next(context)) => {
                let Some(change) = change else { return Ok(()) };
                let change = change.args()?;
                if let (BusName::Unique(name), None) = (&change.name, change.new_owner.as_ref()) {
                    authority.pushes.gone(name.as_str());
                    challenges.gone(name.as_str());
                    authority.offers.gone(name.as_str());
                }
            }
        }
    }
}

/// An agent that does not take it has its own trouble; the login has codes, and the request expires.
async fn deliver(connection: Connection, out: Out) {
    let (Out::Present(agent, _) | Out::Withdraw(agent, ..) | Out::Announce(agent, _)) = &out;
    let (name, path) = (agent.name.clone(), agent.path.clone());
    let sending = async {
        let builder = Agent1Proxy::builder(&connection).destination(name).path(path);
        let proxy = builder.cache_properties(zbus::proxy::CacheProperties::No).build().await?;
        match &out {
            Out::Present(_, pending) => proxy.present(&pending.bytes).await,
            Out::Withdraw(_, id, reason) => proxy.withdraw(id.as_str(), reason.as_str()).await,
            Out::Announce(_, text) => proxy.announce(text).await,
        }
    };
    match tokio::time::timeout(DELIVERY, sending).await {
        Ok(Ok(())) => {}
        Ok(Err(why)) => tracing::warn!("an agent did not take a message: {why}"),
        Err(_) => tracing::warn!("an agent did not take a message in time"),
    }
}

/// Runs what may block on a thread that may.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, Error> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|_| Error::Unavailable(String::from("mfad failed; its log says more")))
}
