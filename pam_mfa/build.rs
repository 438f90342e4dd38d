//! How the module is linked. Run by cargo; concerns the shared object only, not the unit tests.
#![allow(clippy::disallowed_macros, clippy::disallowed_methods, reason = "this is how a build script works")]

use std::path::{Path, PathBuf};
use std::process::Command;

fn main() {
    // libpam calls dlclose at pam_end. Should anything in the process still point into the module by then (a thread-local
    // destructor, say), unmapping it would crash the host: the loader is told to keep it.
    println!("cargo::rustc-cdylib-link-arg=-Wl,-z,nodelete");
    // Where lld links: each segment begins with a page, and what is written lies in four of them instead of five. Each costs a login a
    // fault and a copy. GNU ld does so by itself and says that it ignores this.
    println!("cargo::rustc-cdylib-link-arg=-Wl,-z,separate-loadable-segments");
    println!("cargo::rerun-if-changed=build.rs");
    let folder = std::env::var_os("OUT_DIR").map(PathBuf::from);
    if let Some(folder) = folder.filter(|_| has_static_unwinder())
        && bring_the_unwinder(&folder).is_ok()
    {
        println!("cargo::rustc-link-search=native={}", folder.display());
    }
}

/// Finding, mapping and binding libgcc_s takes a third of the time the module takes to load, and sshd and sudo have not
/// loaded it yet. std asks for it by name: a linker script of that name names the static half of gcc's runtime instead.
/// Its symbols stay inside the module, as all but the hooks do.
fn bring_the_unwinder(folder: &Path) -> std::io::Result<()> {
    std::fs::write(folder.join("libgcc_s.so"), "GROUP ( -lgcc_eh -lgcc )\n")
}

/// gcc prints the path of a library it has, and the bare name of one it has not: the module is then linked as usual.
fn has_static_unwinder() -> bool {
    let printed = Command::new("cc").arg("-print-file-name=libgcc_eh.a").output();
    printed.is_ok_and(|printed| printed.stdout.starts_with(b"/"))
}
