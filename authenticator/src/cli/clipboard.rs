//! A code in the clipboard, by the desktop's own tools: `wl-copy` (wl-clipboard) or `xclip`.
//!
//! Each serves what was copied until it is killed or something else is copied. What must never happen: the code in an argument, or a
//! clipboard cleared of what somebody copied since: the tool is gone by then.

use crate::catalogue::{Text, gettext};
use anyhow::{Context, bail};
use mfa_core::secret::Secret;
use rustix::process::{Pid, Signal, kill_process_group};
use std::io::Write;
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// Seconds that a code stays: as long as in the window.
pub(super) const KEPT: u32 = 30;

/// Longest wait until what was copied can be pasted.
const PATIENCE: Duration = Duration::from_secs(5);

/// Between two looks.
const PAUSE: Duration = Duration::from_millis(50);

/// The tool of this desktop: how it copies, and how it pastes.
pub(super) struct Clipboard(&'static [&'static str], &'static [&'static str]);

const WAYLAND: Clipboard =
    Clipboard(&["wl-copy", "--foreground", "--type", "text/plain"], &["wl-paste", "--no-newline"]);

const X11: Clipboard =
    Clipboard(&["xclip", "-selection", "clipboard", "-in", "-quiet"], &["xclip", "-selection", "clipboard", "-out"]);

/// The tool for the display that is there.
///
/// # Errors
/// When there is no display, or no tool for it.
pub(super) fn found() -> anyhow::Result<Clipboard> {
    let display = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    let there = |tool: &str| {
        let folders = std::env::var_os("PATH").unwrap_or_default();
        std::env::split_paths(&folders).any(|folder| folder.join(tool).is_file())
    };
    match (display("WAYLAND_DISPLAY"), display("DISPLAY")) {
        (true, _) if there("wl-copy") => Ok(WAYLAND),
        (_, true) if there("xclip") => Ok(X11),
        (false, false) => bail!(gettext("There is no display to copy on. Without --copy the code is printed.")),
        (true, _) => {
            bail!(gettext("To copy, wl-copy is needed: install wl-clipboard. Without --copy the code is printed."))
        }
        (false, true) => bail!(gettext("To copy, xclip is needed. Without --copy the code is printed.")),
    }
}

impl Clipboard {
    /// Puts `code` there, and sees that it can be pasted.
    ///
    /// # Errors
    /// When the tool does not start or does not take it, such as where its display does not answer.
    pub(super) fn put(&self, code: &Secret) -> anyhow::Result<()> {
        let mut child = Command::new("timeout")
            .arg(KEPT.to_string())
            .args(self.0)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            // It outlives this program and its terminal's ^C.
            .process_group(0)
            .spawn()
            .context(Text("the clipboard's tool does not start"))?;
        let mut input = child.stdin.take().context(Text("the clipboard's tool takes nothing"))?;
        input.write_all(code.expose()).context(Text("the clipboard's tool takes nothing"))?;
        drop(input);
        let until = Instant::now() + PATIENCE;
        while !self.holds(code) {
            if child.try_wait()?.is_some() {
                bail!(gettext("the clipboard's tool ended at once; is there a display that answers?"));
            }
            if Instant::now() >= until {
                // It may still come, and what nobody was told of is not to be left there: best effort. The group is the tool's own.
                if let Ok(group) = i32::try_from(child.id()) {
                    let _ = Pid::from_raw(group).map(|group| kill_process_group(group, Signal::TERM));
                }
                bail!(gettext("it cannot be pasted, for whatever reason"));
            }
            std::thread::sleep(PAUSE);
        }
        Ok(())
    }

    fn holds(&self, code: &Secret) -> bool {
        let pasted = Command::new("timeout").arg("1").args(self.1).stdin(Stdio::null()).stderr(Stdio::null()).output();
        pasted.is_ok_and(|pasted| Secret::new(pasted.stdout).expose() == code.expose())
    }
}
