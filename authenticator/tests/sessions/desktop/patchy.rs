//! A Secret Service of which some items give nothing: left out, garbled on their way, or such that all are refused with them.

use super::Desktop;
use super::stripping::agreed;
use aes::Aes128;
use aes::cipher::block_padding::Pkcs7;
use aes::cipher::{BlockModeDecrypt, BlockModeEncrypt, KeyIvInit};
use crypto_bigint::U1024;
use hkdf::Hkdf;
use sha2::Sha256;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard};
use zbus::{Connection, OwnedObjectPath, OwnedVariant, Variant, fdo, interface};

const ROOT: &str = "/org/freedesktop/secrets";
const COLLECTION: &str = "/org/freedesktop/secrets/collection/login";
const SESSION: &str = "/org/freedesktop/secrets/session/s1";
const PROMPT: &str = "/org/freedesktop/secrets/prompt/p1";

/// Items that may be made.
const SPARE: usize = 8;

/// What an item gives.
#[derive(Clone)]
pub(crate) enum Gives {
    Value(String),
    /// Bytes that no key opens.
    Garbage,
    /// It was locked since it was looked for, or removed by its own search.
    Nothing,
    /// An error, for whatever else is asked for with it.
    Refusal,
    /// It keeps whoever asks waiting.
    Silence,
    /// It is locked, and nobody says the password.
    Locked,
    /// It is not there any more.
    Gone,
}

#[derive(Clone)]
pub(crate) struct Item {
    pub kind: String,
    pub id: String,
    pub gives: Gives,
}

/// What it holds, and what it was asked beside searches and values.
#[derive(Default)]
pub(crate) struct State {
    pub items: Vec<Item>,
    pub calls: Vec<String>,
    /// Milliseconds that the opening of a session takes.
    pub opening: u64,
    /// What a person says who is asked before something is deleted, where one is asked.
    pub deletes: Option<bool>,
    /// Whether it deletes, and says nothing of it.
    pub silent: bool,
    /// How many more values it takes, where that is not for ever.
    pub takes: Option<usize>,
    key: [u8; 16],
}

impl State {
    fn text(&self, (_, vector, bytes, _): &Value) -> String {
        let decryptor = cbc::Decryptor::<Aes128>::new_from_slices(&self.key, vector).unwrap();
        String::from_utf8(decryptor.decrypt_padded_vec::<Pkcs7>(bytes).unwrap()).unwrap()
    }

    /// What the item of a number holds.
    pub(crate) fn value(&self, number: usize) -> &str {
        let Gives::Value(value) = &self.items[number].gives else { panic!("{number} gives no value") };
        value
    }

    /// What changed something, in the order of time.
    pub(crate) fn writes(&self) -> Vec<&str> {
        let writes = |call: &&str| ["CreateItem", "SetSecret", "Delete"].iter().any(|what| call.starts_with(what));
        self.calls.iter().map(String::as_str).filter(writes).collect()
    }

    fn take(&mut self) -> fdo::Result<()> {
        match self.takes.as_mut() {
            Some(0) => Err(fdo::Error::Failed("the disk is full".to_owned())),
            Some(more) => {
                *more -= 1;
                Ok(())
            }
            None => Ok(()),
        }
    }
}

#[derive(Clone)]
pub(crate) struct Patchy {
    state: Arc<Mutex<State>>,
    _connection: Option<Connection>,
}

struct Entry(Patchy, usize);
struct Collection(Patchy);
struct Session(Patchy);
struct Prompt(Patchy);

type Value = (OwnedObjectPath, Vec<u8>, Vec<u8>, String);

fn path(number: usize) -> OwnedObjectPath {
    OwnedObjectPath::try_from(format!("{COLLECTION}/{number}")).unwrap()
}

impl Patchy {
    pub(crate) async fn start(desktop: &Desktop, items: Vec<Item>) -> Self {
        let count = items.len();
        let state = Arc::new(Mutex::new(State { items, ..State::default() }));
        let mut own = Self { state, _connection: None };
        let mut builder = zbus::connection::Builder::address(desktop.address("session").as_str())
            .serve_at(ROOT, own.clone())
            .serve_at(COLLECTION, Collection(own.clone()))
            .serve_at(SESSION, Session(own.clone()))
            .serve_at(PROMPT, Prompt(own.clone()))
            .name("org.freedesktop.secrets");
        for number in 0..count + SPARE {
            builder = builder.serve_at(path(number), Entry(own.clone(), number));
        }
        own._connection = Some(builder.build().await.unwrap());
        own
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    fn called(&self, what: String) {
        self.state().calls.push(what);
    }
}

#[interface(name = "org.freedesktop.Secret.Service")]
impl Patchy {
    async fn search_items(&self, sought: HashMap<String, String>) -> (Vec<OwnedObjectPath>, Vec<OwnedObjectPath>) {
        let fits = |item: &Item| {
            sought.get("kind").is_none_or(|kind| *kind == item.kind) && sought.get("id").is_none_or(|id| *id == item.id)
        };
        let state = self.state();
        let there = |item: &Item| fits(item) && !matches!(item.gives, Gives::Gone);
        let found = state.items.iter().enumerate().filter(|(_, item)| there(item));
        let (locked, unlocked): (Vec<_>, Vec<_>) = found.partition(|(_, item)| matches!(item.gives, Gives::Locked));
        let paths = |items: Vec<(usize, &Item)>| items.into_iter().map(|(number, _)| path(number)).collect();
        (paths(unlocked), paths(locked))
    }

    async fn unlock(&self, _objects: Vec<OwnedObjectPath>) -> (Vec<OwnedObjectPath>, OwnedObjectPath) {
        self.called("Unlock".to_owned());
        (Vec::new(), OwnedObjectPath::try_from(PROMPT).unwrap())
    }

    async fn read_alias(&self, _name: String) -> OwnedObjectPath {
        OwnedObjectPath::try_from(COLLECTION).unwrap()
    }

    async fn open_session(&self, algorithm: String, input: OwnedVariant) -> (OwnedVariant, OwnedObjectPath) {
        assert_ne!(algorithm, "plain");
        let pause = self.state().opening;
        tokio::time::sleep(std::time::Duration::from_millis(pause)).await;
        let (ours, common) = agreed(&U1024::from_be_slice(&Vec::<u8>::try_from(input).unwrap()), false);
        let mut state = self.state();
        Hkdf::<Sha256>::new(None, &common).expand(&[], &mut state.key).unwrap();
        state.calls.push("OpenSession".to_owned());
        (OwnedVariant::try_from(Variant::from(ours)).unwrap(), OwnedObjectPath::try_from(SESSION).unwrap())
    }

    async fn get_secrets(
        &self,
        items: Vec<OwnedObjectPath>,
        session: OwnedObjectPath,
    ) -> fdo::Result<HashMap<OwnedObjectPath, Value>> {
        let mut given = HashMap::new();
        let asked: Vec<(OwnedObjectPath, Gives)> = {
            let state = self.state();
            let gives = |item: &OwnedObjectPath| (0..).zip(&state.items).find(|(number, _)| path(*number) == *item);
            items.into_iter().filter_map(|item| gives(&item).map(|(_, it)| (item, it.gives.clone()))).collect()
        };
        let (key, vector) = (self.state().key, [9; 16]);
        for (item, gives) in asked {
            let bytes = match gives {
                Gives::Value(text) => cbc::Encryptor::<Aes128>::new(&key.into(), &vector.into())
                    .encrypt_padded_vec::<Pkcs7>(text.as_bytes()),
                Gives::Garbage => vec![7; 17],
                Gives::Nothing | Gives::Locked | Gives::Gone => continue,
                Gives::Refusal => {
                    return Err(fdo::Error::Failed("the item cannot be \u{1b}[2Jdecrypted\u{202e}".to_owned()));
                }
                Gives::Silence => std::future::pending().await,
            };
            given.insert(item, (session.clone(), vector.to_vec(), bytes, "text/plain".to_owned()));
        }
        Ok(given)
    }
}

#[interface(name = "org.freedesktop.Secret.Item")]
impl Entry {
    #[zbus(property)]
    async fn label(&self) -> String {
        format!("Codes of number {}\u{1b}", self.1)
    }

    #[zbus(property)]
    async fn set_label(&self, label: String) {
        self.0.called(format!("Label {} {label}", self.1));
    }

    async fn delete(&self) -> fdo::Result<OwnedObjectPath> {
        self.0.called(format!("Delete {}", self.1));
        if self.0.state().silent {
            self.0.state().items[self.1].gives = Gives::Gone;
            return Err(fdo::Error::NoReply("it took too long".to_owned()));
        }
        let asks = self.0.state().deletes.is_some();
        if !asks {
            self.0.state().items[self.1].gives = Gives::Gone;
        }
        Ok(OwnedObjectPath::try_from(if asks { PROMPT } else { "/" }).unwrap())
    }

    async fn set_secret(&self, secret: Value) -> fdo::Result<()> {
        self.0.called(format!("SetSecret {}", self.1));
        let mut state = self.0.state();
        state.take()?;
        let text = state.text(&secret);
        state.items[self.1].gives = Gives::Value(text);
        Ok(())
    }
}

#[interface(name = "org.freedesktop.Secret.Collection")]
impl Collection {
    #[zbus(property)]
    async fn locked(&self) -> bool {
        false
    }

    async fn create_item(
        &self,
        properties: HashMap<String, OwnedVariant>,
        secret: Value,
        replace: bool,
    ) -> fdo::Result<(OwnedObjectPath, OwnedObjectPath)> {
        let attributes = properties["org.freedesktop.Secret.Item.Attributes"].try_clone().unwrap();
        let attributes = HashMap::<String, String>::try_from(attributes).unwrap();
        let (kind, id) = (attributes["kind"].clone(), attributes["id"].clone());
        self.0.called(format!("CreateItem {kind} {id}"));
        let mut state = self.0.state();
        state.take()?;
        let gives = Gives::Value(state.text(&secret));
        // The first, of several: which is not said anywhere.
        let fits = |item: &Item| item.kind == kind && item.id == id && !matches!(item.gives, Gives::Gone);
        let number = state.items.iter().position(fits).filter(|_| replace).unwrap_or(state.items.len());
        match state.items.get_mut(number) {
            Some(item) => item.gives = gives,
            None => state.items.push(Item { kind, id, gives }),
        }
        Ok((path(number), OwnedObjectPath::try_from("/").unwrap()))
    }
}

#[interface(name = "org.freedesktop.Secret.Prompt")]
impl Prompt {
    async fn prompt(&self, _window: String, #[zbus(connection)] connection: &Connection) {
        let dismissed = self.0.state().deletes != Some(true);
        let (interface, body) = ("org.freedesktop.Secret.Prompt", (dismissed, Variant::from(0u8)));
        connection.emit_signal(None::<&str>, PROMPT, interface, "Completed", &body).await.unwrap();
    }
}

#[interface(name = "org.freedesktop.Secret.Session")]
impl Session {
    async fn close(&self) {
        self.0.called("Close".to_owned());
    }
}
