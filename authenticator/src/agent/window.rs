//! Asking the window to show a request. The bus starts it where it is installed.

use crate::ui::{OBJECT, OPEN_REQUEST};
use mfa_core::bus::AUTHENTICATOR;
use std::collections::HashMap;
use zbus::{Connection, Variant};

/// The interface by which desktop applications are started and told what to do.
const APPLICATION: &str = "org.freedesktop.Application";

/// Has the window show request `id`; `token` lets it take the focus where the compositor asks for one.
pub(super) async fn open(session: &Connection, id: &str, token: Option<&str>) -> zbus::Result<()> {
    let mut platform = HashMap::new();
    if let Some(token) = token {
        // The first is Wayland's name for it, the second X11's; GTK looks for both.
        platform.insert("activation-token", Variant::from(token));
        platform.insert("desktop-startup-id", Variant::from(token));
    }
    let arguments = (OPEN_REQUEST, vec![Variant::from(id)], platform);
    session.call_method(Some(AUTHENTICATOR), OBJECT, Some(APPLICATION), "ActivateAction", &arguments).await?;
    Ok(())
}
