//! The code of a bypass, judged: charged like a recovery code, counted like one, and over when it was said to be.

use super::{Judgement, bar, disable};
use crate::bypass::Standing;
use crate::enrollment::{Enrollment, FactorId};
use crate::limits::{Budget, Lockout};
use crate::now::Now;
use crate::state::State;
use crate::wire::{Method, Reason};

pub(super) fn judge(
    enrollment: &Enrollment,
    lockout: Lockout,
    state: &mut State,
    budget: &Budget,
    text: &str,
    now: Now,
) -> Judgement {
    let Some(bypass) = &enrollment.bypass else { return Judgement::refused(Reason::Malformed) };
    let id = FactorId::bypass();
    if let Some(barred) = bar(state, &id, Method::Bypass, budget, now) {
        return barred;
    }
    let before = state.clone();
    state.charge(&[&id], budget, now, lockout);
    let right = bypass.is_code(text);
    let told =
        |reason| Judgement { method: Method::Bypass, factor: Some(FactorId::bypass()), ..Judgement::refused(reason) };
    let refused = match bypass.standing(&before, now) {
        // What is over is no code any more, and costs what any wrong one does.
        Standing::Over => None,
        _ if !right => None,
        Standing::Lost => Some(Reason::StateLost),
        Standing::Waits => Some(Reason::ConsentMissing),
        Standing::UsedUp => Some(Reason::Replay),
        Standing::Open => {
            *state = before;
            if let Some(used) = &mut state.bypass {
                used.times = used.times.saturating_add(1);
            }
            state.factor(&id).note_use(now.wall);
            state.clear(&id, budget);
            return Judgement {
                accepted: true,
                code_bytes: u8::try_from(text.len()).ok(),
                ..told(Reason::CodeAccepted)
            };
        }
    };
    match refused {
        Some(reason) => {
            *state = before;
            told(reason)
        }
        None => {
            let disabled = disable(state, &[&id], lockout);
            Judgement { disabled, ..told(Reason::WrongCode) }
        }
    }
}

#[cfg(test)]
mod tests;
