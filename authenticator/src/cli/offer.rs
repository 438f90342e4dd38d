//! A first device offered to the user's next login, where policy lets one be set up so: no ticket is needed then.
//!
//! Called by `pair`. What must never happen: the key kept for an offer that nobody took.

use crate::catalogue::{filled, gettext};
use crate::daemon;
use anyhow::anyhow;
use mfa_core::approval;
use mfa_core::bus::{Error, Factors1Proxy, Trust};
use mfa_core::device::DeviceKey;
use mfa_core::secret::Secret;
use std::time::Duration;

/// mfad ends an offer after ten minutes; its answer is waited for a little longer.
const PATIENCE: Duration = Duration::from_secs(630);

/// Offers the key of one who has no factor, shows the number and waits for a login to take it: the device it became. `None`: the user
/// has a factor, or policy wants another way, and a proof is to be asked for.
pub(super) async fn taken(
    trust: Trust,
    factors: &Factors1Proxy<'_>,
    label: &str,
    key: &DeviceKey,
) -> anyhow::Result<Option<String>> {
    // An mfad that cannot list is an older one, which takes no offers.
    let Ok(own) = factors.list().await else { return Ok(None) };
    if own.enrolled {
        return Ok(None);
    }
    let connection = daemon::system_bus(PATIENCE).build().await?;
    let owner = trust.find(&connection).await.map_err(|why| anyhow!(daemon::unreached(&why)))?;
    let agents = daemon::agents(&connection, &owner).await?;
    let (offer, number) = match agents.offer_device(label, key.verifying_key().as_bytes()).await {
        Ok(offered) => offered,
        Err(Error::Refused(_)) => return Ok(None),
        Err(error) => {
            return Err(anyhow!(filled(gettext("mfad does not take the offer: {why}"), &[("why", &error.words())])));
        }
    };
    let text = gettext(
        "You have no factor yet. Log in to this host within ten minutes, choose the desktop, compare the fingerprint, and type: {number}",
    );
    println!("{}", filled(text, &[("number", &approval::shown(&Secret::from(number)))]));
    println!("{}", gettext("Leaving this program withdraws the offer."));
    let device = agents.await_offer(&offer).await;
    device
        .map(Some)
        .map_err(|error| anyhow!(filled(gettext("This computer was not added: {why}"), &[("why", &error.words())])))
}
