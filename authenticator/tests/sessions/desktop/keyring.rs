//! The desktop's real keyring, and what any program of the session can read and write in it.

use super::{Desktop, end, wait};
use std::collections::HashMap;
use std::io::Write;
use std::process::Stdio;
use zbus::{Connection, OwnedObjectPath, OwnedVariant};

const SECRETS: &str = "org.freedesktop.secrets";
const PASSWORD: &[u8] = b"test-pass";

impl Desktop {
    pub(crate) async fn start_keyring(&mut self) {
        let mut keyring = self
            .command("gnome-keyring-daemon")
            .args(["--unlock", "--components=secrets", "--foreground"])
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        keyring.stdin.take().unwrap().write_all(PASSWORD).unwrap();
        self.keyring = Some(keyring);
        let session = self.keyring_session().await;
        wait("the keyring", async || self.default_collection(&session).await.is_some()).await;
    }

    /// Another keyring in the place of the one that is there: it has read the same files, and nobody has unlocked it.
    pub(crate) async fn restart_keyring_locked(&mut self) {
        self.stop_keyring();
        let mut keyring = self.command("gnome-keyring-daemon");
        keyring.args(["--start", "--components=secrets", "--foreground"]);
        self.keyring = Some(keyring.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap());
        let session = self.keyring_session().await;
        wait("the keyring", async || self.default_collection(&session).await.is_some()).await;
    }

    /// Has the keyring keep everybody waiting, or go on.
    #[cfg(feature = "gui")]
    pub(crate) fn freeze_keyring(&self, frozen: bool) {
        use nix::sys::signal::{Signal, kill};
        let pid = nix::unistd::Pid::from_raw(i32::try_from(self.keyring.as_ref().unwrap().id()).unwrap());
        kill(pid, if frozen { Signal::SIGSTOP } else { Signal::SIGCONT }).unwrap();
    }

    pub(crate) fn stop_keyring(&mut self) {
        end(&mut self.keyring);
    }

    async fn default_collection(&self, session: &Connection) -> Option<OwnedObjectPath> {
        let path: OwnedObjectPath = self.secrets(session, "ReadAlias", &"default").await.ok()?;
        (path.as_str() != "/").then_some(path)
    }

    pub(crate) async fn lock_keyring(&self) {
        let session = self.keyring_session().await;
        let collection = self.default_collection(&session).await.unwrap();
        let _: (Vec<OwnedObjectPath>, OwnedObjectPath) =
            self.secrets(&session, "Lock", &vec![collection]).await.unwrap();
    }

    /// The items of ours, locked or not.
    pub(crate) async fn items(&self) -> Vec<OwnedObjectPath> {
        let session = self.keyring_session().await;
        let ours = HashMap::from([("kind", "io.github.pam_mfa.DeviceKey")]);
        let (mut unlocked, locked): (Vec<OwnedObjectPath>, Vec<OwnedObjectPath>) =
            self.secrets(&session, "SearchItems", &ours).await.unwrap();
        unlocked.extend(locked);
        unlocked
    }

    /// What our items hold, as any program of the session can read it while they are unlocked.
    pub(crate) async fn secret_values(&self) -> Vec<Vec<u8>> {
        let (session, opened) = self.secret_session().await;
        let mut values = Vec::new();
        for item in self.items().await {
            let interface = Some("org.freedesktop.Secret.Item");
            let reply = session.call_method(Some(SECRETS), item, interface, "GetSecret", &opened).await.unwrap();
            let (_, _, value, _): (OwnedObjectPath, Vec<u8>, Vec<u8>, String) = reply.body().deserialize().unwrap();
            values.push(value);
        }
        values
    }

    async fn account_items(&self, session: &Connection) -> Vec<OwnedObjectPath> {
        let ours = HashMap::from([("xdg:schema", "io.github.pam_mfa.Account")]);
        let (items, _): (Vec<OwnedObjectPath>, Vec<OwnedObjectPath>) =
            self.secrets(session, "SearchItems", &ours).await.unwrap();
        items
    }

    /// Moves the items of accounts into the collection that this keyring keeps for the session alone.
    pub(crate) async fn move_accounts(&self) {
        let values = self.account_values().await;
        let (session, opened) = self.secret_session().await;
        for (item, value) in self.account_items(&session).await.into_iter().zip(values) {
            let what = ("org.freedesktop.Secret.Item", "Attributes");
            let get = Some("org.freedesktop.DBus.Properties");
            let reply = session.call_method(Some(SECRETS), &item, get, "Get", &what).await.unwrap();
            let attributes: OwnedVariant = reply.body().deserialize().unwrap();
            session.call_method(Some(SECRETS), &item, Some(what.0), "Delete", &()).await.unwrap();
            let properties = HashMap::from([("org.freedesktop.Secret.Item.Attributes", attributes)]);
            let secret = (&opened, Vec::<u8>::new(), value, "text/plain");
            let (interface, body) = (Some("org.freedesktop.Secret.Collection"), (properties, secret, false));
            let path = "/org/freedesktop/secrets/collection/session";
            session.call_method(Some(SECRETS), path, interface, "CreateItem", &body).await.unwrap();
        }
    }

    /// Puts something else into the item of one account.
    pub(crate) async fn damage_an_account(&self) {
        let (session, opened) = self.secret_session().await;
        let item = self.account_items(&session).await.remove(0);
        let secret = (&opened, Vec::<u8>::new(), b"no account".as_slice(), "text/plain");
        let interface = Some("org.freedesktop.Secret.Item");
        session.call_method(Some(SECRETS), item, interface, "SetSecret", &(secret,)).await.unwrap();
    }

    /// Removes what the keyring keeps; the next one begins anew.
    pub(crate) fn forget_keyring(&self) {
        std::fs::remove_dir_all(self.path("data/keyrings")).unwrap();
    }

    /// What the items of accounts hold.
    pub(crate) async fn account_values(&self) -> Vec<Vec<u8>> {
        let (session, opened) = self.secret_session().await;
        let mut values = Vec::new();
        for item in self.account_items(&session).await {
            let interface = Some("org.freedesktop.Secret.Item");
            let reply = session.call_method(Some(SECRETS), item, interface, "GetSecret", &opened).await.unwrap();
            let (_, _, value, _): (OwnedObjectPath, Vec<u8>, Vec<u8>, String) = reply.body().deserialize().unwrap();
            values.push(value);
        }
        values
    }

    /// Puts `value` into our items, as any program of the session can.
    pub(crate) async fn overwrite_secrets(&self, value: &str) {
        let (session, opened) = self.secret_session().await;
        for item in self.items().await {
            let secret = (&opened, Vec::<u8>::new(), value.as_bytes(), "text/plain");
            let interface = Some("org.freedesktop.Secret.Item");
            session.call_method(Some(SECRETS), item, interface, "SetSecret", &(secret,)).await.unwrap();
        }
    }

    /// A connection that the keyring knows: it may end when an unknown one opens a session.
    async fn keyring_session(&self) -> Connection {
        type Found = (Vec<OwnedObjectPath>, Vec<OwnedObjectPath>);
        let session = self.connect("session").await;
        let nothing = HashMap::from([("xdg:schema", "io.github.pam_mfa.Nothing")]);
        wait("an answer of the keyring", async || {
            self.secrets::<_, Found>(&session, "SearchItems", &nothing).await.is_ok()
        })
        .await;
        session
    }

    async fn secret_session(&self) -> (Connection, OwnedObjectPath) {
        let session = self.keyring_session().await;
        let (_, opened): (zbus::OwnedVariant, OwnedObjectPath) =
            self.secrets(&session, "OpenSession", &("plain", zbus::Variant::from(""))).await.unwrap();
        (session, opened)
    }

    async fn secrets<B, R>(&self, session: &Connection, method: &str, body: &B) -> zbus::Result<R>
    where
        B: serde::Serialize + zbus::DynamicType,
        R: serde::de::DeserializeOwned + zbus::Type,
    {
        let reply = session
            .call_method(
                Some(SECRETS),
                "/org/freedesktop/secrets",
                Some("org.freedesktop.Secret.Service"),
                method,
                body,
            )
            .await?;
        reply.body().deserialize()
    }
}
