//! A notification server that records what it is asked to show and says what it is told to.

use super::Desktop;
use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use zbus::object_server::SignalEmitter;
use zbus::{Connection, OwnedVariant, interface};

const NAME: &str = "org.freedesktop.Notifications";
const PATH: &str = "/org/freedesktop/Notifications";

/// What was shown.
#[derive(Debug, Clone)]
pub(crate) struct Shown {
    pub number: u32,
    pub title: String,
    pub body: String,
    pub actions: Vec<String>,
    pub closed: bool,
}

/// A running server.
pub(crate) struct Server {
    pub connection: Connection,
    shown: Arc<Mutex<Vec<Shown>>>,
}

struct Served {
    shown: Arc<Mutex<Vec<Shown>>>,
    markup: bool,
}

impl Server {
    pub(crate) async fn start(desktop: &Desktop, markup: bool) -> Self {
        let shown = Arc::default();
        let connection = zbus::connection::Builder::address(desktop.address("session").as_str())
            .serve_at(PATH, Served { shown: Arc::clone(&shown), markup })
            .name(NAME)
            .build()
            .await
            .unwrap();
        Self { connection, shown }
    }

    /// Leaves the bus.
    pub(crate) async fn stop(self) {
        self.connection.release_name(NAME).await.unwrap();
    }

    pub(crate) fn all(&self) -> Vec<Shown> {
        self.shown.lock().unwrap().clone()
    }

    pub(crate) fn standing(&self) -> Vec<Shown> {
        self.all().into_iter().filter(|shown| !shown.closed).collect()
    }

    /// What a compositor wants to see goes out, as before a press.
    pub(crate) async fn give_token(&self, number: u32, token: &str) {
        give_token(&self.connection, number, token).await;
    }

    /// The user takes a notification away.
    pub(crate) async fn dismiss(&self, number: u32) {
        if let Some(shown) = self.shown.lock().unwrap().iter_mut().find(|shown| shown.number == number) {
            shown.closed = true;
        }
        closed_by_the_user(&self.connection, number).await;
    }

    /// The user presses a button.
    pub(crate) async fn press(&self, number: u32, key: &str) {
        invoke(&self.connection, number, key).await;
    }
}

/// Gives out an activation token, from whatever connection.
pub(crate) async fn give_token(connection: &Connection, number: u32, token: &str) {
    connection.emit_signal(None::<&str>, PATH, NAME, "ActivationToken", &(number, token)).await.unwrap();
}

/// The same, sent straight to `destination`.
pub(crate) async fn give_token_to(connection: &Connection, destination: &str, number: u32, token: &str) {
    connection.emit_signal(Some(destination), PATH, NAME, "ActivationToken", &(number, token)).await.unwrap();
}

/// Says that the user took a notification away (reason 2 of the specification), from whatever connection.
pub(crate) async fn closed_by_the_user(connection: &Connection, number: u32) {
    connection.emit_signal(None::<&str>, PATH, NAME, "NotificationClosed", &(number, 2u32)).await.unwrap();
}

/// Says that a button was pressed, from whatever connection.
pub(crate) async fn invoke(connection: &Connection, number: u32, key: &str) {
    connection.emit_signal(None::<&str>, PATH, NAME, "ActionInvoked", &(number, key)).await.unwrap();
}

/// The same, sent straight to `destination`.
pub(crate) async fn invoke_at(connection: &Connection, destination: &str, number: u32, key: &str) {
    connection.emit_signal(Some(destination), PATH, NAME, "ActionInvoked", &(number, key)).await.unwrap();
}

#[interface(name = "org.freedesktop.Notifications")]
impl Served {
    async fn get_capabilities(&self) -> Vec<&'static str> {
        let mut capabilities = vec!["actions", "body"];
        if self.markup {
            capabilities.push("body-markup");
        }
        capabilities
    }

    async fn get_server_information(&self) -> (&'static str, &'static str, &'static str, &'static str) {
        ("recorder", "pam_mfa", "1", "1.2")
    }

    #[allow(clippy::too_many_arguments, reason = "the specification's method has eight")]
    async fn notify(
        &self,
        _app: String,
        _replaces: u32,
        _icon: String,
        title: String,
        body: String,
        actions: Vec<String>,
        _hints: HashMap<String, OwnedVariant>,
        _expires: i32,
    ) -> u32 {
        let mut shown = self.shown.lock().unwrap();
        let number = shown.len() as u32 + 1;
        shown.push(Shown { number, title, body, actions, closed: false });
        number
    }

    async fn close_notification(&self, number: u32, #[zbus(signal_emitter)] emitter: SignalEmitter<'_>) {
        if let Some(shown) = self.shown.lock().unwrap().iter_mut().find(|shown| shown.number == number) {
            shown.closed = true;
        }
        emitter.emit(NAME, "NotificationClosed", &(number, 3u32)).await.unwrap();
    }
}
