//! `requests`, `approve`, `deny`, `history`: the agent's list, over the session bus.

use super::{hidden, ids, refused, state, when};
use crate::catalogue::{Text, filled, gettext};
use crate::now;
use anyhow::{Context, anyhow, bail};
use futures_util::StreamExt;
use mfa_core::bus::{Approvals1Proxy, Error, Listed};
use mfa_core::clean;
use std::io::Write;
use std::time::Duration;
use zbus::fdo;
use zbus::proxy::CacheProperties;

/// Longest wait for the agent: it may have the keyring ask for a password meanwhile.
const PATIENCE: Duration = Duration::from_secs(120);

/// PINs that are asked for at a terminal before the command gives up. The request waits on, and so does the agent after
/// five wrong ones.
const TYPING_TRIES: u32 = 3;

async fn agent() -> anyhow::Result<Approvals1Proxy<'static>> {
    let absent = Text("No session bus. Run this inside the desktop session whose agent you mean.");
    let session = state::connected(PATIENCE, absent).await?;
    Ok(Approvals1Proxy::builder(&session).cache_properties(CacheProperties::No).build().await?)
}

/// [`refused`], with a word on how to start the agent when it is not there.
fn unanswered(error: Error) -> anyhow::Error {
    if let Error::Bus(zbus::Error::FDO(cause)) = &error
        && matches!(**cause, fdo::Error::ServiceUnknown(_) | fdo::Error::NameHasNoOwner(_))
    {
        return anyhow!(gettext("No agent runs in this session. Start it: mfa-authenticator agent"));
    }
    refused(error)
}

pub(super) async fn list(watch: bool, json: bool) -> anyhow::Result<()> {
    let agent = agent().await?;
    // Before the first look, or a change in between would be missed.
    let mut changes = agent.receive_changed().await?;
    loop {
        let requests = agent.list().await.map_err(unanswered)?;
        show(&requests, json, watch)?;
        if !watch {
            return Ok(());
        }
        tokio::select! {
            change = changes.next() => if change.is_none() { bail!(gettext("The session bus is gone.")) },
            () = agent.inner().connection().closed() => bail!(gettext("The session bus is gone.")),
        }
    }
}

fn show(requests: &[Listed], json: bool, watch: bool) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    if json {
        writeln!(out, "{}", serde_json::to_string(requests)?)?;
    } else if requests.is_empty() {
        writeln!(out, "{}", gettext("No requests."))?;
    } else {
        for request in requests {
            writeln!(out, "{}", described(request, now()))?;
        }
        if watch {
            writeln!(out)?;
        }
    }
    Ok(out.flush()?)
}

/// A request in lines of a fixed shape; every text cleaned, ours first.
fn described(request: &Listed, now: u64) -> String {
    let id: String = request.id.chars().take(8).collect();
    let mut text = filled(
        gettext("{request}  {purpose} for {user} on {host}"),
        &[
            ("request", &clean::field(&id)),
            ("purpose", &purpose(request)),
            ("user", &clean::field(&request.user)),
            ("host", &clean::field(&request.host)),
        ],
    );
    for (name, value) in [
        (gettext("service"), &request.service),
        (gettext("from"), &request.rhost),
        (gettext("asked by"), &request.ruser),
        (gettext("terminal"), &request.tty),
    ] {
        if !value.is_empty() {
            text.push_str(&format!("\n          {name}: {}", clean::field(value)));
        }
    }
    if !request.command.is_empty() {
        text.push_str(&format!("\n          {}: {}", gettext("command"), clean::command(&request.command)));
    }
    if request.approver != request.user {
        text.push_str(&format!("\n          {}", gettext("for somebody else: you are asked as an approver")));
    }
    let ends = filled(
        gettext("{when}, ends in {seconds} s"),
        &[("when", &when::ago(request.issued, now)), ("seconds", &request.expires.saturating_sub(now))],
    );
    let number = if request.number_due { format!(" {}", gettext("NUMBER")) } else { String::new() };
    text.push_str(&format!("\n          {ends}\n          mfa-authenticator approve {}{number}", clean::field(&id)));
    text
}

/// What a yes would do, and to what.
fn purpose(request: &Listed) -> String {
    let purpose = clean::field(&request.purpose);
    if request.subject.is_empty() { purpose } else { format!("{purpose} {}", clean::field(&request.subject)) }
}

pub(super) async fn approve(id: &str, number: &str) -> anyhow::Result<()> {
    let agent = agent().await?;
    let request = found(&agent, id).await?;
    let mut answer = agent.approve(&request.id, number, "").await;
    let mut tries = if hidden::at_a_terminal() { TYPING_TRIES } else { 1 };
    while let Err(error @ (Error::PinNeeded(_) | Error::WrongPin(_))) = &answer {
        if tries == 0 {
            break;
        }
        tries -= 1;
        if matches!(error, Error::WrongPin(_)) {
            eprintln!("{}", error.words());
        }
        let pin = hidden::line(gettext("PIN: "))?;
        answer = agent.approve(&request.id, number, pin.expose_str().unwrap_or_default()).await;
    }
    answer.map_err(unanswered)?;
    let text = gettext("Approved: {purpose} for {user} on {host}.");
    let (user, host) = (clean::field(&request.user), clean::field(&request.host));
    println!("{}", filled(text, &[("purpose", &purpose(&request)), ("user", &user), ("host", &host)]));
    Ok(())
}

pub(super) async fn deny(id: &str, report: bool) -> anyhow::Result<()> {
    let agent = agent().await?;
    let request = found(&agent, id).await?;
    agent.deny(&request.id, report).await.map_err(unanswered)?;
    println!("{}", if report { gettext("Denied and reported.") } else { gettext("Denied.") });
    Ok(())
}

async fn found(agent: &Approvals1Proxy<'_>, typed: &str) -> anyhow::Result<Listed> {
    let requests = agent.list().await.map_err(unanswered)?;
    let id = ids::completed(typed, requests.iter().map(|request| request.id.as_str())).map_err(|why| anyhow!(why))?;
    requests.iter().find(|request| request.id == id).cloned().context(Text("It is over."))
}

pub(super) async fn history(json: bool) -> anyhow::Result<()> {
    let decided = agent().await?.history().await.map_err(unanswered)?;
    if json {
        println!("{}", serde_json::to_string(&decided)?);
        return Ok(());
    }
    if decided.is_empty() {
        println!("{}", gettext("No decisions yet."));
    }
    for decision in decided {
        let request = &decision.request;
        let text = if request.rhost.is_empty() {
            gettext("{when}  {outcome}: {purpose} ({service}) for {user} on {host}")
        } else {
            gettext("{when}  {outcome}: {purpose} ({service}) for {user} on {host} from {from}")
        };
        let values: [(&str, &dyn std::fmt::Display); 7] = [
            ("when", &when::ago(decision.at, now())),
            ("outcome", &clean::field(&decision.outcome)),
            ("purpose", &purpose(request)),
            ("service", &clean::field(&request.service)),
            ("user", &clean::field(&request.user)),
            ("host", &clean::field(&request.host)),
            ("from", &clean::field(&request.rhost)),
        ];
        println!("{}", filled(text, &values));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_printed_cannot_steer_a_terminal() {
        let hostile = "\u{1b}[2J\u{202e}x\n".to_owned() + &"y".repeat(10_000);
        let request = Listed {
            id: hostile.clone(),
            host: hostile.clone(),
            user: hostile.clone(),
            service: hostile.clone(),
            ruser: hostile.clone(),
            rhost: hostile.clone(),
            tty: hostile.clone(),
            purpose: hostile.clone(),
            approver: hostile.clone(),
            command: hostile.clone(),
            subject: hostile,
            number_due: true,
            issued: 0,
            expires: 45,
        };
        let text = described(&request, 10);
        assert!(!text.contains(['\u{1b}', '\u{202e}']));
        assert_eq!(text.lines().count(), 8);
        assert!(text.len() < 2048);
    }
}
