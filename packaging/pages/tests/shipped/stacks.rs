//! Which stacks hold the packages of the module and of mfad: packaging/stacks.sh, run over a root of its own.

use crate::{ok, repository, text};
use std::path::Path;
use std::process::Command;

/// What the script says of these files.
fn naming(files: &[(&str, &str)]) -> Vec<String> {
    let root = tempfile::tempdir().unwrap();
    for (path, text) in files {
        let path = root.path().join(path.trim_start_matches('/'));
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    said(root.path())
}

fn said(root: &Path) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    // dash and bash read it: Debian's and Fedora's sh.
    for shell in ["sh", "bash"] {
        let told = ok(Command::new(shell).arg("packaging/stacks.sh").arg(root));
        let told: Vec<String> = told.lines().map(str::to_owned).collect();
        assert!(lines.is_empty() || lines == told, "{shell}: {told:?}, not {lines:?}");
        lines = told;
    }
    lines
}

const LINE: &str = "auth required pam_mfa.so\n";

#[test]
fn a_line_is_found_however_it_is_written() {
    for text in [
        LINE,
        "auth required pam_mfa.so",
        "-auth required pam_mfa.so\n",
        "AUTH [success=1 default=ignore] /lib/security/pam_mfa.so first_factor=stack\n",
        "auth required \\\n  pam_mfa.so\n",
        "auth \\ \n\n# between\n required \\\n pam_mfa.so\n",
        "# a comment does not go on \\\nauth required pam_mfa.so\n",
        "session optional pam_mfa.so\n",
    ] {
        assert_eq!(naming(&[("/etc/pam.d/sudo", text)]), ["/etc/pam.d/sudo"], "{text:?}");
    }
    for text in ["# auth required pam_mfa.so\n", "auth required pam_unix.so # pam_mfa.so\n", ""] {
        assert!(naming(&[("/etc/pam.d/sudo", text)]).is_empty(), "{text:?}");
    }
    assert!(said(Path::new("/no/such/root")).is_empty());
}

#[test]
fn packages_own_stacks_count_where_etc_has_none_of_that_name() {
    for vendor in ["/usr/lib/pam.d", "/usr/etc/pam.d", "/usr/share/pam.d"] {
        let file = format!("{vendor}/polkit-1");
        assert_eq!(naming(&[(&file, LINE)]), [file.as_str()]);
        assert!(naming(&[(&file, LINE), ("/etc/pam.d/polkit-1", "auth required pam_unix.so\n")]).is_empty());
        // What stands for it in the administrator's folder may include it.
        let own = ("/etc/pam.d/polkit-1", &*format!("@include {file}\n"));
        assert_eq!(naming(&[(&file, LINE), own]), [file.as_str()]);
    }
    assert_eq!(naming(&[("/etc/pam.conf", "su auth required pam_mfa.so\n")]), ["/etc/pam.conf"]);
}

#[test]
fn what_a_stack_includes_counts_wherever_it_is_and_whatever_it_is_called() {
    for include in ["@include ", "auth include ", "-auth\tsubstack\t", "auth \\\n\n INCLUDE \\\n", "account include  "]
    {
        for (named, file) in [
            ("/srv/mfa", "/srv/mfa"),
            ("common.bak", "/etc/pam.d/common.bak"),
            ("below/mfa", "/usr/lib/pam.d/below/mfa"),
            ("../../srv/*", "/etc/pam.d/../../srv/*"),
        ] {
            let stack = format!("{include}{named}\n");
            let there = file.replace("/etc/pam.d/../../", "/");
            let found = naming(&[("/etc/pam.d/sudo", &stack), (&there, LINE)]);
            assert_eq!(found, [file], "{stack:?}");
        }
    }
    // Deeper, and in a circle.
    let circle = [
        ("/etc/pam.d/a", "auth include b.orig\n"),
        ("/usr/lib/pam.d/b.orig", "auth substack a\nauth include c~\n"),
        ("/usr/lib/pam.d/c~", LINE),
    ];
    assert_eq!(naming(&circle), ["/usr/lib/pam.d/c~"]);
    assert!(naming(&[("/etc/pam.d/sudo", "# @include /srv/mfa\n"), ("/srv/mfa", LINE)]).is_empty());
}

#[test]
fn leavings_that_nobody_asks_for_hold_nothing() {
    for ending in ["~", ".bak", ".orig", ".dpkg-old", ".ucf-dist", ".pam-old", ".rpmsave", ".rpmnew", ".pacsave"] {
        assert!(naming(&[(&format!("/etc/pam.d/sudo{ending}"), LINE)]).is_empty(), "{ending}");
    }
    assert_eq!(naming(&[("/etc/pam.d/of a friend", LINE)]), ["/etc/pam.d/of a friend"]);
}

#[test]
fn the_doctor_and_every_package_look_in_the_same_folders() {
    let script = text("packaging/stacks.sh");
    let folders = script.lines().find_map(|line| line.strip_prefix("folders='")?.strip_suffix('\'')).unwrap();
    let edge = text("mfad/src/ctl/doctor/edge.rs");
    let quoted: Vec<String> = folders.split(' ').map(|folder| format!("\"{folder}\"")).collect();
    assert!(edge.contains(&format!("= [{}];", quoted.join(", "))), "mfad/src/ctl/doctor/edge.rs: {quoted:?}");
    for (file, calls) in [
        ("packaging/debian/libpam-mfa.prerm", 2),
        ("packaging/debian/mfad.prerm", 1),
        ("packaging/rpm/pam_mfa.spec", 2),
        ("packaging/arch/pam_mfa.hook", 1),
    ] {
        let text = text(file);
        assert_eq!(text.matches("/stacks.sh").count(), calls, "{file}");
        assert!(!text.contains("grep -lE"), "{file} looks by itself");
    }
    assert!(repository().join("packaging/stacks.sh").exists());
}
