//! The thread that owns the blocking keyring store.
//!
//! The store panics on an async thread and may block for ever, so it lives on an OS thread that nobody joins: callers
//! wait with a timeout, and a thread that missed one is left alone and replaced.

use super::{KeyringError, Owner, PATIENCE};
use crate::catalogue::gettext;
use dbus_secret_service_keyring_store::Store;
use keyring::api::CredentialStoreApi;
use keyring::{Entry, Error};
use mfa_core::device::DeviceId;
use mfa_core::secret::Secret;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use tokio::sync::oneshot;

/// The attribute by which our items are found.
pub(super) const SERVICE: &str = mfa_core::bus::PREFIX;

/// Our items' schema, so that password managers can tell them apart.
pub(super) const SCHEMA: &str = "io.github.pam_mfa.DeviceKey";

/// Threads that may be left behind in a keyring that never answers, each costs a stack.
const MOST_LOST: usize = 8;

type Reply<T> = oneshot::Sender<Result<T, KeyringError>>;

enum Job {
    Read(DeviceId, Reply<Secret>),
    Write(DeviceId, Secret, Option<Owner>, Reply<()>),
}

/// The handle of the thread.
#[derive(Debug, Default)]
pub(super) struct Thread(Mutex<Current>);

#[derive(Debug, Default)]
struct Current {
    jobs: Option<mpsc::Sender<Job>>,
    lost: usize,
}

impl Thread {
    /// The text stored for `device`.
    pub(super) async fn read(&self, device: &DeviceId) -> Result<Secret, KeyringError> {
        self.ask(|reply| Job::Read(device.clone(), reply)).await
    }

    /// Stores a text for `device`; of a new one the owner is written down, an old one keeps what stands there.
    pub(super) async fn write(
        &self,
        device: &DeviceId,
        text: Secret,
        owner: Option<Owner>,
    ) -> Result<(), KeyringError> {
        self.ask(|reply| Job::Write(device.clone(), text, owner, reply)).await
    }

    async fn ask<T>(&self, job: impl FnOnce(Reply<T>) -> Job) -> Result<T, KeyringError> {
        let (reply, answer) = oneshot::channel();
        self.send(job(reply))?;
        match tokio::time::timeout(PATIENCE, answer).await {
            Ok(Ok(answer)) => answer,
            // The thread is gone (Err) or stuck (timeout): the next question goes to a new one.
            Ok(Err(_)) | Err(_) => {
                let mut current = self.0.lock().unwrap_or_else(PoisonError::into_inner);
                current.jobs = None;
                current.lost += 1;
                Err(KeyringError::Silent)
            }
        }
    }

    fn send(&self, job: Job) -> Result<(), KeyringError> {
        let mut current = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if current.lost >= MOST_LOST {
            return Err(KeyringError::Silent);
        }
        let jobs = match current.jobs.take() {
            Some(jobs) => jobs,
            None => start()?,
        };
        let sent = jobs.send(job);
        current.jobs = Some(jobs);
        sent.map_err(|_| KeyringError::Silent)
    }
}

fn start() -> Result<mpsc::Sender<Job>, KeyringError> {
    let (jobs, todo) = mpsc::channel();
    std::thread::Builder::new()
        .name("keyring".to_owned())
        .spawn(move || work(&todo))
        .map_err(|error| KeyringError::Refused(error.to_string()))?;
    Ok(jobs)
}

fn work(todo: &mpsc::Receiver<Job>) {
    let mut store = None;
    // Who asked may have given up: then nobody takes the reply.
    while let Ok(job) = todo.recv() {
        match job {
            Job::Read(device, reply) => {
                let _ = reply.send(with(&mut store, &device, |store| read(store, &device)));
            }
            Job::Write(device, text, owner, reply) => {
                let _ = reply.send(with(&mut store, &device, |store| write(store, &device, &text, owner.as_ref())));
            }
        }
    }
}

/// Runs `job` on the store, once more on a new connection when the old one broke with the keyring's restart.
fn with<T>(
    store: &mut Option<Arc<Store>>,
    device: &DeviceId,
    job: impl Fn(&Store) -> Result<T, Error>,
) -> Result<T, KeyringError> {
    if let Some(kept) = store.as_deref() {
        match job(kept) {
            Err(Error::PlatformFailure(_)) => *store = None,
            other => return other.map_err(|error| understood(&error, device)),
        }
    }
    let new = Store::new().map_err(|error| understood(&error, device))?;
    let done = job(&new).map_err(|error| understood(&error, device));
    *store = Some(new);
    done
}

fn read(store: &Store, device: &DeviceId) -> Result<Secret, Error> {
    store.build(SERVICE, device.as_str(), None)?.get_secret().map(Secret::new)
}

fn write(store: &Store, device: &DeviceId, text: &Secret, owner: Option<&Owner>) -> Result<(), Error> {
    let Some(owner) = owner else {
        return store.build(SERVICE, device.as_str(), None)?.set_secret(text.expose());
    };
    let label = format!("Push approvals of {} on {} ({device})", owner.user, owner.host);
    let entry: Entry = store.build(SERVICE, device.as_str(), Some(&HashMap::from([("label", label.as_str())])))?;
    entry.set_secret(text.expose())?;
    // Nothing here is made from the secret. Without these the key still works: they are for people.
    let attributes = [("xdg:schema", SCHEMA), ("user", owner.user.as_str()), ("host", owner.host.as_str())];
    entry.update_attributes(&HashMap::from(attributes))
}

/// The store's errors without the bytes some of them carry.
fn understood(error: &Error, device: &DeviceId) -> KeyringError {
    match error {
        Error::NoEntry => KeyringError::Missing(device.clone()),
        Error::NoStorageAccess(_) => KeyringError::Locked,
        Error::BadEncoding(_) | Error::BadDataFormat(..) | Error::Ambiguous(_) => KeyringError::Damaged(device.clone()),
        Error::PlatformFailure(cause) => KeyringError::Refused(cause.to_string()),
        _ => KeyringError::Refused(gettext("an error this program does not know").to_owned()),
    }
}
