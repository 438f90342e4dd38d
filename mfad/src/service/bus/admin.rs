//! `Admin1`: the operations of `mfactl`, for root and for whom polkit lets manage users.
//!
//! Each is the administration's own call; here are only the words of the bus around it. Beside this, `given` reads what a caller gives,
//! `asking` asks, and `told` says what came of it. What must
//! never happen: a look at a user for a caller who was not let in.

mod asking;
mod calls;
mod given;
mod told;

use super::{Turns, shown};
use crate::authority::Authority;
use given::{filter, some};
use mfa_core::admin::{AdminAsk, BypassAsk, HygieneAsk, NewFactor, Somebody, TokenAsk};
use mfa_core::bus::{
    BypassShown, Error, FactorGiven, GrantShown, HygieneShown, OwnFactors, TokenGiven, TokenShown, UserListed,
};
use mfa_core::bypass::{BypassId, Uses};
use mfa_core::enrollment::FactorId;
use mfa_core::otp::Algorithm;
use mfa_core::secret::Secret;
use std::sync::Arc;
use zbus::message::Header;
use zbus::{Connection, interface};

/// The served object.
pub(super) struct Admin {
    authority: Arc<Authority>,
    turns: Turns,
}

impl Admin {
    pub(super) fn new(authority: Arc<Authority>, turns: Turns) -> Self {
        Self { authority, turns }
    }
}

#[interface(name = "io.github.pam_mfa.Admin1")]
impl Admin {
    async fn status(
        &self,
        user: String,
        #[zbus(header)] header: Header<'_>,
        #[zbus(connection)] connection: &Connection,
    ) -> Result<(String, u32, OwnFactors), Error> {
        told::status(self.ask(&header, connection, AdminAsk::Status { user }).await?)
    }

    async fn list(
        &self,
        conditions: Vec<String>,
        inactive_since: u64,
        after: String,
        #[zbus(header)] header: Header<'_>,
        #[zbus(connection)] connection: &Connection,
    ) -> Result<(Vec<UserListed>, String), Error> {
        let filter = filter(&conditions, inactive_since)?;
        told::list(self.ask(&header, connection, AdminAsk::List { filter, after: some(after) }).await?)
    }

    async fn require(
        &self,
        whom: &str,
        level: &str,
        after: u64,
        #[zbus(header)] header: Header<'_>,
        #[zbus(connection)] connection: &Connection,
    ) -> Result<String, Error> {
        let ask = AdminAsk::Require { whom: given::whom(whom), require: given::level(level, after)? };
        self.done(&header, connection, ask).await
    }

    async fn reset(
        &self,
        user: String,
        after: u64,
        #[zbus(header)] header: Header<'_>,
        #[zbus(connection)] connection: &Connection,
    ) -> Result<String, Error> {
        self.done(&header, connection, AdminAsk::Reset { user, after: (after > 0).then_some(after) }).await
    }

    async fn unlock(
        &self,
        user: String,
        #[zbus(header)] header: Header<'_>,
        #[zbus(connection)] connection: &Connection,
    ) -> Result<String, Error> {
        self.done(&header, connection, AdminAsk::Unlock { user }).await
    }

    async fn enroll(
        &self,
        user: String,
        method: &str,
        label: String,
        #[zbus(header)] header: Header<'_>,
        #[zbus(connection)] connection: &Connection,
    ) -> Result<(String, String), Error> {
        let method = shown::method(method)?;
        let factor = NewFactor { method, algorithm: Algorithm::default(), digits: 6, period: 30, label };
        told::enroll(self.ask(&header, connection, AdminAsk::Enroll { user, factor, confirm: true }).await?)
    }

    async fn confirm(
        &self,
        user: String,
        factor: &str,
        code: String,
        #[zbus(header)] header: Header<'_>,
        #[zbus(connection)] connection: &Connection,
    ) -> Result<Vec<String>, Error> {
        let (factor, code) = (FactorId::typed(factor), Secret::from(code));
        self.recovery(&header, connection, AdminAsk::Confirm { user, factor, code }).await
    }

    async fn remove_factor(
        &self,
        user: String,
        factor: &str,
        #[zbus(header)] header: Header<'_>,
        #[zbus(connection)] connection: &Connection,
    ) -> Result<String, Error> {
        self.done(&header, connection, AdminAsk::RemoveFactor { user, factor: FactorId::typed(factor) }).await
    }

    async fn regenerate_recovery_codes(
        &self,
        user: String,
        #[zbus(header)] header: Header<'_>,
        #[zbus(connection)] connection: &Connection,
    ) -> Result<Vec<String>, Error> {
        self.recovery(&header, connection, AdminAsk::NewRecovery { user }).await
    }

    async fn ticket(
        &self,
        user: String,
        #[zbus(header)] header: Header<'_>,
        #[zbus(connection)] connection: &Connection,
    ) -> Result<(String, u64), Error> {
        told::ticket(self.ask(&header, connection, AdminAsk::Ticket { user }).await?)
    }

    async fn set_device_aside(
        &self,
        user: String,
        device: String,
        revoke: bool,
        #[zbus(header)] header: Header<'_>,
        #[zbus(connection)] connection: &Connection,
    ) -> Result<String, Error> {
        self.done(&header, connection, AdminAsk::Device { user, device, revoke }).await
    }

    async fn tokens(
        &self,
        after: String,
        #[zbus(header)] header: Header<'_>,
        #[zbus(connection)] connection: &Connection,
    ) -> Result<(Vec<TokenShown>, String), Error> {
        told::tokens(self.ask(&header, connection, AdminAsk::Token(TokenAsk::List { after: some(after) })).await?)
    }

    async fn assign_token(
        &self,
        serial: String,
        user: String,
        #[zbus(header)] header: Header<'_>,
        #[zbus(connection)] connection: &Connection,
    ) -> Result<String, Error> {
        let ask = AdminAsk::Token(TokenAsk::Assign { serial, user, confirm: true });
        told::assign_token(self.ask(&header, connection, ask).await?)
    }

    async fn take_token(
        &self,
        serial: String,
        lost: bool,
        #[zbus(header)] header: Header<'_>,
        #[zbus(connection)] connection: &Connection,
    ) -> Result<String, Error> {
        let ask = if lost { TokenAsk::Lost { serial } } else { TokenAsk::Unassign { serial } };
        self.done(&header, connection, AdminAsk::Token(ask)).await
    }

    async fn grants(
        &self,
        user: String,
        #[zbus(header)] header: Header<'_>,
        #[zbus(connection)] connection: &Connection,
    ) -> Result<Vec<GrantShown>, Error> {
        told::grants(self.ask(&header, connection, AdminAsk::Grants { user }).await?)
    }

    async fn revoke_grants(
        &self,
        user: String,
        grant: String,
        #[zbus(header)] header: Header<'_>,
        #[zbus(connection)] connection: &Connection,
    ) -> Result<String, Error> {
        self.done(&header, connection, AdminAsk::RevokeGrants { user, id: some(grant) }).await
    }

    async fn explain(
        &self,
        service: String,
        user: String,
        rhost: String,
        #[zbus(header)] header: Header<'_>,
        #[zbus(connection)] connection: &Connection,
    ) -> Result<(String, String, Vec<String>), Error> {
        self.explained(&header, connection, given::login(service, user, rhost), None).await
    }

    async fn explain_at(
        &self,
        service: String,
        user: String,
        rhost: String,
        at: u64,
        #[zbus(header)] header: Header<'_>,
        #[zbus(connection)] connection: &Connection,
    ) -> Result<(String, String, Vec<String>), Error> {
        self.explained(&header, connection, given::login(service, user, rhost), Some(at)).await
    }

    async fn log(
        &self,
        user: String,
        since: u64,
        #[zbus(header)] header: Header<'_>,
        #[zbus(connection)] connection: &Connection,
    ) -> Result<Vec<String>, Error> {
        let ask = AdminAsk::Log { user: some(user), since: (since > 0).then_some(since), after: None };
        told::log(self.ask(&header, connection, ask).await?)
    }

    async fn log_from(
        &self,
        user: String,
        since: u64,
        from: &str,
        #[zbus(header)] header: Header<'_>,
        #[zbus(connection)] connection: &Connection,
    ) -> Result<(Vec<String>, String), Error> {
        let after = given::cursor(from)?;
        let ask = AdminAsk::Log { user: some(user), since: (since > 0).then_some(since), after };
        told::log_from(self.ask(&header, connection, ask).await?)
    }

    async fn verify_log(
        &self,
        #[zbus(header)] header: Header<'_>,
        #[zbus(connection)] connection: &Connection,
    ) -> Result<(u64, String, Vec<String>), Error> {
        told::verify_log(self.ask(&header, connection, AdminAsk::LogVerify).await?)
    }

    async fn make_bypass(
        &self,
        user: String,
        seconds: u64,
        uses: u16,
        reason: String,
        #[zbus(header)] header: Header<'_>,
        #[zbus(connection)] connection: &Connection,
    ) -> Result<(String, BypassShown), Error> {
        let uses = if uses == 0 { Uses::AnyNumber } else { Uses::Times(uses) };
        let ask = AdminAsk::Bypass(BypassAsk::Make { user, seconds, uses, reason });
        told::make_bypass(self.ask(&header, connection, ask).await?)
    }

    async fn consent_to_bypass(
        &self,
        user: String,
        id: &str,
        #[zbus(header)] header: Header<'_>,
        #[zbus(connection)] connection: &Connection,
    ) -> Result<String, Error> {
        let ask = AdminAsk::Bypass(BypassAsk::Consent { user, id: BypassId::typed(id) });
        self.done(&header, connection, ask).await
    }

    async fn revoke_bypass(
        &self,
        user: String,
        #[zbus(header)] header: Header<'_>,
        #[zbus(connection)] connection: &Connection,
    ) -> Result<String, Error> {
        self.done(&header, connection, AdminAsk::Bypass(BypassAsk::Revoke { user })).await
    }

    async fn bypasses(
        &self,
        after: String,
        #[zbus(header)] header: Header<'_>,
        #[zbus(connection)] connection: &Connection,
    ) -> Result<(Vec<BypassShown>, String), Error> {
        told::bypasses(self.ask(&header, connection, AdminAsk::Bypass(BypassAsk::List { after: some(after) })).await?)
    }

    async fn hygiene(
        &self,
        dry_run: bool,
        after: String,
        #[zbus(header)] header: Header<'_>,
        #[zbus(connection)] connection: &Connection,
    ) -> Result<(Vec<HygieneShown>, String), Error> {
        let ask = AdminAsk::Hygiene(HygieneAsk::Run { dry_run, after: some(after) });
        told::hygiene(self.ask(&header, connection, ask).await?)
    }

    async fn resume(
        &self,
        user: String,
        id: String,
        #[zbus(header)] header: Header<'_>,
        #[zbus(connection)] connection: &Connection,
    ) -> Result<String, Error> {
        self.done(&header, connection, AdminAsk::Hygiene(HygieneAsk::Resume { user, id: some(id) })).await
    }

    async fn add_tokens(
        &self,
        tokens: Vec<TokenGiven>,
        short_secrets: bool,
        #[zbus(header)] header: Header<'_>,
        #[zbus(connection)] connection: &Connection,
    ) -> Result<String, Error> {
        let stage = AdminAsk::Token(TokenAsk::Stage { tokens: given::tokens(tokens)? });
        let commit = AdminAsk::Token(TokenAsk::Commit { short_secrets });
        self.all_or_nothing(&header, connection, stage, commit).await
    }

    async fn find_token(
        &self,
        serial: String,
        #[zbus(header)] header: Header<'_>,
        #[zbus(connection)] connection: &Connection,
    ) -> Result<String, Error> {
        self.done(&header, connection, AdminAsk::Token(TokenAsk::Found { serial })).await
    }

    async fn retire_token(
        &self,
        serial: String,
        #[zbus(header)] header: Header<'_>,
        #[zbus(connection)] connection: &Connection,
    ) -> Result<String, Error> {
        self.done(&header, connection, AdminAsk::Token(TokenAsk::Retire { serial })).await
    }

    async fn resync_token(
        &self,
        serial: String,
        first: Secret,
        second: Secret,
        #[zbus(header)] header: Header<'_>,
        #[zbus(connection)] connection: &Connection,
    ) -> Result<String, Error> {
        self.done(&header, connection, AdminAsk::Token(TokenAsk::Resync { serial, first, second })).await
    }

    async fn resync(
        &self,
        user: String,
        factor: String,
        first: Secret,
        second: Secret,
        #[zbus(header)] header: Header<'_>,
        #[zbus(connection)] connection: &Connection,
    ) -> Result<String, Error> {
        let factor = some(factor).as_deref().map(FactorId::typed);
        self.done(&header, connection, AdminAsk::Resync { user, factor, first, second }).await
    }

    async fn verify(
        &self,
        user: String,
        code: Secret,
        #[zbus(header)] header: Header<'_>,
        #[zbus(connection)] connection: &Connection,
    ) -> Result<(bool, String, String, u64), Error> {
        told::verify(self.ask(&header, connection, AdminAsk::Verify { user, code }).await?)
    }

    async fn adopt(
        &self,
        user: String,
        #[zbus(header)] header: Header<'_>,
        #[zbus(connection)] connection: &Connection,
    ) -> Result<String, Error> {
        self.done(&header, connection, AdminAsk::Adopt { user }).await
    }

    async fn rename(
        &self,
        from: String,
        to: String,
        #[zbus(header)] header: Header<'_>,
        #[zbus(connection)] connection: &Connection,
    ) -> Result<String, Error> {
        self.done(&header, connection, AdminAsk::Rename { from, to }).await
    }

    async fn orphans(
        &self,
        after: String,
        #[zbus(header)] header: Header<'_>,
        #[zbus(connection)] connection: &Connection,
    ) -> Result<(Vec<String>, String), Error> {
        self.names(&header, connection, AdminAsk::Orphans { after: some(after), purge: false }).await
    }

    async fn purge(
        &self,
        after: String,
        #[zbus(header)] header: Header<'_>,
        #[zbus(connection)] connection: &Connection,
    ) -> Result<(Vec<String>, String), Error> {
        self.names(&header, connection, AdminAsk::Orphans { after: some(after), purge: true }).await
    }

    async fn import(
        &self,
        factors: Vec<FactorGiven>,
        short_secrets: bool,
        #[zbus(header)] header: Header<'_>,
        #[zbus(connection)] connection: &Connection,
    ) -> Result<String, Error> {
        let stage = AdminAsk::Stage { entries: given::factors(factors)? };
        self.all_or_nothing(&header, connection, stage, AdminAsk::Commit { short_secrets }).await
    }

    async fn requirements(
        &self,
        #[zbus(header)] header: Header<'_>,
        #[zbus(connection)] connection: &Connection,
    ) -> Result<(String, String, u64, Vec<(String, String, u64)>), Error> {
        told::requirements(self.ask(&header, connection, AdminAsk::Requirements).await?)
    }

    async fn unlisted(
        &self,
        accounts: Vec<(String, u32, u32)>,
        #[zbus(header)] header: Header<'_>,
        #[zbus(connection)] connection: &Connection,
    ) -> Result<Vec<UserListed>, Error> {
        let people = accounts.into_iter().map(|(name, uid, gid)| Somebody { name, uid, gid }).collect();
        told::unlisted(self.ask(&header, connection, AdminAsk::Unlisted { people }).await?)
    }

    async fn about(
        &self,
        #[zbus(header)] header: Header<'_>,
        #[zbus(connection)] connection: &Connection,
    ) -> Result<(String, Vec<String>, String), Error> {
        told::about(self.ask(&header, connection, AdminAsk::Ping).await?)
    }
}
