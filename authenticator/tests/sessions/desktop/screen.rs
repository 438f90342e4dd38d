//! A screen of a desktop: an X server that draws into memory, a window manager, and the accessibility bus.

use super::{Desktop, end, wait};
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

/// Ends with everything it started.
pub(crate) struct Screen {
    pub display: String,
    server: Option<Child>,
    /// What it shows, as `xwud` reads it.
    memory: PathBuf,
    window_manager: Option<Child>,
    accessibility: Option<Child>,
}

impl Screen {
    /// `size`: width and height in pixels, `900x700`.
    pub(crate) async fn start(desktop: &mut Desktop, size: &str) -> Self {
        let memory = desktop.path("screen");
        std::fs::create_dir(&memory).unwrap();
        let mut server = Command::new("Xvfb")
            .arg("-fbdir")
            .arg(&memory)
            .args(["-displayfd", "1", "-screen", "0", &format!("{size}x24"), "-nolisten", "tcp", "-noreset"])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut number = String::new();
        BufReader::new(server.stdout.take().unwrap()).read_line(&mut number).unwrap();
        let display = format!(":{}", number.trim());
        desktop.display = Some(display.clone());
        let quiet = |mut command: Command| command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let window_manager = quiet(desktop.command("openbox"));
        let mut bus = desktop.command("/usr/libexec/at-spi-bus-launcher");
        bus.arg("--launch-immediately");
        let accessibility = quiet(bus);
        let screen = Self {
            display,
            memory: memory.join("Xvfb_screen0"),
            server: Some(server),
            window_manager: Some(window_manager),
            accessibility: Some(accessibility),
        };
        let session = desktop.connect("session").await;
        wait("the accessibility bus", async || enable(&session).await.is_ok()).await;
        wait("the window manager", async || screen.xdotool(&["get_desktop"])).await;
        screen
    }

    /// Types into whatever has the focus: names of keys, `Escape` or `4`.
    pub(crate) fn keys(&self, keys: &[&str]) {
        assert!(self.xdotool(&[&["key", "--clearmodifiers"], keys].concat()));
    }

    /// Types a text.
    pub(crate) fn text(&self, text: &str) {
        assert!(self.xdotool(&["type", text]));
    }

    pub(crate) fn xdotool(&self, arguments: &[&str]) -> bool {
        let mut command = Command::new("xdotool");
        command.env("DISPLAY", &self.display).args(arguments).stdout(Stdio::null()).stderr(Stdio::null());
        tokio::task::block_in_place(|| command.status().unwrap().success())
    }

    /// Makes text larger, as a desktop's setting does; 96 is the usual.
    pub(crate) fn set_dpi(&self, dpi: u32) -> bool {
        let mut command = Command::new("xprop");
        command.env("DISPLAY", &self.display).args([
            "-root",
            "-f",
            "RESOURCE_MANAGER",
            "8s",
            "-set",
            "RESOURCE_MANAGER",
        ]);
        command.arg(format!("Xft.dpi:\t{dpi}\n"));
        tokio::task::block_in_place(|| command.status().unwrap().success())
    }

    /// What is to be seen, in shades of grey (PGM).
    pub(crate) fn picture(&self) -> Vec<u8> {
        let memory = std::fs::read(&self.memory).unwrap();
        let field = |place: usize| {
            let bytes = memory[place * 4..place * 4 + 4].try_into().unwrap();
            u32::from_be_bytes(bytes) as usize
        };
        // XWDFile.h: the header's length, width, height, bits of a pixel, bytes of a line, and the colours before the pixels.
        let (head, width, height) = (field(0), field(4), field(5));
        assert_eq!(field(11), 32);
        let (line, colours) = (field(12), field(19));
        let mut picture = format!("P5 {width} {height} 255\n").into_bytes();
        for row in memory[head + colours * 12..].chunks_exact(line).take(height) {
            picture.extend(row.chunks_exact(4).take(width).map(|pixel| pixel[1]));
        }
        picture
    }

    /// Keeps a picture in the folder of `MFA_SCREENSHOTS`, for whoever wants to look; nothing without it.
    pub(crate) fn keep(&self, name: &str) {
        let Some(folder) = std::env::var_os("MFA_SCREENSHOTS") else { return };
        let file = std::path::Path::new(&folder).join(format!("{name}.png"));
        let mut command = Command::new("import");
        command.args(["-display", &self.display, "-window", "root"]).arg(file);
        assert!(tokio::task::block_in_place(|| command.status().unwrap().success()));
    }
}

async fn enable(session: &zbus::Connection) -> zbus::Result<()> {
    let arguments = ("org.a11y.Status", "IsEnabled", zbus::Variant::from(true));
    let properties = Some("org.freedesktop.DBus.Properties");
    session.call_method(Some("org.a11y.Bus"), "/org/a11y/bus", properties, "Set", &arguments).await.map(|_| ())
}

impl Drop for Screen {
    fn drop(&mut self) {
        // Asked, not killed: it ends the bus that it started.
        if let Some(mut launcher) = self.accessibility.take() {
            let pid = nix::unistd::Pid::from_raw(i32::try_from(launcher.id()).unwrap());
            nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGTERM).ok();
            launcher.wait().ok();
        }
        for child in [&mut self.window_manager, &mut self.server] {
            end(child);
        }
    }
}
