//! What the kernel tells of this process: its session, its arguments, who is at its standard input, the environment it was started with.
//!
//! What must never happen: a file of proc read without a limit, or anything decided by the environment: it only says what the terminal
//! can show.

use crate::ffi;
use crate::host::text;
use mfa_core::wire::MAX_ARGUMENTS;
use rustix::net::{AddressFamily, SocketType, sockopt};
use rustix::stdio::stdin;
use std::fs::File;
use std::io::Read;

/// Most bytes read of the command line: more than are passed on.
const MAX_COMMAND_LINE: u64 = 4096;

/// Most bytes of a process's stat: 52 numbers and a name of 64.
const MAX_STAT: u64 = 2048;

/// Most bytes read of the environment.
const MAX_ENVIRONMENT: u64 = 64 * 1024;

/// The process id of the session's leader and its start in ticks since boot (fields 6 and 22 of proc(5)'s stat): together they name
/// one session of a terminal. None where the leader is in another pid namespace, as of a program entered into a container: the
/// kernel gives it the number 0 there. (rustix's `getsid` takes no 0.)
pub(crate) fn session() -> Option<String> {
    let leader = field(&stat("self")?, 6)?;
    (leader != "0").then_some(())?;
    let started = field(&stat(&leader)?, 22)?;
    Some(format!("{leader}:{started}"))
}

/// What proc(5) says of a process, by its number or as `self`.
fn stat(process: &str) -> Option<String> {
    let mut stat = String::new();
    File::open(format!("/proc/{process}/stat")).ok()?.take(MAX_STAT).read_to_string(&mut stat).ok()?;
    Some(stat)
}

/// A field of proc(5)'s stat behind the second, by its number there, if it is digits. The second is the program's name in parentheses,
/// and may hold anything.
fn field(stat: &str, number: usize) -> Option<String> {
    let field = stat.rsplit(')').next()?.split_ascii_whitespace().nth(number.checked_sub(3)?)?;
    field.bytes().all(|byte| byte.is_ascii_digit()).then(|| field.to_owned())
}

/// The arguments of this process, from the kernel, and whether there are more.
pub(crate) fn arguments() -> (Vec<String>, bool) {
    let mut bytes = Vec::new();
    let read = File::open("/proc/self/cmdline").and_then(|file| file.take(MAX_COMMAND_LINE).read_to_end(&mut bytes));
    // Where it cannot be read all of them are missing.
    if read.is_err() { (Vec::new(), true) } else { first_arguments(&bytes) }
}

/// The effective uid of who connected to standard input, where that is a stream socket of this machine; nothing is read from it.
pub(crate) fn stdin_peer() -> Option<u32> {
    // Of other families the kernel names nobody.
    let is_local = sockopt::socket_domain(stdin()).ok()? == AddressFamily::UNIX
        && sockopt::socket_type(stdin()).ok()? == SocketType::STREAM;
    if is_local { ffi::peer_uid(stdin()) } else { None }
}

/// As many whole arguments as fit [`MAX_ARGUMENTS`].
fn first_arguments(bytes: &[u8]) -> (Vec<String>, bool) {
    let mut left = MAX_ARGUMENTS;
    let mut words = Vec::new();
    let mut cut = !bytes.ends_with(b"\0");
    for argument in bytes.strip_suffix(b"\0").unwrap_or(bytes).split(|byte| *byte == 0) {
        // An argument costs its bytes and what stands between two.
        match left.checked_sub(argument.len() + 1) {
            Some(rest) => left = rest,
            None => {
                cut = true;
                break;
            }
        }
        words.push(text(argument.to_vec()));
    }
    (words, cut)
}

/// Whether this process was started on a terminal that shows ASCII alone: a dumb one, or one with another locale than UTF-8 (locale(7):
/// the first of these that is set and not empty counts). Without TERM nothing is known, as behind sshd.
pub(crate) fn is_on_ascii() -> bool {
    let mut bytes = Vec::new();
    let read = File::open("/proc/self/environ").and_then(|file| file.take(MAX_ENVIRONMENT).read_to_end(&mut bytes));
    read.is_ok() && shows_ascii_alone(&bytes)
}

fn shows_ascii_alone(environment: &[u8]) -> bool {
    let value = |name: &str| {
        let mut entries = environment.split(|byte| *byte == 0);
        entries
            .find_map(|entry| entry.strip_prefix(name.as_bytes())?.strip_prefix(b"="))
            .filter(|value| !value.is_empty())
    };
    let Some(terminal) = value("TERM") else { return false };
    let locale = ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().find_map(value).unwrap_or_default().to_ascii_lowercase();
    let utf8 = [&b"utf-8"[..], b"utf8"].iter().any(|name| locale.windows(name.len()).any(|part| part == *name));
    terminal == b"dumb" || !utf8
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_behind_a_name_that_looks_like_fields_are_found() {
        let line = "1234 (a) S 9 9 (b) S 1 1200 1190 34816 1200 4194304 1 2 3 4 5 6 7 8 20 0 1 0 55501 0";
        assert_eq!(field(line, 6).as_deref(), Some("1190"));
        assert_eq!(field(line, 22).as_deref(), Some("55501"));
        assert_eq!(field(line, 3), None, "no number");
        assert_eq!((field(line, 60), field(line, 2), field("", 6)), (None, None, None));
    }

    #[test]
    fn arguments_are_taken_whole_or_not_at_all() {
        let read = |bytes: &[u8]| first_arguments(bytes);
        assert_eq!(read(b"sudo\0-u\0\0id\0"), (vec!["sudo".into(), "-u".into(), String::new(), "id".into()], false));
        assert_eq!(read(b"sudo\0id"), (vec!["sudo".into(), "id".into()], true), "cut by the limit of what was read");
        let long = [&b"sudo\0"[..], &[b'x'; MAX_ARGUMENTS], b"\0-u\0root\0"].concat();
        assert_eq!(read(&long), (vec!["sudo".into()], true));
    }

    #[test]
    fn blocks_are_shown_where_the_environment_says_utf8_and_where_it_says_nothing() {
        for (environment, ascii) in [
            (&b""[..], false),
            (b"LANG=C\0", false),
            (b"TERM=xterm\0LANG=de_DE.UTF-8\0", false),
            (b"TERM=xterm\0LANG=C\0LC_ALL=C.utf8\0", false),
            (b"TERM=xterm\0LC_ALL=\0LANG=C.UTF-8", false),
            (b"TERM=xterm\0LANG=C\0", true),
            (b"TERM=linux\0", true),
            (b"TERM=dumb\0LANG=C.UTF-8\0", true),
            (b"XTERM=dumb\0TERM=xterm\0LANG=C.UTF-8\0", false),
        ] {
            assert_eq!(shows_ascii_alone(environment), ascii, "{}", String::from_utf8_lossy(environment));
        }
    }
}
