//! Whether others may be reading the screen: a locked one shows no details.

use std::time::Duration;
use zbus::proxy::{Builder, CacheProperties, MethodFlags};
use zbus::{Connection, Proxy};

/// The screen savers that can be asked: bus name and interface, path.
const SAVERS: [(&str, &str); 5] = [
    ("org.freedesktop.ScreenSaver", "/org/freedesktop/ScreenSaver"),
    ("org.gnome.ScreenSaver", "/org/gnome/ScreenSaver"),
    ("org.cinnamon.ScreenSaver", "/org/cinnamon/ScreenSaver"),
    ("org.mate.ScreenSaver", "/org/mate/ScreenSaver"),
    ("org.xfce.ScreenSaver", "/org/xfce/ScreenSaver"),
];

/// Longest wait for each; a request must not wait for a screen saver.
const PATIENCE: Duration = Duration::from_millis(500);

/// Whether details are to be left out of a notification.
pub(super) async fn hides_details(session: &Connection) -> bool {
    let mut answers = Vec::new();
    for (name, path) in SAVERS {
        let answer = tokio::time::timeout(PATIENCE, is_active(session, name, path)).await;
        answers.push(answer.ok().and_then(Result::ok).flatten());
    }
    hidden(&answers)
}

async fn is_active(session: &Connection, name: &'static str, path: &'static str) -> zbus::Result<Option<bool>> {
    let saver: Proxy<'_> = Builder::new(session)
        .destination(name)
        .path(path)
        .interface(name)
        .cache_properties(CacheProperties::No)
        .build()
        .await?;
    saver.call_with_flags("GetActive", MethodFlags::NO_AUTO_START, &()).await
}

/// Strict: one that is active hides, and so does a session where nobody can say.
fn hidden(answers: &[Option<bool>]) -> bool {
    answers.contains(&Some(true)) || !answers.contains(&Some(false))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn details_show_only_where_a_screen_saver_says_it_is_not_active() {
        assert!(!hidden(&[None, Some(false)]));
        assert!(hidden(&[Some(true), Some(false)]));
        assert!(hidden(&[None, None]));
        assert!(hidden(&[]));
    }
}
