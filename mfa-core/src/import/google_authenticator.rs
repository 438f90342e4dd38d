//! The state file of `pam_google_authenticator`, as its own `FILEFORMAT` document describes it.
//!
//! One user, one secret, always SHA-1 and six digits. `HOTP_COUNTER` is the next counter and beats `TOTP_AUTH`;
//! `DISALLOW_REUSE` lists the steps that were used. Its eight-digit scratch codes are left out: they are too
//! short to be kept as hashes, and new recovery codes are made.

use super::{Imported, Outcome, Report, number, summary};
use crate::base32;
use crate::otp::{Algorithm, Moving, Otp, PERIOD, ShortSecret};
use crate::otpauth::MAX_COUNTER;
use std::collections::HashSet;
use zeroize::Zeroizing;

/// Digits of every code; the module knows no others.
const DIGITS: u8 = 6;

/// Seconds of a step without `STEP_SIZE`.
const DEFAULT_PERIOD: u32 = 30;

/// Reads the state file of one user.
///
/// The factor is missing from the report when the secret, the kind, the step, the counter or the used codes could not be
/// read, since each would change which codes are accepted.
#[must_use]
pub fn parse(text: &str, short: ShortSecret) -> Report {
    let mut options = Options {
        counts: text.lines().skip(1).filter_map(option).any(|(name, _)| name == "HOTP_COUNTER"),
        ..Options::default()
    };
    let mut report = Report::default();
    // The secret stands first, but whether it is taken depends on all that follows.
    report.line(1, Outcome::Refused, "the file is empty");
    let mut lines = text.lines();
    let secret = lines.next();
    for (number, line) in (2..).zip(lines) {
        if line.trim().is_empty() {
            continue;
        }
        let (outcome, what) = options.line(line);
        report.line(number, outcome, what);
    }
    let (outcome, what) = match secret.map(|line| options.factor(line, short)) {
        None => return report,
        Some(Err(why)) => (Outcome::Refused, why),
        Some(Ok((factor, outcome))) => {
            let what = summary(&factor.otp);
            report.factors.push(factor);
            (outcome, what)
        }
    };
    if let Some(first) = report.lines.first_mut() {
        (first.outcome, first.text) = (outcome, what);
    }
    report
}

/// A line `" NAME values`: the module tells options from codes by the quote and the space.
fn option(line: &str) -> Option<(&str, &str)> {
    let rest = line.strip_prefix("\" ")?;
    Some(rest.split_once([' ', '\t']).unwrap_or((rest.trim_end(), "")))
}

/// What the option lines said so far.
#[derive(Default)]
struct Options<'a> {
    /// Some line says `HOTP_COUNTER`, which makes the file a counter's.
    counts: bool,
    /// `TOTP_AUTH` was seen.
    timed: bool,
    period: Option<u32>,
    mark: Option<u64>,
    counter: Option<u64>,
    seen: HashSet<&'a str>,
    /// A line was refused that decides which codes are accepted.
    broken: bool,
}

impl<'a> Options<'a> {
    fn line(&mut self, line: &'a str) -> (Outcome, String) {
        let Some((name, values)) = option(line) else {
            return if is_scratch_code(line) {
                (
                    Outcome::LeftOut,
                    "a scratch code: eight digits are too few to keep, new recovery codes are made".into(),
                )
            } else {
                (Outcome::Refused, "neither an option nor a scratch code".into())
            };
        };
        if !self.seen.insert(name) {
            self.broken = true;
            return (Outcome::Refused, "an option that stands in the file twice: leave one of them".into());
        }
        match self.option(name, values) {
            // A name that is not known may be anything, a secret in the wrong place included.
            Ok((Outcome::Refused, what)) => (Outcome::Refused, what),
            Ok((outcome, what)) => (outcome, format!("{name}: {what}")),
            Err(why) => {
                self.broken = true;
                (Outcome::Refused, format!("{name}: {why}"))
            }
        }
    }

    /// The error is a refusal that leaves no factor.
    fn option(&mut self, name: &str, values: &str) -> Result<(Outcome, String), String> {
        let values = values.trim();
        Ok(match name {
            "TOTP_AUTH" | "STEP_SIZE" | "DISALLOW_REUSE" if self.counts => {
                (Outcome::LeftOut, "means nothing beside HOTP_COUNTER".into())
            }
            "TOTP_AUTH" => {
                self.timed = true;
                (Outcome::Taken, "codes move with time".into())
            }
            "HOTP_COUNTER" => {
                let counter = number(values).filter(|counter| (1..=MAX_COUNTER).contains(counter));
                self.counter = Some(counter.ok_or("not a counter of 1 or more")?);
                (Outcome::Taken, format!("the next counter is {values}"))
            }
            "STEP_SIZE" => {
                let period = number(values).and_then(|seconds| u32::try_from(seconds).ok());
                let period = period.ok_or("not a number of seconds")?;
                if !PERIOD.contains(&period) {
                    return Err(format!("a step of {period} seconds is not supported, 15 to 120 are: enrol again"));
                }
                self.period = Some(period);
                (Outcome::Taken, format!("{period} seconds"))
            }
            "DISALLOW_REUSE" => {
                for used in values.split_ascii_whitespace() {
                    self.mark = self.mark.max(Some(number(used).ok_or("not a list of used steps")?));
                }
                (
                    Outcome::Taken,
                    match self.mark {
                        Some(mark) => format!("codes up to step {mark} stay spent"),
                        None => "no code is spent yet".into(),
                    },
                )
            }
            "WINDOW_SIZE" if self.counts => {
                (Outcome::Changed, "the expected counter and nine after it are tried".into())
            }
            "WINDOW_SIZE" if values == "3" => (Outcome::Taken, "one step before and after now".into()),
            "WINDOW_SIZE" => (Outcome::Changed, "one step before and after now is accepted, whatever it says".into()),
            "TIME_SKEW" => match values {
                "0" => (Outcome::Taken, "the clocks agree".into()),
                _ => (
                    Outcome::Changed,
                    "the difference of the clocks is not kept: if codes are refused, set the device's clock".into(),
                ),
            },
            "RATE_LIMIT" => (Outcome::LeftOut, "failures are counted and limited by this system's own rules".into()),
            "RESETTING_TIME_SKEW" => (Outcome::LeftOut, "the difference of the clocks is not kept".into()),
            _ if is_last_login(name) => (Outcome::LeftOut, "logins remembered for a grace period are not kept".into()),
            _ => (Outcome::Refused, "an option that is not known here".into()),
        })
    }

    fn factor(&self, line: &str, short: ShortSecret) -> Result<(Imported, Outcome), String> {
        if self.broken {
            return Err("the secret is not taken, since a line below could not be read".into());
        }
        let moving = match (self.counter, self.timed) {
            (Some(_), _) => Moving::Counter,
            (None, true) => Moving::Time { period: self.period.unwrap_or(DEFAULT_PERIOD) },
            (None, false) => return Err("neither TOTP_AUTH nor HOTP_COUNTER says what moves the codes".into()),
        };
        let mut read = Zeroizing::new(String::with_capacity(line.len()));
        read.extend(line.chars().map(as_the_module_reads));
        let outcome = if *read == *line { Outcome::Taken } else { Outcome::Changed };
        let secret = base32::decode(&read).map_err(|why| format!("the first line must be the secret, but is {why}"))?;
        let otp = Otp::new(secret, Algorithm::Sha1, DIGITS, moving, short).map_err(|why| why.to_string())?;
        let (label, mark) = ("google-authenticator".into(), self.mark);
        // Without that option the module forgets what it accepted.
        let any_used = self.counter.is_none() && !self.seen.contains("DISALLOW_REUSE");
        Ok((Imported { line: 1, user: None, label, otp, mark, any_used, counter: self.counter }, outcome))
    }
}

/// The module takes three digits that are no base32 for the letters they are mistyped for.
fn as_the_module_reads(c: char) -> char {
    match c {
        '0' => 'O',
        '1' => 'L',
        '8' => 'B',
        other => other,
    }
}

fn is_scratch_code(line: &str) -> bool {
    let code = line.trim_end();
    code.len() == 8 && code.bytes().all(|byte| byte.is_ascii_digit())
}

/// `LAST0` to `LAST9`: host and time of logins within the module's grace period.
fn is_last_login(name: &str) -> bool {
    name.strip_prefix("LAST").is_some_and(|rest| !rest.is_empty() && rest.bytes().all(|byte| byte.is_ascii_digit()))
}

#[cfg(test)]
mod tests;
