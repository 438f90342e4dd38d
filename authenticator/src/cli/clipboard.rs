//! A code in the clipboard, by the desktop's own tools: `wl-copy` (wl-clipboard) or `xclip`.
//!
//! Each serves what was copied until it is killed or something else is copied. What must never happen: the code in an argument, or a
//! clipboard cleared of what somebody copied since: the tool is gone by then.

use anyhow::{Context, bail};
use mfa_core::secret::Secret;
use std::io::Write;
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};

/// Seconds that a code stays: as long as in the window.
pub(super) const KEPT: u32 = 30;

/// The tool of this desktop.
pub(super) struct Clipboard(&'static [&'static str]);

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
        (true, _) if there("wl-copy") => Ok(Clipboard(&["wl-copy", "--foreground", "--type", "text/plain"])),
        (_, true) if there("xclip") => Ok(Clipboard(&["xclip", "-selection", "clipboard", "-in", "-quiet"])),
        (false, false) => bail!("There is no display to copy on. Without --copy the code is printed."),
        (true, _) => bail!("To copy, wl-copy is needed: install wl-clipboard. Without --copy the code is printed."),
        (false, true) => bail!("To copy, xclip is needed. Without --copy the code is printed."),
    }
}

impl Clipboard {
    /// Puts `code` there.
    ///
    /// # Errors
    /// When the tool does not start or does not take it.
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
            .context("the clipboard's tool does not start")?;
        let mut input = child.stdin.take().context("the clipboard's tool takes nothing")?;
        input.write_all(code.expose()).context("the clipboard's tool takes nothing")
    }
}
