//! Faults of a policy file that are nearly right: what is said names the key, shows the form, or the word that was meant.

use super::merge;

#[test]
fn what_is_nearly_right_is_answered_with_what_is() {
    for (text, expected) in [
        (
            "[[rule]]\nmatch = { service = \"sshd\" }\nrequire = \"required\"",
            "mfa.toml:2: match.service: expected a list: service = [\"…\"]",
        ),
        (
            "[[rule]]\nrequire = \"required\"\n[rule.match]\nservice = \"sshd\"",
            "mfa.toml:4: service: expected a list: service = [\"…\"]",
        ),
        (
            "[[rule]]\nmatch.service = \"sshd\"\nrequire = \"off\"",
            "mfa.toml:2: match.service: expected a list: service = [\"…\"]",
        ),
        (
            "[[raise]]\nwhen = { failures = \"3\" }\ndemand = [\"fresh\"]",
            "mfa.toml:2: when.failures: expected a whole number",
        ),
        (
            "[[rule]]\nmatch = { user = [\"a = b\", 3] }\nrequire = \"off\"",
            "mfa.toml:2: match: expected a word in quotes: \"…\"",
        ),
        ("[rule]\nrequire = \"required\"", "mfa.toml:1: [rule]: write [[rule]]: there may be several"),
        (
            "[rule.match]\nuser = [\"anna\"]",
            "mfa.toml:1: [rule.match]: expected a list, or [[rule]] before it: there may be several",
        ),
        ("[[floor]]\nrequire = \"required\"", "mfa.toml:1: [[floor]]: write [floor]: there is only one"),
        ("[[limits]]\nwait_after = 2", "mfa.toml:1: [[limits]]: write [limits]: there is only one"),
        ("[[geo]]\ndatabase = \"/x\"", "mfa.toml:1: [[geo]]: write [geo]: there is only one"),
        ("[[bypass]]\nconsent = true", "mfa.toml:1: [[bypass]]: write [bypass]: there is only one"),
        ("[[hygiene]]\nat = \"03:00\"", "mfa.toml:1: [[hygiene]]: write [hygiene]: there is only one"),
        ("[[service.sshd]]\nkind = \"sshd\"", "mfa.toml:1: [[service.sshd]]: write [service.sshd]: there is only one"),
        ("[[service]]\nkind = \"sshd\"", "mfa.toml:1: [[service]]: expected one table for each: [….NAME]"),
        (
            "[[rule]]\nrequire = \"required\"\n[[rule.match]]\nuser = [\"anna\"]",
            "mfa.toml:3: [[rule.match]]: write [rule.match]: there is only one",
        ),
        ("floor = \"required\"", "mfa.toml:1: floor: expected a table: { … }"),
        ("limits = [3, 50]", "mfa.toml:1: limits: expected a table: { … }"),
        ("methods = [\"topt\"]", "mfa.toml:1: methods: expected one of totp, hotp, recovery, push; did you mean totp?"),
        (
            "require = \"requird\"",
            "mfa.toml:1: require: expected one of off, optional, required, approved; did you mean required?",
        ),
        (
            "[[rule]]\nmatch = { first_factor = [\"publickey\", \"pasword\"] }\nrequire = \"required\"",
            "mfa.toml:2: match: expected some of publickey, password, keyboard-interactive, hostbased, gssapi-with-mic, stack, session, \
             none; did you mean password?",
        ),
    ] {
        assert_eq!(merge(text).unwrap_err().to_string(), expected, "{text}");
    }
    for (text, end) in [
        ("enroll = [\"app\"]", "; did you mean enrol?"),
        ("[[rule]]\nmatch = { sevice = [\"sshd\"] }\nrequire = \"required\"", "; did you mean service?"),
        ("frobnicate = 3", "service"),
    ] {
        let error = merge(text).unwrap_err().to_string();
        assert!(error.ends_with(end), "{text}: {error}");
    }
}
