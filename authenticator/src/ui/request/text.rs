//! Every text of one request's page, but for what [`crate::words`] says of the request itself: what a translation would replace.

/// Each is one line, and what it means and what to do next.
pub(super) type Words = (&'static str, &'static str);

pub(super) const APPROVED: Words = ("Approved", "You can go back to where you were asked.");
pub(super) const DENIED: Words = ("Denied", "Nothing was approved.");
pub(super) const REPORTED: Words =
    ("Denied and reported", "Nothing was approved. Whoever asked may know your password: change it.");
pub(super) const WRONG_NUMBER: Words =
    ("That was not the number", "Nothing was approved, and this request is over. Start again for a new number.");
pub(super) const APPROVED_ELSEWHERE: Words =
    ("Approved elsewhere", "Another device of yours, or another program on this one, has said yes.");
pub(super) const DENIED_ELSEWHERE: Words =
    ("Denied elsewhere", "Another device of yours, or another program on this one, has said no. Nothing was approved.");
pub(super) const WRONG_ELSEWHERE: Words =
    ("A wrong number was given", "It was typed on another device, or in another program. Nothing was approved.");
pub(super) const CANCELLED: Words = ("No longer needed", "A code settled it, or whoever asked has left.");
pub(super) const EXPIRED: Words = ("The time is over", "Nobody answered in time. Nothing was approved.");
pub(super) const OVER: Words = ("This request is over", "It does not wait any more. Nothing was approved from here.");

pub(super) const DIGITS_ONLY: &str = "The number has digits only.";
pub(super) const SIX_DIGITS: &str = "The number has six digits.";
pub(super) const ABROAD: &str = "This request comes from another host and asks for no number. It can only be denied.";
pub(super) const UNKNOWN: &str = "This version does not know what a yes would do. It can only be denied.";

/// Seconds since it was asked, and seconds left.
pub(super) fn time(asked: u64, left: u64) -> String {
    if left == 0 { EXPIRED.0.to_owned() } else { format!("Asked {asked} s ago, {left} s left") }
}
