//! A notification server that records what it is asked to show and says what it is told to.

use super::Desktop;
use pam_mfa_tests::recorder::{BY_THE_USER, Heard, NAME, Notice, PATH, Recorder};
use std::sync::{Arc, Mutex};
use zbus::Connection;

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

impl Server {
    pub(crate) async fn start(desktop: &Desktop, markup: bool) -> Self {
        let shown: Arc<Mutex<Vec<Shown>>> = Arc::default();
        let recorder = Recorder::new(markup, {
            let shown = Arc::clone(&shown);
            move |heard| take(&mut shown.lock().unwrap(), heard)
        });
        let connection = zbus::connection::Builder::address(desktop.address("session").as_str())
            .serve_at(PATH, recorder)
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
        take(&mut self.shown.lock().unwrap(), Heard::Closed(number));
        closed_by_the_user(&self.connection, number).await;
    }

    /// The user presses a button.
    pub(crate) async fn press(&self, number: u32, key: &str) {
        invoke(&self.connection, number, key).await;
    }
}

fn take(all: &mut Vec<Shown>, heard: Heard) {
    match heard {
        Heard::Shown(Notice { number, title, body, actions }) => {
            all.push(Shown { number, title, body, actions, closed: false });
        }
        Heard::Closed(number) => {
            if let Some(shown) = all.iter_mut().find(|shown| shown.number == number) {
                shown.closed = true;
            }
        }
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
    connection.emit_signal(None::<&str>, PATH, NAME, "NotificationClosed", &(number, BY_THE_USER)).await.unwrap();
}

/// Says that a button was pressed, from whatever connection.
pub(crate) async fn invoke(connection: &Connection, number: u32, key: &str) {
    connection.emit_signal(None::<&str>, PATH, NAME, "ActionInvoked", &(number, key)).await.unwrap();
}

/// The same, sent straight to `destination`.
pub(crate) async fn invoke_at(connection: &Connection, destination: &str, number: u32, key: &str) {
    connection.emit_signal(Some(destination), PATH, NAME, "ActionInvoked", &(number, key)).await.unwrap();
}
