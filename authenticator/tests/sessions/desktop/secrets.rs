//! A Secret Service that hangs in the way it is told to, or has its collection late.

use super::Desktop;
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use zbus::{Connection, OwnedObjectPath, OwnedVariant, interface};

const ROOT: &str = "/org/freedesktop/secrets";
const COLLECTION: &str = "/org/freedesktop/secrets/collection/login";
const ITEM: &str = "/org/freedesktop/secrets/collection/login/1";
pub(crate) const PROMPT: &str = "/org/freedesktop/secrets/prompt/p1";

/// How it hangs.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Hangs {
    /// It never answers a search.
    Always,
    /// It says that the item is unlocked, and then gives out nothing.
    WithTheValue,
    /// It raises a prompt that nobody answers.
    InThePrompt,
}

/// A running one.
pub(crate) struct Secrets {
    pub connection: Connection,
    pub dismissed: Arc<AtomicUsize>,
}

struct Service(Hangs);
struct Prompt(Arc<AtomicUsize>);

impl Secrets {
    pub(crate) async fn start(desktop: &Desktop, hangs: Hangs) -> Self {
        let dismissed = Arc::default();
        let connection = zbus::connection::Builder::address(desktop.address("session").as_str())
            .serve_at(ROOT, Service(hangs))
            .serve_at(PROMPT, Prompt(Arc::clone(&dismissed)))
            .name("org.freedesktop.secrets")
            .build()
            .await
            .unwrap();
        Self { connection, dismissed }
    }
}

#[interface(name = "org.freedesktop.Secret.Service")]
impl Service {
    async fn search_items(&self, _attributes: HashMap<String, String>) -> (Vec<OwnedObjectPath>, Vec<OwnedObjectPath>) {
        let item = vec![OwnedObjectPath::try_from(ITEM).unwrap()];
        match self.0 {
            Hangs::Always => std::future::pending().await,
            Hangs::WithTheValue => (item, Vec::new()),
            Hangs::InThePrompt => (Vec::new(), item),
        }
    }

    async fn unlock(&self, _objects: Vec<OwnedObjectPath>) -> (Vec<OwnedObjectPath>, OwnedObjectPath) {
        (Vec::new(), OwnedObjectPath::try_from(PROMPT).unwrap())
    }

    async fn open_session(&self, _algorithm: String, _input: OwnedVariant) -> (OwnedVariant, OwnedObjectPath) {
        std::future::pending().await
    }
}

/// A Secret Service that says a number of times that it has no default collection, and then has one.
pub(crate) struct Beginning(usize);

struct Collection;

impl Beginning {
    pub(crate) async fn start(desktop: &Desktop, without: usize) -> Connection {
        zbus::connection::Builder::address(desktop.address("session").as_str())
            .serve_at(ROOT, Self(without))
            .serve_at(COLLECTION, Collection)
            .name("org.freedesktop.secrets")
            .build()
            .await
            .unwrap()
    }
}

#[interface(name = "org.freedesktop.Secret.Service")]
impl Beginning {
    async fn read_alias(&mut self, _name: String) -> OwnedObjectPath {
        let path = if self.0 == 0 { COLLECTION } else { "/" };
        self.0 = self.0.saturating_sub(1);
        OwnedObjectPath::try_from(path).unwrap()
    }
}

#[interface(name = "org.freedesktop.Secret.Collection")]
impl Collection {
    #[zbus(property)]
    async fn locked(&self) -> bool {
        true
    }
}

#[interface(name = "org.freedesktop.Secret.Prompt")]
impl Prompt {
    async fn prompt(&self, _window: String) {}

    async fn dismiss(&self) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}
