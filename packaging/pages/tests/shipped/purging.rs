//! What Debian's purge of mfad removes, run over folders of its own: packaging/debian/mfad.postrm.

use crate::{ok, repository};
use std::process::Command;

/// Makes the folders of a host that mfad was on, then purges; what is left of them, and what was said.
fn purged(made: &str) -> (Vec<String>, String) {
    let script = format!(
        "mount -t tmpfs none /var/lib && mount -t tmpfs none /etc && mkdir /var/lib/pam_mfa /etc/pam_mfa && {made} &&
         {{ sh '{}/packaging/debian/mfad.postrm' purge 2>&1 || echo FAILED; }} && echo LEFT && find /var/lib /etc -mindepth 1",
        repository().display()
    );
    let said = ok(Command::new("unshare").args(["--mount", "sh", "-c", &script]));
    let (said, left) = said.split_once("LEFT\n").unwrap();
    assert!(!said.contains("FAILED"), "{said}");
    let mut left: Vec<String> = left.lines().map(str::to_owned).collect();
    left.sort();
    (left, said.to_owned())
}

const STATE: &str =
    "mkdir /var/lib/pam_mfa/users && echo x >/var/lib/pam_mfa/users/alice.toml && echo x >/var/lib/pam_mfa/.hidden";

#[test]
fn a_purge_leaves_nothing_and_says_what_goes() {
    let (left, said) = purged(STATE);
    assert!(left.is_empty() && said.contains("every enrolment") && said.lines().count() == 1, "{left:?} {said}");
    let (left, said) = purged("rmdir /var/lib/pam_mfa /etc/pam_mfa");
    assert!(left.is_empty() && said.is_empty(), "{left:?} {said}");
}

#[test]
fn a_purge_empties_mount_points_and_leaves_them() {
    let mounted =
        "mount -t tmpfs none /var/lib/pam_mfa && mount -t tmpfs none /etc/pam_mfa && echo x >/etc/pam_mfa/mfa.toml";
    let (left, said) = purged(&format!("{mounted} && {STATE}"));
    assert_eq!(left, ["/etc/pam_mfa", "/var/lib/pam_mfa"]);
    for folder in &left {
        assert!(said.contains(&format!("{folder} is emptied and stays")), "{said}");
    }
}

#[test]
fn a_purge_that_cannot_remove_everything_says_so() {
    let read_only = "mount -t tmpfs none /var/lib/pam_mfa";
    let (left, said) = purged(&format!("{read_only} && {STATE} && mount -o remount,ro /var/lib/pam_mfa"));
    assert!(left.contains(&String::from("/var/lib/pam_mfa/users/alice.toml")), "{left:?}");
    assert!(said.contains("not everything in /var/lib/pam_mfa could be removed"), "{said}");
    let linked = "rmdir /var/lib/pam_mfa && mkdir /var/lib/elsewhere && ln -s /var/lib/elsewhere /var/lib/pam_mfa";
    let (left, said) = purged(&format!("{linked} && {STATE}"));
    assert!(left.contains(&String::from("/var/lib/elsewhere/users/alice.toml")), "{left:?}");
    assert!(said.contains("is a link to /var/lib/elsewhere: the link is removed, what it leads to stays"), "{said}");
}
