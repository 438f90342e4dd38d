use super::*;
use std::fs;
use std::path::Path;

fn options(folder: &Path) -> Options {
    Options {
        pam_dir: Some(folder.to_owned()),
        sshd_config: None,
        run_dir: "/run/no_such_mfad".into(),
        config_dir: folder.join("etc"),
        state_dir: folder.join("lib"),
        simulate: None,
    }
}

fn asked(name: &str) -> ServiceExpectation {
    ServiceExpectation { name: name.to_owned(), kind: Kind::Login, asked: true, by_target: false }
}

fn about<'a>(report: &'a Report, service: &str) -> Vec<&'a Finding> {
    report.findings.iter().filter(|finding| finding.services.iter().any(|name| name == service)).collect()
}

#[test]
fn every_service_with_our_line_and_every_asked_one_without_is_looked_at() {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in [
        (
            "common-auth",
            "auth requisite pam_unix.so\nauth required pam_mfa.so first_factor=stack run_dir=/run/no_such_mfad\n",
        ),
        ("included", "@include common-auth\n"),
        ("included.dpkg-old", "auth optional pam_mfa.so\n"),
        ("without", "auth required pam_unix.so\n"),
        ("unasked", "auth required pam_unix.so\n"),
        ("other", "auth required pam_deny.so\n"),
    ] {
        fs::write(
            folder.path().join(name),
            text.replace("common-auth", &folder.path().join("common-auth").display().to_string()),
        )
        .unwrap();
    }
    let unasked = ServiceExpectation { asked: false, ..asked("unasked") };
    let report = examine(&options(folder.path()), &[asked("without"), asked("absent"), unasked], None, Vec::new());
    assert!(!about(&report, "included").is_empty());
    assert_eq!(about(&report, "without")[0].severity, Severity::LetsBy);
    for quiet in ["common-auth", "included.dpkg-old", "unasked", "absent", "other"] {
        assert!(about(&report, quiet).is_empty(), "{quiet}: {:?}", about(&report, quiet));
    }
    assert!(locks_out_or_lets_by(&report.findings));
    assert!(render(&report).contains("mfad does not run"), "{}", render(&report));
    assert!(serde_json::to_string(&report).unwrap().contains(r#""severity":"lets-by""#));
}

#[test]
fn a_service_that_is_not_asked_can_be_played_through() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("door"), "auth required pam_unix.so\n").unwrap();
    let options = Options { simulate: Some(("anna".into(), "door".into())), ..options(folder.path()) };
    let report = examine(&options, &[], Some(Decision::Exempt), Vec::new());
    assert!(about(&report, "door").is_empty());
    assert_eq!(report.simulation.unwrap().steps.len(), 2);
}

#[test]
fn an_other_that_lets_in_and_a_line_that_libpam_cannot_use_are_told() {
    let folder = tempfile::tempdir().unwrap();
    let ours = "auth requisite pam_unix.so\nauth required pam_mfa.so first_factor=stack run_dir=/run/no_such_mfad\n";
    fs::write(folder.path().join("broken"), format!("{ours}auth optional\n")).unwrap();
    fs::write(folder.path().join("other"), "auth required pam_unix.so\n").unwrap();
    let report = examine(&options(folder.path()), &[asked("absent"), asked("broken")], None, Vec::new());
    let told = |service: &str, words: &str| {
        let found = about(&report, service);
        found.iter().find(|finding| finding.text.contains(words)).map(|finding| finding.severity)
    };
    assert_eq!(told("absent", "falls to “other”, which lets in without one"), Some(Severity::Warning));
    let broken = "libpam cannot use this line and lets it fail: the module is missing";
    assert_eq!(told("broken", broken), Some(Severity::Warning));
}
