//! A pending factor is proved by one of its codes, and opens logins from then on.
//!
//! Called by `mfactl confirm`, by enrolment at login and by users' own programs, which hold the user's lock. What must never
//! happen: a factor taken into use by a code that was used before, or whose code could be used once more.

use super::{Refusal, begin_set, change_state, current_state, first_recovery, refuse, save};
use crate::authority::Authority;
use mfa_core::clean;
use mfa_core::enrollment::{Enrollment, FactorId};
use mfa_core::otp::{self, Check, Moving};
use mfa_core::secret::Secret;
use mfa_core::state::State;
use mfa_core::verify;

/// What to do about a code that is wrong.
const WRONG: &str =
    "that code is not right. Check that the app has this key, and that the clocks of both devices are right";

/// The same of a hardware token.
const WRONG_OF_TOKEN: &str =
    "that code is not right. Check the serial number on the token; press its button once and take what it shows";

/// Takes the pending factor `id` into use where `code` is one of its codes; the recovery codes, where these are the first.
///
/// # Errors
/// When it is not, or nothing could be written.
pub fn confirm(
    authority: &Authority,
    enrollment: &mut Enrollment,
    id: &FactorId,
    code: &Secret,
) -> Result<Vec<Secret>, Refusal> {
    let now = authority.clock.now();
    let state = current_state(authority, enrollment)?;
    let user = enrollment.name.clone();
    let Some(factor) = enrollment.factors.iter_mut().find(|factor| factor.id == *id) else {
        return refuse(format!("{} has no factor {}", clean::quoted(&user), clean::quoted(&id.to_string())));
    };
    if !factor.pending {
        return refuse("that factor is confirmed already");
    }
    let mark = state.factors.get(id).and_then(|known| known.mark);
    let code = code.expose_str().and_then(otp::normalise);
    let checked = match code.as_ref().and_then(Secret::expose_str) {
        None => Check::Wrong,
        Some(code) => match factor.otp.moving() {
            Moving::Time { .. } if factor.token.is_some() => factor.otp.check_first_totp(code, now.wall, mark),
            Moving::Time { .. } => factor.otp.check_totp(code, now.wall, mark, None),
            Moving::Counter => factor.otp.check_hotp(code, state.next_counter(factor)),
        },
    };
    let step = match checked {
        Check::Accepted { step } => step,
        Check::Replay { .. } => return refuse("that code was used before; wait for the next one"),
        Check::Wrong => return refuse(if factor.token.is_some() { WRONG_OF_TOKEN } else { WRONG }),
    };
    let (moving, is_token) = (factor.otp.moving(), factor.token.is_some());
    factor.pending = false;
    let codes = first_recovery(authority, enrollment)?;
    // The code that confirmed is spent: its mark is durable before the factor opens anything.
    let note = |state: &mut State| {
        let known = state.factor(id);
        known.note_use(now.wall);
        match moving {
            Moving::Counter => known.next = Some(step.saturating_add(1)),
            Moving::Time { period } => {
                known.mark = Some(step);
                known.drift = if is_token { verify::drift(step, now, period) } else { 0 };
            }
        }
    };
    if codes.is_empty() {
        change_state(authority, enrollment, note)?;
    } else {
        begin_set(authority, enrollment, note)?;
    }
    save(authority, enrollment, false)?;
    Ok(codes)
}
