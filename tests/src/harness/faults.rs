//! The faults that are tried one after the other: how each system call can fail, and what mfad may do then.
//!
//! Used by the sweep, with [`Strace`]. What must never happen here: that a row which met nothing counts as tried.

use super::House;
use super::strace::{Fault, Strace};
use std::collections::BTreeMap;

/// Tries every fault of the calls that were counted; the number that came to pass.
///
/// `attempt` says whether the fault came to pass: the first that does not ends the row.
#[must_use]
pub fn sweep(calls: &BTreeMap<String, usize>, mut attempt: impl FnMut(&Fault) -> bool) -> usize {
    let mut came_to_pass = 0;
    for call in calls.keys() {
        for how in ways(call) {
            let mut when = 1;
            // A retried call shifts the count: a few more than were counted may come.
            while when <= calls[call] + 4 && attempt(&Fault { call: call.clone(), how, when }) {
                came_to_pass += 1;
                when += 1;
            }
        }
    }
    came_to_pass
}

/// The next call of a series whose faults are all mfad's: injects, acts, lets go, and starts mfad again where it was killed.
pub fn with_mfad_failing<T>(house: &mut House, fault: &Fault, act: impl FnOnce(&House) -> T) -> (T, bool) {
    let before = house.mfad.errors().len();
    let strace = Strace::inject(&house.world, house.mfad.pid(), fault);
    let done = act(house);
    let logged = strace.happened();
    let ended = !house.mfad.runs();
    if fault.how == "signal=KILL" {
        // The kill may come after the act and before strace's line about it: started anew in any case.
        house.mfad.restart();
    } else if ended {
        let said = house.mfad.errors().split_off(before);
        assert!(ENDS.iter().any(|end| said.contains(end)), "{fault}: mfad ended by itself:\n{said}");
        house.mfad.restart();
    }
    (done, logged || ended)
}

/// What libraries end mfad with (systemd starts it anew): Rust's runtime has no memory for the signal stack of a new thread, or cannot
/// guard it; tokio cannot wake itself by its eventfd, a call that no kernel fails so (eventfd(2)).
const ENDS: [&str; 3] = [
    "failed to allocate an alternative stack",
    "failed to set up alternative stack guard page",
    "failed to wake I/O driver",
];

/// How this call can fail (its man page's ERRORS), and how the process can end before it.
fn ways(call: &str) -> &'static [&'static str] {
    match call {
        "pwrite64" | "write" | "ftruncate" | "fallocate" => &["error=ENOSPC", "error=EIO", "signal=KILL"],
        "fdatasync" | "fsync" | "rename" | "renameat" | "renameat2" | "unlink" | "unlinkat" => {
            &["error=EIO", "error=EROFS", "signal=KILL"]
        }
        "open" | "openat" | "openat2" => &["error=EMFILE", "error=EIO", "error=EROFS"],
        "accept4" | "socket" | "epoll_ctl" => &["error=EMFILE", "error=ENOMEM"],
        "read" | "pread64" | "statx" | "newfstatat" | "lseek" | "fstatfs" | "readlink" | "ioctl" | "fcntl"
        | "getsockopt" => &["error=EIO"],
        "getrandom" => &["error=ENOSYS"],
        "recvfrom" | "sendto" | "recvmsg" | "sendmsg" => &["error=EINTR", "error=ECONNRESET", "signal=KILL"],
        "connect" => &["error=EINTR", "error=EACCES", "error=EAGAIN"],
        // Not epoll_wait: mfad's idle thread is within it when strace lets go, and then sees a call that does not exist.
        "poll" | "ppoll" => &["error=EINTR"],
        "mmap" | "mprotect" | "brk" | "clone3" | "clone" => &["error=ENOMEM"],
        "close" => &["error=EIO"],
        // They cannot fail, or only by a fault of the program.
        _ => &[],
    }
}
