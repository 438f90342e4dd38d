//! A program of the system, run for what it says of itself.
//!
//! Called by [`super::edge`]. What must never happen: a doctor that waits for ever, whatever the program waits for: a file server or
//! a name service that is gone, an agent with the host's keys. In the kernel it may not even be killed, and is left behind then.

use std::io::{self, ErrorKind, Read};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::{Duration, Instant};

/// How long it may take: time for a name server or two that do not answer.
pub const PATIENCE: Duration = Duration::from_secs(10);

/// Most bytes it may say, on each of its ways out.
const MOST_BYTES: u64 = 1 << 20;

/// Between two looks whether a program that has said everything has ended.
const AGAIN: Duration = Duration::from_millis(5);

/// What a program said, and how it ended; nothing is typed to it.
///
/// # Errors
/// [`ErrorKind::TimedOut`] for one that was still there after `patience` and was killed; otherwise what the system says.
pub fn output(mut command: Command, patience: Duration) -> io::Result<Output> {
    let end = Instant::now() + patience;
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
    let said = hear(&mut child, end);
    if said.is_err() {
        // It may have ended by now; it is not waited for.
        let _ = child.kill();
        let _ = child.try_wait();
    }
    said
}

fn hear(child: &mut Child, end: Instant) -> io::Result<Output> {
    let (stdout, stderr) = (reading(child.stdout.take()), reading(child.stderr.take()));
    let (stdout, stderr) = (read(&stdout, end)?, read(&stderr, end)?);
    Ok(Output { status: ended(child, end)?, stdout, stderr })
}

/// Reads on a thread of its own, which ends when nobody can write any more, or with this process.
fn reading(pipe: Option<impl Read + Send + 'static>) -> Receiver<io::Result<Vec<u8>>> {
    let (tell, told) = channel();
    thread::spawn(move || {
        let mut text = Vec::new();
        let read = pipe.map_or(Ok(0), |pipe| pipe.take(MOST_BYTES).read_to_end(&mut text));
        // Who asked may have given up.
        let _ = tell.send(read.map(|_| text));
    });
    told
}

fn read(told: &Receiver<io::Result<Vec<u8>>>, end: Instant) -> io::Result<Vec<u8>> {
    let left = end.saturating_duration_since(Instant::now());
    let text = told.recv_timeout(left).map_err(|_| io::Error::from(ErrorKind::TimedOut))??;
    // What was cut is not what it said.
    if text.len() as u64 >= MOST_BYTES { Err(io::Error::other("it says more than a megabyte")) } else { Ok(text) }
}

fn ended(child: &mut Child, end: Instant) -> io::Result<ExitStatus> {
    loop {
        match child.try_wait()? {
            Some(status) => return Ok(status),
            None if Instant::now() >= end => return Err(ErrorKind::TimedOut.into()),
            None => thread::sleep(AGAIN),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Long enough for a shell to begin on a busy machine.
    const SOON: Duration = Duration::from_secs(3);

    fn shell(script: &str) -> Command {
        let mut command = Command::new("/bin/sh");
        command.args(["-c", script]);
        command
    }

    #[test]
    fn what_a_program_says_is_heard_on_both_ways_and_so_is_its_end() {
        let said = output(shell("echo out; echo err >&2; cat; exit 3"), PATIENCE).unwrap();
        assert_eq!((said.status.code(), &said.stdout[..], &said.stderr[..]), (Some(3), &b"out\n"[..], &b"err\n"[..]));
        assert_eq!(output(Command::new("/nowhere/sshd"), PATIENCE).unwrap_err().kind(), ErrorKind::NotFound);
        // More than a pipe holds, on the way that is read second.
        let long = output(shell("head -c 300000 /dev/zero >&2"), PATIENCE).unwrap();
        assert_eq!(long.stderr.len(), 300_000);
    }

    #[test]
    fn a_program_that_hangs_is_killed_and_what_it_said_counts_for_nothing() {
        for script in ["exec sleep 60", "exec >&- 2>&-; exec sleep 60"] {
            let folder = tempfile::tempdir().unwrap();
            let number = folder.path().join("number");
            let script = format!("echo $$ >{}; {script}", number.display());
            assert_eq!(output(shell(&script), SOON).unwrap_err().kind(), ErrorKind::TimedOut, "{script}");
            let number = std::fs::read_to_string(number).unwrap();
            assert!(is_killed(number.trim()), "{script}");
        }
        // One that left somebody behind who holds its pipes.
        assert_eq!(
            output(shell("sleep 5 & exit 0"), Duration::from_millis(300)).unwrap_err().kind(),
            ErrorKind::TimedOut
        );
    }

    /// Whether it is gone, or one that nobody has waited for, which takes a moment.
    fn is_killed(number: &str) -> bool {
        (0..200).any(|_| {
            thread::sleep(Duration::from_millis(10));
            let stat = std::fs::read_to_string(format!("/proc/{number}/stat")).unwrap_or_default();
            stat.is_empty() || stat.contains(") Z")
        })
    }

    #[test]
    fn what_never_stops_talking_is_not_taken_for_an_answer() {
        let error = output(shell("exec cat /dev/zero"), PATIENCE).unwrap_err();
        assert!(error.to_string().contains("more than a megabyte"), "{error}");
    }
}
