//! A login that others must approve once the user has shown a factor of their own.
//!
//! What must never happen: an approval that counts before the user's own factor did, or the other way round.

use super::{Approval, Login, Next, Phase, Pushed, words};
use crate::clean;
use crate::wire::{Ending, Reason};

impl Login {
    /// The prompt while others decide; `None`: none of them could be asked.
    pub fn ask_approval(&mut self, asked: Option<Approval>) -> Next {
        let (Phase::Approval { by, number_due }, Some(approvers)) = (&mut self.phase, &self.approvers) else {
            return self.fail(Reason::Protocol);
        };
        let by = *by;
        match asked {
            Some(approval) => {
                *number_due = approval.number.is_some();
                Next::step(self.prompt(&clean::message(&words::asked_for_approval(&approval))))
            }
            None => Next::told(
                words::nobody_to_approve(approvers.count, &approvers.group),
                self.refused(Ending::Stop, by, Reason::NoApprover),
            ),
        }
    }

    /// The end after those who may approve have decided, or nobody did.
    pub fn settle_approval(&mut self, pushed: Pushed) -> Next {
        let Phase::Approval { by, .. } = self.phase else { return self.fail(Reason::Protocol) };
        let stop = |reason| self.refused(Ending::Stop, by, reason);
        match pushed {
            Pushed::Approved if self.judges() => Next::step(self.granted(by, Reason::Approved)),
            Pushed::Approved => self.fail(Reason::Protocol),
            Pushed::Denied => Next::told(words::APPROVAL_DENIED, stop(Reason::ApprovalDenied)),
            Pushed::WrongNumber => Next::told(words::NUMBER_DID_NOT_MATCH, stop(Reason::WrongNumber)),
            Pushed::Expired => Next::told(words::NOBODY_APPROVED, stop(Reason::ApprovalExpired)),
            Pushed::Void => Next::told(words::APPROVAL_VOID, stop(Reason::ApprovalVoid)),
        }
    }

    /// Whether others decide now.
    #[must_use]
    pub fn is_with_approvers(&self) -> bool {
        matches!(self.phase, Phase::Approval { .. })
    }
}
