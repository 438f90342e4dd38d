//! Agents and open requests, in memory: both are gone when mfad is.
//!
//! Requests that were sent for one thing form a round: the user's own devices are one request, each of those who may
//! approve another. A round ends once. What must never happen: a request answered twice, or one of a round that is over.

use super::round::{Person, Round};
use data_encoding::HEXLOWER;
use hmac::{Hmac, KeyInit, Mac};
use mfa_core::approval::{Pending, RequestId};
use mfa_core::bus::{PREFIX, Withdrawn};
use mfa_core::device::DeviceId;
use mfa_core::enrollment::Enrollment;
use mfa_core::login::Pushed;
use sha2::Sha256;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use tokio::runtime::Handle;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

/// Agents of one uid; more are refused.
const AGENTS_OF_A_UID: usize = 8;

/// Requests that may wait for one person at once: one of their own, and those they may approve.
const OPEN_FOR_A_PERSON: usize = 16;

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
    /// Whose timers end requests.
    timekeeper: OnceLock<Handle>,
}

#[derive(Debug, Default)]
struct Inner {
    agents: Vec<Agent>,
    open: HashMap<RequestId, Open>,
}

#[derive(Debug)]
struct Open {
    pending: Arc<Pending>,
    person: Person,
    presented: Vec<Agent>,
    round: Arc<Round>,
}

/// What became of a yes that counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Taken {
    /// The request was over already.
    Late,
    /// Others must say yes too.
    More,
    /// The round is over.
    Last,
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
        Self {
            host: Host { name, id },
            inner: Mutex::default(),
            outbox,
            taken: Mutex::new(Some(receiver)),
            timekeeper: OnceLock::new(),
        }
    }

    /// From now on requests end in time by the timers of `runtime`. It must be one that is driven: those who open requests run
    /// on threads of another, whose timers never fire.
    pub fn time_is_kept_by(&self, runtime: Handle) {
        // The first stays; there is one.
        let _ = self.timekeeper.set(runtime);
    }

    /// The runtime whose timers fire.
    pub(super) fn timekeeper(&self) -> Option<Handle> {
        self.timekeeper.get().cloned()
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
        let waiting = inner.open.values_mut().filter(|open| open.person.uid == agent.uid);
        for open in waiting.filter(|open| open.round.excluded.as_ref() != Some(&agent.device)) {
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

    /// Whether any agent is registered.
    #[must_use]
    pub fn has_agents(&self) -> bool {
        !self.lock().agents.is_empty()
    }

    /// Whether any agent of this uid is registered.
    #[must_use]
    pub fn has_agent(&self, uid: u32) -> bool {
        self.lock().agents.iter().any(|agent| agent.uid == uid)
    }

    /// The uids of all agents, each once, those longest here first.
    #[must_use]
    pub fn uids(&self) -> Vec<u32> {
        let mut uids = Vec::new();
        for agent in &self.lock().agents {
            if !uids.contains(&agent.uid) {
                uids.push(agent.uid);
            }
        }
        uids
    }

    /// Agents of the enrolled uid with one of its active devices.
    #[must_use]
    pub fn agents_for(&self, enrollment: &Enrollment) -> Vec<Agent> {
        let active = |agent: &&Agent| {
            agent.uid == enrollment.uid && enrollment.active_devices().any(|device| device.id == agent.device)
        };
        self.lock().agents.iter().filter(active).cloned().collect()
    }

    /// Whether one more request may be sent to this person.
    #[must_use]
    pub fn has_room_for(&self, uid: u32) -> bool {
        self.lock().open.values().filter(|open| open.person.uid == uid).count() < OPEN_FOR_A_PERSON
    }

    /// Whether a request to this user's own devices waits.
    #[must_use]
    pub fn is_open_for(&self, user: &str) -> bool {
        self.lock().open.values().any(|open| open.person.user == user && open.round.user == user)
    }

    /// Adds a round: to each person a request, presented to these agents.
    pub(super) fn present(&self, round: &Arc<Round>, asked: Vec<(Pending, Person, Vec<Agent>)>) {
        let mut inner = self.lock();
        for (pending, person, agents) in asked {
            let (id, pending) = (pending.request.id.clone(), Arc::new(pending));
            for agent in &agents {
                self.send(Out::Present(agent.clone(), Arc::clone(&pending)));
            }
            inner.open.insert(id, Open { pending, person, presented: agents, round: Arc::clone(round) });
        }
    }

    /// An open request, who is asked, and for what.
    pub(super) fn find(&self, id: &RequestId) -> Option<(Arc<Pending>, Person, Arc<Round>)> {
        let inner = self.lock();
        inner.open.get(id).map(|open| (Arc::clone(&open.pending), open.person.clone(), Arc::clone(&open.round)))
    }

    /// Whether the request was presented to this connection.
    #[must_use]
    pub fn was_presented(&self, id: &RequestId, name: &str) -> bool {
        self.lock().open.get(id).is_some_and(|open| open.presented.iter().any(|agent| agent.name == name))
    }

    /// A yes to a request by this device. It is over then, and with the last yes that is wanted its round.
    pub(super) fn approve(&self, id: &RequestId, device: &DeviceId) -> Taken {
        let mut inner = self.lock();
        let Some(open) = inner.open.remove(id) else { return Taken::Late };
        self.withdraw(&open, id, Withdrawn::Approved);
        if open.round.yes(&open.person, device) {
            self.end_all(&mut inner, &open.round, Pushed::Approved, Withdrawn::Approved);
            Taken::Last
        } else {
            Taken::More
        }
    }

    /// Ends a round; `false` when it was over already. Only one caller ever gets `true`.
    pub(super) fn end(&self, round: &Arc<Round>, pushed: Pushed, withdrawn: Withdrawn) -> bool {
        self.end_all(&mut self.lock(), round, pushed, withdrawn)
    }

    /// Takes what waits off the screens of `user`'s devices that are not among `active`, and ends what none of those may answer any
    /// more. The rounds that are over by this are the user's own: others' go on by whoever else is asked.
    pub(super) fn keep_to(&self, user: &str, active: &[&DeviceId]) -> Vec<Arc<Round>> {
        let mut over = Vec::new();
        self.lock().open.retain(|id, open| {
            if open.person.user != user {
                return true;
            }
            open.presented.retain(|agent| {
                let stays = active.contains(&&agent.device);
                if !stays {
                    self.send(Out::Withdraw(agent.clone(), id.clone(), Withdrawn::Cancelled));
                }
                stays
            });
            let answerable = active.iter().any(|device| Some(*device) != open.round.excluded.as_ref());
            if !answerable && open.round.group.is_none() {
                over.push(Arc::clone(&open.round));
            }
            answerable
        });
        over.retain(|round| round.end(Pushed::Expired));
        over
    }

    fn end_all(&self, inner: &mut Inner, round: &Arc<Round>, pushed: Pushed, withdrawn: Withdrawn) -> bool {
        inner.open.retain(|id, open| {
            let of_round = Arc::ptr_eq(&open.round, round);
            if of_round {
                self.withdraw(open, id, withdrawn);
            }
            !of_round
        });
        round.end(pushed)
    }

    fn withdraw(&self, open: &Open, id: &RequestId, withdrawn: Withdrawn) {
        for agent in &open.presented {
            self.send(Out::Withdraw(agent.clone(), id.clone(), withdrawn));
        }
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

#[cfg(test)]
mod tests {
    use super::*;

    fn agent(uid: u32, connection: usize) -> Agent {
        let (name, path) = (format!(":1.{connection}"), String::from("/a"));
        Agent { name, path, uid, device: DeviceId::typed("device-1") }
    }

    #[test]
    fn a_uid_has_eight_agents_at_most_and_is_one_uid_with_all_of_them() {
        let registry = Registry::new(String::from("host"), "machine");
        assert!((0..8).all(|connection| registry.register(agent(1001, connection))));
        assert!(!registry.register(agent(1001, 8)));
        assert!(registry.register(agent(1001, 3)), "one that is there already is no other");
        assert!(registry.register(agent(1002, 9)), "another's are counted apart");
        assert_eq!(registry.uids(), [1001, 1002]);
        registry.gone(":1.3");
        assert!(registry.register(agent(1001, 8)));
        assert!(!registry.register(agent(1001, 3)));
    }
}
