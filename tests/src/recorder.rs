//! A notification server (Desktop Notifications Specification) that shows nothing and tells what it was asked to show.
//!
//! Served by the program `notifier`, in sessions of their own, and by the authenticator's tests, on theirs. What must never happen: a
//! signal that says of itself that the user did something; users are played by whoever serves this.

use std::collections::HashMap;
use zbus::object_server::SignalEmitter;
use zbus::{OwnedVariant, interface};

/// The name it has on a session bus.
pub const NAME: &str = "org.freedesktop.Notifications";

/// Where it is served.
pub const PATH: &str = "/org/freedesktop/Notifications";

/// `NotificationClosed`: by the user.
pub const BY_THE_USER: u32 = 2;

/// By the program that had it shown.
const BY_A_CALL: u32 = 3;

/// What a program asked for.
#[derive(Debug, Clone)]
pub enum Heard {
    /// To show this.
    Shown(Notice),
    /// To take that away.
    Closed(u32),
}

/// A notification.
#[derive(Debug, Clone)]
pub struct Notice {
    /// As it was numbered.
    pub number: u32,
    /// In one line.
    pub title: String,
    /// In several.
    pub body: String,
    /// Keys and labels in turn.
    pub actions: Vec<String>,
}

/// The served object.
pub struct Recorder {
    markup: bool,
    last: u32,
    tell: Box<dyn FnMut(Heard) + Send + Sync>,
}

impl Recorder {
    /// One that understands `markup` or not, and tells what it hears.
    pub fn new(markup: bool, tell: impl FnMut(Heard) + Send + Sync + 'static) -> Self {
        Self { markup, last: 0, tell: Box::new(tell) }
    }
}

#[interface(name = "org.freedesktop.Notifications", spawn = false)]
impl Recorder {
    fn get_capabilities(&self) -> Vec<&'static str> {
        if self.markup { vec!["actions", "body", "body-markup"] } else { vec!["actions", "body"] }
    }

    fn get_server_information(&self) -> (&'static str, &'static str, &'static str, &'static str) {
        ("recorder", "pam_mfa", "1", "1.2")
    }

    #[allow(clippy::too_many_arguments, reason = "the specification's method has eight")]
    fn notify(
        &mut self,
        _app: String,
        _replaces: u32,
        _icon: String,
        title: String,
        body: String,
        actions: Vec<String>,
        _hints: HashMap<String, OwnedVariant>,
        _expires: i32,
    ) -> u32 {
        self.last += 1;
        (self.tell)(Heard::Shown(Notice { number: self.last, title, body, actions }));
        self.last
    }

    async fn close_notification(&mut self, number: u32, #[zbus(signal_emitter)] emitter: SignalEmitter<'_>) {
        (self.tell)(Heard::Closed(number));
        emitter.emit(NAME, "NotificationClosed", &(number, BY_A_CALL)).await.expect("a signal");
    }
}
