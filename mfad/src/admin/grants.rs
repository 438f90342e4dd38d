//! Remembered logins: list and revoke.

use super::{Refusal, done, enrolled, file_user, refuse};
use crate::authority::Authority;
use crate::changes::{change_state, current_state};
use mfa_core::admin::{AdminReply, GrantListed};
use mfa_core::clean;
use mfa_core::event::{Event, Kind};

pub(super) fn list(authority: &Authority, typed: &str) -> Result<AdminReply, Refusal> {
    let user = file_user(typed);
    let enrollment = enrolled(authority, &user)?;
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

pub(super) fn revoke(authority: &Authority, by: u32, typed: &str, id: Option<&str>) -> Result<AdminReply, Refusal> {
    let user = file_user(typed);
    let _held = authority.locks.blocking(&user);
    let enrollment = enrolled(authority, &user)?;
    let before = current_state(authority, &enrollment)?.grants.len();
    let goes = |grant: &mfa_core::grants::Grant| id.is_none_or(|id| grant.id == id);
    let mut left = before;
    change_state(authority, &enrollment, |state| {
        state.grants.retain(|grant| !goes(grant));
        left = state.grants.len();
    })?;
    if left == before {
        return refuse(format!("{} has no such remembered login; mfactl grants shows them", clean::quoted(&user)));
    }
    let gone = before - left;
    authority.note(Event::new(Kind::GrantRevoked).about(&user).by(by).detail(format!("{gone} revoked")));
    Ok(done(format!("{gone} remembered logins of {} are forgotten: a factor is asked again", clean::field(&user))))
}
