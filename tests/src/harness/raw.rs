//! Frames of a test's own, where no program sends the like.

use super::House;
use serde_json::{Value, json};
use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::time::Duration;

/// A connection that speaks frames of its own.
pub struct Raw(pub UnixStream);

impl Raw {
    /// To this socket of the house's mfad.
    ///
    /// # Panics
    /// When nobody listens.
    #[must_use]
    pub fn to(house: &House, socket: &str) -> Self {
        let stream = UnixStream::connect(house.world.run_dir().join(socket)).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
        Self(stream)
    }

    /// Sends a frame, if it can.
    ///
    /// # Panics
    /// Never for a frame a test writes.
    pub fn say(&mut self, what: &Value) {
        let body = json!({"v": 1, "t": what}).to_string();
        let _ = self.0.write_all(&[&u32::try_from(body.len()).unwrap().to_be_bytes(), body.as_bytes()].concat());
    }

    /// The next frame; `None` when mfad hung up.
    ///
    /// # Panics
    /// When it is no JSON.
    pub fn hear(&mut self) -> Option<Value> {
        let mut prefix = [0; 4];
        self.0.read_exact(&mut prefix).ok()?;
        let mut body = vec![0; u32::from_be_bytes(prefix) as usize];
        self.0.read_exact(&mut body).ok()?;
        Some(serde_json::from_slice::<Value>(&body).unwrap()["t"].take())
    }

    /// Sends a frame and reads the next.
    pub fn ask(&mut self, what: &Value) -> Option<Value> {
        self.say(what);
        self.hear()
    }
}

/// What mfad's admin desk says to this.
///
/// # Panics
/// When it hangs up.
#[must_use]
pub fn admin(house: &House, ask: &Value) -> Value {
    Raw::to(house, "root.sock").ask(&json!({"admin": {"by": null, "ask": ask}})).unwrap()
}

/// The first frame of a login.
#[must_use]
pub fn begin(user: &str, real_uid: u32) -> Value {
    json!({"begin": {"user": user, "service": "door", "real_uid": real_uid}})
}
