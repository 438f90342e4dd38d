use super::*;

const GOOD: &str = "usepam yes\nkbdinteractiveauthentication yes\npubkeyauthentication yes\npasswordauthentication no\n\
                    authenticationmethods publickey,keyboard-interactive:pam\npermitrootlogin no\nlogingracetime 120\n\
                    maxauthtries 6\n";

fn said(changes: &[(&str, &str)]) -> Vec<(Severity, String)> {
    let mut settings = Settings::parse(GOOD);
    for (key, value) in changes {
        settings.0.insert((*key).to_owned(), (*value).to_owned());
    }
    judge(&settings).into_iter().map(|finding| (finding.severity, finding.text)).collect()
}

#[test]
fn settings_are_judged_by_what_a_login_meets() {
    use Severity::{Fine, LetsBy, LocksOut, Warning};
    let methods = "authenticationmethods";
    for (changes, expected) in [
        (&[][..], &[(Fine, "Every login ends")][..]),
        (&[("usepam", "no")], &[(LetsBy, "UsePAM no")]),
        (&[(methods, "any")], &[(LetsBy, "by publickey alone")]),
        (
            &[(methods, "any"), ("passwordauthentication", "yes")],
            &[(Warning, "PasswordAuthentication yes"), (LetsBy, "by publickey alone")],
        ),
        (&[(methods, "any"), ("pubkeyauthentication", "no")], &[(Fine, "keyboard-interactive.")]),
        (&[(methods, "keyboard-interactive")], &[(Fine, "keyboard-interactive.")]),
        (&[(methods, "password,keyboard-interactive")], &[(LocksOut, "runs the PAM stack twice")]),
        (&[(methods, "publickey,password")], &[(LocksOut, "publickey,password: for the method")]),
        (&[(methods, "publickey,keyboard-interactive hostbased")], &[(LetsBy, "allows hostbased without")]),
        (
            &[
                (methods, "any"),
                ("pubkeyauthentication", "no"),
                ("passwordauthentication", "yes"),
                ("kbdinteractiveauthentication", "no"),
            ],
            &[(LocksOut, "PasswordAuthentication yes"), (LocksOut, "no way to ask")],
        ),
        (&[("kbdinteractiveauthentication", "no")], &[(LocksOut, "no way to ask")]),
        (&[("permitrootlogin", "yes")], &[(Fine, "")]),
        (&[("permitrootlogin", "yes"), (methods, "keyboard-interactive")], &[(Warning, "root's password")]),
        (&[("permitrootlogin", "without-password")], &[(Warning, "root cannot log in")]),
        (&[("logingracetime", "30")], &[(Warning, "LoginGraceTime 30")]),
        (&[("logingracetime", "0")], &[(Fine, "")]),
        (&[("maxauthtries", "1")], &[(Warning, "MaxAuthTries 1")]),
    ] {
        let found = said(changes);
        assert_eq!(found.len(), expected.len(), "{changes:?}: {found:?}");
        for ((severity, text), (as_bad, part)) in found.iter().zip(expected) {
            assert!(severity == as_bad && text.contains(part), "{changes:?}: {found:?}");
        }
    }
}

#[test]
fn a_key_before_the_dialogue_is_seen() {
    assert_eq!(Settings::parse(GOOD).before_pam(), BeforePam::Method);
    let alone = GOOD.replace("publickey,keyboard", "keyboard");
    assert_eq!(Settings::parse(&alone).before_pam(), BeforePam::Nothing);
    assert_eq!(Settings::parse("pubkeyauthentication yes\n").before_pam(), BeforePam::Nothing);
}

#[test]
fn what_would_lock_out_locks_nobody_out_while_the_stack_asks_nothing() {
    let mut settings = Settings::parse(GOOD);
    assert!(settings.asks());
    settings.0.insert("kbdinteractiveauthentication".to_owned(), "no".to_owned());
    assert!(!settings.asks());
    let found = before_the_line(judge(&settings));
    assert!(found.iter().all(|finding| finding.severity == Severity::Warning), "{found:?}");
    assert!(found.iter().any(|finding| finding.text.ends_with("asks for none yet: set this first.")), "{found:?}");
}

#[test]
fn each_list_of_methods_is_given_with_whom_it_shuts_out() {
    let mut settings = Settings::parse(GOOD);
    for changes in [[("authenticationmethods", "any")], [("permitrootlogin", "yes")]] {
        for (key, value) in changes {
            settings.0.insert(key.to_owned(), value.to_owned());
        }
    }
    let fixes: Vec<String> = judge(&settings).into_iter().map(|finding| finding.fix).collect();
    assert_eq!(fixes.len(), 2, "{fixes:?}");
    for words in [
        "publickey,keyboard-interactive:pam (whoever has no key is out then)",
        "keyboard-interactive:pam (keys alone end then)",
    ] {
        assert!(fixes.iter().any(|fix| fix.contains(words)), "{fixes:?}");
    }
    let plain = fixes.join(" ").replace("keyboard-interactive:pam", "");
    assert!(!plain.contains("keyboard-interactive"), "as the documents have it: {fixes:?}");
}
