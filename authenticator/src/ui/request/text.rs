//! Every text of one request's page, but for what [`crate::words`] says of the request itself: as the catalogue has it.

use crate::catalogue::{Text, filled, gettext};

/// Each is one line, and what it means and what to do next.
pub(super) type Words = (Text, Text);

pub(super) const APPROVED: Words = (Text("Approved"), Text("You can go back to where you were asked."));
pub(super) const DENIED: Words = (Text("Denied"), Text("Nothing was approved."));
pub(super) const REPORTED: Words =
    (Text("Denied and reported"), Text("Nothing was approved. Whoever asked may know your password: change it."));
pub(super) const WRONG_NUMBER: Words = (
    Text("That was not the number"),
    Text("Nothing was approved, and this request is over. Start again for a new number."),
);
pub(super) const APPROVED_ELSEWHERE: Words =
    (Text("Approved elsewhere"), Text("Another device of yours, or another program on this one, has said yes."));
pub(super) const DENIED_ELSEWHERE: Words = (
    Text("Denied elsewhere"),
    Text("Another device of yours, or another program on this one, has said no. Nothing was approved."),
);
pub(super) const WRONG_ELSEWHERE: Words = (
    Text("A wrong number was given"),
    Text("It was typed on another device, or in another program. Nothing was approved."),
);
pub(super) const CANCELLED: Words = (Text("No longer needed"), Text("A code settled it, or whoever asked has left."));
pub(super) const EXPIRED: Words = (Text("The time is over"), Text("Nobody answered in time. Nothing was approved."));
pub(super) const OVER: Words =
    (Text("This request is over"), Text("It does not wait any more. Nothing was approved from here."));

#[cfg(feature = "gui")]
pub(super) const NUMBER: Text = Text("_Number from the login screen");
#[cfg(feature = "gui")]
pub(super) const PIN: Text = Text("_PIN of your key on this computer");
#[cfg(feature = "gui")]
pub(super) const DENY: Text = Text("_Deny");
#[cfg(feature = "gui")]
pub(super) const APPROVE: Text = Text("_Approve");
#[cfg(feature = "gui")]
pub(super) const REPORT: Text = Text("Not me: _report");
#[cfg(feature = "gui")]
pub(super) const UNDER_WAY: Text = Text("Your answer is under way");
#[cfg(feature = "gui")]
pub(super) const DETAILS: Text = Text("Details of the request");

pub(super) const DIGITS_ONLY: Text = Text("The number has digits only.");
pub(super) const SIX_DIGITS: Text = Text("The number has six digits.");
pub(super) const ABROAD: Text =
    Text("This request comes from another host and asks for no number. It can only be denied.");
pub(super) const UNKNOWN: Text = Text("This version does not know what a yes would do. It can only be denied.");

/// Seconds since it was asked, and seconds left.
pub(super) fn time(asked: u64, left: u64) -> String {
    if left == 0 {
        return EXPIRED.0.to_string();
    }
    filled(gettext("Asked {asked} s ago, {left} s left"), &[("asked", &asked), ("left", &left)])
}
