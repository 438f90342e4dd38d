//! What mfad's log has of a login under way. What must never happen: a line that says what was asked, shown or answered.

use crate::logins::Caller;
use crate::seldom::{Seldom, due};
use mfa_core::clean;
use mfa_core::wire::{Context, Step};
use std::sync::Mutex;

/// As often as somebody knocks while the name service or the disk is slow. The module's log has each.
static LOOKED_UP_LATE: Mutex<Seldom> = Mutex::new(Seldom::new());
static DURABLE_LATE: Mutex<Seldom> = Mutex::new(Seldom::new());

/// The name service was too slow.
pub(super) fn looked_up_late(user: &str) {
    if let Some(times) = due(&LOOKED_UP_LATE) {
        tracing::error!("{} is refused: its account could not be looked up in time{times}", clean::quoted(user));
    }
}

/// The disk, or whoever had the user's turn, was too slow.
pub(super) fn durable_late(user: &str) {
    if let Some(times) = due(&DURABLE_LATE) {
        tracing::error!("{} is refused: its state could not be made durable in time{times}", clean::quoted(user));
    }
}

/// What came with a login, for the log.
pub(super) fn described(caller: Caller, context: &Context) -> String {
    let said = |text: &Option<String>| text.as_deref().map_or_else(|| String::from("none"), clean::quoted);
    format!(
        "service={} caller={caller:?} real_uid={} stdin_peer={} tty={} rhost={} ruser={} first_factor_stack={} ssh_auth_info={}",
        clean::quoted(&context.service),
        context.real_uid,
        context.stdin_peer.map_or_else(|| String::from("none"), |uid| uid.to_string()),
        said(&context.tty),
        said(&context.rhost),
        said(&context.ruser),
        context.first_factor_stack,
        clean::quoted(&context.ssh_auth_info.join(",")),
    )
}

/// What a step is, for the log: never what it says, which may be a number or a key.
pub(super) fn name(step: &Step) -> &'static str {
    match step {
        Step::Prompt { .. } => "prompt",
        Step::Info { .. } => "info",
        Step::Show { .. } => "page",
        Step::Wait { .. } => "wait",
        Step::Granted(_) => "granted",
        Step::Ignored(_) => "ignored",
        Step::Refused { .. } => "refused",
    }
}
