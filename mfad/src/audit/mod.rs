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

/// Bytes of lines that are written at once, give or take a line: some hundreds.
const BATCH_BYTES: usize = 64 * 1024;

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
        say_lost(trail, lost);
        // What has come meanwhile is written with it.
        let (mut next, mut flushed, mut ends) = (note, None, false);
        while let Some(note) = next.take() {
            match note {
                Note::Event { at, event } => {
                    lost.fetch_add(trail.gather(at, &event), Ordering::Relaxed);
                    unsynced.get_or_insert_with(Instant::now);
                    next = if trail.gathered.len() < BATCH_BYTES { notes.try_recv().ok() } else { None };
                }
                Note::Flush(done) => flushed = Some(done),
                Note::End => ends = true,
            }
        }
        lost.fetch_add(trail.write(), Ordering::Relaxed);
        if let Some(done) = flushed {
            trail.sync();
            unsynced = None;
            let _ = done.send(());
        }
        if ends {
            break;
        }
        if unsynced.is_some_and(|since| since.elapsed() >= SYNC) {
            trail.sync();
            unsynced = None;
        }
    }
    // Nobody says it later: the number is of this run.
    say_lost(trail, lost);
    trail.sync();
}

/// A line about those that were lost.
fn say_lost(trail: &mut Trail, lost: &AtomicU64) {
    let missed = lost.swap(0, Ordering::Relaxed);
    if missed > 0 {
        let gap = Event::new(Kind::AuditGap).detail(format!("{missed} events were not written"));
        if trail.gather(clock::wall(), &gap) + trail.write() > 0 {
            lost.fetch_add(missed, Ordering::Relaxed);
        }
    }
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
    /// Lines to be written, where each ends, and the head after it.
    gathered: Vec<u8>,
    lines: Vec<(usize, Head)>,
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
        Ok(Self {
            folder: folder.to_owned(),
            number,
            file,
            length: whole,
            head,
            gathered: Vec::new(),
            lines: Vec::new(),
            failing: false,
        })
    }

    /// Makes the event's line, to be written with others. How many lines are lost by it: one when it cannot be made.
    fn gather(&mut self, at: u64, event: &Event) -> u64 {
        let head = self.lines.last().map_or(&self.head, |(_, head)| head);
        let Ok((line, next)) = head.line(at, event) else { return 1 };
        self.gathered.extend_from_slice(&line);
        self.lines.push((self.gathered.len(), next));
        0
    }

    /// Writes what was gathered. How many of its lines are not in the file.
    fn write(&mut self) -> u64 {
        let (bytes, lines) = (std::mem::take(&mut self.gathered), std::mem::take(&mut self.lines));
        if lines.is_empty() {
            return 0;
        }
        let (written, result) = match self.make_room() {
            Ok(()) => write_most(&mut self.file, &bytes),
            Err(e) => (0, Err(e)),
        };
        let whole = lines.partition_point(|(end, _)| *end <= written);
        let lost = lines.len() - whole;
        if let Some((end, head)) = lines.into_iter().take(whole).next_back() {
            self.length += end as u64;
            self.head = head;
        }
        match result {
            Ok(()) => {
                if std::mem::take(&mut self.failing) {
                    tracing::warn!("audit: events are written again");
                }
            }
            Err(e) => {
                // Nothing half-written may stay: the next line would be glued to it.
                let _ = self.file.set_len(self.length);
                if !std::mem::replace(&mut self.failing, true) {
                    tracing::error!("audit: events cannot be written to {}: {e}", self.folder.display());
                }
            }
        }
        lost as u64
    }

    /// Begins a new file when this one is full.
    fn make_room(&mut self) -> io::Result<()> {
        if self.length >= FILE_BYTES {
            self.file.sync_data()?;
            self.file = open_file(&self.folder, self.number + 1)?;
            self.number += 1;
            self.length = 0;
        }
        Ok(())
    }

    fn sync(&mut self) {
        if let Err(e) = self.file.sync_data() {
            tracing::error!("audit: {}: {e}", self.folder.display());
        }
    }
}

/// Writes until all is written or something fails; how many bytes are in the file.
fn write_most(file: &mut File, bytes: &[u8]) -> (usize, io::Result<()>) {
    let mut written = 0;
    while let Some(rest) = bytes.get(written..).filter(|rest| !rest.is_empty()) {
        match file.write(rest) {
            Ok(0) => return (written, Err(io::ErrorKind::WriteZero.into())),
            Ok(more) => written += more,
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) => return (written, Err(e)),
        }
    }
    (written, Ok(()))
}

fn open_file(folder: &Path, number: u64) -> io::Result<File> {
    let path = pages::file(folder, number);
    let opened = std::fs::OpenOptions::new().append(true).create(true).mode(0o640).open(&path);
    opened.map_err(|why| named(&path, &why))
}

/// The error with the file it is about: at the start nothing else says which has the wrong owner.
fn named(path: &Path, why: &io::Error) -> io::Error {
    io::Error::new(why.kind(), format!("{}: {why}", path.display()))
}

#[cfg(test)]
mod tests;
