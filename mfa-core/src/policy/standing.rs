//! How a user stands: the strictest that any login of theirs is asked, wherever it comes from and whenever.
//!
//! Lists and `mfactl status` ask it, where nobody is logging in. Raises are left out: they are about single logins. What must never happen: somebody
//! whom a login would refuse for want of a factor being told to stand well.

use super::matching::Fit;
use super::{Groups, Own, Policy, Require, Requirements, strictest};

impl Policy {
    /// What is required of a user at `wall`, in seconds since 1970, and from when a factor will be.
    #[must_use]
    pub fn standing(
        &self,
        requirements: &Requirements,
        user: &str,
        (groups, own): (Groups<'_>, Own),
        wall: u64,
    ) -> (Require, Option<u64>) {
        let mut asked = Require::Off;
        // Whether some login is exempted by no rule, so that requirements reach it.
        let (mut reached, mut rest) = (false, true);
        for rule in &self.rules {
            let fit = rule.matcher.concerns(user, groups, |service| self.kind(service));
            if fit == Fit::No {
                continue;
            }
            asked = asked.max(rule.require.value);
            reached |= rule.require.value > Require::Off;
            if fit == Fit::Yes && rule.matcher.takes_every_login() {
                rest = false;
                break;
            }
        }
        if rest {
            asked = asked.max(self.require.value);
            reached = true;
        }
        let concerning = requirements.concerning(groups, own).filter(|_| reached);
        let (asked, deadline) = strictest(asked, concerning, wall);
        let require = self.floor.as_ref().map_or(asked, |floor| asked.max(floor.require.value));
        (require, deadline.filter(|_| require < Require::Required))
    }
}
