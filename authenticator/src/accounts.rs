//! Questions to the name service, each bounded: it may hang on a dead directory server.

use nix::unistd::{Uid, User};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

/// Longest wait for the name service.
const PATIENCE: Duration = Duration::from_secs(2);

/// The uid of `name`; `None` when there is no such account or the name service does not answer.
#[must_use]
pub fn uid_of(name: &str) -> Option<u32> {
    let name = name.to_owned();
    bounded(move || User::from_name(&name).ok().flatten().map(|user| user.uid.as_raw()))
}

/// The name of the account this program runs as; its uid in digits when the name service does not answer.
#[must_use]
pub fn own_name() -> String {
    let uid = Uid::effective();
    bounded(move || User::from_uid(uid).ok().flatten().map(|user| user.name)).unwrap_or_else(|| uid.to_string())
}

/// The name of this computer.
#[must_use]
pub fn host_name() -> String {
    rustix::system::uname().nodename().to_string_lossy().into_owned()
}

fn bounded<T: Send + 'static>(question: impl FnOnce() -> Option<T> + Send + 'static) -> Option<T> {
    let (answered, answer) = mpsc::channel();
    thread::Builder::new()
        .name("name-service".to_owned())
        .spawn(move || {
            // Nobody waits any more when this fails.
            let _ = answered.send(question());
        })
        .ok()?;
    answer.recv_timeout(PATIENCE).ok().flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn root_has_uid_0_and_nobody_is_called_like_this() {
        assert_eq!(uid_of("root"), Some(0));
        assert_eq!(uid_of("no such account"), None);
    }
}
