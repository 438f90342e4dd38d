//! `make install` and `make uninstall`, with stand-ins for the programs: where everything goes, and that nothing else is done.

use crate::{ok, repository, text};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;

/// Every file below `folder`, with its mode, sorted.
fn listing(folder: &Path) -> Vec<String> {
    fn walk(root: &Path, folder: &Path, found: &mut Vec<String>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                walk(root, &path, found);
            } else {
                let mode = std::fs::metadata(&path).unwrap().permissions().mode() & 0o7777;
                found.push(format!("{mode:04o} /{}", path.strip_prefix(root).unwrap().display()));
            }
        }
    }
    let mut found = Vec::new();
    walk(folder, folder, &mut found);
    found.sort_by(|a, b| a[5..].cmp(&b[5..]));
    found
}

/// All that `install` and `uninstall` may call.
const TOOLS: [&str; 10] =
    ["make", "sh", "install", "sed", "chmod", "rm", "mkdir", "dpkg-architecture", "gcc", "dirname"];

/// What changes the running system, and belongs into a package's scripts. Each is there, fails, and says that it was called:
/// `|| true` hides a failure, and `command -v` one that is missing.
const OF_THE_SYSTEM: [&str; 24] = [
    "systemctl",
    "systemd-sysusers",
    "systemd-tmpfiles",
    "udevadm",
    "ldconfig",
    "pam-auth-update",
    "authselect",
    "useradd",
    "adduser",
    "groupadd",
    "addgroup",
    "chown",
    "update-desktop-database",
    "gtk-update-icon-cache",
    "apparmor_parser",
    "mandb",
    "dbus-send",
    "busctl",
    "gdbus",
    "kill",
    "service",
    "deb-systemd-helper",
    "deb-systemd-invoke",
    "restorecon",
];

struct Tree {
    folder: tempfile::TempDir,
}

impl Tree {
    /// Built, as far as `make install` can see, and in a folder whose name is two words.
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let built = folder.path().join("built here");
        let release = built.join("release");
        std::fs::create_dir_all(&release).unwrap();
        for program in ["libpam_mfa.so", "mfad", "mfactl", "mfa-authenticator"] {
            std::fs::write(release.join(program), program).unwrap();
        }
        ok(Command::new(env!("CARGO_BIN_EXE_mfa-pages")).arg(built.join("pages")));
        std::fs::create_dir(built.join("locale")).unwrap();
        std::fs::write(built.join("locale/de.mo"), "").unwrap();
        let tree = Self { folder };
        let programs = tree.programs();
        std::fs::create_dir(&programs).unwrap();
        let path = std::env::var_os("PATH").unwrap();
        for tool in TOOLS {
            let found = std::env::split_paths(&path).map(|folder| folder.join(tool)).find(|file| file.is_file());
            if let Some(found) = found {
                std::os::unix::fs::symlink(found, programs.join(tool)).unwrap();
            }
        }
        for name in OF_THE_SYSTEM {
            let program = programs.join(name);
            let script = format!("#!/bin/sh\necho \"{name} $*\" >>'{}'\nexit 1\n", tree.called().display());
            std::fs::write(&program, script).unwrap();
            std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
        }
        tree
    }

    /// The only folder of programs there is.
    fn programs(&self) -> std::path::PathBuf {
        self.folder.path().join("programs")
    }

    /// Which of those that change the system were called.
    fn called(&self) -> std::path::PathBuf {
        self.folder.path().join("called")
    }

    /// What was built.
    fn built(&self) -> std::path::PathBuf {
        self.folder.path().join("built here")
    }

    fn make(&self, words: &[&str]) {
        self.make_under("022", None, words);
    }

    fn make_under(&self, umask: &str, triple: Option<&str>, words: &[&str]) {
        let mut make = Command::new("sh");
        make.args(["-c", "umask \"$0\" && exec make \"$@\"", umask]);
        // `install` may build nothing: it has no cargo.
        make.args(["--silent", "CARGO=false"]).args(words).arg(format!("DESTDIR={}", self.root().display()));
        make.env("PATH", self.programs()).env("CARGO_TARGET_DIR", self.built());
        make.env_remove("CARGO_BUILD_TARGET").envs(triple.map(|triple| ("CARGO_BUILD_TARGET", triple)));
        let said = ok(make.env_remove("MAKEFLAGS"));
        let called = std::fs::read_to_string(self.called()).unwrap_or_default();
        assert_eq!(called, "", "the running system was touched:\n{said}");
        assert!(!said.contains("not found"), "another program was called:\n{said}");
    }

    fn root(&self) -> std::path::PathBuf {
        self.folder.path().join("a root")
    }
}

#[test]
fn everything_goes_where_debian_looks_for_it() {
    let tree = Tree::new();
    let debian = ["MULTIARCH=x86_64-linux-gnu", "ZSHCOMPDIR=/usr/share/zsh/vendor-completions"];
    tree.make(&[&["install"][..], &debian].concat());
    let found = listing(&tree.root());
    let expected = include_str!("debian.list");
    let mut kept = found.join("\n");
    kept.push('\n');
    // The interfaces and documents are listed by the folders they come from.
    kept = kept
        .lines()
        .filter(|line| !line.contains("/interfaces/") && !line.contains("/doc/"))
        .map(|l| format!("{l}\n"))
        .collect();
    assert_eq!(kept, expected, "installed on the left, packaging/pages/tests/shipped/debian.list on the right");
    for xml in std::fs::read_dir(repository().join("packaging/dbus")).unwrap() {
        let name = xml.unwrap().file_name().into_string().unwrap();
        let there = format!("0644 /usr/share/dbus-1/interfaces/{name}");
        assert!(!name.ends_with(".xml") || found.contains(&there), "{there}");
    }
    assert!(found.iter().any(|line| line.ends_with("/usr/share/doc/pam_mfa/examples/pam.d/sudo")), "{found:#?}");
    assert!(tree.root().join("etc/pam_mfa/mfa.toml.d").is_dir());
}

/// Folders and files below `folder` that not everybody can read, or that somebody else than their owner can change.
fn of_odd_modes(folder: &Path) -> String {
    ok(Command::new("find").arg(folder).args(["-mindepth", "1", "-not", "-perm", "755", "-not", "-perm", "644"]))
}

#[test]
fn modes_are_the_same_whatever_the_umask_is() {
    for umask in ["077", "002"] {
        let tree = Tree::new();
        tree.make_under(umask, None, &["install"]);
        assert_eq!(of_odd_modes(&tree.root().join("usr")), "", "umask {umask}");
    }
}

#[test]
fn what_was_built_for_a_named_target_is_found() {
    let tree = Tree::new();
    std::fs::create_dir(tree.built().join("a-triple")).unwrap();
    std::fs::rename(tree.built().join("release"), tree.built().join("a-triple/release")).unwrap();
    tree.make_under("022", Some("a-triple"), &["install"]);
    assert!(tree.root().join("usr/bin/mfactl").is_file());
}

#[test]
fn symbols_stay_unless_they_are_not_wanted() {
    let tree = Tree::new();
    let strip = ["/usr/bin/strip", "/bin/strip"].map(Path::new).into_iter().find(|path| path.exists()).unwrap();
    std::os::unix::fs::symlink(strip, tree.programs().join("strip")).unwrap();
    // Something to be stripped: this test itself.
    let whole = std::env::current_exe().unwrap();
    for program in ["libpam_mfa.so", "mfad", "mfactl", "mfa-authenticator"] {
        std::fs::copy(&whole, tree.built().join("release").join(program)).unwrap();
    }
    let size = |path: &Path| std::fs::metadata(path).unwrap().len();
    for (how, stripped) in [("install", false), ("install-strip", true)] {
        tree.make(&[how, "MULTIARCH="]);
        for path in ["usr/lib/security/pam_mfa.so", "usr/libexec/mfad", "usr/bin/mfactl", "usr/bin/mfa-authenticator"] {
            assert_eq!(size(&tree.root().join(path)) < size(&whole), stripped, "{how}: {path}");
        }
    }
    assert!(listing(&tree.root()).iter().any(|line| line == "0644 /usr/lib/security/pam_mfa.so"), "its mode stays");
}

#[test]
fn uninstalling_leaves_what_the_administrator_wrote_and_nothing_else() {
    let tree = Tree::new();
    tree.make(&["install"]);
    let policy = tree.root().join("etc/pam_mfa/mfa.toml");
    std::fs::write(&policy, "require = \"required\"\n").unwrap();
    tree.make(&["uninstall"]);
    assert_eq!(listing(&tree.root()), ["0644 /etc/pam_mfa/mfa.toml"]);
}

#[test]
fn other_folders_are_told_to_the_files_that_name_them() {
    let tree = Tree::new();
    tree.make(&["install", "MULTIARCH=", "LIBEXECDIR=/usr/lib/mfad", "PAMMODE=0755"]);
    let text = |path: &str| std::fs::read_to_string(tree.root().join(path)).unwrap();
    assert!(text("usr/lib/systemd/system/mfad.service").contains("\nExecStart=/usr/lib/mfad/mfad --boot-id=%b\n"));
    assert!(text("etc/apparmor.d/usr.libexec.mfad").contains("profile mfad /usr/lib/mfad/mfad "));
    let module = tree.root().join("usr/lib/security/pam_mfa.so");
    assert_eq!(std::fs::metadata(module).unwrap().permissions().mode() & 0o7777, 0o755);
}

/// Every link of the documents of `folder` that leads to no file, and no page of the web.
fn dead_links(folder: &Path) -> Vec<String> {
    let pages = listing(folder).into_iter().map(|line| line[6..].to_owned()).filter(|name| name.ends_with(".md"));
    let mut dead = Vec::new();
    for page in pages {
        let text = std::fs::read_to_string(folder.join(&page)).unwrap();
        let pictures = text.split(" src=\"").skip(1).map(|rest| rest.split('"').next().unwrap());
        let links = text.split("](").skip(1).map(|rest| rest.split(')').next().unwrap());
        let leads_nowhere = |link: &&str| {
            let target = link.split('#').next().unwrap();
            !link.starts_with("http") && !target.is_empty() && !folder.join(target).exists()
        };
        dead.extend(links.chain(pictures).filter(leads_nowhere).map(|link| format!("{page}: {link}")));
    }
    dead
}

#[test]
fn documents_point_to_nothing_that_is_not_installed_with_them() {
    let tree = Tree::new();
    tree.make(&["install"]);
    let documents = tree.root().join("usr/share/doc/pam_mfa");
    assert_eq!(dead_links(&documents), Vec::<String>::new());
    let readme = std::fs::read_to_string(documents.join("README.md")).unwrap();
    assert!(readme.contains("](operations.md#install)") && readme.contains("](examples/pam.d/sudo)"), "{readme}");
    // Each package of Debian has some of them.
    for (package, name) in [
        ("mfad", "the terminal shows (docs/push.md)"),
        ("libpam-mfa", "see push.md"),
        ("mfa-authenticator", "is in threat-model.md"),
    ] {
        let folder = tempfile::tempdir().unwrap();
        for page in text(&format!("packaging/debian/{package}.docs")).lines().filter(|page| page.ends_with(".md")) {
            let to = folder.path().join(Path::new(page).file_name().unwrap());
            std::fs::copy(repository().join(page), to).unwrap();
        }
        assert_ne!(dead_links(folder.path()), Vec::<String>::new(), "{package}: there was something to do");
        ok(Command::new("sh").arg("packaging/links.sh").arg(folder.path()));
        assert_eq!(dead_links(folder.path()), Vec::<String>::new(), "{package}");
        let all: Vec<String> = listing(folder.path())
            .iter()
            .map(|line| std::fs::read_to_string(folder.path().join(&line[6..])).unwrap())
            .collect();
        assert!(all.concat().contains(name), "{package}: {name}");
    }
}

#[test]
fn without_the_window_nothing_of_it_is_installed() {
    let tree = Tree::new();
    tree.make(&["install", "GUI="]);
    let found = listing(&tree.root()).join("\n");
    assert!(
        found.contains("mfa-authenticator.service") && !found.contains("icons") && !found.contains("/applications/"),
        "{found}"
    );
}

#[test]
fn what_is_made_for_a_build_goes_into_its_folder_whatever_it_is_called() {
    let tree = Tree::new();
    std::fs::remove_dir_all(tree.built().join("locale")).unwrap();
    let mut make = Command::new("make");
    make.args(["--silent", "CARGO=true", "build", "bill"]).env("CARGO_TARGET_DIR", tree.built());
    ok(make.env_remove("MAKEFLAGS"));
    for path in ["locale/de.mo", "bill/NOTICES"] {
        assert!(tree.built().join(path).is_file(), "{path}");
    }
}

#[test]
fn a_server_needs_nothing_of_the_authenticator() {
    let tree = Tree::new();
    tree.make(&["install", "PARTS=module daemon"]);
    let found = listing(&tree.root()).join("\n");
    assert!(found.contains("/mfactl") && !found.contains("/usr/bin/mfa-authenticator"), "{found}");
}
