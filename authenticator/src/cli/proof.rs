//! Asking for a proof: on the terminal without echo, or from a pipe; never from the argument vector.

use super::refused;
use anyhow::Context;
use mfa_core::approval;
use mfa_core::bus::Factors1Proxy;
use mfa_core::secret::Secret;
use std::io::{self, BufRead, IsTerminal, Read};
use zeroize::Zeroizing;

/// Longest proof in bytes: a ticket is 29, a recovery code 29, with room for spaces.
const LONGEST: u64 = 256;

/// What was typed at `prompt`, or the first line of standard input.
pub(super) fn asked(prompt: &str) -> anyhow::Result<Secret> {
    let line = if io::stdin().is_terminal() {
        Zeroizing::new(rpassword::prompt_password(prompt).context("the terminal cannot be read")?)
    } else {
        let mut line = Zeroizing::new(String::new());
        io::stdin().lock().take(LONGEST).read_line(&mut line).context("standard input cannot be read")?;
        line
    };
    Ok(Secret::new(line.trim().as_bytes().to_vec()))
}

/// Asks the user's other devices for one change and shows the number to type there; the challenge's name is the proof.
pub(super) async fn asked_of_devices(
    factors: &Factors1Proxy<'_>,
    purpose: &str,
    subject: &str,
) -> anyhow::Result<String> {
    let (challenge, number) = factors.challenge(purpose, subject).await.map_err(refused)?;
    println!("Your other device asks for this number: {}", approval::shown(&Secret::from(number)));
    Ok(challenge)
}
