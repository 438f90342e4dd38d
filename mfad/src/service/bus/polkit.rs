//! Asking polkit whether a caller may.
//!
//! Called with no lock held: polkit may run our own module to ask the caller for a code. Whatever is not a clear yes is a no.

use crate::seldom::{Seldom, due};
use mfa_core::bus::{Error, PREFIX};
use std::collections::HashMap;
use std::sync::Mutex;
use std::time::Duration;
use zbus::message::{Flags, Header};
use zbus::{Connection, Variant, proxy};

/// What may be asked about, as `packaging/polkit` defines it.
#[derive(Debug, Clone, Copy)]
pub(super) enum Action {
    /// A first factor of the caller's own.
    EnrollOwn,
    /// Everybody's factors.
    ManageUsers,
    /// Codes that stand in for others' factors.
    ManageBypasses,
}

impl Action {
    fn id(self) -> String {
        let name = match self {
            Self::EnrollOwn => "enroll-own",
            Self::ManageUsers => "manage-users",
            Self::ManageBypasses => "manage-bypasses",
        };
        format!("{PREFIX}.{name}")
    }
}

/// What is asked, and what whoever is asked for a password reads.
pub(super) struct About {
    pub(super) action: Action,
    /// As the caller typed it; empty: nobody's, or the caller's own.
    pub(super) user: String,
}

/// Characters of a user's name in a dialogue.
const NAME_CHARS: usize = 64;

/// A user's name as a dialogue shows it: no markup, no words of the caller's own around it.
fn plain(user: &str) -> String {
    let plain = |c: char| if c.is_alphanumeric() || "-_.@+$\\".contains(c) { c } else { '?' };
    user.chars().take(NAME_CHARS).map(plain).collect()
}

/// Whether polkit was asked about somebody who has left the bus: that is the caller's doing, and nothing is wrong with polkit.
fn is_gone(why: &zbus::Error) -> bool {
    match why {
        // polkitd asks the bus for the uid and hands its answer on.
        zbus::Error::FDO(why) => matches!(**why, zbus::fdo::Error::NameHasNoOwner(_)),
        zbus::Error::MethodError(_, text, _) => {
            text.as_deref().is_some_and(|text| text.contains("Could not get UID of"))
        }
        _ => false,
    }
}

/// A person types a password, and a code of ours after it.
const PATIENCE: Duration = Duration::from_secs(150);

/// Of polkit that cannot be asked: every user can have it asked, as often as they like.
static SILENT: Mutex<Seldom> = Mutex::new(Seldom::new());

/// `AllowUserInteraction` (org.freedesktop.PolicyKit1.Authority, CheckAuthorizationFlags).
const MAY_ASK: u32 = 1;

#[proxy(
    interface = "org.freedesktop.PolicyKit1.Authority",
    default_service = "org.freedesktop.PolicyKit1",
    default_path = "/org/freedesktop/PolicyKit1/Authority"
)]
trait Authority {
    fn check_authorization(
        &self,
        subject: &(&str, HashMap<&str, Variant<'_>>),
        action: &str,
        details: HashMap<&str, &str>,
        flags: u32,
        cancellation: &str,
    ) -> zbus::Result<(bool, bool, HashMap<String, String>)>;

    fn cancel_check_authorization(&self, cancellation: &str) -> zbus::Result<()>;
}

/// Whether polkit lets the caller of `header` do what it is `about`. A person is asked only where the message allows it
/// (`ALLOW_INTERACTIVE_AUTHORIZATION`).
///
/// # Errors
/// When it does not, or cannot be asked.
pub(super) async fn check(connection: &Connection, header: &Header<'_>, about: About) -> Result<(), Error> {
    let Some(sender) = header.sender() else {
        return Err(Error::NotAuthorized(String::from("the bus does not say who calls")));
    };
    let id = about.action.id();
    // The messages in `packaging/polkit` name both; a rule can look at them.
    let (user, method) = (plain(&about.user), header.member().map(ToString::to_string).unwrap_or_default());
    let details = HashMap::from([("user", user.as_str()), ("method", method.as_str())]);
    let unasked =
        || Error::NotAuthorized(String::from("polkit cannot be asked whether you may do this; root can, by mfactl"));
    let absent = |why: &dyn std::fmt::Display| {
        if let Some(times) = due(&SILENT) {
            tracing::warn!("polkit cannot be asked about {id}: {why}{times}");
        }
        unasked()
    };
    let polkit = AuthorityProxy::builder(connection)
        .cache_properties(zbus::proxy::CacheProperties::No)
        .build()
        .await
        .map_err(|why| absent(&why))?;
    let name = Variant::from(sender.as_str());
    let subject = ("system-bus-name", HashMap::from([("name", name)]));
    let interactive = header.primary().flags().contains(Flags::ALLOW_INTERACTIVE_AUTH);
    let flags = if interactive { MAY_ASK } else { 0 };
    // One of a kind: serials are the sender's own.
    let cancellation = format!("{sender}-{}", header.primary().serial_num());
    let asked = polkit.check_authorization(&subject, &id, details, flags, &cancellation);
    match tokio::time::timeout(PATIENCE, asked).await {
        Ok(Ok((true, ..))) => Ok(()),
        Ok(Ok((false, challenge, _))) => Err(Error::NotAuthorized(String::from(if challenge && !interactive {
            "you have to authenticate for this, and the call does not allow asking you"
        } else {
            "polkit does not let you do this"
        }))),
        Ok(Err(why)) if is_gone(&why) => {
            tracing::debug!("polkit cannot be asked about {id}: {sender} has left the bus");
            Err(unasked())
        }
        Ok(Err(why)) => Err(absent(&why)),
        Err(_) => {
            // Best effort: a dialogue nobody waits for any more should go.
            let _ = polkit.cancel_check_authorization(&cancellation).await;
            Err(absent(&"it gave no answer in time"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dialogue_shows_names_and_no_words_or_markup_of_the_callers() {
        for (typed, shown) in [
            ("anna", "anna"),
            ("EXAMPLE\\jörg.o-k_1@example.org", "EXAMPLE\\jörg.o-k_1@example.org"),
            ("anna: press OK", "anna??press?OK"),
            ("<b>\u{202e}\n$(x)</b>", "?b???$?x???b?"),
            ("", ""),
        ] {
            assert_eq!(plain(typed), shown);
        }
        assert_eq!(plain(&"x".repeat(100)).len(), NAME_CHARS);
    }
}
