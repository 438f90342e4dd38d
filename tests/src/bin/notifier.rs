//! A desktop's shell for tests: a notification server that records, and a lock screen that is open.
//!
//! `notifier markup|plain`, in a session. It prints `READY`, `SHOWN {json}` for each notification and `CLOSED number` for each that
//! is taken away. Commands on standard input, a line each: `press NUMBER KEY`, `dismiss NUMBER` (the user does).

use std::collections::HashMap;
use std::io::BufRead;
use zbus::object_server::SignalEmitter;
use zbus::{OwnedVariant, interface};

const NAME: &str = "org.freedesktop.Notifications";
const PATH: &str = "/org/freedesktop/Notifications";

/// `NotificationClosed`: by the user, and by the program that showed it (Desktop Notifications Specification).
const BY_THE_USER: u32 = 2;
const BY_A_CALL: u32 = 3;

struct Served {
    markup: bool,
    last: u32,
}

#[interface(name = "org.freedesktop.Notifications", spawn = false)]
impl Served {
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
        let shown = serde_json::json!({ "number": self.last, "title": title, "body": body, "actions": actions });
        println!("SHOWN {shown}");
        self.last
    }

    async fn close_notification(&self, number: u32, #[zbus(signal_emitter)] emitter: SignalEmitter<'_>) {
        println!("CLOSED {number}");
        emitter.emit(NAME, "NotificationClosed", &(number, BY_A_CALL)).await.expect("a signal");
    }
}

struct Saver;

#[interface(name = "org.gnome.ScreenSaver")]
impl Saver {
    fn get_active(&self) -> bool {
        false
    }
}

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() {
    let markup = std::env::args().nth(1).expect("markup or plain") == "markup";
    let connection = zbus::connection::Builder::session()
        .serve_at(PATH, Served { markup, last: 0 })
        .serve_at("/org/gnome/ScreenSaver", Saver)
        .name(NAME)
        .name("org.gnome.ScreenSaver")
        .build()
        .await
        .expect("the session bus and the names");
    println!("READY");
    let (sender, mut commands) = tokio::sync::mpsc::unbounded_channel();
    std::thread::spawn(move || {
        for line in std::io::stdin().lock().lines() {
            let _ = sender.send(line.expect("a line"));
        }
    });
    while let Some(command) = commands.recv().await {
        let words: Vec<&str> = command.split(' ').collect();
        let emitted = match *words.as_slice() {
            ["press", number, key] => {
                let number: u32 = number.parse().expect("a number");
                connection.emit_signal(None::<&str>, PATH, NAME, "ActionInvoked", &(number, key)).await
            }
            ["dismiss", number] => {
                let number: u32 = number.parse().expect("a number");
                connection.emit_signal(None::<&str>, PATH, NAME, "NotificationClosed", &(number, BY_THE_USER)).await
            }
            _ => panic!("unknown command {command}"),
        };
        emitted.expect("a signal");
    }
}
