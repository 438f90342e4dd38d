//! GTK's connection to the session bus, of which only this user's own is taken.
//!
//! Called before anything of GTK's is. What must never happen: the window registered with another user's bus, or read by its screen reader.

use super::application::NoWindow;
use crate::session::{self, NoSession};
use gtk::gio;
use gtk::prelude::*;
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;

/// The connection that everybody here shares for as long as it is held; none where there is no bus.
///
/// # Errors
/// When it is another user's, or nobody can tell.
pub(super) fn own() -> Result<Option<gio::DBusConnection>, NoWindow> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build()?;
    let _within = runtime.enter();
    // Before GIO is let near it, which greets whoever listens.
    match runtime.block_on(session::reached()) {
        Ok(_) | Err(NoSession::Bus(zbus::Error::InputOutput(_))) => {}
        Err(why) => return Err(why.into()),
    }
    let Ok(bus) = gio::bus_get_sync(gio::BusType::Session, gio::Cancellable::NONE) else { return Ok(None) };
    session::is_own(owner(&bus)?)?;
    Ok(Some(bus))
}

/// Not by GIO's credentials: they want the process as well, which in a sandbox nobody can see. Within a runtime.
fn owner(bus: &gio::DBusConnection) -> std::io::Result<u32> {
    let stream = bus.stream().downcast::<gio::SocketConnection>().map_err(|_| std::io::ErrorKind::Unsupported)?;
    session::owner(UnixStream::from(stream.socket().as_fd().try_clone_to_owned()?))
}
