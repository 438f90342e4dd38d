//! How the module is linked. Run by cargo; concerns the shared object only, not the unit tests.
#![allow(clippy::disallowed_macros, reason = "printing is how a build script speaks to cargo")]

fn main() {
    // libpam calls dlclose at pam_end. Should anything in the process still point into the module by then (a thread-local
    // destructor, say), unmapping it would crash the host: the loader is told to keep it.
    println!("cargo::rustc-cdylib-link-arg=-Wl,-z,nodelete");
    println!("cargo::rerun-if-changed=build.rs");
}
