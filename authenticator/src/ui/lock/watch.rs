//! The desktop's own word that nobody may look any more: screen savers, a locked session, sleep.
//!
//! A forged signal can only lock, so that senders are not looked at. What must never happen: the window waiting for a bus.

use super::Cause;
use crate::keyring::PATIENCE;
use crate::session;
use futures_util::{StreamExt, future, stream};
use tokio::sync::mpsc::UnboundedSender;
use zbus::{Connection, MatchRule, Message, MessageStream, message};

/// The signal of a screen saver, by its interface.
const SAVERS: [&str; 5] = [
    "org.freedesktop.ScreenSaver",
    "org.gnome.ScreenSaver",
    "org.cinnamon.ScreenSaver",
    "org.mate.ScreenSaver",
    "org.xfce.ScreenSaver",
];

/// Tells `causes` of everything that is to lock, until nobody listens. Where a bus is missing, the other one is enough.
pub(crate) async fn watch(causes: UnboundedSender<Cause>) {
    let session = async {
        let mut rules = Vec::new();
        for saver in SAVERS {
            rules.push(signal(saver, "ActiveChanged"));
        }
        follow(session::connect(PATIENCE).await.ok(), rules, &causes).await;
    };
    let system = async {
        let rules = vec![
            signal("org.freedesktop.login1.Manager", "PrepareForSleep"),
            signal("org.freedesktop.login1.Session", "Lock"),
        ];
        follow(Connection::system().await.ok(), rules, &causes).await;
    };
    future::join(session, system).await;
}

fn signal(interface: &'static str, member: &'static str) -> zbus::Result<MatchRule<'static>> {
    MatchRule::builder().msg_type(message::Type::Signal).interface(interface).member(member).build()
}

async fn follow(
    bus: Option<Connection>,
    rules: Vec<zbus::Result<MatchRule<'static>>>,
    causes: &UnboundedSender<Cause>,
) {
    let Some(bus) = bus else { return };
    let mut streams = Vec::new();
    for rule in rules.into_iter().flatten() {
        streams.extend(MessageStream::for_match_rule(rule, &bus, None).await);
    }
    let own = own_session(&bus).await;
    let mut all = stream::select_all(streams);
    while let Some(message) = all.next().await {
        let cause = message.ok().and_then(|message| cause(&message, own.as_deref()));
        if let Some(cause) = cause
            && causes.send(cause).is_err()
        {
            return;
        }
    }
}

/// The path of this session in logind, where it says so.
async fn own_session(bus: &Connection) -> Option<String> {
    let id = std::env::var("XDG_SESSION_ID").ok()?;
    let login1 = Some("org.freedesktop.login1");
    let manager = Some("org.freedesktop.login1.Manager");
    let reply = bus.call_method(login1, "/org/freedesktop/login1", manager, "GetSession", &id).await.ok()?;
    reply.body().deserialize::<zbus::OwnedObjectPath>().ok().map(|path| path.as_str().to_owned())
}

fn cause(message: &Message, own: Option<&str>) -> Option<Cause> {
    let header = message.header();
    let flag = || message.body().deserialize::<bool>().ok();
    match header.member()?.as_str() {
        "ActiveChanged" => flag()?.then_some(Cause::Screen),
        "PrepareForSleep" => flag()?.then_some(Cause::Sleep),
        // Another user's session, where ours is known.
        "Lock" if own.is_some_and(|own| header.path().is_some_and(|path| path.as_str() != own)) => None,
        "Lock" => Some(Cause::Screen),
        _ => None,
    }
}
