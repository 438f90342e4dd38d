//! What `mfactl` prints: text for people, JSON for programs, nothing that could steer a terminal.
//!
//! Every command writes through a [`Screen`]. Nothing is kept in a buffer: secrets leave in one write, and a full disk
//! or a closed pipe is an error at the line it cuts. What must never happen: foreign text on a terminal uncleaned.

use jiff::tz::TimeZone;
use mfa_core::clean;
use mfa_core::now::rfc3339;
use serde::Serialize;
use std::fmt::Write as _;
use std::fs::File;
use std::io::{self, IsTerminal, Write};
use std::os::fd::AsFd;
use zeroize::Zeroizing;

/// Bytes gathered before a listing is written on.
const GATHER: usize = 8 * 1024;

/// Standard output.
pub(super) struct Screen {
    file: File,
    /// Whether a program reads along.
    pub(super) json: bool,
    /// Whether it is a terminal.
    pub(super) terminal: bool,
}

impl Screen {
    /// Standard output, as text or JSON.
    ///
    /// # Errors
    /// When it is closed.
    pub(super) fn new(json: bool) -> io::Result<Self> {
        let stdout = io::stdout();
        let terminal = stdout.is_terminal();
        Ok(Self { file: File::from(stdout.as_fd().try_clone_to_owned()?), json, terminal })
    }

    /// Writes `text`, which was cleaned, and a newline.
    pub(super) fn say(&mut self, text: &str) -> io::Result<()> {
        let mut line = Zeroizing::new(String::with_capacity(text.len() + 1));
        line.push_str(text);
        line.push('\n');
        self.write(&line)
    }

    /// Writes one line of foreign text, cleaned.
    pub(super) fn say_cleaned(&mut self, text: &str) -> io::Result<()> {
        self.say(&line(text))
    }

    /// Says what was done, in mfad's words.
    pub(super) fn done(&mut self, text: &str) -> io::Result<()> {
        if self.json { self.object(&Done { done: text }) } else { self.say_cleaned(&sentence(text)) }
    }

    /// Writes `value` as one line of JSON.
    pub(super) fn object<T: Serialize>(&mut self, value: &T) -> io::Result<()> {
        let text = json(value)?;
        self.say(&text)
    }

    /// Writes `text` as it is.
    pub(super) fn write(&mut self, text: &str) -> io::Result<()> {
        self.file.write_all(text.as_bytes())
    }
}

/// What `--json` prints of something done.
#[derive(Serialize)]
struct Done<'a> {
    done: &'a str,
}

/// Lines of a listing, written on when there are enough of them.
#[derive(Default)]
pub(super) struct Gathered(String);

impl Gathered {
    /// Adds a line that was cleaned.
    pub(super) fn line(&mut self, screen: &mut Screen, text: &str) -> io::Result<()> {
        self.0.push_str(text);
        self.0.push('\n');
        if self.0.len() >= GATHER { self.write(screen) } else { Ok(()) }
    }

    /// Writes what is left.
    pub(super) fn write(&mut self, screen: &mut Screen) -> io::Result<()> {
        screen.write(&self.0)?;
        self.0.clear();
        Ok(())
    }
}

/// Says something beside the output. There is nowhere to say that it could not be said.
pub(super) fn aside(text: &str) {
    let _ = writeln!(io::stderr(), "{}", line(text));
}

/// `text` as one line, cleaned, whatever its length.
pub(super) fn line(text: &str) -> String {
    let mut cleaned = String::with_capacity(text.len());
    let mut rest = text;
    while !rest.is_empty() {
        let end = rest.char_indices().nth(clean::FIELD_CHARS).map_or(rest.len(), |(index, _)| index);
        let (part, after) = rest.split_at(end);
        cleaned.push_str(&clean::field(part));
        rest = after;
    }
    cleaned
}

/// mfad's words for something done, which begin small and end without a stop, as a person reads them. They never begin with a name.
fn sentence(text: &str) -> String {
    let mut rest = text.chars();
    let first: String = rest.next().into_iter().flat_map(char::to_uppercase).collect();
    format!("{first}{}.", rest.as_str())
}

/// A name or label: short, cleaned, with something to see where there is nothing.
pub(super) fn name(text: &str) -> String {
    if text.is_empty() { String::from("-") } else { clean::field(text) }
}

/// `value` as JSON on one line. Characters that JSON lets through and a terminal would obey are written as escapes.
pub(super) fn json<T: Serialize>(value: &T) -> io::Result<Zeroizing<String>> {
    // Room for what holds secrets: growing would leave unwiped copies.
    let mut bytes = Zeroizing::new(Vec::with_capacity(4096));
    serde_json::to_writer(&mut *bytes, value)?;
    let text = std::str::from_utf8(&bytes).map_err(io::Error::other)?;
    Ok(escaped(text))
}

/// JSON text with everything that steers a terminal escaped; only strings can hold such characters.
pub(super) fn escaped(text: &str) -> Zeroizing<String> {
    let mut out = Zeroizing::new(String::with_capacity(text.len() + 64));
    let mut units = [0; 2];
    for c in text.chars() {
        if c.is_ascii_graphic() || c == ' ' || clean::field(c.encode_utf8(&mut [0; 4])).chars().eq([c]) {
            out.push(c);
        } else {
            for unit in c.encode_utf16(&mut units) {
                // Writing to a String cannot fail.
                let _ = write!(out, "\\u{unit:04x}");
            }
        }
    }
    out
}

/// A moment by the clock on the wall: `2026-11-23 18:40:01 +01:00`.
pub(super) fn moment(zone: &TimeZone, seconds: u64) -> String {
    let stamp = i64::try_from(seconds).ok().and_then(|seconds| jiff::Timestamp::from_second(seconds).ok());
    stamp.map_or_else(
        || rfc3339(seconds),
        |stamp| stamp.to_zoned_datetime(zone.clone()).strftime("%Y-%m-%d %H:%M:%S %:z").to_string(),
    )
}

/// `90` as `1 min 30 s`: at most two units.
pub(super) fn span(seconds: u64) -> String {
    let units = [(86_400, "d"), (3600, "h"), (60, "min"), (1, "s")];
    let mut rest = seconds;
    let mut parts = Vec::new();
    for (size, unit) in units {
        if rest >= size && parts.len() < 2 {
            parts.push(format!("{} {unit}", rest / size));
            rest %= size;
        }
    }
    if parts.is_empty() { String::from("0 s") } else { parts.join(" ") }
}

/// `1 user`, `2 users`.
pub(super) fn count(number: u64, one: &str, many: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { many })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_cleaned_and_never_cut() {
        let long = "ä".repeat(200);
        assert_eq!(line(&long), long);
        assert_eq!(line("a\x1b[2J\nb"), "a\\u{1b}[2J\\u{a}b");
    }

    #[test]
    fn json_stays_json_and_steers_nothing() {
        let text = json(&"a\u{9b}2J\u{202e}\u{7f}\n\u{e0001}ä").unwrap();
        assert_eq!(*text, r#""a\u009b2J\u202e\u007f\n\udb40\udc01ä""#);
        assert_eq!(serde_json::from_str::<String>(&text).unwrap(), "a\u{9b}2J\u{202e}\u{7f}\n\u{e0001}ä");
    }

    #[test]
    fn what_was_done_is_a_sentence() {
        assert_eq!(sentence("removed totp-1"), "Removed totp-1.");
        assert_eq!(sentence("3 remembered logins are forgotten"), "3 remembered logins are forgotten.");
        assert_eq!(sentence(""), ".");
    }

    #[test]
    fn times_and_spans_are_for_people() {
        let zone = TimeZone::posix("CET-1").unwrap();
        assert_eq!(moment(&zone, 0), "1970-01-01 01:00:00 +01:00");
        assert_eq!(moment(&zone, u64::MAX), format!("@{}", u64::MAX));
        assert_eq!((span(0), span(90), span(93_784)), ("0 s".into(), "1 min 30 s".into(), "1 d 2 h".into()));
        assert_eq!((count(1, "user", "users"), count(2, "user", "users")), ("1 user".into(), "2 users".into()));
    }
}
