//! The last decisions, kept over restarts of the agent: `$XDG_STATE_HOME/mfa-authenticator/history.json`, 0600.
//!
//! Called by the agent alone, off its async threads. What is in it was on the screen: no number, no key, no PIN. What must
//! never happen: a link being followed, a half-written file, a damaged one being thrown away, or an approval that does not
//! come about because a disk is full.

use crate::requests::MOST_REMEMBERED;
use mfa_core::bus::Decided;
use rustix::fs::{Mode, OFlags};
use serde::{Deserialize, Serialize};
use std::fs::{DirBuilder, File};
use std::io::{self, Read, Write};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

/// The one version of the file.
const VERSION: u32 = 1;

/// Longest file that is read, in bytes: a hundred decisions whose every field is as long as it may be, with room.
const LONGEST: u64 = 1 << 20;

/// The file.
#[derive(Debug, Clone)]
pub struct History {
    path: PathBuf,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    version: u32,
    decisions: Vec<Decided>,
}

impl History {
    /// Where the XDG base directory specification has it; `None` when there is no home.
    #[must_use]
    pub fn of_this_user() -> Option<Self> {
        let absolute = |name: &str| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
        let state = absolute("XDG_STATE_HOME").or_else(|| Some(absolute("HOME")?.join(".local/state")))?;
        Some(Self { path: state.join("mfa-authenticator/history.json") })
    }

    /// What is kept, newest first. A file that cannot be understood is set aside under another name.
    ///
    /// # Errors
    /// When there is one that cannot be read, or cannot be set aside.
    pub fn load(&self) -> io::Result<Vec<Decided>> {
        let text = match open(&self.path) {
            Ok(file) => {
                let mut text = Vec::new();
                file.take(LONGEST + 1).read_to_end(&mut text)?;
                text
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(error),
        };
        match understood(&text) {
            Some(decisions) => Ok(decisions),
            None => {
                let aside = self.path.with_extension("json.damaged");
                std::fs::rename(&self.path, &aside)?;
                tracing::warn!("the history could not be understood and was set aside as {}", aside.display());
                Ok(Vec::new())
            }
        }
    }

    /// Keeps `decisions` beside what another session of the user's may have added meanwhile.
    ///
    /// # Errors
    /// When the file cannot be written; then the old one stands.
    pub fn save(&self, decisions: Vec<Decided>) -> io::Result<()> {
        let folder = self.path.parent().ok_or(io::ErrorKind::NotFound)?;
        DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
        let written = Written { version: VERSION, decisions: merged(decisions, self.load()?) };
        // 0600 from its first byte on.
        let mut new = tempfile::Builder::new().prefix(".history-").tempfile_in(folder)?;
        new.write_all(serde_json::to_string(&written)?.as_bytes())?;
        new.as_file().sync_all()?;
        new.persist(&self.path)?;
        File::open(folder)?.sync_all()
    }
}

fn open(path: &Path) -> io::Result<File> {
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC | OFlags::NONBLOCK;
    let file = File::from(rustix::fs::open(path, flags, Mode::empty())?);
    if file.metadata()?.is_file() { Ok(file) } else { Err(io::Error::other("it is not a regular file")) }
}

fn understood(text: &[u8]) -> Option<Vec<Decided>> {
    if text.len() as u64 > LONGEST {
        return None;
    }
    let written: Written = serde_json::from_slice(text).ok()?;
    (written.version == VERSION).then(|| merged(written.decisions, Vec::new()))
}

/// Each decision once, newest first, no more than are remembered.
fn merged(new: Vec<Decided>, old: Vec<Decided>) -> Vec<Decided> {
    let mut all = new;
    for decision in old {
        if !all.iter().any(|known| known.request.id == decision.request.id) {
            all.push(decision);
        }
    }
    all.sort_by_key(|decision| std::cmp::Reverse(decision.at));
    all.truncate(MOST_REMEMBERED);
    all
}

#[cfg(test)]
mod tests;
