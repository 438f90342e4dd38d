//! An administrator's look at what lies idle, and taking back what was suspended.

use super::{Refusal, done, enrolled, file_user, refuse};
use crate::authority::Authority;
use crate::changes;
use crate::hygiene::{How, page};
use mfa_core::admin::{AdminReply, HygieneAsk};
use mfa_core::clean;
use mfa_core::event::{Event, Kind};

pub(super) fn answer(authority: &Authority, by: u32, ask: HygieneAsk) -> Result<AdminReply, Refusal> {
    match ask {
        HygieneAsk::Run { dry_run, after } => {
            let how = if dry_run { How::Look } else { How::Act };
            let page = page(authority, Some(by), how, after.as_deref())?;
            Ok(AdminReply::Hygiene { changes: page.changes, next: page.next })
        }
        HygieneAsk::Resume { user, id } => resume(authority, by, &file_user(&user), id.as_deref()),
    }
}

fn resume(authority: &Authority, by: u32, user: &str, id: Option<&str>) -> Result<AdminReply, Refusal> {
    let _held = authority.locks.blocking(user);
    let mut enrollment = enrolled(authority, user)?;
    let wall = authority.clock.now().wall;
    let factors = enrollment.factors.iter_mut().map(|f| (f.id.to_string(), Kind::FactorResumed, &mut f.upkeep));
    let devices = enrollment.devices.iter_mut().map(|d| (d.id.to_string(), Kind::DeviceResumed, &mut d.upkeep));
    let mut resumed = Vec::new();
    for (known, kind, upkeep) in factors.chain(devices) {
        if upkeep.suspended.is_some() && id.is_none_or(|id| id == known) {
            upkeep.resume(wall);
            resumed.push((clean::field(&known), kind));
        }
    }
    let shown = clean::field(user);
    if resumed.is_empty() {
        let what = id.map_or_else(String::new, |id| format!(" by the name of {}", clean::quoted(id)));
        return refuse(format!(
            "hygiene has suspended nothing of {shown}{what}; mfactl status {shown} shows what there is. A device that was reported \
             lost is paired anew"
        ));
    }
    changes::save(authority, &mut enrollment, false)?;
    for (id, kind) in &resumed {
        let mut event = Event::new(*kind).about(&shown).by(by);
        event.factor = Some(id.clone());
        authority.note(event);
        authority
            .pushes
            .announce(enrollment.uid, &format!("{id} was taken back by an administrator: it opens logins again."));
    }
    let ids: Vec<&str> = resumed.iter().map(|(id, _)| id.as_str()).collect();
    let rest = if enrollment.opens() {
        ""
    } else {
        "; its user has nothing else, and a device that was reported lost stays so"
    };
    Ok(done(format!("taken back, as if just used: {} of {shown}{rest}", ids.join(", "))))
}
