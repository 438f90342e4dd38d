//! Signals of the two buses, taken only from who may send them.
//!
//! A peer can send any signal straight to us, whatever our match rules say; what counts is the sender, which the bus
//! writes itself.

use futures_util::{Stream, StreamExt};
use std::future;
use zbus::message::Type;
use zbus::{Connection, MatchRule, Message, MessageStream};

/// The bus's own name, as the sender of its signals.
const BUS: &str = "org.freedesktop.DBus";

/// One item for each time the bus says that `name` has another owner. Who that is must be asked.
pub(super) async fn owners(
    connection: &Connection,
    name: &'static str,
) -> zbus::Result<impl Stream<Item = ()> + Unpin + use<>> {
    let rule = MatchRule::builder()
        .msg_type(Type::Signal)
        .sender(BUS)
        .path("/org/freedesktop/DBus")
        .interface(BUS)
        .member("NameOwnerChanged")
        .add_arg(name)
        .build()?;
    let stream = MessageStream::for_match_rule(rule, connection, None).await?;
    Ok(stream.filter_map(|message| future::ready(message.ok().filter(|m| is_from(m, BUS)).map(|_| ()))))
}

/// All signals of an interface at a path, whoever sent them: the caller looks at the sender.
pub(super) async fn signals(
    connection: &Connection,
    path: Option<&'static str>,
    interface: &'static str,
) -> zbus::Result<impl Stream<Item = Message> + Unpin + use<>> {
    let mut rule = MatchRule::builder().msg_type(Type::Signal).interface(interface);
    if let Some(path) = path {
        rule = rule.path(path);
    }
    let stream = MessageStream::for_match_rule(rule.build()?, connection, None).await?;
    Ok(stream.filter_map(|message| future::ready(message.ok())))
}

fn is_from(message: &Message, sender: &str) -> bool {
    message.header().sender().is_some_and(|name| name.as_str() == sender)
}
