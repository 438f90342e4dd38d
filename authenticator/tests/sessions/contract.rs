//! The shipped descriptions of the agent's two interfaces, held against what it serves and against the proxies.

use crate::approving::paired;
use crate::desktop::Desktop;
use futures_util::StreamExt;
use mfa_core::bus::{AGENT_PATH, APPROVALS_PATH, Agent1Proxy, Approvals1Proxy, Decided, Listed};
use zbus::message::Type as Kind;
use zbus::zvariant::Type;
use zbus::{Connection, MessageStream};

const APPROVALS1: &str = include_str!("../../../packaging/dbus/io.github.pam_mfa.Approvals1.xml");
const AGENT1: &str = include_str!("../../../packaging/dbus/io.github.pam_mfa.Agent1.xml");

/// The element of one interface, without comments and the whitespace between elements.
fn interface(xml: &str, name: &str) -> String {
    let mut text = xml.to_owned();
    while let (Some(from), Some(to)) = (text.find("<!--"), text.find("-->")) {
        text.replace_range(from..to + 3, "");
    }
    let from = text.find(&format!("<interface name=\"{name}\">")).unwrap_or_else(|| panic!("no {name} in {text}"));
    let to = from + text[from..].find("</interface>").unwrap();
    text[from..to].lines().map(str::trim).collect()
}

async fn served(connection: &Connection, destination: &str, path: &str) -> String {
    let introspectable = Some("org.freedesktop.DBus.Introspectable");
    let reply = connection.call_method(Some(destination), path, introspectable, "Introspect", &()).await.unwrap();
    reply.body().deserialize().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_agent_serves_is_what_is_shipped() {
    let (desktop, mfad) = paired().await;
    let session = desktop.connect("session").await;
    let approvals = served(&session, mfa_core::bus::AGENT, APPROVALS_PATH).await;
    let name = "io.github.pam_mfa.Approvals1";
    assert_eq!(interface(&approvals, name), interface(APPROVALS1, name));
    let agent = mfad.state().agents[0].1.clone();
    let heard = served(&desktop.connect("system").await, agent.as_str(), AGENT_PATH).await;
    let name = "io.github.pam_mfa.Agent1";
    assert_eq!(interface(&heard, name), interface(AGENT1, name));
}

/// Each method of an interface as `name(arguments)results`.
fn methods(xml: &str, name: &str) -> Vec<String> {
    let text = interface(xml, name);
    let types = |element: &str, direction: &str| -> String {
        let arguments = element.split("<arg ").filter(|arg| arg.contains(&format!("direction=\"{direction}\"")));
        arguments.filter_map(|arg| arg.split("type=\"").nth(1)?.split('"').next()).collect()
    };
    let mut methods: Vec<String> = text
        .split("<method name=\"")
        .skip(1)
        .map(|rest| {
            let element = rest.split("</method>").next().unwrap();
            format!("{}({}){}", element.split('"').next().unwrap(), types(element, "in"), types(element, "out"))
        })
        .collect();
    methods.sort();
    methods
}

/// What the proxies send to somebody who answers nothing: each call as `name(arguments)`.
async fn sent(desktop: &Desktop) -> (Vec<String>, Vec<String>) {
    let (caller, peer) = (desktop.connect("session").await, desktop.connect("session").await);
    let name = peer.unique_name().unwrap().clone();
    let mut calls = MessageStream::from(&peer);
    let approvals = Approvals1Proxy::builder(&caller).destination(name.clone()).build().await.unwrap();
    let agent = Agent1Proxy::builder(&caller).destination(name).path(AGENT_PATH);
    let agent = agent.build().await.unwrap();
    // Sent and not waited for.
    tokio::spawn(async move {
        tokio::join!(
            async { approvals.list().await.map(drop) },
            async { approvals.approve("", "", "").await },
            async { approvals.deny("", false).await },
            async { approvals.history().await.map(drop) },
            agent.present(&[]),
            agent.withdraw("", ""),
            agent.announce(""),
        )
    });
    let (mut to_approvals, mut to_agent) = (Vec::new(), Vec::new());
    while to_approvals.len() + to_agent.len() < 7 {
        let message = calls.next().await.unwrap().unwrap();
        let header = message.header();
        if message.message_type() != Kind::MethodCall {
            continue;
        }
        let call = format!("{}({})", header.member().unwrap(), message.body().signature().to_string_no_parens());
        match header.interface().unwrap().as_str() {
            "io.github.pam_mfa.Approvals1" => to_approvals.push(call),
            "io.github.pam_mfa.Agent1" => to_agent.push(call),
            _ => {}
        }
    }
    (to_approvals, to_agent)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_proxies_call_what_is_shipped() {
    let desktop = Desktop::without_keyring();
    let (mut approvals, mut agent) = sent(&desktop).await;
    for call in &mut approvals {
        let results = match call.as_str() {
            "List()" => Vec::<Listed>::SIGNATURE.to_string(),
            "History()" => Vec::<Decided>::SIGNATURE.to_string(),
            _ => String::new(),
        };
        call.push_str(&results);
    }
    approvals.sort();
    agent.sort();
    assert_eq!(approvals, methods(APPROVALS1, "io.github.pam_mfa.Approvals1"));
    assert_eq!(agent, methods(AGENT1, "io.github.pam_mfa.Agent1"));
}
