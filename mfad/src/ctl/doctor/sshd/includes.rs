//! Whether sshd's configuration has `Match` blocks, in its own file or in one it includes.
//!
//! Called by the doctor, which looks at nothing else in these files: sshd itself says what it does for one login. What must never
//! happen: files that include one another being read for ever, or a pipe waited for.

use glob::{MatchOptions, glob_with};
use rustix::fs::OFlags;
use std::fs::OpenOptions;
use std::io::Read;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// What sshd is told of no other file: its own, and the vendor's where there is none.
const USUAL: [&str; 2] = ["/etc/ssh/sshd_config", "/usr/etc/ssh/sshd_config"];

/// What `Include` is relative to, wherever the file stands that says it.
const FOLDER: &str = "/etc/ssh";

/// Files within files that sshd reads.
const DEEPEST: usize = 16;

/// Most files read.
const MOST_FILES: usize = 256;

/// Most bytes read of one.
const MOST_BYTES: u64 = 1 << 20;

/// Whether `config`, or what sshd reads by itself, has a `Match` block.
#[must_use]
pub fn have_match_blocks(config: Option<&Path>) -> bool {
    let usual = || USUAL.iter().map(Path::new).find(|path| path.exists());
    config.or_else(usual).is_some_and(|config| have(config, 0, &mut MOST_FILES.clone()))
}

fn have(file: &Path, depth: usize, left: &mut usize) -> bool {
    if depth > DEEPEST || *left == 0 {
        return false;
    }
    *left -= 1;
    let Ok(text) = read(file) else { return false };
    String::from_utf8_lossy(&text).lines().any(|line| {
        let (word, rest) = keyword(line);
        word.eq_ignore_ascii_case("match")
            || (word.eq_ignore_ascii_case("include")
                && words(rest).iter().flat_map(|pattern| files(pattern)).any(|file| have(&file, depth + 1, left)))
    })
}

/// What a file begins with; nothing of what is none: a pipe would keep the doctor waiting for who writes.
fn read(file: &Path) -> std::io::Result<Vec<u8>> {
    let flags = i32::try_from(OFlags::NONBLOCK.bits()).unwrap_or(0);
    let file = OpenOptions::new().read(true).custom_flags(flags).open(file)?;
    let mut text = Vec::new();
    if file.metadata()?.is_file() {
        file.take(MOST_BYTES).read_to_end(&mut text)?;
    }
    Ok(text)
}

/// A line's first word and what follows it, behind at most one `=`.
fn keyword(line: &str) -> (&str, &str) {
    let line = line.trim();
    let end = line.find(|c: char| c.is_whitespace() || c == '=').unwrap_or(line.len());
    let (word, rest) = line.split_at(end);
    let rest = rest.trim_start();
    (word, rest.strip_prefix('=').unwrap_or(rest))
}

/// The words of a list, quoted or not, up to a comment.
fn words(list: &str) -> Vec<String> {
    let (mut words, mut word, mut quote) = (Vec::new(), None::<String>, None);
    for letter in list.chars() {
        match (quote, letter) {
            (Some(open), _) if letter == open => quote = None,
            (None, '"' | '\'') => quote = Some(letter),
            (None, '#') if word.is_none() => break,
            (None, _) if letter.is_whitespace() => words.extend(word.take()),
            _ => word.get_or_insert_default().push(letter),
        }
    }
    words.extend(word);
    words
}

/// The files that a pattern fits; one that begins with a dot is named only by a dot, as in glob(7).
fn files(pattern: &str) -> impl Iterator<Item = PathBuf> + use<> {
    let options =
        MatchOptions { case_sensitive: true, require_literal_separator: true, require_literal_leading_dot: true };
    // glob(7) knows no `**`, which to the library is every folder below, or no pattern.
    let mut pattern = pattern.to_owned();
    while pattern.contains("**") {
        pattern = pattern.replace("**", "*");
    }
    let path = Path::new(FOLDER).join(pattern);
    glob_with(&path.to_string_lossy(), options).into_iter().flatten().flatten().take(MOST_FILES)
}
