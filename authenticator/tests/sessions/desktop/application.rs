//! Somebody who owns the window's name and records what it is asked to do.

use super::Desktop;
use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use zbus::{Connection, OwnedVariant, fdo, interface};

/// What was asked: the action, its parameter, and the activation token where there was one.
pub(crate) type Asked = (String, String, Option<String>);

/// A running one.
pub(crate) struct Application {
    _connection: Connection,
    asked: Arc<Mutex<Vec<Asked>>>,
}

struct Served {
    asked: Arc<Mutex<Vec<Asked>>>,
    willing: bool,
}

impl Application {
    /// `willing`: it does what it is asked.
    pub(crate) async fn start(desktop: &Desktop, willing: bool) -> Self {
        let asked = Arc::default();
        let connection = zbus::connection::Builder::address(desktop.address("session").as_str())
            .serve_at("/io/github/pam_mfa/Authenticator", Served { asked: Arc::clone(&asked), willing })
            .name(mfa_core::bus::AUTHENTICATOR)
            .build()
            .await
            .unwrap();
        Self { _connection: connection, asked }
    }

    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }
}

fn text(value: &OwnedVariant) -> String {
    value.try_clone().unwrap().try_into().unwrap()
}

#[interface(name = "org.freedesktop.Application")]
impl Served {
    async fn activate_action(
        &self,
        action: String,
        parameter: Vec<OwnedVariant>,
        platform: HashMap<String, OwnedVariant>,
    ) -> fdo::Result<()> {
        let token = platform.get("activation-token").map(text);
        assert_eq!(token, platform.get("desktop-startup-id").map(text));
        self.asked.lock().unwrap().push((action, parameter.iter().map(text).collect(), token));
        if self.willing { Ok(()) } else { Err(fdo::Error::Failed("no".into())) }
    }
}
