//! Something at mfad's root socket that does not behave.
//!
//! For the tests of the module's refusals: whatever comes, or does not come, is a refusal in time.

use super::World;
use rustix::net::{AddressFamily, SocketAddrUnix, SocketFlags, SocketType, bind, connect, listen, socket_with};
use std::io::{Read, Write};
use std::os::fd::OwnedFd;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

/// In which way it does not behave.
#[derive(Debug, Clone)]
pub enum Misbehaviour {
    /// Answers the first frame, the second … with these bytes, then says nothing more.
    Says(Vec<Vec<u8>>),
    /// Answers the first frame with these bytes and closes.
    SaysAndCloses(Vec<u8>),
    /// Closes as soon as it is spoken to.
    Closes,
    /// Reads everything and never answers.
    Silent,
    /// Listens and never accepts, with room for nobody more: `connect` gets EAGAIN or waits.
    NeverAccepts,
}

/// A running one; it ends with the value.
pub struct FakeMfad {
    socket: PathBuf,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<Vec<u8>>>,
    _kept: Vec<OwnedFd>,
}

impl FakeMfad {
    /// Takes the place of the world's mfad, which must not run.
    #[must_use]
    pub fn start(world: &World, misbehaviour: Misbehaviour) -> Self {
        let socket = world.run_dir().join("root.sock");
        let _ = std::fs::remove_file(&socket);
        let stop = Arc::new(AtomicBool::new(false));
        if matches!(misbehaviour, Misbehaviour::NeverAccepts) {
            return Self { _kept: full_backlog(&socket), socket, stop, thread: None };
        }
        let listener = UnixListener::bind(&socket).unwrap();
        listener.set_nonblocking(true).unwrap();
        let thread = std::thread::spawn({
            let stop = Arc::clone(&stop);
            move || misbehave(&listener, &misbehaviour, &stop)
        });
        Self { socket, stop, thread: Some(thread), _kept: Vec::new() }
    }

    /// Ends it and gives every byte it was sent.
    #[must_use]
    pub fn received(mut self) -> Vec<u8> {
        self.end()
    }

    fn end(&mut self) -> Vec<u8> {
        self.stop.store(true, Ordering::Relaxed);
        self.thread.take().map(|thread| thread.join().unwrap()).unwrap_or_default()
    }
}

impl Drop for FakeMfad {
    fn drop(&mut self) {
        let _ = self.end();
        let _ = std::fs::remove_file(&self.socket);
    }
}

struct Caller {
    stream: UnixStream,
    frames: usize,
}

fn misbehave(listener: &UnixListener, how: &Misbehaviour, stop: &AtomicBool) -> Vec<u8> {
    let (mut callers, mut received) = (Vec::new(), Vec::new());
    while !stop.load(Ordering::Relaxed) {
        if let Ok((stream, _)) = listener.accept() {
            stream.set_nonblocking(true).unwrap();
            callers.push(Caller { stream, frames: 0 });
        }
        callers.retain_mut(|caller| {
            let mut buffer = [0; 32 * 1024];
            match caller.stream.read(&mut buffer) {
                Ok(0) => false,
                Ok(length) => {
                    received.extend_from_slice(&buffer[..length]);
                    answer(caller, how)
                }
                Err(_) => true,
            }
        });
        std::thread::sleep(Duration::from_millis(2));
    }
    received
}

/// Reacts to a frame; false closes the connection.
fn answer(caller: &mut Caller, how: &Misbehaviour) -> bool {
    let number = caller.frames;
    caller.frames += 1;
    match how {
        Misbehaviour::Says(answers) => {
            if let Some(bytes) = answers.get(number) {
                // The caller may be gone; that is its good right.
                let _ = caller.stream.write_all(bytes);
            }
            true
        }
        Misbehaviour::SaysAndCloses(bytes) => {
            let _ = caller.stream.write_all(bytes);
            false
        }
        Misbehaviour::Closes => false,
        Misbehaviour::Silent | Misbehaviour::NeverAccepts => true,
    }
}

/// A listening socket with a backlog of none and as many waiting connections as it takes.
fn full_backlog(at: &PathBuf) -> Vec<OwnedFd> {
    let address = SocketAddrUnix::new(at).unwrap();
    let new = || {
        socket_with(AddressFamily::UNIX, SocketType::STREAM, SocketFlags::NONBLOCK | SocketFlags::CLOEXEC, None)
            .unwrap()
    };
    let listener = new();
    bind(&listener, &address).unwrap();
    listen(&listener, 0).unwrap();
    let mut kept = vec![listener];
    loop {
        let waiting = new();
        let full = connect(&waiting, &address).is_err();
        kept.push(waiting);
        if full {
            return kept;
        }
    }
}
