//! The systemd units: well-formed, as tight as promised, with a reason for everything that is not.

use crate::{ok, repository, text};
use std::process::Command;

/// What `systemd-analyze security` says of a unit file, its score and each line that is not in order.
fn security(unit: &str) -> (f64, String) {
    let said = ok(Command::new("systemd-analyze")
        .args(["security", "--offline=true", "--no-pager", unit])
        .env("SYSTEMD_COLORS", "0"));
    let score = said.lines().find_map(|line| line.split_once("exposure level for ")).unwrap().1;
    let score = score.split(": ").nth(1).unwrap().split(' ').next().unwrap().parse().unwrap();
    (score, said)
}

#[test]
fn the_daemon_is_exposed_to_next_to_nothing() {
    let (score, said) = security("packaging/systemd/mfad.service");
    assert!(score <= 1.0, "{said}");
}

#[test]
fn the_agent_is_kept_from_what_it_does_not_need() {
    // A user's manager can give no mount namespace (the unit says why): half of what is counted is out of reach.
    let (score, said) = security("packaging/systemd/user/mfa-authenticator.service");
    assert!(score <= 6.0, "{said}");
}

#[test]
fn whatever_the_daemon_goes_without_is_explained_in_its_unit() {
    let unit = text("packaging/systemd/mfad.service");
    let (_, said) = security("packaging/systemd/mfad.service");
    let refused = said.lines().filter_map(|line| line.trim_start().strip_prefix('✗'));
    for name in refused.map(|line| line.split_whitespace().next().unwrap()) {
        let named = name.split(['=', ':']).next().unwrap();
        assert!(unit.contains(&format!("# {named}")), "{named} is missing and the unit does not say why\n{said}");
    }
}

#[test]
fn every_unit_is_understood() {
    // systemd wants to see the programs and manuals that the units name: they stand in a tree of their own.
    let tree = tempfile::tempdir().unwrap();
    let under = |path: &str| tree.path().join(path);
    for folder in ["usr/lib/systemd/system", "usr/lib/systemd/user", "usr/libexec", "usr/bin", "etc/systemd/system"] {
        std::fs::create_dir_all(under(folder)).unwrap();
    }
    for program in ["usr/libexec/mfad", "usr/bin/mfa-authenticator"] {
        std::fs::copy("/bin/true", under(program)).unwrap();
    }
    let units = repository().join("packaging/systemd");
    for unit in ["mfad.service", "mfad.socket", "mfad-user.socket"] {
        let there = under("usr/lib/systemd/system").join(unit);
        let settled = text(&format!("packaging/systemd/{unit}"));
        let settled = settled.replace("/usr/libexec/mfad", under("usr/libexec/mfad").to_str().unwrap());
        std::fs::write(&there, settled).unwrap();
    }
    let all =
        ["mfad.service", "mfad.socket", "mfad-user.socket"].map(|unit| under("usr/lib/systemd/system").join(unit));
    ok(Command::new("systemd-analyze").args(["verify", "--man=no"]).args(all));
    let there = under("usr/lib/systemd/user/mfa-authenticator.service");
    let agent = std::fs::read_to_string(units.join("user/mfa-authenticator.service")).unwrap();
    let agent = agent.replace("/usr/bin/", &format!("{}/", under("usr/bin").display()));
    std::fs::write(&there, agent).unwrap();
    ok(Command::new("systemd-analyze")
        .args(["verify", "--user", "--man=no"])
        .arg(there)
        .env("XDG_RUNTIME_DIR", tree.path()));
}

#[test]
fn nobody_but_root_gets_the_folder_of_the_sockets() {
    let unit = text("packaging/systemd/mfad.service");
    assert!(unit.lines().all(|line| !line.starts_with("RuntimeDirectory=")));
    let line = text("packaging/tmpfiles/mfad.conf");
    assert!(line.lines().any(|line| line == "d /run/pam_mfa 0755 root root -"), "{line}");
    // The socket units make the same folder: two opinions of its mode would be one too many.
    for socket in ["mfad.socket", "mfad-user.socket"] {
        assert!(text(&format!("packaging/systemd/{socket}")).contains("\nDirectoryMode=0755\n"), "{socket}");
    }
}

#[test]
fn system_users_and_folders_are_made_from_the_shipped_lines() {
    let tree = tempfile::tempdir().unwrap();
    let root = format!("--root={}", tree.path().display());
    for folder in ["etc", "run"] {
        std::fs::create_dir_all(tree.path().join(folder)).unwrap();
    }
    let file = |name: &str| repository().join("packaging").join(name);
    ok(Command::new("systemd-sysusers").arg(&root).arg(file("sysusers/mfad.conf")));
    let made = std::fs::read_to_string(tree.path().join("etc/passwd")).unwrap();
    assert!(made.starts_with("_mfad:") && made.contains(":/var/lib/pam_mfa:/usr/sbin/nologin"), "{made}");
    // It names root, which a bare tree has not.
    std::fs::write(tree.path().join("etc/passwd"), format!("root:x:0:0::/root:/bin/sh\n{made}")).unwrap();
    ok(Command::new("systemd-tmpfiles").arg(&root).arg("--create").arg(file("tmpfiles/mfad.conf")));
    assert!(tree.path().join("run/pam_mfa").is_dir());
}
