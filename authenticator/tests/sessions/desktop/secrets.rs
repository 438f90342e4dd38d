//! Secret Services that hang in the way they are told to, or do not know whoever calls for the first time.

use super::Desktop;
use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use zbus::{Connection, OwnedObjectPath, OwnedVariant, Variant, fdo, interface};

const ROOT: &str = "/org/freedesktop/secrets";
const COLLECTION: &str = "/org/freedesktop/secrets/collection/login";
const ITEM: &str = "/org/freedesktop/secrets/collection/login/1";
const OPENED: &str = "/org/freedesktop/secrets/session/s1";
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

/// One that does not know its caller for a number of searches, as gnome-keyring when it is busy, and knows no encryption.
pub(crate) struct Unknowing {
    searches: usize,
    value: &'static str,
    calls: Calls,
}

/// What it was asked.
pub(crate) type Calls = Arc<Mutex<Vec<String>>>;

struct Collection;

struct Opened(Calls);

impl Unknowing {
    pub(crate) async fn start(desktop: &Desktop, searches: usize, value: &'static str) -> (Connection, Calls) {
        let calls = Calls::default();
        let connection = zbus::connection::Builder::address(desktop.address("session").as_str())
            .serve_at(ROOT, Self { searches, value, calls: Arc::clone(&calls) })
            .serve_at(COLLECTION, Collection)
            .serve_at(OPENED, Opened(Arc::clone(&calls)))
            .name("org.freedesktop.secrets")
            .build()
            .await
            .unwrap();
        (connection, calls)
    }

    fn called(&self, what: &str) {
        self.calls.lock().unwrap().push(what.to_owned());
    }
}

#[interface(name = "org.freedesktop.Secret.Service")]
impl Unknowing {
    async fn search_items(
        &mut self,
        _attributes: HashMap<String, String>,
    ) -> fdo::Result<(Vec<OwnedObjectPath>, Vec<OwnedObjectPath>)> {
        self.called("SearchItems");
        if let Some(left) = self.searches.checked_sub(1) {
            self.searches = left;
            let why = "Method SearchItems is not implemented on interface org.freedesktop.Secret.Service";
            return Err(fdo::Error::UnknownMethod(why.to_owned()));
        }
        Ok((vec![OwnedObjectPath::try_from(ITEM).unwrap()], Vec::new()))
    }

    async fn read_alias(&self, _name: String) -> OwnedObjectPath {
        self.called("ReadAlias");
        OwnedObjectPath::try_from(if self.searches == 0 { COLLECTION } else { "/" }).unwrap()
    }

    async fn open_session(
        &self,
        algorithm: String,
        _input: OwnedVariant,
    ) -> fdo::Result<(OwnedVariant, OwnedObjectPath)> {
        self.called(&format!("OpenSession {algorithm}"));
        if algorithm != "plain" {
            // What KWallet says where a plugin of QCA is missing.
            return Err(fdo::Error::Failed("createDLGroup failed: maybe libqca-ossl is missing".to_owned()));
        }
        Ok((OwnedVariant::try_from(Variant::from("")).unwrap(), OwnedObjectPath::try_from(OPENED).unwrap()))
    }

    async fn get_secrets(
        &self,
        items: Vec<OwnedObjectPath>,
        session: OwnedObjectPath,
    ) -> HashMap<OwnedObjectPath, (OwnedObjectPath, Vec<u8>, Vec<u8>, String)> {
        self.called("GetSecrets");
        let value = (session, Vec::new(), self.value.as_bytes().to_vec(), "text/plain".to_owned());
        items.into_iter().map(|item| (item, value.clone())).collect()
    }
}

#[interface(name = "org.freedesktop.Secret.Session")]
impl Opened {
    async fn close(&self) {
        self.0.lock().unwrap().push("Close".to_owned());
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
