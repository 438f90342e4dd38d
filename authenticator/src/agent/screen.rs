//! Whether others may be reading the screen: a locked one shows no details.

use futures_util::future;
use std::time::Duration;
use zbus::proxy::{Builder, CacheProperties, MethodFlags};
use zbus::{Connection, Proxy};

/// A screen saver that can be asked.
#[derive(Clone, Copy)]
struct Saver {
    name: &'static str,
    path: &'static str,
    interface: &'static str,
}

impl Saver {
    const fn new(name: &'static str, path: &'static str) -> Self {
        Self { name, path, interface: name }
    }
}

const SAVERS: [Saver; 6] = [
    Saver::new("org.freedesktop.ScreenSaver", "/org/freedesktop/ScreenSaver"),
    Saver::new("org.gnome.ScreenSaver", "/org/gnome/ScreenSaver"),
    // GNOME Shell itself: the name above is a go-between of its, which runs once somebody has wanted it.
    Saver { name: "org.gnome.Shell.ScreenShield", ..Saver::new("org.gnome.ScreenSaver", "/org/gnome/ScreenSaver") },
    Saver::new("org.cinnamon.ScreenSaver", "/org/cinnamon/ScreenSaver"),
    Saver::new("org.mate.ScreenSaver", "/org/mate/ScreenSaver"),
    Saver::new("org.xfce.ScreenSaver", "/org/xfce/ScreenSaver"),
];

/// logind, and the caller's own session there; for a service of the user's manager, the user's graphical one.
const LOGIND: (&str, &str) = ("org.freedesktop.login1", "/org/freedesktop/login1/session/auto");

/// Longest wait for all of them; a request must not wait for a screen saver.
const PATIENCE: Duration = Duration::from_millis(500);

/// Whether details are to be left out of a notification.
pub(super) async fn hides_details(session: &Connection, system: Option<&Connection>) -> bool {
    let savers = future::join_all(SAVERS.map(|saver| answered(is_active(session, saver))));
    let hint = async {
        match system {
            Some(system) => answered(is_locked(system)).await,
            None => None,
        }
    };
    let (savers, hint) = future::join(savers, hint).await;
    hidden(&savers, hint)
}

/// What came in time and was no error.
async fn answered(question: impl Future<Output = zbus::Result<Option<bool>>>) -> Option<bool> {
    tokio::time::timeout(PATIENCE, question).await.ok().and_then(Result::ok).flatten()
}

async fn is_active(session: &Connection, saver: Saver) -> zbus::Result<Option<bool>> {
    let saver: Proxy<'_> = Builder::new(session)
        .destination(saver.name)
        .path(saver.path)
        .interface(saver.interface)
        .cache_properties(CacheProperties::No)
        .build()
        .await?;
    saver.call_with_flags("GetActive", MethodFlags::NO_AUTO_START, &()).await
}

async fn is_locked(system: &Connection) -> zbus::Result<Option<bool>> {
    let (name, path) = LOGIND;
    let session: Proxy<'_> = Builder::new(system)
        .destination(name)
        .path(path)
        .interface("org.freedesktop.login1.Session")
        .cache_properties(CacheProperties::No)
        .build()
        .await?;
    Ok(Some(session.get_property("LockedHint").await?))
}

/// Strict: one that is active or locked hides, and so does a session where no screen saver can say. logind's hint is
/// set by the desktop, and by some never: that it is not set proves nothing.
fn hidden(savers: &[Option<bool>], hint: Option<bool>) -> bool {
    savers.contains(&Some(true)) || hint == Some(true) || !savers.contains(&Some(false))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn details_show_only_where_a_screen_saver_says_it_is_not_active_and_logind_does_not_object() {
        assert!(!hidden(&[None, Some(false)], None));
        assert!(!hidden(&[None, Some(false)], Some(false)));
        assert!(hidden(&[Some(true), Some(false)], None));
        assert!(hidden(&[None, Some(false)], Some(true)));
        assert!(hidden(&[None, None], None));
        assert!(hidden(&[None, None], Some(false)));
        assert!(hidden(&[], None));
    }
}
