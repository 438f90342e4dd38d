//! Who says a step to the client: the thread that made it, or whoever waited for it too long. Never both.
//!
//! Called by logins, and by who watches those that threads at the socket lead.

use super::line::{Line, Socket};
use mfa_core::login::Next;
use mfa_core::wire::{Step, encode};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use zeroize::Zeroizing;

/// Whether the thread that made a step has sent it already.
pub(super) enum Told {
    No,
    /// All but these bytes.
    Half(Zeroizing<Vec<u8>>),
    Yes,
    /// The loop has waited for too long and says that: this step is nobody's any more.
    Never,
}

/// Lets the thread that makes a step send it too, which spares the client the way over the sockets' thread. Whoever
/// takes the right to speak first has it: that thread, or the loop when it has waited for too long.
#[derive(Debug, Clone)]
pub(super) struct Mouth {
    taken: Arc<AtomicBool>,
    pub(super) socket: Socket,
}

impl Mouth {
    pub(super) fn of(line: &Line) -> Self {
        Self { taken: Arc::default(), socket: line.socket() }
    }

    /// Takes the right to speak. `false`: it was taken before.
    pub(super) fn take(&self) -> bool {
        !self.taken.swap(true, Ordering::AcqRel)
    }

    /// Says a step, for who has taken the right to. Tried once: the client that does not read is gone or hears it from the end of the
    /// connection.
    pub(super) fn say(&self, step: &Step) {
        if let Ok(frame) = encode(step) {
            let _ = self.socket.send(&frame);
        }
    }

    /// Sends the first prompt or a grant at once. Everything else is left to the loop: a refusal may have to wait.
    pub(super) fn tell(&self, next: &Next) -> Told {
        let (Step::Prompt { .. } | Step::Granted(_), None, true) = (&next.step, &next.info, next.pages.is_empty())
        else {
            return Told::No;
        };
        let Ok(mut frame) = encode(&next.step) else { return Told::No };
        if !self.take() {
            return Told::Never;
        }
        match self.socket.send(&frame) {
            Ok(sent) if sent == frame.len() => Told::Yes,
            Ok(sent) => {
                frame.drain(..sent);
                Told::Half(frame)
            }
            // A peer that is gone is noticed by the loop; one that is slow is waited for there.
            Err(_) => Told::Half(frame),
        }
    }
}

#[cfg(test)]
impl Mouth {
    /// Two over one connection.
    pub(super) fn pair(socket: std::os::unix::net::UnixStream) -> [Self; 2] {
        let socket = Socket::of(socket);
        [(); 2].map(|()| Self { taken: Arc::default(), socket: socket.clone() })
    }
}
