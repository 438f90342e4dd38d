//! doctor, from the command line to its exit code.

use crate::house::{House, Ran, run};
use std::os::unix::fs::PermissionsExt;

#[test]
fn the_doctor_finds_a_missing_line_and_plays_a_login_through() {
    let house = House::new();
    let pam = house.folder.join("pam.d");
    std::fs::create_dir(&pam).unwrap();
    let (folder, state) = (pam.to_str().unwrap(), house.state_dir().to_str().unwrap().to_owned());
    house.write("pam.d/su", "auth requisite pam_unix.so\n");
    let doctor = |more: &[&str]| {
        let config = house.config();
        house.mfactl(&[&["doctor", "--pam-dir", folder, "--config", &config, "--state-dir", &state], more].concat())
    };
    doctor(&[]).refused(1, "no auth line runs pam_mfa");
    let report = doctor(&["--json"]);
    assert_eq!(report.code, 1);
    let report: serde_json::Value = serde_json::from_str(&report.out).unwrap();
    assert_eq!(report["findings"][0]["severity"], "lets-by");
    let told = doctor(&["--simulate", "games", "su"]).out;
    assert!(told.contains("What games meets at su") && told.contains("without reaching pam_mfa"), "{told}");
    house.write("pam.d/su", "auth requisite pam_unix.so\nauth required pam_mfa.so first_factor=stack\n");
    let told = doctor(&["--simulate", "games", "su"]).out;
    assert!(told.contains("no factor is enrolled"), "{told}");
    house.enrolled("games", "totp");
    let told = doctor(&["--simulate", "games", "su"]).out;
    assert!(told.contains("asks for a verification code (totp, recovery)"), "{told}");
}

#[test]
fn the_doctor_works_without_mfad_and_says_that_it_does_not_run() {
    let house = House::silent();
    let pam = house.folder.join("pam.d");
    std::fs::create_dir(&pam).unwrap();
    let doctor = || house.mfactl(&["doctor", "--config", &house.config(), "--pam-dir", pam.to_str().unwrap()]);
    // No stack asks mfad: whatever is wrong with it, nobody meets it.
    house.write("pam.d/su", "auth requisite pam_unix.so\n");
    let said = doctor().out;
    assert!(said.contains("mfad does not run") && said.contains("nobody is asked for a second factor"), "{said}");
    assert!(!said.contains("Locks people out"), "{said}");
    house.write("pam.d/su", "auth requisite pam_unix.so\nauth required pam_mfa.so first_factor=stack\n");
    let said = doctor();
    assert_eq!(said.code, 1);
    assert!(said.out.contains("Locks people out") && said.out.contains("mfad does not run"), "{said:?}");
    assert!(!said.out.contains("nobody is asked"), "{said:?}");
}

#[test]
fn without_mfad_the_doctor_reads_the_configuration_itself_and_knows_who_has_no_account() {
    let house = House::silent();
    house.write("mfa.toml", "requre = \"off\"\n");
    let pam = house.folder.join("pam.d");
    std::fs::create_dir(&pam).unwrap();
    house.write("pam.d/su", "auth required pam_mfa.so first_factor=stack\n");
    let (folder, config) = (pam.to_str().unwrap().to_owned(), house.config());
    let doctor = |more: &[&str]| house.mfactl(&[&["doctor", "--config", &config], more].concat());
    let said = doctor(&["--pam-dir", &folder]);
    assert!(said.out.contains("mfad does not start with it: ") && said.out.contains("mfa.toml:1: "), "{said:?}");
    let told = doctor(&["--pam-dir", &folder, "--simulate", "no-such-user", "su"]).out;
    assert!(told.contains("There is no such account") && !told.contains("Let in"), "{told}");
    doctor(&["--pam-dir", &folder, "--simulate", "games", "../passwd"]).refused(2, "not a path");
    doctor(&["--pam-dir", "/nonexistent"]).refused(1, "/nonexistent: no PAM stacks can be read there");
    // No stack of sshd's names the module, and an sshd that does not start is none to warn of.
    let told = doctor(&["--pam-dir", &folder, "--sshd-config", "/nonexistent"]).out;
    assert!(told.contains("would not start") && !told.contains("asks for none yet"), "{told}");
}

#[test]
fn the_doctor_tells_of_a_configuration_that_mfad_did_not_take() {
    let house = House::new();
    house.write("mfa.toml", "require = \"maybe\"\n");
    house.reload();
    let said = house.mfactl(&["doctor", "--config", &house.config()]);
    assert!(said.out.contains("works with an older one: ") && said.out.contains("mfa.toml:1: require"), "{said:?}");
}

#[test]
fn the_doctor_runs_no_sudo_that_somebody_put_into_the_path() {
    let house = House::silent();
    let pam = house.folder.join("pam.d");
    std::fs::create_dir(&pam).unwrap();
    house.write("pam.d/sudo", "auth requisite pam_unix.so\nauth required pam_mfa.so first_factor=stack\n");
    let ran = house.folder.join("ran");
    let planted = house.write("sudo", &format!("#!/bin/sh\n: >'{}'\n", ran.display()));
    std::fs::set_permissions(planted, std::fs::Permissions::from_mode(0o755)).unwrap();
    // As in a root shell of `su`, which keeps the user's PATH.
    let mut command = house.command(&["doctor", "--config", &house.config(), "--pam-dir", pam.to_str().unwrap()]);
    command.env("PATH", format!("{}:/usr/bin:/bin", house.folder.display()));
    let said = run(command, "");
    assert!(said.out.contains("mfad does not run"), "{said:?}");
    assert!(!ran.exists());
}

/// A house whose stacks are these files, and what the doctor says of it.
fn with_stacks(stacks: &[(&str, &str)]) -> House {
    let house = House::silent();
    std::fs::create_dir(house.folder.join("pam.d")).unwrap();
    for (name, text) in stacks {
        house.write(&format!("pam.d/{name}"), text);
    }
    house
}

fn doctor(house: &House, config: &str, more: &[&str]) -> Ran {
    let (pam, state) = (house.folder.join("pam.d"), house.state_dir());
    let own =
        ["doctor", "--pam-dir", pam.to_str().unwrap(), "--state-dir", state.to_str().unwrap(), "--config", config];
    house.mfactl(&[&own, more].concat())
}

#[test]
fn services_that_run_without_a_person_need_the_line_only_where_a_rule_names_them() {
    let stacks = [
        ("runuser", "auth sufficient pam_rootok.so\n"),
        ("cron", "auth required pam_unix.so\n"),
        ("systemd-user", "auth required pam_unix.so\n"),
    ];
    let house = with_stacks(&stacks);
    let missing = "no auth line runs pam_mfa";
    for policy in [
        "require = \"optional\"\n[floor]\nrequire = \"required\"\n",
        "require = \"optional\"\n[[rule]]\nrequire = \"required\"\n",
        "require = \"optional\"\n[[rule]]\nmatch = { service = [\"*\"] }\nrequire = \"required\"\n",
    ] {
        let said = doctor(&house, &house.write("mfa.toml", policy), &[]);
        assert!(said.code == 0 && !said.out.contains(missing), "{policy}: {said:?}");
    }
    let named = "require = \"optional\"\n[[rule]]\nmatch = { service = [\"cron\"] }\nrequire = \"required\"\n";
    let said = doctor(&house, &house.write("mfa.toml", named), &[]);
    assert!(said.code == 1 && said.out.contains("pam.d/cron (cron)"), "{said:?}");
    assert!(!said.out.contains("pam.d/runuser"), "{said:?}");
}

#[test]
fn names_that_this_host_does_not_have_are_worth_a_look() {
    let house = with_stacks(&[("su", "auth required pam_deny.so\n"), ("sudo", "auth required pam_deny.so\n")]);
    let policy = |service: &str, group: &str, require: &str| {
        let matched = format!("match = {{ service = [{service}], group = [{group}], from = [\"*\"] }}");
        house.write("mfa.toml", &format!("require = \"optional\"\n[[rule]]\n{matched}\nrequire = \"{require}\"\n"))
    };
    let told = |service: &str, group: &str, require: &str| -> Vec<String> {
        let said = doctor(&house, &policy(service, group, require), &["--json"]);
        assert_eq!(said.code, 0, "{said:?}");
        let report: serde_json::Value = serde_json::from_str(&said.out).unwrap();
        let of_rules = |finding: &&serde_json::Value| finding["places"].to_string().contains("mfa.toml:2");
        let found: Vec<_> = report["findings"].as_array().unwrap().iter().filter(of_rules).collect();
        assert!(found.iter().all(|finding| finding["severity"] == "warning"), "{found:?}");
        found.iter().map(|finding| finding["text"].as_str().unwrap().to_owned()).collect()
    };
    let no_service = "No PAM service \"sssh\" on this host: the rule fits no login.";
    let no_group = "No group \"no-such-group\" on this host: the rule fits no login.";
    assert_eq!(told("\"sssh\"", "\"*\"", "required"), [no_service]);
    assert_eq!(told("\"su\"", "\"no-such-group\"", "required"), [no_group]);
    assert_eq!(told("\"sssh\"", "\"no-such-group\"", "required"), [no_service, no_group]);
    // Of several names those of other hosts are nothing to speak of, and one mistyped is.
    assert!(told("\"su\", \"gdm-password\"", "\"root\", \"no-such-group\"", "required").is_empty());
    assert_eq!(
        told("\"su\", \"sodo\"", "\"*\"", "required"),
        ["No PAM service \"sodo\" on this host: the rule is not for sudo; did you mean sudo?"]
    );
    for fine in ["\"su\"", "\"*\"", "\"own-program\"", "\"SU\""] {
        assert!(told(fine, "\"root\"", "required").is_empty(), "{fine}");
    }
    assert!(told("\"sssh\"", "\"no-such-group\"", "off").is_empty(), "it exempts nobody");
}

#[test]
fn a_group_that_must_approve_and_is_not_there_locks_out() {
    let house = with_stacks(&[("su", "auth requisite pam_unix.so\nauth required pam_mfa.so first_factor=stack\n")]);
    let approved = |group: &str| format!("require = \"approved\"\napprovers = {{ group = \"{group}\", count = 1 }}\n");
    let found = "No group \"no-such-group\" on this host: nobody can approve, so these logins are refused.";
    for (place, line) in [("", 2), ("[floor]\n", 3), ("[[rule]]\nmatch = { service = [\"su\"] }\n", 4)] {
        let told = |group: &str| -> Vec<serde_json::Value> {
            let policy = house.write("mfa.toml", &format!("{place}{}", approved(group)));
            let report: serde_json::Value = serde_json::from_str(&doctor(&house, &policy, &["--json"]).out).unwrap();
            let of_the_line = |finding: &&serde_json::Value| {
                finding["places"][0].as_str().unwrap().ends_with(&format!("mfa.toml:{line}: approvers"))
            };
            report["findings"].as_array().unwrap().iter().filter(of_the_line).cloned().collect()
        };
        let said = told("no-such-group");
        assert!(said.len() == 1 && said[0]["severity"] == "locks-out" && said[0]["text"] == found, "{place}: {said:?}");
        assert!(told("root").is_empty(), "{place}");
    }
}

#[test]
fn a_file_that_is_not_read_is_said_to_be_none_of_what_was_judged() {
    let house = with_stacks(&[("su", "auth required pam_deny.so\n")]);
    let draft = house.write("draft.toml", "require = \"off\"\n");
    let unread = "was not read (writable by others than root; chmod 0644 it): judged as if everything were required.";
    assert!(!doctor(&house, &draft, &[]).out.contains("was not read"));
    std::fs::set_permissions(&draft, std::fs::Permissions::from_mode(0o666)).unwrap();
    let said = doctor(&house, &draft, &[]).out;
    assert!(
        said.contains(unread) && said.contains("Copy it to a folder that root alone can write, such as /root."),
        "{said}"
    );
    let shared = std::env::temp_dir().join(format!("mfa-ctl-test-{}.toml", std::process::id()));
    std::fs::write(&shared, "require = \"off\"\n").unwrap();
    let said = doctor(&house, shared.to_str().unwrap(), &[]);
    std::fs::remove_file(&shared).unwrap();
    assert!(said.out.contains("was not read (") && said.out.contains("writable by others, who could"), "{said:?}");
    assert!(said.code == 0 && !said.out.contains("take the write permission"), "nobody closes that folder: {said:?}");
}
