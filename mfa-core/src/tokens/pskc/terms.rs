//! What the policy of a key allows (RFC 6030 section 5).
//!
//! What must never happen: a key used although its policy says something that is not understood here; the RFC then
//! forbids it.

use super::tree::{Element, Space};
use super::{Notes, PskcRefusal};
use crate::clean;

/// What `PINPolicy` may say of a PIN that stays inside the token.
const OF_A_LOCAL_PIN: [&str; 6] =
    ["PINKeyId", "PINUsageMode", "MaxFailedAttempts", "MinLength", "MaxLength", "PINEncoding"];

/// Notes what is not kept of a policy.
///
/// # Errors
/// When the key may not make codes, or it cannot be told.
pub(super) fn judge(policy: Option<&Element>, notes: &mut Notes) -> Result<(), PskcRefusal> {
    let Some(policy) = policy else { return Ok(()) };
    if !policy.attributes.is_empty() {
        return Err(PskcRefusal::Policy);
    }
    let mut usages = Vec::new();
    for term in &policy.children {
        if term.space != Space::Pskc {
            return Err(PskcRefusal::Policy);
        }
        match &*term.name {
            "KeyUsage" => usages.push(term.text()),
            "StartDate" | "ExpiryDate" | "NumberOfTransactions" => {
                notes.change(&format!("its {} ({}) is not kept", term.name, clean::field(term.text())));
            }
            "PINPolicy" => {
                pin(term)?;
                notes.change("its PIN is the token's own business");
            }
            _ => return Err(PskcRefusal::Policy),
        }
    }
    if usages.is_empty() || usages.contains(&"OTP") { Ok(()) } else { Err(PskcRefusal::Usage) }
}

fn pin(term: &Element) -> Result<(), PskcRefusal> {
    let known = term.attributes.iter().all(|(name, _)| OF_A_LOCAL_PIN.contains(&name.as_str()));
    if !known || !term.children.is_empty() {
        return Err(PskcRefusal::Policy);
    }
    match term.attribute("PINUsageMode") {
        Some("Local") => Ok(()),
        Some("Prepend" | "Append" | "Algorithmic") => Err(PskcRefusal::Pin),
        _ => Err(PskcRefusal::Policy),
    }
}
