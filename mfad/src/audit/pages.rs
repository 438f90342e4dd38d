//! Reading the trail: pages for `mfactl log`, the walk of `mfactl log verify`.

use super::chain::{Head, Line};
use super::named;
use mfa_core::admin::LogCursor;
use mfa_core::clean;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

/// Bytes of lines in one page, so that it fits a frame with its JSON escapes.
const PAGE_BYTES: usize = 6 * 1024;

/// Lines looked at for one page, matching or not, so that one answer takes bounded time.
const PAGE_LINES: usize = 20_000;

/// Faults named by a walk; further ones are counted. They fit a frame.
const FAULTS: usize = 40;

/// How often, and how long each time, a walk waits for the end of a line: one that is being written is seen in parts.
const LOOKS: usize = 20;
const GLANCE: Duration = Duration::from_millis(50);

/// What a walk of the whole trail found.
#[derive(Debug)]
pub struct Walked {
    /// The end of the chain.
    pub head: Head,
    /// What is wrong, with file and line; empty: nothing.
    pub broken: Vec<String>,
}

/// The file of a number.
pub(super) fn file(folder: &Path, number: u64) -> PathBuf {
    folder.join(format!("{number:08}.jsonl"))
}

/// The numbers of the files there are, in order.
pub(super) fn numbers(folder: &Path) -> io::Result<Vec<u64>> {
    let mut numbers: Vec<u64> = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let name = entry?.file_name();
        numbers.extend(name.to_str().and_then(|n| n.strip_suffix(".jsonl")).and_then(|n| n.parse::<u64>().ok()));
    }
    numbers.sort_unstable();
    Ok(numbers)
}

/// The head after file `number`, and how many of its bytes are whole lines.
pub(super) fn head_of(folder: &Path, number: u64) -> io::Result<(Head, u64)> {
    let (last, whole) = last_line(&file(folder, number))?;
    let head = match last {
        Some(head) => head,
        // The file may be new and empty: its predecessor then ends the chain.
        None if number > 1 => last_line(&file(folder, number - 1))?.0.unwrap_or_else(Head::start),
        None => Head::start(),
    };
    Ok((head, whole))
}

/// The head that a file's last line of the trail makes, and the bytes up to the end of its last whole line. Whole lines behind it
/// that are none of the trail (a power cut leaves such) stay where they are for the walk to find: they must not keep
/// mfad, and with it everybody, out.
fn last_line(path: &Path) -> io::Result<(Option<Head>, u64)> {
    let opened = match File::open(path) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok((None, 0)),
        other => other.map_err(|why| named(path, &why))?,
    };
    let mut reader = BufReader::new(opened);
    let (mut line, mut last, mut whole) = (Vec::new(), None, 0);
    while reader.read_until(b'\n', &mut line)? > 0 {
        if line.pop() == Some(b'\n') {
            whole += line.len() as u64 + 1;
            match serde_json::from_slice::<Line>(&line) {
                Ok(read) => last = Some((read.seq, std::mem::take(&mut line))),
                Err(_) => tracing::error!(
                    "audit: {} holds a line that is none of the trail; see mfactl log verify",
                    path.display()
                ),
            }
        }
        line.clear();
    }
    Ok((last.map(|(sequence, line)| Head::start().after(sequence, &line)), whole))
}

/// A page of lines that concern `user` (if given) and are not older than `since`.
///
/// # Errors
/// When a file cannot be read.
pub fn lines_after(
    folder: &Path,
    user: Option<&str>,
    since: Option<u64>,
    after: Option<&LogCursor>,
) -> io::Result<(Vec<String>, Option<LogCursor>)> {
    let (mut lines, mut bytes, mut seen) = (Vec::new(), 0, 0);
    for number in numbers(folder)? {
        let offset = match after {
            Some(cursor) if number < cursor.file => continue,
            Some(cursor) if number == cursor.file => cursor.offset,
            _ => 0,
        };
        let mut reader = BufReader::new(File::open(file(folder, number))?);
        let mut at = reader.seek(SeekFrom::Start(offset))?;
        let mut line = Vec::new();
        while reader.read_until(b'\n', &mut line)? > 0 && line.ends_with(b"\n") {
            let shown = shown(line.trim_ascii_end(), user, since);
            let length = shown.as_ref().map_or(0, String::len);
            if (length > 0 && bytes + length > PAGE_BYTES && !lines.is_empty()) || seen >= PAGE_LINES {
                return Ok((lines, Some(LogCursor { file: number, offset: at })));
            }
            seen += 1;
            at += line.len() as u64;
            bytes += length;
            lines.extend(shown);
            line.clear();
        }
    }
    Ok((lines, None))
}

/// The line, if it concerns the user and is not older. One that is none of the trail, as a power cut leaves them, is shown rather
/// than hidden, and short: it may be as long as the file, and is none that could be told apart by what it says.
fn shown(line: &[u8], user: Option<&str>, since: Option<u64>) -> Option<String> {
    let text = String::from_utf8_lossy(line);
    match serde_json::from_slice::<Line>(line) {
        Ok(read) if line.len() <= PAGE_BYTES => {
            let fits = user.is_none_or(|u| read.user.as_deref() == Some(u)) && since.is_none_or(|s| read.time >= s);
            fits.then(|| text.into_owned())
        }
        Ok(_) | Err(_) => Some(clean::field(&text)),
    }
}

/// Walks the whole chain.
///
/// # Errors
/// When a file cannot be read.
pub fn verify(folder: &Path) -> io::Result<Walked> {
    let mut walked = Walked { head: Head::start(), broken: Vec::new() };
    let mut faults = 0_usize;
    for number in numbers(folder)? {
        let path = file(folder, number);
        let mut reader = BufReader::new(File::open(&path)?);
        let mut line = Vec::new();
        let mut place = 0;
        while reader.read_until(b'\n', &mut line)? > 0 {
            place += 1;
            for _ in 0..LOOKS {
                if line.ends_with(b"\n") {
                    break;
                }
                thread::sleep(GLANCE);
                reader.read_until(b'\n', &mut line)?;
            }
            if line.pop() != Some(b'\n') {
                faults += 1;
                walked.broken.push(format!("{}:{place}: an unfinished line", path.display()));
                break;
            }
            walked.head = walked.head.follow(&line).unwrap_or_else(|why| {
                faults += 1;
                if walked.broken.len() < FAULTS {
                    walked.broken.push(format!("{}:{place}: {why}", path.display()));
                }
                // Go on from here: later lines may be whole among themselves.
                let sequence = serde_json::from_slice::<Line>(&line).map_or(walked.head.sequence + 1, |l| l.seq);
                walked.head.after(sequence, &line)
            });
            line.clear();
        }
    }
    if faults > walked.broken.len() {
        walked.broken.push(format!("and {} more", faults - walked.broken.len()));
    }
    Ok(walked)
}
