//! Clocks of hardware tokens, which run on by themselves.

use super::*;
use crate::state::Lost;

/// A user of a token whose clock is off by so many steps, and whose record is known to have been lost at T0.
fn lost(drift: i64) -> User {
    let mut user = User::totp();
    user.enrollment.factors[0].token = Some("T-1".into());
    let id = user.enrollment.factors[0].id.clone();
    user.state.factor(&id).drift = drift;
    user.state.lost = Some(Lost { noticed: T0, adopted: false });
    user
}

#[test]
fn after_a_loss_the_codes_that_a_token_showed_before_are_told_by_its_own_clock() {
    for drift in [-5, 0, 5] {
        // What it showed so many steps after the loss, by its own clock.
        let code = |user: &User, step: u64| user.code((T0 / 30 + step).saturating_add_signed(drift));
        let mut user = lost(drift);
        for (step, expected) in [(0, Reason::Replay), (1, Reason::Replay), (2, Reason::CodeAccepted)] {
            let code = code(&user, step);
            assert_eq!(user.says(&code, now(30 * step)), expected, "off by {drift}, {step} steps later");
        }
    }
}
