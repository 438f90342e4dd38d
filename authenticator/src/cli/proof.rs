//! Asking for a proof: a code, a recovery code, a ticket, or another device's word.

use super::{hidden, refused};
use crate::catalogue::{Text, filled, gettext};
use mfa_core::approval;
use mfa_core::bus::Factors1Proxy;
use mfa_core::secret::Secret;

/// The prompt for a proof of the user's own.
pub(super) const OF_ONES_OWN: Text = Text("Code, recovery code, or Enter to ask another device of yours: ");

/// What was typed cannot be one.
pub(super) fn is_no_code() -> anyhow::Error {
    anyhow::anyhow!(gettext("That is not a code."))
}

/// What was typed at `prompt`, or the next line of standard input, without the spaces around it.
pub(super) fn asked(prompt: &str) -> anyhow::Result<Secret> {
    Ok(Secret::new(hidden::line(prompt)?.expose().trim_ascii().to_vec()))
}

/// Asks the user's other devices for one change and shows the number to type there; the challenge's name is the proof.
pub(super) async fn asked_of_devices(
    factors: &Factors1Proxy<'_>,
    purpose: &str,
    subject: &str,
) -> anyhow::Result<String> {
    let (challenge, number) = factors.challenge(purpose, subject).await.map_err(refused)?;
    let number = approval::shown(&Secret::from(number));
    println!("{}", filled(gettext("Your other device asks for this number: {number}"), &[("number", &number)]));
    Ok(challenge)
}
