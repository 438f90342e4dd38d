//! What keeps other programs of the user out of this one's memory, through which keys, PINs and proofs pass.
//!
//! Called by the command line first of all, and by the window before it holds any of them. Where the kernel refuses, nothing else
//! depends on it.

use rustix::process::{DumpableBehavior, Resource, Rlimit, set_dumpable_behavior, setrlimit};

/// No core dump, and no `ptrace` or `/proc/PID/mem` by others than root, for as long as it runs (`PR_SET_DUMPABLE(2const)`).
///
/// The desktop's portals (xdg-desktop-portal) look at `/proc/PID/root` of whom they hear for the first time, and refuse whom they cannot
/// look at: whoever needs them calls [`no_core`] first, one of them, and then this.
pub fn close() {
    no_core();
    let _ = set_dumpable_behavior(DumpableBehavior::NotDumpable);
}

/// No core dump, for as long as it runs.
pub fn no_core() {
    let _ = setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) });
}
