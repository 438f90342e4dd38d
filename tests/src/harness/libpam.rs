//! The application side of libpam: the one file of the tests with `unsafe` in it.
//!
//! Called by the `pam_client` program alone. What must never happen: a pointer from libpam used
//! after the call that brought it, or an answer that libpam cannot free.
#![allow(unsafe_code)]

use super::conversation::{Reply, Talk};
use std::ffi::{CStr, CString, c_char, c_int, c_void};
use std::ptr;

type Text = *const c_char;
type Handle = *mut c_void;
type Messages = *mut *const Message;

#[repr(C)]
struct Message {
    style: c_int,
    text: Text,
}

#[repr(C)]
struct Response {
    text: *mut c_char,
    code: c_int,
}

#[repr(C)]
struct Conversation {
    talk: extern "C" fn(c_int, Messages, *mut *mut Response, *mut c_void) -> c_int,
    data: *mut c_void,
}

#[link(name = "pam")]
unsafe extern "C" {
    fn pam_start_confdir(s: Text, u: Text, c: *const Conversation, d: Text, h: *mut Handle) -> c_int;
    fn pam_end(handle: Handle, status: c_int) -> c_int;
    fn pam_set_item(handle: Handle, item: c_int, value: *const c_void) -> c_int;
    fn pam_putenv(handle: Handle, name_value: Text) -> c_int;
    fn pam_authenticate(handle: Handle, flags: c_int) -> c_int;
    fn pam_acct_mgmt(handle: Handle, flags: c_int) -> c_int;
    fn pam_setcred(handle: Handle, flags: c_int) -> c_int;
    fn pam_open_session(handle: Handle, flags: c_int) -> c_int;
    fn pam_close_session(handle: Handle, flags: c_int) -> c_int;
    fn pam_chauthtok(handle: Handle, flags: c_int) -> c_int;
}

unsafe extern "C" {
    fn calloc(count: usize, size: usize) -> *mut c_void;
    fn setlocale(category: c_int, locale: Text) -> *mut c_char;
}

/// A PAM handle from start to end.
pub struct Transaction {
    handle: Handle,
    data: *mut Data,
    last: c_int,
}

/// What the conversation works with.
struct Data {
    talk: Talk,
    /// NULL until `pam_start` gave it.
    handle: Handle,
}

impl Transaction {
    /// `pam_start_confdir(3)`.
    ///
    /// # Errors
    /// Its PAM code.
    pub fn start(service: &CStr, user: Option<&CStr>, confdir: &CStr, talk: Talk) -> Result<Self, c_int> {
        let data = Box::into_raw(Box::new(Data { talk, handle: ptr::null_mut() }));
        let conversation = Conversation { talk: converse, data: data.cast() };
        let mut handle = ptr::null_mut();
        let user = user.map_or(ptr::null(), CStr::as_ptr);
        // SAFETY: the strings outlive the call, libpam copies the struct, and `data` lives until `drop`.
        let code = unsafe {
            pam_start_confdir(service.as_ptr(), user, &raw const conversation, confdir.as_ptr(), &raw mut handle)
        };
        // SAFETY: it came from `Box::into_raw`, and no conversation runs.
        unsafe { (*data).handle = handle };
        let transaction = Self { handle, data, last: code };
        if code == 0 { Ok(transaction) } else { Err(code) }
    }

    /// `pam_set_item(3)` with an item that is a string.
    pub fn set(&mut self, item: c_int, value: &CString) -> c_int {
        // SAFETY: the handle is live, the item is one that takes a string, and libpam copies it.
        unsafe { pam_set_item(self.handle, item, value.as_ptr().cast()) }
    }

    /// `pam_putenv(3)` with `NAME=VALUE`.
    pub fn putenv(&mut self, name_value: &CString) -> c_int {
        // SAFETY: the handle is live and libpam copies the string.
        unsafe { pam_putenv(self.handle, name_value.as_ptr()) }
    }

    /// Takes the conversation away: from now on its function is NULL.
    pub fn fall_silent(&mut self) -> c_int {
        let none: [*const c_void; 2] = [ptr::null(); 2];
        // SAFETY: the handle is live; 5 is PAM_CONV, whose struct is two pointers, and libpam copies it.
        unsafe { pam_set_item(self.handle, 5, none.as_ptr().cast()) }
    }

    /// Runs the function of this name (without `pam_`); `None` for an unknown one.
    pub fn run(&mut self, phase: &str, flags: c_int) -> Option<c_int> {
        self.last = call(self.handle, phase, flags)?;
        Some(self.last)
    }
}

fn call(handle: Handle, phase: &str, flags: c_int) -> Option<c_int> {
    let function = match phase {
        "authenticate" => pam_authenticate,
        "acct_mgmt" => pam_acct_mgmt,
        "setcred" => pam_setcred,
        "open_session" => pam_open_session,
        "close_session" => pam_close_session,
        "chauthtok" => pam_chauthtok,
        _ => return None,
    };
    // SAFETY: the handle is live, and so is everything the conversation needs.
    Some(unsafe { function(handle, flags) })
}

impl Drop for Transaction {
    fn drop(&mut self) {
        if !self.handle.is_null() {
            // SAFETY: the handle came from pam_start and is not used again.
            unsafe { pam_end(self.handle, self.last) };
        }
        // SAFETY: it came from `Box::into_raw`, and libpam, which had it, has ended.
        drop(unsafe { Box::from_raw(self.data) });
    }
}

/// The locale of the process, as `setlocale(3)` tells it.
#[must_use]
pub fn locale() -> String {
    // SAFETY: asked with NULL it changes nothing; 6 is LC_ALL, and the string is copied at once.
    unsafe { CStr::from_ptr(setlocale(6, ptr::null())) }.to_string_lossy().into_owned()
}

extern "C" fn converse(count: c_int, messages: Messages, out: *mut *mut Response, data: *mut c_void) -> c_int {
    let count = usize::try_from(count).unwrap_or_default();
    // SAFETY: libpam passes `count` valid messages with C strings, and the `data` it was given.
    let (told, data) = unsafe {
        let message = |n| &**messages.add(n);
        let told: Vec<_> = (0..count).map(|n| (message(n).style, CStr::from_ptr(message(n).text).to_owned())).collect();
        (told, &mut *data.cast::<Data>())
    };
    let answers = match (data.talk)(&told) {
        Reply::Answers(answers) => answers,
        Reply::AsAnother(user, answers) => {
            // SAFETY: a conversation runs, so the handle is live, and libpam copies the string; 2 is PAM_USER.
            assert_eq!(unsafe { pam_set_item(data.handle, 2, user.as_ptr().cast()) }, 0, "pam_set_item user");
            answers
        }
        Reply::AfterCalling(phase, answers) => {
            // A call back into PAM from within a module is libpam's to refuse.
            assert_ne!(call(data.handle, phase, 0), Some(0), "pam_{phase} within a conversation");
            answers
        }
        Reply::NoArray => return 0,
        Reply::Fails(code) => return code,
    };
    // SAFETY: calloc'ed memory of the right sizes, zeroed, that libpam frees; `out` is libpam's to be set.
    unsafe {
        let responses: *mut Response = calloc(count, size_of::<Response>()).cast();
        for (n, answer) in answers.into_iter().take(count).enumerate().filter_map(|(n, a)| Some((n, a?))) {
            let text: *mut u8 = calloc(answer.len() + 1, 1).cast();
            ptr::copy_nonoverlapping(answer.as_ptr(), text, answer.len());
            (*responses.add(n)).text = text.cast();
        }
        *out = responses;
    }
    0
}
