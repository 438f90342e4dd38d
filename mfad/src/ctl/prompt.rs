//! Secrets typed by a person, or piped in: never arguments, which every process of the host can read.
//!
//! Called by the commands that take codes. A terminal is asked without echo; anything else gives one line per answer.

use mfa_core::secret::Secret;
use std::io::{self, BufRead, IsTerminal, Read};

/// Longest line taken, in bytes: recovery codes are 29.
const MOST: u64 = 256;

/// Asks for a secret. `None`: the input ended before one was given.
///
/// # Errors
/// When the terminal or standard input cannot be read.
pub(super) fn secret(prompt: &str) -> io::Result<Option<Secret>> {
    let stdin = io::stdin();
    if stdin.is_terminal() {
        return match rpassword::prompt_password(prompt) {
            Ok(typed) => Ok(Some(Secret::from(typed))),
            Err(e) if e.kind() == io::ErrorKind::UnexpectedEof => Ok(None),
            Err(e) => Err(e),
        };
    }
    from_line(&mut stdin.lock())
}

fn from_line(input: &mut impl BufRead) -> io::Result<Option<Secret>> {
    // One allocation that fits: growing would leave unwiped copies.
    let mut line = Vec::with_capacity(usize::try_from(MOST).unwrap_or(0));
    input.take(MOST).read_until(b'\n', &mut line)?;
    if line.is_empty() {
        return Ok(None);
    }
    while matches!(line.last(), Some(b'\n' | b'\r')) {
        line.pop();
    }
    let secret = Secret::new(line);
    if secret.expose_str().is_none() {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "what was typed is not UTF-8 text"));
    }
    Ok(Some(secret))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_line_is_one_answer_and_the_end_is_none() {
        let mut input = io::Cursor::new(b"123456\r\n\nlast".as_slice());
        let mut next = || from_line(&mut input).unwrap().map(|s| s.expose_str().unwrap().to_owned());
        assert_eq!(
            [next(), next(), next(), next()],
            [Some("123456".into()), Some("".into()), Some("last".into()), None]
        );
    }

    #[test]
    fn an_endless_line_is_cut_and_other_bytes_are_refused() {
        let mut input = io::repeat(b'1').take(10_000);
        let mut input = io::BufReader::new(&mut input);
        assert_eq!(from_line(&mut input).unwrap().unwrap().len(), 256);
        assert!(from_line(&mut io::Cursor::new([0xff, b'\n'])).is_err());
    }
}
