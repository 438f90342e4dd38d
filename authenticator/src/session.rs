//! The session bus, of which only this user's own is taken.
//!
//! Called by everything here that speaks on it; `ui::bus` holds GTK's own connection against [`reached`] and [`is_own`]. What must never happen:
//! codes, keys or requests on the bus of another user, to which a `su` that keeps the environment leads.

use crate::catalogue::{filled, gettext};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::UnixStream as StdStream;
use std::path::PathBuf;
use std::time::Duration;
use tokio::net::UnixStream;
use zbus::address::Address;
use zbus::address::transport::{Transport, UnixSocket};
use zbus::{Connection, connection::Builder};

/// Why there is none to speak on.
#[derive(Debug, thiserror::Error)]
pub enum NoSession {
    /// It does not answer.
    #[error(transparent)]
    Bus(#[from] zbus::Error),
    /// It is there, and somebody else's.
    #[error(
        "{}",
        filled(
            gettext(
                "The session bus belongs to another user (uid {uid}) and is not used. \
                 Start this in a session of your own; after su, by su - instead"
            ),
            &[("uid", .0)]
        )
    )]
    Another(u32),
}

/// A connection whose calls wait `patience` for their replies, as does its own beginning.
///
/// # Errors
/// When nothing answers, or it is another user's.
pub async fn connect(patience: Duration) -> Result<Connection, NoSession> {
    let stream = reached().await?.into_std().map_err(failed)?;
    let greeted = tokio::time::timeout(patience, Builder::unix_stream(stream).method_timeout(patience).build()).await;
    Ok(greeted.map_err(|_| failed(std::io::ErrorKind::TimedOut.into()))??)
}

/// What listens where the session bus is, to which nothing was said yet.
///
/// # Errors
/// When nothing does, it is another user's, or libraries would not agree on where it is.
pub async fn reached() -> Result<UnixStream, NoSession> {
    let stream = UnixStream::connect(socket()?).await.map_err(failed)?;
    // Not zbus's `peer_creds`: it wants the process as well, which in a sandbox nobody can see, and which may have ended.
    is_own(stream.peer_cred().map_err(failed)?.uid())?;
    Ok(stream)
}

fn failed(error: std::io::Error) -> zbus::Error {
    zbus::Error::InputOutput(error.into())
}

/// Whether a bus is this user's own that belongs to `uid`.
///
/// # Errors
/// When it is another's.
pub fn is_own(uid: u32) -> Result<(), NoSession> {
    if uid == rustix::process::geteuid().as_raw() { Ok(()) } else { Err(NoSession::Another(uid)) }
}

/// Whose the program is that listens at the other end of `stream`. Within a runtime.
///
/// # Errors
/// When the kernel does not say.
pub fn owner(stream: StdStream) -> std::io::Result<u32> {
    Ok(UnixStream::from_std(stream)?.peer_cred()?.uid())
}

/// Where it listens, by the one address that every library reads alike: of several, of one that is not text and of one that names two
/// places each takes another.
fn socket() -> zbus::Result<PathBuf> {
    let told = std::env::var_os("DBUS_SESSION_BUS_ADDRESS").unwrap_or_default();
    let unread = || zbus::Error::Address("not one address of a socket of this computer".into());
    let text = told.to_str().filter(|text| !text.contains(';')).ok_or_else(unread)?;
    // Its keys stand in any order behind the transport.
    let keys = text.split_once(':').map_or(text, |(_, keys)| keys);
    let places = keys.split(',').filter(|part| !part.starts_with("guid=")).count();
    match Address::session()?.transport() {
        Transport::Unix(unix) if places == 1 => match unix.path() {
            UnixSocket::File(path) => Ok(path.clone()),
            UnixSocket::Abstract(name) => Ok(abstracted(name)),
            _ => Err(unread()),
        },
        _ => Err(unread()),
    }
}

/// Abstract names begin with a zero byte where paths are taken (`unix(7)`).
fn abstracted(name: &std::ffi::OsStr) -> PathBuf {
    PathBuf::from(std::ffi::OsStr::from_bytes(&[&[0], name.as_bytes()].concat()))
}
