//! What pam-bindings lacks: the PAM environment, safe data of the handle, setting the stacked password; and what rustix lacks: whose
//! the other end of a socket is. The only file with `unsafe`.
//!
//! Called by `host.rs`, `process.rs` and the hooks. What must never happen: a pointer of libpam outliving the call
//! that gave it, or data of the handle being read as another type than it was stored.
#![allow(unsafe_code, reason = "libpam and libc are C libraries")]

use mfa_core::secret::Secret;
use pam::module::PamHandle;
use std::cell::Cell;
use std::ffi::{CStr, c_char, c_int, c_void};
use std::os::fd::{AsFd, AsRawFd};

/// `PAM_AUTHTOK` and `PAM_SUCCESS` of `_pam_types.h`.
const AUTHTOK: c_int = 6;
const SUCCESS: c_int = 0;

/// Under this name the handle keeps a [`Granted`]. Used in this file only.
const GRANTED: &str = "pam_mfa_granted";

/// Whether authenticate succeeded: changed where it stands, which cannot fail.
type Granted = Cell<bool>;

#[link(name = "pam")]
unsafe extern "C" {
    /// pam_getenv(3): the value in the handle's own environment list, which is not the process's; NULL when unset.
    fn pam_getenv(pamh: *mut PamHandle, name: *const c_char) -> *const c_char;
    /// pam_set_item(3): libpam keeps a copy of the string, and wipes it when it is replaced and at the end.
    fn pam_set_item(pamh: *mut PamHandle, item: c_int, value: *const c_void) -> c_int;
}

/// A copy of the variable `name` of the PAM environment. The process environment is not looked at.
pub(crate) fn pam_environment(pamh: &mut PamHandle, name: &CStr) -> Option<Vec<u8>> {
    // SAFETY: the handle is libpam's own, valid for this call, and the name ends in a NUL.
    let value = unsafe { pam_getenv(pamh, name.as_ptr()) };
    if value.is_null() {
        return None;
    }
    // SAFETY: not NULL, so a NUL-terminated string that lives until the list is changed, which happens after the copy.
    Some(unsafe { CStr::from_ptr(value) }.to_bytes().to_vec())
}

/// Makes `password` the stacked password for the modules behind. `false`: it could not be set.
pub(crate) fn stack_password(pamh: &mut PamHandle, password: &Secret) -> bool {
    // One allocation that fits: growing would leave unwiped copies.
    let mut text = Vec::with_capacity(password.len() + 1);
    text.extend_from_slice(password.expose());
    text.push(0);
    let text = Secret::new(text);
    let Ok(text) = CStr::from_bytes_with_nul(text.expose()) else { return false };
    // SAFETY: the handle is libpam's own, valid for this call, and the item is one that takes a string, which libpam copies.
    unsafe { pam_set_item(pamh, AUTHTOK, text.as_ptr().cast()) == SUCCESS }
}

/// Forgets what an earlier authenticate of this handle said.
pub(crate) fn forget_granted(pamh: &PamHandle) {
    granted(pamh).inspect(|granted| granted.set(false));
}

/// Keeps for [`was_granted`] that authenticate succeeded.
pub(crate) fn remember_granted(pamh: &mut PamHandle) {
    if granted(pamh).inspect(|granted| granted.set(true)).is_none() {
        // Where this fails (no memory), setcred abstains.
        let _ = pamh.set_data(GRANTED, Box::new(Granted::new(true)));
    }
}

/// Whether the last authenticate of this handle succeeded.
pub(crate) fn was_granted(pamh: &PamHandle) -> bool {
    granted(pamh).is_some_and(Cell::get)
}

fn granted(pamh: &PamHandle) -> Option<&Granted> {
    // SAFETY: only `remember_granted` stores under this name, always a boxed `Granted`, which libpam keeps until pam_end.
    unsafe { pamh.get_data::<Granted>(GRANTED) }.ok()
}

/// The effective uid of who connected a Unix socket, or made the pair it is of (unix(7)). rustix would ask for the process as well, and
/// its `Pid` cannot be 0, as the kernel numbers one outside our pid namespace.
pub(crate) fn peer_uid(socket: impl AsFd) -> Option<u32> {
    // Nobody, until the kernel says who.
    let mut peer = libc::ucred { pid: 0, uid: u32::MAX, gid: u32::MAX };
    let room = size_of::<libc::ucred>();
    let mut length = libc::socklen_t::try_from(room).ok()?;
    let (fd, to) = (socket.as_fd().as_raw_fd(), (&raw mut peer).cast());
    // SAFETY: the descriptor is open for this call, and the kernel writes at most `length` bytes of a `ucred`, which may be any, to `peer`.
    let said = unsafe { libc::getsockopt(fd, libc::SOL_SOCKET, libc::SO_PEERCRED, to, &raw mut length) };
    (said == 0 && usize::try_from(length).ok()? == room && peer.uid != u32::MAX).then_some(peer.uid)
}
