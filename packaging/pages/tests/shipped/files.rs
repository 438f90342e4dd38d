//! Files that other programs read: desktop, AppStream, D-Bus, polkit, AppArmor, pam-auth-update.

use crate::{ok, repository, text};
use std::path::PathBuf;
use std::process::Command;

/// The files of a folder of packaging/ whose names end so.
fn all(folder: &str, ending: &str) -> Vec<PathBuf> {
    let listed = std::fs::read_dir(repository().join("packaging").join(folder)).unwrap();
    let mut found: Vec<PathBuf> = listed.map(|entry| entry.unwrap().path()).collect();
    found.retain(|path| path.to_string_lossy().ends_with(ending));
    assert!(!found.is_empty(), "packaging/{folder}/*{ending}");
    found
}

#[test]
fn desktops_understand_the_desktop_files() {
    assert_eq!(ok(Command::new("desktop-file-validate").args(all("desktop", ".desktop"))), "");
    let agent = text("packaging/desktop/io.github.pam_mfa.Authenticator.Agent.desktop");
    assert!(
        agent.contains("\nX-systemd-skip=true\n"),
        "with systemd the user unit starts the agent, not autostart as well"
    );
}

#[test]
fn software_centres_understand_the_description() {
    ok(Command::new("appstreamcli").args(["validate", "--no-net", "--explain"]).args(all("desktop", ".metainfo.xml")));
    let version = format!("<release version=\"{}\"", env!("CARGO_PKG_VERSION"));
    let text = text("packaging/desktop/io.github.pam_mfa.Authenticator.metainfo.xml");
    assert!(text.contains(&version), "the newest release is not described");
}

#[test]
fn the_xml_is_well_formed() {
    let files = [all("dbus", ".xml"), all("dbus", ".conf"), all("polkit", ".policy"), all("desktop", ".svg")].concat();
    // --nonet: their document types stand on the web.
    ok(Command::new("xmllint").args(["--nonet", "--noout"]).args(files));
}

#[test]
fn every_rule_of_the_bus_names_a_destination() {
    let policy = text("packaging/dbus/io.github.pam_mfa.Daemon.conf");
    let rules: Vec<&str> =
        policy.split('<').filter(|tag| tag.starts_with("allow") || tag.starts_with("deny")).collect();
    assert!(rules.len() > 4);
    for rule in rules {
        assert!(rule.contains("send_destination=") || rule.contains("own="), "{rule}");
        assert!(!rule.contains("receive_"), "{rule}");
    }
    assert!(policy.contains("<deny own=\"io.github.pam_mfa.Daemon\"/>"));
    assert!(policy.contains("<deny send_destination=\"io.github.pam_mfa.Daemon\"/>"));
}

#[test]
fn activation_names_the_units_and_the_program_that_are_installed() {
    let daemon = text("packaging/dbus/io.github.pam_mfa.Daemon.service");
    assert!(daemon.contains("\nSystemdService=mfad.service\n") && daemon.contains("\nUser=_mfad\n"), "{daemon}");
    let agent = text("packaging/dbus/io.github.pam_mfa.Authenticator.Agent.service");
    assert!(agent.contains("SystemdService=mfa-authenticator.service"), "{agent}");
}

#[test]
fn no_authorisation_is_kept_for_what_else_runs_in_the_session() {
    let policy = text("packaging/polkit/io.github.pam_mfa.policy");
    let (mut enrol, mut manage, mut bypass) = (None, None, None);
    for action in policy.split("<action id=\"").skip(1) {
        assert!(!action.contains("_keep</"), "{action}");
        assert!(action.contains("policykit.owner\">unix-user:_mfad<"), "mfad may not ask about {action}");
        let active = action.split("<allow_active>").nth(1).unwrap().split('<').next();
        match action.split('"').next().unwrap() {
            "io.github.pam_mfa.enroll-own" => enrol = active,
            "io.github.pam_mfa.manage-users" => manage = active,
            "io.github.pam_mfa.manage-bypasses" => {
                assert_eq!(action.matches(">no</allow_").count(), 3, "whose password it was is not known: {action}");
                bypass = active;
            }
            _ => {}
        }
    }
    assert_eq!((enrol, manage, bypass), (Some("auth_self"), Some("auth_admin"), Some("no")));
}

#[test]
fn polkit_asks_in_german_as_well_and_says_the_same() {
    let policy = text("packaging/polkit/io.github.pam_mfa.policy");
    let said = |action: &str, element: &str, attributes: &str| {
        let tag = format!("<{element}{attributes}>");
        let (_, rest) = action.split_once(&tag).unwrap_or_else(|| panic!("no {tag} in {action}"));
        rest.split('<').next().unwrap().to_owned()
    };
    let places = |text: &str| text.split("$(").skip(1).map(|rest| rest.split(')').next().unwrap().to_owned()).collect();
    let mut count = 0;
    for action in policy.split("<action ").skip(1) {
        for element in ["description", "message"] {
            let (english, german) = (said(action, element, ""), said(action, element, " xml:lang=\"de\""));
            let (expected, found): (Vec<String>, Vec<String>) = (places(&english), places(&german));
            assert_eq!(found, expected, "{german}");
            assert!(german != english && german.starts_with(char::is_uppercase), "{german}");
            count += 1;
        }
    }
    assert_eq!(count, 6);
}

#[test]
fn apparmor_understands_the_profile_which_only_complains() {
    let profile = repository().join("packaging/apparmor/usr.libexec.mfad");
    // Not loaded: neither the kernel's help nor root is needed.
    ok(Command::new("apparmor_parser").args(["--skip-kernel-load", "--skip-cache"]).arg(&profile));
    assert!(
        text("packaging/apparmor/usr.libexec.mfad").contains("flags=(complain)"),
        "an untried fence locks people out"
    );
    // Explicit denials bind where the profile complains as well (aa-complain(8)), and nothing gives it a network.
    let whole = ok(Command::new("apparmor_parser").args(["--preprocess", "--skip-cache"]).arg(&profile));
    assert!(whole.contains("/var/lib/pam_mfa/"), "{whole}");
    for rule in whole.lines().map(str::trim).filter(|line| !line.starts_with('#')) {
        assert!(!rule.starts_with("deny") && !rule.starts_with("network"), "{rule}");
    }
    // An abstraction is no profile: it is read inside one.
    let tree = tempfile::tempdir().unwrap();
    let wrapped = "abi <abi/3.0>,\ninclude <tunables/global>\nprofile tried {\n  include <abstractions/pam_mfa>\n}\n";
    std::fs::write(tree.path().join("tried"), wrapped).unwrap();
    let ours = repository().join("packaging/apparmor");
    let mut parser = Command::new("apparmor_parser");
    let parser =
        parser.args(["--skip-kernel-load", "--skip-cache", "--Include"]).arg(ours).arg(tree.path().join("tried"));
    ok(parser);
}

#[test]
fn the_profile_for_pam_auth_update_stands_behind_the_password_and_is_off() {
    let profile = text("packaging/pam-configs/mfa");
    for line in ["Default: no", "Priority: 64", "Auth-Type: Additional"] {
        assert!(profile.lines().any(|found| found == line), "{line}");
    }
    assert!(
        profile.ends_with("\t[success=ok ignore=ignore default=die]\tpam_mfa.so first_factor=stack\n"),
        "{profile}"
    );
    assert!(!profile.contains("Account") && !profile.contains("Session") && !profile.contains("Auth-Initial"));
}

/// The words in code type of the first column of a table that begins with `head`.
fn words<'a>(page: &'a str, head: &str) -> Vec<&'a str> {
    let from = page.find(head).unwrap();
    let rows = page[from..].lines().skip(2).take_while(|line| line.starts_with('|'));
    rows.flat_map(|row| row.split('|').nth(1).unwrap().split('`').skip(1).step_by(2)).collect()
}

#[test]
fn every_reason_in_the_log_is_watched_or_known_to_be_nobodys_fault() {
    // What people do, and what policy wants of them.
    const USUAL: [&str; 21] = [
        "code-accepted",
        "not-required",
        "not-enrolled",
        "enrolment-required",
        "enrolled",
        "enrolment-failed",
        "remembered",
        "refused-by-policy",
        "no-allowed-method",
        "no-approver",
        "approval-denied",
        "approval-expired",
        "approval-void",
        "no-conversation",
        "approved",
        "push-denied",
        "push-expired",
        "suspended",
        "consent-missing",
        "timeout",
        "cancelled",
    ];
    let (pam, operations) = (text("docs/pam.md"), text("docs/operations.md"));
    let explained = [words(&pam, "| `reason` (mfad's) |"), words(&pam, "| `reason` (the module's) |")].concat();
    assert!(explained.len() > 45, "{explained:?}");
    let alarms = operations.lines().filter_map(|line| line.split_once("authpriv: `reason=(")?.1.split_once(")`"));
    let watched: Vec<&str> = alarms.flat_map(|(reasons, _)| reasons.split("\\|")).collect();
    for reason in &watched {
        assert!(explained.contains(reason) && !USUAL.contains(reason), "{reason} is watched and is no fault or guess");
    }
    for reason in explained {
        let usual = USUAL.contains(&reason) || ["client-left", "no-user"].contains(&reason);
        assert!(usual || watched.contains(&reason), "docs/operations.md watches for everything but {reason}");
    }
}
