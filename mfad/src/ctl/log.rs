//! `mfactl log`: the audit trail for people and programs, and whether its chain is whole.

use super::Failure;
use super::link::{Link, unexpected};
use super::moments;
use super::show::{self, Gathered, Screen, count, line, moment};
use crate::clock::zone;
use clap::{Args, Subcommand};
use jiff::tz::TimeZone;
use mfa_core::admin::{AdminAsk, AdminReply};
use mfa_core::clean;
use serde::Serialize;
use serde_json::{Map, Value};

/// What to show of the trail.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(super) struct Log {
    #[command(subcommand)]
    command: Option<Command>,
    /// Only what is about this user
    #[arg(long, value_name = "USER")]
    user: Option<String>,
    /// Only from then on: 30m, 2h, 7d, 2026-11-23, 2026-11-23T18:00 (this host's time) or RFC 3339
    #[arg(long, value_name = "WHEN", value_parser = moments::past)]
    since: Option<u64>,
}

#[derive(Debug, Clone, Copy, Subcommand)]
enum Command {
    /// Walk the chain: whether lines were changed, moved or removed
    Verify,
}

/// Shows it, or walks it.
pub(super) fn log(link: &mut Link, screen: &mut Screen, log: &Log) -> Result<(), Failure> {
    match log.command {
        Some(Command::Verify) => verify(link, screen),
        None => show(link, screen, log),
    }
}

fn show(link: &mut Link, screen: &mut Screen, log: &Log) -> Result<(), Failure> {
    let zone = zone();
    let (mut gathered, mut after) = (Gathered::default(), None);
    loop {
        let ask = AdminAsk::Log { user: log.user.clone(), since: log.since, after };
        let AdminReply::Lines { lines, next } = link.ask(ask)? else { return Err(unexpected()) };
        for text in &lines {
            let text = if screen.json { show::escaped(text).to_string() } else { told(&zone, text) };
            gathered.line(screen, &text)?;
        }
        gathered.write(screen)?;
        after = next;
        if after.is_none() {
            return Ok(());
        }
    }
}

/// A line for people: when, what, about whom, and all else as `key=value`.
fn told(zone: &TimeZone, text: &str) -> String {
    let Ok(fields) = serde_json::from_str::<Map<String, Value>>(text) else { return line(text) };
    let when = fields.get("time").and_then(Value::as_u64).map_or_else(|| String::from("?"), |at| moment(zone, at));
    let word = |key: &str| fields.get(key).and_then(Value::as_str).map(clean::field).unwrap_or_default();
    let mut shown = format!("{when}  {:<18} {}", word("event"), word("user")).trim_end().to_owned();
    for (key, value) in &fields {
        // Where it stands in the chain is for log verify.
        if matches!(key.as_str(), "time" | "at" | "event" | "user" | "seq" | "prev") {
            continue;
        }
        let value = match value {
            Value::String(text) if text.contains([' ', '"', '=']) => format!("\"{}\"", line(&text.replace('"', "'"))),
            Value::String(text) => line(text),
            other => line(&other.to_string()),
        };
        shown.push_str(&format!(" {}={value}", clean::field(key)));
    }
    shown
}

fn verify(link: &mut Link, screen: &mut Screen) -> Result<(), Failure> {
    #[derive(Serialize)]
    struct Chain<'a> {
        records: u64,
        head: &'a str,
        broken: &'a [String],
    }
    let AdminReply::Chain { records, head, broken } = link.ask(AdminAsk::LogVerify)? else { return Err(unexpected()) };
    if screen.json {
        screen.object(&Chain { records, head: &head, broken: &broken })?;
        return if broken.is_empty() { Ok(()) } else { Err(Failure::Said) };
    }
    for fault in &broken {
        screen.say_cleaned(fault)?;
    }
    screen.say(&format!("{}, head {}", count(records, "record", "records"), clean::field(&head)))?;
    if !broken.is_empty() {
        return Err(Failure::refused("the audit trail was changed, or was damaged, at the places named"));
    }
    Ok(screen.say(
        "The chain is whole. Whether its end was cut off shows only by comparing with a head noted earlier, elsewhere.",
    )?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_the_trail_is_told_cleaned() {
        let text = r#"{"seq":3,"prev":"00","at":"x","time":0,"event":"auth.failed","user":"an\u001bna","reason":"wrong-code","detail":"mfactl \"verify\""}"#;
        let shown = told(&TimeZone::UTC, text);
        assert_eq!(
            shown,
            "1970-01-01 00:00:00 +00:00  auth.failed        an\\u{1b}na detail=\"mfactl 'verify'\" reason=wrong-code"
        );
        assert_eq!(told(&TimeZone::UTC, "not\x07json"), "not\\u{7}json");
    }
}
