//! Whether sshd's configuration has `Match` blocks, in its own file or in one it includes.
//!
//! Called by the doctor, which looks at nothing else in these files: sshd itself says what it does for one login. What must never
//! happen: files that include one another being read for ever.

use std::fs::File;
use std::io::Read;
use std::path::{Component, Path, PathBuf};

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
    let mut text = Vec::new();
    if File::open(file).and_then(|file| file.take(MOST_BYTES).read_to_end(&mut text)).is_err() {
        return false;
    }
    String::from_utf8_lossy(&text).lines().any(|line| {
        let (word, rest) = keyword(line);
        word.eq_ignore_ascii_case("match")
            || (word.eq_ignore_ascii_case("include")
                && words(rest).iter().flat_map(|pattern| files(pattern)).any(|file| have(&file, depth + 1, left)))
    })
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

/// The files that a pattern of glob(7) fits.
fn files(pattern: &str) -> Vec<PathBuf> {
    let mut found = vec![PathBuf::from("/")];
    for part in Path::new(FOLDER).join(pattern).components() {
        let name = match part {
            Component::Normal(name) => name.to_string_lossy(),
            Component::ParentDir => "..".into(),
            Component::Prefix(_) | Component::RootDir | Component::CurDir => continue,
        };
        found = if name.contains(['*', '?', '[', '\\']) {
            let tokens = tokens(&name);
            // One that begins with a dot is named only by a dot.
            let fit = |entry: &str| name.starts_with('.') == entry.starts_with('.') && fits(&tokens, entry);
            found
                .iter()
                .flat_map(|folder| entries(folder))
                .filter(|(entry, _)| fit(entry))
                .map(|(_, path)| path)
                .collect()
        } else {
            found.iter().map(|folder| folder.join(&*name)).collect()
        };
        found.truncate(MOST_FILES);
    }
    found
}

fn entries(folder: &Path) -> impl Iterator<Item = (String, PathBuf)> + use<> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    entries.filter_map(|entry| Some((entry.file_name().into_string().ok()?, entry.path())))
}

/// A part of a pattern.
enum Token {
    /// Any letters.
    Many,
    /// One of these ranges, or one of none of them.
    Of { ranges: Vec<(char, char)>, not: bool },
}

fn tokens(pattern: &str) -> Vec<Token> {
    let mut tokens = Vec::new();
    let mut letters = pattern.chars();
    while let Some(letter) = letters.next() {
        let is = |letter| Token::Of { ranges: vec![(letter, letter)], not: false };
        tokens.push(match letter {
            '*' => Token::Many,
            '?' => Token::Of { ranges: Vec::new(), not: true },
            '\\' => is(letters.next().unwrap_or(letter)),
            '[' => match set(letters.as_str()) {
                Some((token, rest)) => {
                    letters = rest.chars();
                    token
                }
                None => is(letter),
            },
            _ => is(letter),
        });
    }
    tokens
}

/// What stands between brackets, and what follows them.
fn set(text: &str) -> Option<(Token, &str)> {
    let not = text.starts_with(['!', '^']);
    let text = if not { text.get(1..)? } else { text };
    // A bracket that comes first is one of them.
    let first = text.chars().next()?.len_utf8();
    let end = first + text.get(first..)?.find(']')?;
    let (mut letters, rest) = (text.get(..end)?.chars(), text.get(end + 1..)?);
    let mut ranges = Vec::new();
    while let Some(from) = letters.next() {
        let mut ahead = letters.clone();
        let to = ahead.next().filter(|dash| *dash == '-').and_then(|_| ahead.next());
        if to.is_some() {
            letters = ahead;
        }
        ranges.push((from, to.unwrap_or(from)));
    }
    Some((Token::Of { ranges, not }, rest))
}

fn fits(pattern: &[Token], name: &str) -> bool {
    let name: Vec<char> = name.chars().collect();
    // How far the name is taken, in every way there is: ascending, and never more ways than letters.
    let mut ends = vec![0];
    for token in pattern {
        ends = match token {
            Token::Many => ends.first().map(|first| (*first..=name.len()).collect()).unwrap_or_default(),
            Token::Of { ranges, not } => {
                let has = |letter: &char| ranges.iter().any(|(from, to)| (from..=to).contains(&letter)) != *not;
                ends.into_iter().filter(|end| name.get(*end).is_some_and(has)).map(|end| end + 1).collect()
            }
        };
    }
    ends.contains(&name.len())
}
