//! Lines for the system log: one per decision, and more with `debug`.
//!
//! Sent to `/dev/log` as one datagram each, without openlog(3), which would change the host's own
//! settings. The form is stable: `user= ruser= rhost= tty= method= result= reason=` and, where no verdict of mfad stands
//! behind it, `detail=`. `reason` is mfad's (`mfa_core::wire::Reason`) or one of the module's own words below and in
//! `client.rs`. What must never happen: a wait (a full or missing `/dev/log` loses the line), a line
//! that somebody else's text has forged, or any part of an answer.

use crate::dialogue::Outcome;
use crate::host::Caller;
use mfa_core::clean;
use mfa_core::wire::{Method, Verdict};
use rustix::net::{AddressFamily, SendFlags, SocketAddrUnix, SocketFlags, SocketType, sendto, socket_with};
use std::sync::Once;

/// Where syslog daemons listen (syslog(3)).
const DEV_LOG: &str = "/dev/log";

/// Facility authpriv (10) of syslog(3), times 8, to which the severity is added.
const AUTHPRIV: u8 = 10 << 3;

/// Most bytes of a service name in the ident: with `pam_mfa(:auth)[4194304]` around it, it stays within the 48
/// characters rsyslog takes for a tag.
const SERVICE_BYTES: usize = 24;

/// Most bytes of one foreign value of a line, escapes included: four of them, the ident and our own words stay under
/// 900 bytes, which every syslog relays (RFC 3164 has 1024).
const VALUE_BYTES: usize = 110;

/// Most bytes of the detail.
const DETAIL_BYTES: usize = 220;

#[derive(Clone, Copy)]
enum Severity {
    Critical = 2,
    Warning = 4,
    Info = 6,
    Debug = 7,
}

/// The log of one authentication.
pub(crate) struct Log {
    service: String,
    who: String,
    debug: bool,
    send: fn(&str),
}

impl Log {
    /// A log that names `caller` in every line.
    pub(crate) fn of(caller: &Caller) -> Self {
        let user = String::from_utf8_lossy(caller.user.as_deref().unwrap_or_default());
        let optional = |value: &Option<String>| value_of(value.as_deref().unwrap_or_default());
        let who = format!(
            "user={} ruser={} rhost={} tty={}",
            value_of(&user),
            optional(&caller.ruser),
            optional(&caller.rhost),
            optional(&caller.tty)
        );
        Self { service: caller.service.clone().unwrap_or_default(), who, debug: false, send: send_to_syslog }
    }

    /// Whether [`Self::debug`] writes anything.
    pub(crate) fn set_debug(&mut self, debug: bool) {
        self.debug = debug;
    }

    /// An extra line, where the module line says `debug`. `what` is our own text, never an answer.
    pub(crate) fn debug(&self, what: &str) {
        if self.debug {
            self.write(Severity::Debug, &format!("{} debug=\"{}\"", self.who, detail_of(what)));
        }
    }

    /// The line of the decision.
    pub(crate) fn decision(&self, outcome: &Outcome) {
        let (severity, words) = words_of(outcome);
        self.write(severity, &format!("{} {words}", self.who));
    }

    fn write(&self, severity: Severity, text: &str) {
        (self.send)(&line(severity, &self.service, text));
    }
}

/// `method=… result=… reason=…` and, where the module itself is at fault, a detail.
fn words_of(outcome: &Outcome) -> (Severity, String) {
    match outcome {
        // Somebody was let in without a second factor, on an administrator's word.
        Outcome::Granted(verdict) if verdict.method == Method::Bypass => {
            (Severity::Warning, decided("granted", verdict))
        }
        Outcome::Granted(verdict) => (Severity::Info, decided("granted", verdict)),
        Outcome::Ignored(verdict) => (Severity::Info, decided("ignored", verdict)),
        Outcome::Refused { verdict, .. } => (Severity::Info, decided("refused", verdict)),
        Outcome::PassedBy(error) => (Severity::Warning, failed("ignored", error.reason(), &error.to_string())),
        Outcome::Unavailable(error) => (Severity::Warning, failed("refused", error.reason(), &error.to_string())),
        Outcome::AnotherUser => {
            (Severity::Warning, failed("refused", "another-user", "mfad decided about another user than it was asked"))
        }
        Outcome::Endless => (Severity::Warning, failed("refused", "endless", "mfad sent step after step")),
        Outcome::NotForwarded => (
            Severity::Warning,
            failed("refused", "not-forwarded", "libpam did not take the password for the modules behind"),
        ),
        Outcome::NoConversation => {
            (Severity::Info, failed("refused", "no-conversation", "the application could not ask, or gave up"))
        }
        Outcome::Left => {
            (Severity::Info, failed("refused", "client-left", "the client hung up or gave up while a device was asked"))
        }
        Outcome::UserChanged => {
            (Severity::Warning, failed("refused", "user-changed", "PAM_USER changed during the conversation"))
        }
        Outcome::NoUser(why) => (Severity::Warning, failed("refused", "no-user", &why.to_string())),
        Outcome::BadArguments(bad) => (Severity::Warning, failed("refused", "bad-argument", &bad.to_string())),
        Outcome::Panicked => {
            (Severity::Critical, failed("refused", "panic", "an error in pam_mfa: another line tells where"))
        }
    }
}

fn decided(result: &str, verdict: &Verdict) -> String {
    format!("method={} result={result} reason={}", verdict.method, verdict.reason)
}

fn failed(result: &str, reason: &str, detail: &str) -> String {
    format!("method=none result={result} reason={reason} detail=\"{}\"", detail_of(detail))
}

/// A whole datagram, without the time: the receiver knows it.
fn line(severity: Severity, service: &str, text: &str) -> String {
    let service: String = service
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '@') { c } else { '_' })
        .take(SERVICE_BYTES)
        .collect();
    format!("<{}>pam_mfa({service}:auth)[{}]: {text}", AUTHPRIV + severity as u8, std::process::id())
}

/// A foreign value, cleaned and quoted, in at most [`VALUE_BYTES`].
fn value_of(text: &str) -> String {
    let whole = clean::quoted(text);
    if whole.len() <= VALUE_BYTES {
        return whole;
    }
    (0..clean::FIELD_CHARS)
        .rev()
        .map(|most| clean::quoted(&text.chars().take(most).chain(['…']).collect::<String>()))
        .find(|cut| cut.len() <= VALUE_BYTES)
        .unwrap_or_default()
}

/// A text of ours that may hold a path or an argument: cleaned, without quotes of its own, at most [`DETAIL_BYTES`].
fn detail_of(text: &str) -> String {
    let mut cleaned = clean::message(&text.replace(['"', '\\'], "'"));
    if cleaned.len() > DETAIL_BYTES {
        cleaned.truncate(cleaned.floor_char_boundary(DETAIL_BYTES));
        // Half an escape would take the closing quote with it.
        if let Some(escape) = cleaned.rfind('\\')
            && !cleaned.split_at(escape).1.contains('}')
        {
            cleaned.truncate(escape);
        }
    }
    cleaned
}

/// One try without waiting; where it fails, the decision stands all the same.
fn send_to_syslog(line: &str) {
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    if let Ok(address) = SocketAddrUnix::new(DEV_LOG)
        && let Ok(socket) = socket_with(AddressFamily::UNIX, SocketType::DGRAM, flags, None)
    {
        let _ = sendto(&socket, line.as_bytes(), SendFlags::NOSIGNAL, &address);
    }
}

/// Makes panics silent in the host and loud in the log. The hook is private to this module's own copy of std; the panic
/// itself stops at the hooks' `catch_unwind` and becomes `PAM_ABORT`. Its message is left out: it may quote anything.
pub(crate) fn silence_panics() {
    static ONCE: Once = Once::new();
    #[expect(clippy::disallowed_methods, reason = "this is the one place")]
    ONCE.call_once(|| {
        std::panic::set_hook(Box::new(|panic| {
            let place = panic.location().map_or_else(|| "an unknown place".into(), ToString::to_string);
            send_to_syslog(&line(Severity::Critical, "panic", &format!("panic at {place}: please report this")));
        }));
    });
}

#[cfg(test)]
#[path = "log/tests.rs"]
mod tests;
