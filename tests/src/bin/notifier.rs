//! A desktop's shell for tests: a notification server that records, and a lock screen that is open.
//!
//! `notifier markup|plain`, in a session. It prints `READY`, `SHOWN {json}` for each notification and `CLOSED number` for each that
//! is taken away. Commands on standard input, a line each: `press NUMBER KEY`, `dismiss NUMBER` (the user does).

use pam_mfa_tests::recorder::{BY_THE_USER, Heard, NAME, PATH, Recorder};
use std::io::BufRead;
use zbus::interface;

/// Says it to whoever started this.
fn tell(heard: Heard) {
    match heard {
        Heard::Shown(notice) => {
            let (number, title, body, actions) = (notice.number, notice.title, notice.body, notice.actions);
            let shown = serde_json::json!({ "number": number, "title": title, "body": body, "actions": actions });
            println!("SHOWN {shown}");
        }
        Heard::Closed(number) => println!("CLOSED {number}"),
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
        .serve_at(PATH, Recorder::new(markup, tell))
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
