//! The window on a screen of its own, driven by keys and by what a screen reader does.

mod answering;
mod around;
mod codes;
mod german;
mod locking;
mod looks;
mod many;
mod moving;
mod opening;
mod pages;
mod portal;
mod trouble;

use crate::desktop::mfad::{CODE, Mfad};
use crate::desktop::reader::{Node, Reader};
use crate::desktop::screen::Screen;
use crate::desktop::{Desktop, wait};
use std::process::{Child, Stdio};

const APPROVE: &str = "Approve";
const DENY: &str = "Deny";
const REPORT: &str = "Not me: report";

/// A desktop with a paired device, an agent, a screen and a screen reader.
pub(crate) struct Seat {
    pub desktop: Desktop,
    pub mfad: Mfad,
    pub screen: Screen,
    pub reader: Reader,
    window: Option<Child>,
}

impl Seat {
    pub(crate) async fn new() -> Self {
        Self::with(&["pair"], CODE, "900x700").await
    }

    /// As it is paired by `pair` with `input`, before a screen of `size`.
    pub(crate) async fn with(pair: &[&str], input: &str, size: &str) -> Self {
        Self::at(Desktop::with_keyring().await, pair, input, size).await
    }

    /// Where the bus knows how to start the window.
    pub(crate) async fn activatable() -> Self {
        let mut desktop = Desktop::with_activation();
        desktop.start_keyring().await;
        Self::at(desktop, &["pair"], CODE, "900x700").await
    }

    async fn at(mut desktop: Desktop, pair: &[&str], input: &str, size: &str) -> Self {
        let mfad = Mfad::start(&desktop).await;
        desktop.done(pair, input);
        let screen = Screen::start(&mut desktop, size).await;
        let reader = Reader::start(&desktop).await;
        desktop.tell_the_bus(&screen.display).await;
        desktop.start_agent();
        mfad.agent().await;
        Self { desktop, mfad, screen, reader, window: None }
    }

    /// Opens the small window of requests.
    pub(crate) async fn open(&mut self, arguments: &[&str], environment: &[(&str, &str)]) {
        let arguments = if arguments.is_empty() { &["--requests"] } else { arguments };
        self.start(arguments, environment, "Sign-In Requests").await;
    }

    /// Opens the main window.
    pub(crate) async fn open_main(&mut self, environment: &[(&str, &str)]) {
        self.start(&[], environment, "Authenticator").await;
    }

    async fn start(&mut self, arguments: &[&str], environment: &[(&str, &str)], title: &str) {
        let said = self.desktop.log("window.log");
        self.window = Some(
            portal::as_a_user_may(|program| self.desktop.command(program), env!("CARGO_BIN_EXE_mfa-authenticator"))
                .arg("window")
                .args(arguments)
                .envs(environment.iter().copied())
                .stdin(Stdio::null())
                .stderr(said)
                .spawn()
                .unwrap(),
        );
        self.reader.wait("window", title).await;
        wait("the focus", async || self.screen.xdotool(&["getactivewindow"])).await;
    }

    /// Turns to a page of the main window.
    async fn show(&self, page: &str) {
        let find = async || {
            let tree = self.reader.tree().await.into_iter();
            tree.filter(|node| node.name == page && node.is_focusable()).collect::<Vec<_>>()
        };
        wait(page, async || !find().await.is_empty()).await;
        for node in find().await {
            self.reader.act(&node).await;
        }
    }

    /// Everything that takes the focus has a name, and none that is a class's.
    async fn nothing_is_nameless(&self) {
        let tree = self.reader.tree().await;
        let is_named = |node: &Node| {
            !node.name.is_empty() && !["Gtk", "Adw", "Mfa"].iter().any(|class| node.name.starts_with(class))
        };
        assert!(tree.iter().filter(|node| node.is_focusable()).count() >= 2, "{tree:?}");
        // Each with what stands before it in the tree.
        let nameless: Vec<_> = (0..tree.len())
            .filter(|&place| tree[place].is_focusable() && !is_named(&tree[place]))
            .map(|place| {
                tree[place.saturating_sub(3)..=place].iter().map(|it| (&it.role, &it.name)).collect::<Vec<_>>()
            })
            .collect();
        assert!(nameless.is_empty(), "{nameless:#?}");
    }

    /// Waits until the focus is on what is called like this, or begins so.
    async fn focus_is_on(&self, name: &str) {
        wait(&format!("the focus on {name}"), async || {
            // Each window has a focus of its own, also where another one lies over it.
            self.reader.tree().await.iter().any(|node| node.is_focused() && node.name.starts_with(name))
        })
        .await;
    }

    /// Presses the button below what is told, which is called by all of it.
    async fn go_on(&self, button: &str) {
        let end = format!(". {button}");
        let find = async || {
            self.reader.tree().await.into_iter().find(|node| node.role == "button" && node.name.ends_with(&end))
        };
        wait(button, async || find().await.is_some()).await;
        let button = find().await.unwrap();
        assert!(self.reader.act(&button).await);
    }

    /// The names of the list rows that hold `part`.
    async fn rows(&self, part: &str) -> Vec<String> {
        let tree = self.reader.tree().await.into_iter();
        tree.filter(|node| node.role == "list item" && node.name.contains(part)).map(|node| node.name).collect()
    }

    /// Whether the whole of it lies within the window, and the window on the screen.
    async fn is_inside_the_window(&self, node: &Node) -> bool {
        let window = self.reader.wait("window", "Sign-In Requests").await;
        let (_, _, width, height) = self.reader.extents(&window).await;
        let (x, y, w, h) = self.reader.extents(node).await;
        let inside = w > 0 && h > 0 && x >= 0 && y >= 0 && x + w <= width && y + h <= height;
        if !inside {
            eprintln!("{x} {y} {w} {h} in {width} {height}");
        }
        inside
    }

    /// Waits for the window's process to end by itself.
    pub(crate) async fn ended(&mut self) {
        let window = self.window.as_mut().unwrap();
        wait("the window to end", async || window.try_wait().unwrap().is_some()).await;
        assert!(window.wait().unwrap().success());
        self.window = None;
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.screen.keep("failed");
        }
        if let Some(mut window) = self.window.take() {
            window.kill().ok();
            window.wait().ok();
        }
    }
}
