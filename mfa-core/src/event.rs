//! What happened, as the audit trail keeps it.
//!
//! mfad makes an [`Event`] for every decision and every change, and the audit writer chains them into
//! one JSON line each. The names are stable. What must never happen: a secret, a code or an uncleaned foreign
//! text in an event.

use crate::wire::{Method, Reason};
use serde::{Deserialize, Serialize};

/// The kind of an event. Within a major version names are only added.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Kind {
    /// A login was granted.
    #[serde(rename = "auth.success")]
    AuthSuccess,
    /// An answer or a login was refused.
    #[serde(rename = "auth.failed")]
    AuthFailed,
    /// Policy asked nothing.
    #[serde(rename = "auth.ignored")]
    AuthIgnored,
    /// An attempt inside a delay.
    #[serde(rename = "auth.locked")]
    AuthLocked,
    /// A code that was accepted before.
    #[serde(rename = "auth.replay")]
    AuthReplay,
    /// A push went out.
    #[serde(rename = "push.sent")]
    PushSent,
    /// A device's signature counted.
    #[serde(rename = "push.approved")]
    PushApproved,
    /// The user said no.
    #[serde(rename = "push.denied")]
    PushDenied,
    /// The user said no, and that it was somebody else.
    #[serde(rename = "push.reported")]
    PushReported,
    /// Nobody answered in time.
    #[serde(rename = "push.expired")]
    PushExpired,
    /// A wrong number was typed on a device.
    #[serde(rename = "push.number_mismatch")]
    PushNumberMismatch,
    /// Those who may approve a login were asked.
    #[serde(rename = "approval.sent")]
    ApprovalSent,
    /// One of them said yes.
    #[serde(rename = "approval.given")]
    ApprovalGiven,
    /// One of them said no.
    #[serde(rename = "approval.denied")]
    ApprovalDenied,
    /// Not enough of them answered in time.
    #[serde(rename = "approval.expired")]
    ApprovalExpired,
    /// Remembered logins were forgotten by an administrator.
    #[serde(rename = "grant.revoked")]
    GrantRevoked,
    /// A device was paired.
    #[serde(rename = "device.added")]
    DeviceAdded,
    /// A device was suspended.
    #[serde(rename = "device.suspended")]
    DeviceSuspended,
    /// A device that was not used for too long was taken back.
    #[serde(rename = "device.resumed")]
    DeviceResumed,
    /// A device was removed.
    #[serde(rename = "device.revoked")]
    DeviceRevoked,
    /// An administrator made a ticket for a first device.
    #[serde(rename = "admin.ticket")]
    AdminTicket,
    /// A factor was disabled after too many failures.
    #[serde(rename = "factor.disabled")]
    FactorDisabled,
    /// A factor was added, still to be confirmed.
    #[serde(rename = "enroll.started")]
    EnrollStarted,
    /// A factor was confirmed.
    #[serde(rename = "enroll.completed")]
    EnrollCompleted,
    /// Factors were taken from another product's file.
    #[serde(rename = "enroll.imported")]
    EnrollImported,
    /// A factor was removed.
    #[serde(rename = "factor.removed")]
    FactorRemoved,
    /// A user called a factor or a device something else.
    #[serde(rename = "factor.renamed")]
    FactorRenamed,
    /// A user said by which method to be asked first.
    #[serde(rename = "factor.preferred")]
    FactorPreferred,
    /// A user removed all factors and devices of their own.
    #[serde(rename = "enroll.disabled")]
    EnrollDisabled,
    /// Hardware tokens were put in stock.
    #[serde(rename = "token.added")]
    TokenAdded,
    /// A token was given to a user.
    #[serde(rename = "token.assigned")]
    TokenAssigned,
    /// A token was taken back.
    #[serde(rename = "token.unassigned")]
    TokenUnassigned,
    /// A token is lost.
    #[serde(rename = "token.lost")]
    TokenLost,
    /// A lost token has turned up.
    #[serde(rename = "token.found")]
    TokenFound,
    /// A token is out of use for good.
    #[serde(rename = "token.retired")]
    TokenRetired,
    /// A factor was suspended: not used for too long, or not renewed in time.
    #[serde(rename = "factor.suspended")]
    FactorSuspended,
    /// A suspended factor was taken back.
    #[serde(rename = "factor.resumed")]
    FactorResumed,
    /// A factor is to be renewed: it stops on a day.
    #[serde(rename = "factor.stops")]
    FactorStops,
    /// A factor does not stop after all.
    #[serde(rename = "factor.stays")]
    FactorStays,
    /// A set of recovery codes was made.
    #[serde(rename = "recovery.generated")]
    RecoveryGenerated,
    /// A recovery code was spent.
    #[serde(rename = "recovery.used")]
    RecoveryUsed,
    /// All factors of a user were removed.
    #[serde(rename = "admin.reset")]
    AdminReset,
    /// Failures were forgotten, factors re-enabled.
    #[serde(rename = "admin.unlock")]
    AdminUnlock,
    /// A lost state was accepted.
    #[serde(rename = "admin.adopt")]
    AdminAdopt,
    /// A counter or mark was set by codes.
    #[serde(rename = "admin.resync")]
    AdminResync,
    /// An enrolment was moved to another account name.
    #[serde(rename = "admin.rename")]
    AdminRename,
    /// Enrolments without accounts were removed.
    #[serde(rename = "admin.purge")]
    AdminPurge,
    /// A requirement was set.
    #[serde(rename = "admin.require")]
    AdminRequire,
    /// An administrator made a bypass.
    #[serde(rename = "bypass.made")]
    BypassMade,
    /// Another administrator consented to it.
    #[serde(rename = "bypass.consented")]
    BypassConsented,
    /// Its code let somebody in.
    #[serde(rename = "bypass.used")]
    BypassUsed,
    /// It was ended.
    #[serde(rename = "bypass.revoked")]
    BypassRevoked,
    /// The state of an enrolment was missing or another's, or later than the enrolment.
    #[serde(rename = "state.lost")]
    StateLost,
    /// It was looked for factors that nobody uses or renews.
    #[serde(rename = "hygiene.ran")]
    HygieneRan,
    /// Nobody would have had a factor left that opens anything: none was suspended.
    #[serde(rename = "hygiene.held")]
    HygieneHeld,
    /// The policy was read, or a new one refused.
    #[serde(rename = "policy.changed")]
    PolicyChanged,
    /// mfad started.
    #[serde(rename = "daemon.started")]
    DaemonStarted,
    /// Events could not be written for a while.
    #[serde(rename = "audit.gap")]
    AuditGap,
}

/// One event. Absent fields are left out of the line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Event {
    /// What happened.
    pub event: Kind,
    /// The account it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// The PAM service.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service: Option<String>,
    /// `PAM_TTY`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tty: Option<String>,
    /// `PAM_RHOST`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rhost: Option<String>,
    /// `PAM_RUSER`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ruser: Option<String>,
    /// By which method.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub method: Option<Method>,
    /// The factor's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub factor: Option<String>,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Reason>,
    /// Who did it, for administration: uid of the peer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by_uid: Option<u32>,
    /// Anything more, in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
}

impl Event {
    /// An event about nobody yet.
    #[must_use]
    pub fn new(event: Kind) -> Self {
        Self {
            event,
            user: None,
            service: None,
            tty: None,
            rhost: None,
            ruser: None,
            method: None,
            factor: None,
            reason: None,
            by_uid: None,
            detail: None,
        }
    }

    /// The same about `user`.
    #[must_use]
    pub fn about(mut self, user: &str) -> Self {
        self.user = Some(user.to_owned());
        self
    }

    /// The same done by an administrator.
    #[must_use]
    pub fn by(mut self, uid: u32) -> Self {
        self.by_uid = Some(uid);
        self
    }

    /// The same with words.
    #[must_use]
    pub fn detail(mut self, detail: impl Into<String>) -> Self {
        self.detail = Some(detail.into());
        self
    }
}
