//! Reading what nobody may see: on the terminal without echo, or a line of a pipe; never from the argument vector.

use crate::pin::Pin;
use anyhow::{Context, anyhow, bail};
use mfa_core::secret::Secret;
use std::io::{self, BufRead, IsTerminal, Read};
use zeroize::Zeroizing;

/// Longest line in bytes: a PIN of 128 characters of four bytes, with room to see that one is longer.
const LONGEST: u64 = 1024;

/// Whether a person sits there, who can be asked again.
pub(super) fn at_a_terminal() -> bool {
    io::stdin().is_terminal()
}

/// What was typed at `prompt`, or the next line of standard input; nothing of it is cut off but its end.
pub(super) fn line(prompt: &str) -> anyhow::Result<Secret> {
    let line = if at_a_terminal() {
        Zeroizing::new(rpassword::prompt_password(prompt).context("the terminal cannot be read")?)
    } else {
        let mut line = Zeroizing::new(String::with_capacity(usize::try_from(LONGEST)?));
        io::stdin().lock().take(LONGEST).read_line(&mut line).context("standard input cannot be read")?;
        line
    };
    let line = line.strip_suffix('\n').unwrap_or(&line);
    Ok(Secret::new(line.strip_suffix('\r').unwrap_or(line).as_bytes().to_vec()))
}

/// A PIN that is chosen: asked for twice, because a slip would lock the key away for good.
pub(super) fn new_pin() -> anyhow::Result<Pin> {
    let pin = Pin::new(line("New PIN: ")?)?;
    if line("The same again: ")?.expose() != pin.secret().expose() {
        bail!("The two are not the same. Nothing was changed.");
    }
    Ok(pin)
}

/// Fresh random bytes.
pub(super) fn random<const N: usize>() -> anyhow::Result<[u8; N]> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|error| anyhow!("There is no randomness: {error}."))?;
    Ok(bytes)
}
