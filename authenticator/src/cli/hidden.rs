//! Reading what nobody may see: on the terminal without echo, or a line of a pipe; never from the argument vector.

use crate::catalogue::{Text, filled, gettext};
use crate::pin::Pin;
use crate::sealed::SealError;
use anyhow::{Context, anyhow, bail};
use mfa_core::secret::Secret;
use std::io::{self, BufRead, IsTerminal, Read, Write};
use zeroize::Zeroizing;

/// Longest line in bytes: a PIN of 128 characters of four bytes, with room to see that one is longer.
const LONGEST: usize = 1024;

/// Whether a person sits there, who can be asked again.
pub(super) fn at_a_terminal() -> bool {
    io::stdin().is_terminal()
}

/// What was typed at `prompt`, or the next line of standard input; nothing of it is cut off but its end.
pub(super) fn line(prompt: &str) -> anyhow::Result<Secret> {
    line_up_to(LONGEST, prompt)
}

/// As [`line`], of `longest` bytes at most: a longer one is refused, since what is left of it would be another secret.
pub(super) fn line_up_to(longest: usize, prompt: &str) -> anyhow::Result<Secret> {
    let line = if at_a_terminal() {
        Zeroizing::new(rpassword::prompt_password(prompt).context(Text("the terminal cannot be read"))?)
    } else {
        // With its end.
        let most = longest + 2;
        let mut line = Zeroizing::new(String::with_capacity(most));
        let input = io::stdin().lock();
        input.take(u64::try_from(most)?).read_line(&mut line).context(Text("standard input cannot be read"))?;
        line
    };
    let line = line.strip_suffix('\n').unwrap_or(&line);
    let line = line.strip_suffix('\r').unwrap_or(line);
    if line.len() > longest {
        let text =
            gettext("What was given has more than {longest} bytes, the most that is read here. Nothing was changed.");
        bail!(filled(text, &[("longest", &longest)]));
    }
    Ok(Secret::new(line.as_bytes().to_vec()))
}

/// Whether the person at the terminal says yes. Anything else is a no.
pub(super) fn yes(question: &str) -> anyhow::Result<bool> {
    print!("{question} {} ", gettext("[y/N]"));
    io::stdout().flush()?;
    let mut answer = String::new();
    io::stdin().lock().take(16).read_line(&mut answer).context(Text("the terminal cannot be read"))?;
    // Also the English word, which fingers know.
    Ok(["y", "yes"].into_iter().chain(gettext("y yes").split(' ')).any(|yes| yes == answer.trim().to_lowercase()))
}

/// A PIN that is chosen: asked for twice, because a slip would lock the key away for good.
pub(super) fn new_pin() -> anyhow::Result<Pin> {
    let pin = Pin::new(line(gettext("New PIN: "))?)?;
    if line(gettext("The same again: "))?.expose() != pin.secret().expose() {
        bail!(gettext("The two are not the same. Nothing was changed."));
    }
    Ok(pin)
}

/// A PIN of which nobody can say whether it is the right one.
pub(super) fn untried(why: &SealError) -> anyhow::Error {
    anyhow!(filled(gettext("The PIN cannot be tried: {why}."), &[("why", why)]))
}

/// Fresh random bytes.
pub(super) fn random<const N: usize>() -> anyhow::Result<[u8; N]> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes)
        .map_err(|error| anyhow!(filled(gettext("There is no randomness: {why}."), &[("why", &error)])))?;
    Ok(bytes)
}
