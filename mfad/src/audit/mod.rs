//! The audit trail: one JSON line per event, each holding the SHA-256 of the line before.
//!
//! Every part of mfad hands its events to [`Audit::record`], which never waits for the disk; a thread of its own
//! writes them and syncs at most once a second, never inside a login's own flush. What must never happen: a login
//! waiting for the trail, or lines lost without a line that says so.

mod chain;
mod pages;

pub use chain::{Head, Line};
pub use pages::{Walked, lines_after, verify};

use crate::clock;
use mfa_core::event::{Event, Kind};
use std::fs::File;
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TryRecvError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// Events that wait to be written before further ones are counted as lost.
const BACKLOG: usize = 16_384;

/// At most one sync of the trail in this time.
const SYNC: Duration = Duration::from_secs(1);

/// How long events gather before they are written (and not yet synced).
const GATHER: Duration = Duration::from_millis(10);

/// Bytes after which a new file is begun.
const FILE_BYTES: u64 = 16 * 1024 * 1024;

/// The trail, shared by everything that records.
#[derive(Debug)]
pub struct Audit {
    folder: PathBuf,
    sender: SyncSender<Note>,
    lost: Arc<AtomicU64>,
    writer: Mutex<Option<JoinHandle<()>>>,
}

#[derive(Debug)]
enum Note {
    Event {
        at: u64,
        event: Box<Event>,
    },
    /// Everything before this is to be on disk when the answer comes.
    Flush(SyncSender<()>),
    End,
}

impl Audit {
    /// Opens the trail in `folder` and starts its writer.
    ///
    /// # Errors
    /// When the last file cannot be read or opened.
    pub fn open(folder: &Path) -> io::Result<Self> {
        let mut trail = Trail::open(folder)?;
        let (sender, receiver) = sync_channel(BACKLOG);
        let lost = Arc::new(AtomicU64::new(0));
        let counted = Arc::clone(&lost);
        let writer = std::thread::Builder::new()
            .name(String::from("audit"))
            .spawn(move || write_all(&mut trail, &receiver, &counted))?;
        Ok(Self { folder: folder.to_owned(), sender, lost, writer: Mutex::new(Some(writer)) })
    }

    /// Records what happened now. Never waits.
    pub fn record(&self, event: Event) {
        if self.sender.try_send(Note::Event { at: clock::wall(), event: Box::new(event) }).is_err() {
            self.lost.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Waits until everything recorded so far is on disk (or could not be), 5 s at most.
    pub fn flush(&self) {
        let (done, wait) = sync_channel(1);
        if self.sender.try_send(Note::Flush(done)).is_ok() {
            // Without an answer in time the reader sees what there is.
            let _ = wait.recv_timeout(Duration::from_secs(5));
        }
    }

    /// Where the files are.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }
}

impl Drop for Audit {
    fn drop(&mut self) {
        // The writer ends by itself when the channel is full and then closed.
        let _ = self.sender.send(Note::End);
        let writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(writer) = writer {
            // A writer that panicked has nothing more to write.
            let _ = writer.join();
        }
    }
}

fn write_all(trail: &mut Trail, notes: &Receiver<Note>, lost: &AtomicU64) {
    let mut unsynced: Option<Instant> = None;
    loop {
        let wait = unsynced.map_or(SYNC * 3600, |since| SYNC.saturating_sub(since.elapsed()));
        let note = match gathered(notes, unsynced.is_some(), wait) {
            Err(RecvTimeoutError::Disconnected) | Ok(Note::End) => break,
            Err(RecvTimeoutError::Timeout) => None,
            Ok(note) => Some(note),
        };
        let missed = lost.swap(0, Ordering::Relaxed);
        if missed > 0 {
            let gap = Event::new(Kind::AuditGap).detail(format!("{missed} events were not written"));
            if !trail.append(clock::wall(), &gap) {
                lost.fetch_add(missed, Ordering::Relaxed);
            }
        }
        match note {
            Some(Note::Event { at, event }) => {
                if !trail.append(at, &event) {
                    lost.fetch_add(1, Ordering::Relaxed);
                }
                unsynced.get_or_insert_with(Instant::now);
            }
            Some(Note::Flush(done)) => {
                trail.sync();
                unsynced = None;
                let _ = done.send(());
            }
            Some(Note::End) | None => {}
        }
        if unsynced.is_some_and(|since| since.elapsed() >= SYNC) {
            trail.sync();
            unsynced = None;
        }
    }
    trail.sync();
}

/// The next note. When events come one after the other they are left to gather for a moment: a writer that waits for each is
/// woken by each, and it is a login that pays for the waking.
fn gathered(notes: &Receiver<Note>, busy: bool, wait: Duration) -> Result<Note, RecvTimeoutError> {
    match notes.try_recv() {
        Ok(note) => Ok(note),
        Err(TryRecvError::Disconnected) => Err(RecvTimeoutError::Disconnected),
        Err(TryRecvError::Empty) => {
            if busy {
                std::thread::sleep(GATHER);
            }
            notes.recv_timeout(wait)
        }
    }
}

/// The file being written.
#[derive(Debug)]
struct Trail {
    folder: PathBuf,
    number: u64,
    file: File,
    length: u64,
    head: Head,
    /// Said once per fault, not once per event.
    failing: bool,
}

impl Trail {
    fn open(folder: &Path) -> io::Result<Self> {
        let number = pages::numbers(folder)?.last().copied().unwrap_or(1);
        let (head, whole) = pages::head_of(folder, number)?;
        let file = open_file(folder, number)?;
        if file.metadata()?.len() > whole {
            // A line cut short by a crash was never answered for; what came before it stands.
            file.set_len(whole)?;
            tracing::warn!("audit: dropped an unfinished line at the end of file {number}");
        }
        Ok(Self { folder: folder.to_owned(), number, file, length: whole, head, failing: false })
    }

    /// Whether the event is in the file.
    fn append(&mut self, at: u64, event: &Event) -> bool {
        match self.try_append(at, event) {
            Ok(()) => {
                if std::mem::take(&mut self.failing) {
                    tracing::warn!("audit: events are written again");
                }
                true
            }
            Err(e) => {
                // Nothing half-written may stay: the next line would be glued to it.
                let _ = self.file.set_len(self.length);
                if !std::mem::replace(&mut self.failing, true) {
                    tracing::error!("audit: events cannot be written to {}: {e}", self.folder.display());
                }
                false
            }
        }
    }

    fn try_append(&mut self, at: u64, event: &Event) -> io::Result<()> {
        if self.length >= FILE_BYTES {
            self.file.sync_data()?;
            self.file = open_file(&self.folder, self.number + 1)?;
            self.number += 1;
            self.length = 0;
        }
        let (line, next) = self.head.line(at, event)?;
        self.file.write_all(&line)?;
        self.length += line.len() as u64;
        self.head = next;
        Ok(())
    }

    fn sync(&mut self) {
        if let Err(e) = self.file.sync_data() {
            tracing::error!("audit: {}: {e}", self.folder.display());
        }
    }
}

fn open_file(folder: &Path, number: u64) -> io::Result<File> {
    std::fs::OpenOptions::new().append(true).create(true).mode(0o640).open(pages::file(folder, number))
}

#[cfg(test)]
mod tests;
