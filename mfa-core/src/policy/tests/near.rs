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
