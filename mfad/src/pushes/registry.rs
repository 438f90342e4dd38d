//! Agents and open requests, in memory: both are gone when mfad is.

use data_encoding::HEXLOWER;
use hmac::{Hmac, KeyInit, Mac};
use mfa_core::approval::{Pending, RequestId};
use mfa_core::bus::{PREFIX, Withdrawn};
use mfa_core::device::DeviceId;
use mfa_core::enrollment::Enrollment;
use mfa_core::login::Pushed;
use sha2::Sha256;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::sync::watch;

/// Agents of one uid; more are refused.
const AGENTS_OF_A_UID: usize = 8;

/// An agent's registration, by the bus's own word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Agent {
    /// Unique bus name.
    pub name: String,
    /// Object path of its `Agent1`.
    pub path: String,
    /// Its uid.
    pub uid: u32,
    /// The device it answers with.
    pub device: DeviceId,
}

/// What the bus task is to send.
#[derive(Debug)]
pub enum Out {
    /// A request.
    Present(Agent, Arc<Pending>),
    /// Its end.
    Withdraw(Agent, RequestId, Withdrawn),
    /// A change of the user's factors.
    Announce(Agent, String),
}

/// This host, as requests name it.
#[derive(Debug)]
pub struct Host {
    /// `nodename`.
    pub name: String,
    /// HMAC-SHA-256 of the machine id, hex.
    pub id: String,
}

/// All agents and open requests.
#[derive(Debug)]
pub struct Registry {
    host: Host,
    inner: Mutex<Inner>,
    outbox: UnboundedSender<Out>,
    taken: Mutex<Option<UnboundedReceiver<Out>>>,
}

#[derive(Debug, Default)]
struct Inner {
    agents: Vec<Agent>,
    open: HashMap<RequestId, Open>,
}

#[derive(Debug)]
struct Open {
    pending: Arc<Pending>,
    /// The uid whose devices may answer.
    uid: u32,
    presented: Vec<Agent>,
    ended: watch::Sender<Option<Pushed>>,
}

impl Registry {
    /// For a host of this machine id (`/etc/machine-id`).
    #[must_use]
    pub fn new(name: String, machine_id: &str) -> Self {
        // An HMAC takes a key of any length.
        let id = Hmac::<Sha256>::new_from_slice(machine_id.trim().as_bytes())
            .map(|mut mac| {
                mac.update(PREFIX.as_bytes());
                HEXLOWER.encode(&mac.finalize().into_bytes())
            })
            .unwrap_or_default();
        let (outbox, receiver) = unbounded_channel();
        Self { host: Host { name, id }, inner: Mutex::default(), outbox, taken: Mutex::new(Some(receiver)) }
    }

    /// This host.
    #[must_use]
    pub fn host(&self) -> &Host {
        &self.host
    }

    /// What is to be sent; for the bus task, once.
    pub fn outbox(&self) -> Option<UnboundedReceiver<Out>> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// Adds an agent, and presents what waits for its user. `false`: the uid has too many.
    pub fn register(&self, agent: Agent) -> bool {
        let mut inner = self.lock();
        inner.agents.retain(|known| known.name != agent.name || known.device != agent.device);
        if inner.agents.iter().filter(|known| known.uid == agent.uid).count() >= AGENTS_OF_A_UID {
            return false;
        }
        for open in inner.open.values_mut().filter(|open| open.uid == agent.uid) {
            open.presented.push(agent.clone());
            self.send(Out::Present(agent.clone(), Arc::clone(&open.pending)));
        }
        inner.agents.push(agent);
        true
    }

    /// An agent left the bus.
    pub fn gone(&self, name: &str) {
        let mut inner = self.lock();
        inner.agents.retain(|agent| agent.name != name);
        for open in inner.open.values_mut() {
            open.presented.retain(|agent| agent.name != name);
        }
    }

    /// The bus is gone: nobody is registered.
    pub fn forget_agents(&self) {
        let mut inner = self.lock();
        inner.agents.clear();
        for open in inner.open.values_mut() {
            open.presented.clear();
        }
    }

    /// Whether any agent of this uid is registered.
    #[must_use]
    pub fn has_agent(&self, uid: u32) -> bool {
        self.lock().agents.iter().any(|agent| agent.uid == uid)
    }

    /// Agents of the enrolled uid with one of its active devices.
    #[must_use]
    pub fn agents_for(&self, enrollment: &Enrollment) -> Vec<Agent> {
        let active = |agent: &&Agent| {
            agent.uid == enrollment.uid && enrollment.active_devices().any(|device| device.id == agent.device)
        };
        self.lock().agents.iter().filter(active).cloned().collect()
    }

    /// Whether a request waits for this user.
    #[must_use]
    pub fn is_open_for(&self, user: &str) -> bool {
        self.lock().open.values().any(|open| open.pending.request.user == user)
    }

    /// Adds a request and presents it to `agents`.
    pub fn present(&self, pending: Pending, uid: u32, ended: watch::Sender<Option<Pushed>>, agents: &[Agent]) {
        let (id, pending) = (pending.request.id.clone(), Arc::new(pending));
        for agent in agents {
            self.send(Out::Present(agent.clone(), Arc::clone(&pending)));
        }
        let open = Open { pending, uid, presented: agents.to_vec(), ended };
        self.lock().open.insert(id, open);
    }

    /// An open request, and the uid whose devices may answer it.
    #[must_use]
    pub fn find(&self, id: &RequestId) -> Option<(Arc<Pending>, u32)> {
        self.lock().open.get(id).map(|open| (Arc::clone(&open.pending), open.uid))
    }

    /// Whether the request was presented to this connection.
    #[must_use]
    pub fn was_presented(&self, id: &RequestId, name: &str) -> bool {
        self.lock().open.get(id).is_some_and(|open| open.presented.iter().any(|agent| agent.name == name))
    }

    /// Ends a request; `false` when it was over already. Only one caller ever gets `true`.
    pub fn take(&self, id: &RequestId, pushed: Pushed, withdrawn: Withdrawn) -> bool {
        let Some(open) = self.lock().open.remove(id) else { return false };
        for agent in open.presented {
            self.send(Out::Withdraw(agent, id.clone(), withdrawn));
        }
        // Whoever waited may be gone.
        let _ = open.ended.send(Some(pushed));
        true
    }

    /// Tells all of a uid's agents about a change of factors.
    pub fn announce(&self, uid: u32, text: &str) {
        for agent in self.lock().agents.iter().filter(|agent| agent.uid == uid) {
            self.send(Out::Announce(agent.clone(), text.to_owned()));
        }
    }

    fn send(&self, out: Out) {
        // Without a bus task nobody is registered either.
        let _ = self.outbox.send(out);
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
