//! The module's line is spelled alike for the same place of a stack, wherever it is shown, shipped or advised.

use crate::text;

/// In a service's own file, behind the password.
const BEHIND: &str = "auth required pam_mfa.so first_factor=stack";

/// In a file that services include.
const SHARED: &str = "auth [success=ok ignore=ignore default=die] pam_mfa.so first_factor=stack";

/// In sshd's own file, behind a key.
const KEY: &str = "auth [success=done ignore=ignore default=die] pam_mfa.so";

/// Before the password of a program that has one prompt.
const ONE_PROMPT: &str = "auth required pam_mfa.so forward_pass";

/// The lines of a stack that run the module, with one blank between two words; of a row of a table it is said what is wrong with it.
fn lines(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    for line in text.lines().map(|line| line.replace("{include if \"with-mfa\"}", "")) {
        let words: Vec<&str> = line.split_whitespace().collect();
        let is_control = |word: &str| word == "auth" || word.starts_with("[success");
        if words.contains(&"pam_mfa.so") && words.first().is_some_and(|word| is_control(word)) {
            found.push(words.join(" "));
        }
    }
    found
}

#[test]
fn the_line_has_one_spelling_for_each_place() {
    for (file, spellings) in [
        ("README.md", &[BEHIND, KEY][..]),
        ("docs/pam.md", &[KEY, BEHIND, BEHIND, BEHIND, ONE_PROMPT]),
        ("packaging/man/pam_mfa.8", &[BEHIND, KEY]),
        ("config/pam.d/sudo", &[BEHIND]),
        ("config/pam.d/su", &[BEHIND]),
        ("config/pam.d/sshd", &[KEY]),
        ("packaging/debian/libpam-mfa.README.Debian", &[SHARED]),
        ("packaging/authselect/mfa/system-auth", &[SHARED]),
        ("packaging/authselect/mfa/password-auth", &[SHARED]),
        ("packaging/authselect/mfa/fingerprint-auth", &[SHARED]),
        // pam-auth-update writes the first word.
        ("packaging/pam-configs/mfa", &[SHARED.strip_prefix("auth ").unwrap()]),
    ] {
        assert_eq!(lines(&text(file)), spellings, "{file}");
    }
    let page = text("docs/stacks.md");
    let stacks: Vec<&str> = page.split("```pam ").skip(1).collect();
    assert!(stacks.len() > 10);
    for stack in stacks {
        let (head, body) = stack.split_once('\n').unwrap();
        let spelling = match head.split(' ').collect::<Vec<_>>()[..] {
            ["common-auth" | "system-auth", ..] => SHARED,
            [.., "key"] => KEY,
            _ => BEHIND,
        };
        let body = body.split("```").next().unwrap();
        assert!(lines(body).iter().all(|line| line == spelling), "{head}: {body}");
    }
    // The page that explains them has each, and the doctor advises the one of a service's own file.
    let explained = text("docs/pam.md");
    for spelling in [BEHIND, SHARED, KEY, ONE_PROMPT] {
        assert!(explained.contains(&format!("| `{spelling}` |")), "{spelling}");
    }
    assert!(text("mfad/src/ctl/doctor/rules.rs").contains(&format!("pub const OUR_LINE: &str = \"{BEHIND}\";")));
}
