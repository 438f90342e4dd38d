//! Presets refuse what is weaker and change nothing else.

use super::*;
use crate::limits::Lockout;

#[test]
fn a_weaker_policy_is_refused_with_its_line() {
    for (preset, text, expected) in [
        (
            "nist-aal2",
            "require = \"optional\"",
            "mfa.toml:2: require: the preset nist-aal2 wants a factor from everybody",
        ),
        ("nist-aal2", "number = false", "mfa.toml:2: number: the preset nist-aal2 wants the number"),
        (
            "nist-aal2",
            "enrol = [\"app\"]",
            "built-in default: require: the preset nist-aal2 wants a first factor bound",
        ),
        (
            "pci-dss-4",
            "",
            "built-in default: bypass.consent: the preset pci-dss-4 wants bypasses authorised by a second administrator (8.5.1)",
        ),
        (
            "pci-dss-4",
            "[bypass]\nmax = \"1h\"\nconsent = false",
            "mfa.toml:4: consent: the preset pci-dss-4 wants bypasses authorised by a second administrator (8.5.1)",
        ),
        ("pci-dss-4", "remember = \"1h\"", "mfa.toml:2: remember: the preset pci-dss-4 wants a factor at every login"),
        (
            "pci-dss-4",
            "[[rule]]\nmatch = { service = [\"sshd\"], user = [\"backup\"], from = [\"*\"] }\nrequire = \"off\"",
            "mfa.toml:4: require: the preset pci-dss-4 wants",
        ),
        (
            "nist-aal2",
            "[[rule]]\nmatch = { service = [\"sudo\"], user = [\"*\"], from = [\"*\"] }\nrequire = \"required\"\nnumber = false",
            "mfa.toml:5: number: ",
        ),
        ("iso-27001", "", "mfa.toml:1: preset: "),
    ] {
        let error = merge(&format!("preset = \"{preset}\"\n{text}\n")).unwrap_err().to_string();
        assert!(error.starts_with(expected), "{preset} {text:?} gave {error:?}");
    }
}

#[test]
fn a_policy_that_is_strict_enough_stands_as_it_is() {
    let nist = policy("preset = \"nist-aal2\"\nremember = \"12h\"\n");
    assert_eq!((nist.remember.value, nist.lockout()), (12 * 3600, Lockout::default()));
    let pci = "preset = \"pci-dss-4\"\nenrol = [\"app\"]\n[limits]\nwait_after = 3\ndisable_after = 50\n[bypass]\nmax = \"4h\"\nconsent = true\n";
    let pci = policy(pci);
    assert_eq!(pci.lockout(), Lockout { free: 3, half_an_hour_from: Some(10), disable_at: 50 });
    assert_eq!(pci.lockout().delay_after(10), 3600.min(pci.lockout().delay_after(10)).max(1800));
}

#[test]
fn limits_can_be_tightened_alone() {
    assert_eq!(policy("[limits]\nwait_after = 2\ndisable_after = 10\n").lockout().disable_at, 10);
    for (text, expected) in [
        ("[limits]\nwait_after = 6\ndisable_after = 10", "mfa.toml:2: wait_after: expected 1 to 5"),
        ("[limits]\nwait_after = 0\ndisable_after = 10", "mfa.toml:2: wait_after: expected 1 to 5"),
        ("[limits]\nwait_after = 1", "mfa.toml:1: [limits]: the key disable_after is missing"),
        ("[limits]\ndisable_after = 9", "mfa.toml:1: [limits]: the key wait_after is missing"),
        ("[limits]\nwait_after = 1\ndisable_after = 51", "mfa.toml:3: disable_after: expected 5 to 50"),
        ("remember = \"25h\"", "mfa.toml:1: remember: expected a span"),
        ("remember = \"8\"", "mfa.toml:1: remember: expected a span"),
        ("deadline = \"10s\"", "mfa.toml:1: deadline: expected"),
        ("deadline = \"2m\"", "mfa.toml:1: deadline: expected"),
        ("enrol = [\"sms\"]", "mfa.toml:1: enrol: "),
    ] {
        let error = merge(text).unwrap_err().to_string();
        assert!(error.starts_with(expected), "{text:?} gave {error:?}");
    }
}
