//! The frames between the PAM module and mfad.
//!
//! A frame is a big-endian u32 length and that many bytes of JSON, `{"v":1,"t":…}`. The module sends
//! one [`Ask`] at a time and reads one [`Step`] for each; closing the socket cancels the login. The
//! administration frames of `mfactl` (`crate::admin`) use the same envelope on the same root socket.
//!
//! What must never happen: a value this side does not know being taken for one it knows. An unknown
//! version, tag, field or enum string is an error, and an error is a refusal.

use crate::page::Page;
use crate::secret::Secret;
use crate::stacked::FirstPass;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::fmt;
use zeroize::Zeroizing;

/// The wire version both sides speak.
pub const VERSION: u32 = 1;

/// Longest JSON body of a frame, in bytes.
pub const MAX_FRAME: usize = 16 * 1024;

/// Longest answer the module passes on, in bytes: recovery codes are 29, tokens' codes at most 8.
pub const MAX_ANSWER: usize = 64;

/// Most bytes of arguments the module passes on, together; six times as many in JSON at worst still fit a frame.
pub const MAX_ARGUMENTS: usize = 1024;

/// The folder of both sockets, unless the module line or the command line says otherwise.
pub const RUN_DIR: &str = "/run/pam_mfa";

/// Socket for callers with effective uid 0: logins of any user, and administration.
pub const ROOT_SOCKET: &str = "root.sock";

/// Socket for everybody else: a program of the user verifying its own user.
pub const USER_SOCKET: &str = "user.sock";

/// What the module says to mfad.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Ask {
    /// Someone knocks. The first frame of a connection, and only the first.
    Begin(Context),
    /// The answer to the last prompt; `None` when the conversation gave a NULL answer or one over
    /// [`MAX_ANSWER`] bytes or not UTF-8, which no code is.
    Answer {
        /// What was typed, as it was typed.
        text: Option<Secret>,
    },
    /// The answer to the last prompt, of which only the end is sent: what may be a code behind a password
    /// ([`crate::stacked::code_at_end`]). `None` when nothing may be one.
    AnswerAtEnd {
        /// As it was typed.
        text: Option<Secret>,
    },
    /// The application could not ask, and nobody gave up: it has no prompts (`sudo -n`, some lockers). Sent in place of
    /// an answer.
    CannotAsk,
    /// The user or the application gave up.
    Cancel,
}

/// What the kernel says of a uid that has no number in a user namespace (user_namespaces(7)): it may be anybody's. `nobody`, nearly
/// everywhere, whom nobody logs in as.
pub const UNMAPPED: u32 = 65534;

/// Who knocks, as the PAM handle tells it. Nothing that is decided by is taken from the process environment.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Context {
    /// `PAM_USER`, as typed.
    pub user: String,
    /// `PAM_SERVICE`.
    pub service: String,
    /// `PAM_TTY`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tty: Option<String>,
    /// `PAM_RHOST`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rhost: Option<String>,
    /// `PAM_RUSER`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ruser: Option<String>,
    /// Real uid of the process that called PAM.
    pub real_uid: u32,
    /// Where that process is root through and through and its standard input a connected Unix socket: the effective uid at the other
    /// end, when it connected. So polkit's helper stands that systemd starts, with the agent at the other end. mfad believes it for
    /// services of kind `polkit` alone, and of who asks alone: it is no first factor.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stdin_peer: Option<u32>,
    /// The module line says `first_factor=stack`: a `requisite` first factor stands before it.
    #[serde(default)]
    pub first_factor_stack: bool,
    /// The methods named by `SSH_AUTH_INFO_0` of the PAM environment (`publickey`, `password`, …),
    /// without the keys. mfad believes it only for services of kind `sshd`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ssh_auth_info: Vec<String>,
    /// The session of the user who started a setuid program: its leader's process id and when that started. It ends with the
    /// terminal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session: Option<String>,
    /// The arguments of the setuid program that called PAM, as the kernel tells them: under sudo and su what the user typed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub arguments: Vec<String>,
    /// There are more of them than [`MAX_ARGUMENTS`] bytes.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub arguments_cut: bool,
    /// The program was started on a terminal that shows ASCII alone, by its own environment: a picture of a key would be noise. Whoever
    /// sets that environment spoils their own picture; nothing is decided by it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub ascii: bool,
    /// What the module line makes of the stacked password.
    #[serde(default, skip_serializing_if = "FirstPass::is_unused")]
    pub first_pass: FirstPass,
}

/// What mfad tells the module to do next.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Step {
    /// Show `text`, read a line, send it as [`Ask::Answer`].
    Prompt {
        /// At most 511 bytes, one line, cleaned.
        text: String,
        /// Whether what is typed may be shown.
        echo: bool,
    },
    /// Show `text` and read the next step at once; nothing is sent.
    Info {
        /// At most 511 bytes, one line, cleaned.
        text: String,
    },
    /// Show a page and read the next step at once; nothing is sent.
    Show {
        /// Several lines, which may hold secrets.
        page: Page,
    },
    /// Wait for the next step; nothing is sent meanwhile but [`Ask::Cancel`], when the client is gone or the user
    /// pressed ^C.
    Wait {
        /// The next step comes within this time.
        seconds: u32,
    },
    /// The end: the second factor was given.
    Granted(Verdict),
    /// The end: policy asks nothing of this login.
    Ignored(Verdict),
    /// The end: no.
    Refused {
        /// What the application should do now.
        ending: Ending,
        /// The kind of application, which decides what PAM code says so.
        kind: Kind,
        /// What to log.
        verdict: Verdict,
    },
}

/// What was decided, for the module's log line and its check that the answer is about its user.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Verdict {
    /// The `user` of the [`Context`] this decides, byte for byte.
    pub user: String,
    /// By which method.
    pub method: Method,
    /// Why.
    pub reason: Reason,
    /// Where the answer that was accepted came by [`Ask::AnswerAtEnd`]: how many of its last bytes are the code. What stands
    /// before them is the password's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code_bytes: Option<u8>,
}

/// How a refused call should end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Ending {
    /// The application may call again at once.
    Retry,
    /// No further try in this session.
    Stop,
    /// Not a decision about the user: something is broken.
    Unavailable,
}

/// The kind of application behind a PAM service: what it does with prompts and PAM codes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// OpenSSH's server.
    Sshd,
    /// sudo.
    Sudo,
    /// su.
    Su,
    /// login(1) on a console.
    Login,
    /// A display manager.
    Display,
    /// polkit's helper: one line a message, at least one prompt.
    Polkit,
    /// A screen locker: one hidden prompt, often unprivileged.
    Locker,
    /// Anything else.
    Other,
}

/// The factor that decided, as it stands in logs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Method {
    /// No factor was involved.
    None,
    /// RFC 6238.
    Totp,
    /// RFC 4226.
    Hotp,
    /// A recovery code.
    Recovery,
    /// A paired device's approval.
    Push,
    /// The code of a bypass, on an administrator's word.
    Bypass,
}

/// Why a login was decided as it was. The strings are stable: logs and fail2ban filters rest on them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reason {
    /// A code was accepted.
    CodeAccepted,
    /// Policy is `off` for this login.
    NotRequired,
    /// Policy is `optional` and the user has no factor.
    NotEnrolled,
    /// Policy is `required` and the user has no factor.
    EnrolmentRequired,
    /// There is no such account.
    UnknownUser,
    /// A device of the user's said yes.
    Approved,
    /// The user said no on a device.
    PushDenied,
    /// Nobody answered the push in time.
    PushExpired,
    /// The number typed on the device was not the one the terminal shows.
    WrongNumber,
    /// A code that is none of the user's.
    WrongCode,
    /// A code of the user's that was accepted before, or one older than that.
    Replay,
    /// Too many failures: the attempt was not evaluated.
    Locked,
    /// The factor was disabled after too many failures.
    Disabled,
    /// The factor was suspended: it was not used for long, or not renewed in time.
    Suspended,
    /// The code of a bypass that still waits for the consent of another administrator.
    ConsentMissing,
    /// The answer has the form of no factor of the user.
    Malformed,
    /// A login of this kind from this place is remembered.
    Remembered,
    /// The user set up a first factor in this login, and proved it.
    Enrolled,
    /// The user was to set one up in this login, and did not.
    EnrolmentFailed,
    /// Policy lets nobody in just so.
    RefusedByPolicy,
    /// Policy accepts none of the methods this user has.
    NoAllowedMethod,
    /// Policy wants the approval of others, and none of them could be asked.
    NoApprover,
    /// One who may approve said no.
    ApprovalDenied,
    /// Not enough of those who may approve answered in time.
    ApprovalExpired,
    /// A yes was given and does not count any more: its device was suspended or revoked since, or a user reset.
    ApprovalVoid,
    /// The application could not ask for a code, and no push without a number was out.
    NoConversation,
    /// sshd's stand-in answer for a login that cannot succeed.
    DummyAnswer,
    /// No answer in time.
    Timeout,
    /// The user, the application or the client gave up.
    Cancelled,
    /// State is missing or another's, or later than the enrolment: the factor waits for `mfactl adopt`.
    StateLost,
    /// The enrolment file is damaged or unreadable.
    EnrolmentDamaged,
    /// The account's uid is not the enrolled one, or is enrolled under another name.
    UidMismatch,
    /// A program asked for another user than its own.
    NotYourself,
    /// The account could not be looked up in time.
    LookupFailed,
    /// State could not be read or written.
    StorageFailed,
    /// Something the caller sent does not fit the protocol.
    Protocol,
}

/// An enum's wire string, for log lines and messages.
fn wire_name<T: Serialize>(value: &T, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(name)) => f.write_str(&name),
        _ => Err(fmt::Error),
    }
}

macro_rules! display_as_on_the_wire {
    ($($name:ident),*) => {$(
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                wire_name(self, f)
            }
        }
    )*};
}
display_as_on_the_wire!(Ending, Kind, Method, Reason);

/// Why bytes are not a frame of this version.
#[derive(Debug)]
pub enum WireError {
    /// The body would be longer than [`MAX_FRAME`].
    TooLong(usize),
    /// Not JSON, or not a message this side knows. The text never holds a value of the message.
    NotUnderstood(String),
}

impl fmt::Display for WireError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLong(length) => write!(f, "a frame of {length} bytes, the limit is {MAX_FRAME}"),
            Self::NotUnderstood(why) => write!(f, "a frame that is not understood: {why}"),
        }
    }
}

impl std::error::Error for WireError {}

#[derive(Serialize)]
struct Out<'a, T> {
    v: u32,
    t: &'a T,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, bound = "T: DeserializeOwned")]
struct In<T> {
    #[serde(rename = "v", deserialize_with = "version")]
    _v: u32,
    t: T,
}

fn version<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<u32, D::Error> {
    match u32::deserialize(deserializer)? {
        VERSION => Ok(VERSION),
        other => Err(serde::de::Error::custom(format_args!("the peer speaks version {other}, this side {VERSION}"))),
    }
}

/// The bytes of one frame, length included. They may hold an answer, so they are wiped.
///
/// # Errors
/// When the body would exceed [`MAX_FRAME`] or holds a secret that is not UTF-8.
pub fn encode<T: Serialize>(message: &T) -> Result<Zeroizing<Vec<u8>>, WireError> {
    // One allocation for anything that can hold an answer: growing would leave unwiped copies.
    let mut bytes = Zeroizing::new(Vec::with_capacity(2048));
    bytes.extend_from_slice(&[0; 4]);
    serde_json::to_writer(&mut *bytes, &Out { v: VERSION, t: message })
        .map_err(|e| WireError::NotUnderstood(category(&e)))?;
    let length = bytes.len() - 4;
    if length > MAX_FRAME {
        return Err(WireError::TooLong(length));
    }
    let prefix = u32::try_from(length).map_err(|_| WireError::TooLong(length))?.to_be_bytes();
    for (to, from) in bytes.iter_mut().zip(prefix) {
        *to = from;
    }
    Ok(bytes)
}

/// The length a frame's first four bytes announce.
///
/// # Errors
/// When it exceeds [`MAX_FRAME`]; the connection is then of no further use.
pub fn body_length(prefix: [u8; 4]) -> Result<usize, WireError> {
    let length = u32::from_be_bytes(prefix) as usize;
    if length > MAX_FRAME { Err(WireError::TooLong(length)) } else { Ok(length) }
}

/// The message in a frame's body.
///
/// # Errors
/// When the body is not a message of this version that this side knows.
pub fn decode<T: DeserializeOwned>(body: &[u8]) -> Result<T, WireError> {
    serde_json::from_slice::<In<T>>(body).map(|frame| frame.t).map_err(|e| WireError::NotUnderstood(category(&e)))
}

/// serde's messages quote values (`unknown variant "…"`), and a value may be an answer: only
/// the kind of error, its place, and the version complaint (numbers alone) are passed on.
fn category(error: &serde_json::Error) -> String {
    let text = error.to_string();
    if text.starts_with("the peer speaks version") {
        return text;
    }
    let what = match error.classify() {
        serde_json::error::Category::Io => "it cannot be written",
        serde_json::error::Category::Syntax => "not JSON",
        serde_json::error::Category::Eof => "cut short",
        serde_json::error::Category::Data => "an unknown or missing tag, field or value",
    };
    format!("{what} (byte {})", error.column())
}

#[cfg(test)]
mod tests;
