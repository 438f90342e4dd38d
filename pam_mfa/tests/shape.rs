//! The shape of the shared object that is installed: what it exports, needs and imports.
//!
//! Builds the release object by its own cargo call, as packages do, and reads it with binutils.
#![allow(
    clippy::disallowed_methods,
    clippy::panic,
    clippy::unwrap_used,
    reason = "this runs beside the module, not inside a host"
)]

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// The installed file stays below this many bytes.
const MAX_SIZE: u64 = 1_000_000;

/// Crates in the module's normal dependency tree, itself and what only the compiler loads included, stay below this.
const MAX_CRATES: usize = 20;

fn output(command: &mut Command) -> String {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

fn cargo() -> Command {
    let mut cargo = Command::new(env!("CARGO"));
    cargo.current_dir(env!("CARGO_MANIFEST_DIR"));
    cargo
}

fn module() -> &'static Path {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    BUILT.get_or_init(|| {
        let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap();
        let mut build = cargo();
        build.args(["build", "--release", "-p", "pam_mfa", "--message-format=json", "--target-dir"]).arg(target);
        // Where it is depends on CARGO_BUILD_TARGET as well.
        let told = output(&mut build);
        told.split('"').find(|word| word.ends_with("/libpam_mfa.so")).unwrap().into()
    })
}

fn symbols(kind: &str) -> Vec<String> {
    let listing = output(Command::new("nm").args(["-D", "--format=just-symbols", kind]).arg(module()));
    listing.lines().map(|line| line.split('@').next().unwrap().to_owned()).collect()
}

fn dynamic_section() -> String {
    output(Command::new("readelf").arg("-dW").arg(module()))
}

#[test]
fn the_six_hooks_are_exported_and_nothing_else() {
    let mut exported = symbols("--defined-only");
    exported.sort();
    assert_eq!(
        exported,
        [
            "pam_sm_acct_mgmt",
            "pam_sm_authenticate",
            "pam_sm_chauthtok",
            "pam_sm_close_session",
            "pam_sm_open_session",
            "pam_sm_setcred"
        ]
    );
}

#[test]
fn it_stays_mapped_binds_at_once_and_searches_no_other_path() {
    let dynamic = dynamic_section();
    for flag in ["NODELETE", "BIND_NOW"] {
        assert!(dynamic.contains(flag), "{flag}: {dynamic}");
    }
    for path in ["RPATH", "RUNPATH", "TEXTREL"] {
        assert!(!dynamic.contains(path), "{path}: {dynamic}");
    }
}

#[test]
fn it_needs_libpam_libc_and_the_unwinder_and_nothing_else() {
    let dynamic = dynamic_section();
    for line in dynamic.lines().filter(|line| line.contains("(NEEDED)")) {
        let library = line.split(['[', ']']).nth(1).unwrap();
        let known = matches!(library, "libpam.so.0" | "libc.so.6" | "libgcc_s.so.1") || library.starts_with("ld-linux");
        assert!(known, "{library}");
    }
}

/// What could change the host is not even imported. `getenv`, `getcwd`, `realpath` and `open` cannot be excluded: std
/// brings them for its own panic message and backtrace, which the module's silent hook replaces; clippy.toml keeps our
/// own code from them. Of libpam, asking for the password (`pam_get_authtok`) is excluded, and the one item that is ever set is
/// the stacked password, in `ffi.rs`, for `forward_pass`.
#[test]
fn it_imports_nothing_that_changes_the_host() {
    let imported = symbols("--undefined-only");
    for symbol in [
        "alarm",
        "chdir",
        "clone",
        "dup2",
        "execve",
        "exit",
        "fork",
        "fputs",
        "kill",
        "openlog",
        "pam_get_authtok",
        "pam_putenv",
        "posix_spawn",
        "prctl",
        "printf",
        "pthread_create",
        "pthread_sigmask",
        "puts",
        "raise",
        "secure_getenv",
        "setenv",
        "setitimer",
        "setlocale",
        "setrlimit",
        "setuid",
        "sigaction",
        "sigaltstack",
        "signal",
        "sigprocmask",
        "system",
        "syslog",
        "timer_create",
        "umask",
        "unsetenv",
        "vfork",
    ] {
        assert!(!imported.iter().any(|name| name == symbol), "{symbol}");
    }
    let of_libpam: Vec<_> = imported.iter().filter(|name| name.starts_with("pam_")).collect();
    assert_eq!(of_libpam, ["pam_get_data", "pam_get_item", "pam_getenv", "pam_set_data", "pam_set_item"]);
}

#[test]
fn it_is_small() {
    // Packages strip it; what they build may hold more, for their debuggers (Fedora's RUSTFLAGS).
    let stripped = Path::new(env!("CARGO_TARGET_TMPDIR")).join("stripped.so");
    output(Command::new("strip").arg("-o").arg(&stripped).arg(module()));
    let size = std::fs::metadata(stripped).unwrap().len();
    assert!(size < MAX_SIZE, "{size} bytes");
}

#[test]
fn its_dependencies_can_be_counted_on_two_hands_twice() {
    let tree = output(cargo().args(["tree", "-p", "pam_mfa", "-e", "normal", "--prefix", "none", "--no-dedupe"]));
    let mut crates: Vec<_> = tree.lines().filter_map(|line| line.split(' ').next()).collect();
    crates.sort_unstable();
    crates.dedup();
    assert!(crates.len() < MAX_CRATES, "{}: {crates:?}", crates.len());
}

#[test]
fn it_does_not_build_where_a_panic_would_end_the_host() {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).join("abort");
    let mut check = cargo();
    check.args(["check", "-p", "pam_mfa", "--config", "profile.dev.panic=\"abort\"", "--target-dir"]).arg(target);
    let output = check.output().unwrap();
    assert!(!output.status.success());
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(errors.contains("a panic must stop at the module's boundary"), "{errors}");
}
