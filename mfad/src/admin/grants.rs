//! Remembered logins: list and revoke.

use super::{Refusal, account, done, file_user, refuse};
use crate::authority::Authority;
use crate::changes::{change_state, current_state};
use mfa_core::admin::{AdminReply, GrantListed};
use mfa_core::clean;
use mfa_core::enrollment::Enrollment;
use mfa_core::event::{Event, Kind};

pub(super) fn list(authority: &Authority, typed: &str) -> Result<AdminReply, Refusal> {
    let user = file_user(typed);
    let Some(enrollment) = known(authority, typed, &user)? else {
        return Ok(AdminReply::Grants { user, grants: Vec::new() });
    };
    let now = authority.clock.now();
    let state = current_state(authority, &enrollment)?;
    let grants = state.grants.iter().filter(|grant| grant.until > now.boottime).map(|grant| GrantListed {
        id: grant.id.clone(),
        kind: grant.kind,
        place: grant.place.clone(),
        made: grant.made,
        left: grant.until - now.boottime,
    });
    Ok(AdminReply::Grants { user, grants: grants.collect() })
}

/// The user's enrolment, where there is one; somebody has to be of this name.
fn known(authority: &Authority, typed: &str, user: &str) -> Result<Option<Enrollment>, Refusal> {
    let enrollment = authority.store.enrollment(user)?;
    if enrollment.is_none() {
        account(typed)?;
    }
    Ok(enrollment)
}

pub(super) fn revoke(authority: &Authority, by: u32, typed: &str, id: Option<&str>) -> Result<AdminReply, Refusal> {
    let user = file_user(typed);
    let _held = authority.locks.blocking(&user);
    let none = || done(format!("no login of {} is remembered; there is nothing to forget", clean::field(&user)));
    let no_such = || refuse(format!("{} has no such remembered login; mfactl grants shows them", clean::quoted(&user)));
    let enrollment = known(authority, typed, &user)?;
    let before = match &enrollment {
        Some(enrollment) => current_state(authority, enrollment)?.grants.len(),
        None => 0,
    };
    let Some(enrollment) = enrollment.filter(|_| before > 0) else {
        return if id.is_none() { Ok(none()) } else { no_such() };
    };
    let goes = |grant: &mfa_core::grants::Grant| id.is_none_or(|id| grant.id == id);
    let mut left = before;
    change_state(authority, &enrollment, |state| {
        state.grants.retain(|grant| !goes(grant));
        left = state.grants.len();
    })?;
    if left == before {
        return no_such();
    }
    let gone = before - left;
    authority.note(Event::new(Kind::GrantRevoked).about(&user).by(by).detail(format!("{gone} revoked")));
    Ok(done(format!("{gone} remembered logins of {} are forgotten: a factor is asked again", clean::field(&user))))
}
