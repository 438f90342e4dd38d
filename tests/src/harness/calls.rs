//! Calls over D-Bus by dbus-send, a program that nobody here wrote, and the methods that a description names.
//!
//! Used by the tables of who may call what. What must never happen: a method that a description names and no table is held against.

use super::Program;
use std::collections::BTreeSet;

/// A call of `method` of the object `path` of `to`, on the bus `--system` or `--session`; arguments as dbus-send takes them.
#[must_use]
pub fn send<S: AsRef<str>>(bus: &str, (to, path): (&str, &str), method: &str, args: &[S]) -> Program {
    let program = Program::new("dbus-send").args([bus, "--print-reply", "--reply-timeout=5000"]);
    program.arg(format!("--dest={to}")).arg(path).arg(method).args(args.iter().map(AsRef::as_ref))
}

/// The methods of ours that an introspection names, without the prefix.
#[must_use]
pub fn methods(xml: &str) -> BTreeSet<String> {
    let mut methods = BTreeSet::new();
    let mut interface = String::new();
    for line in xml.lines() {
        let name = |tag: &str| line.split(tag).nth(1).and_then(|rest| rest.split('"').next());
        if let Some(name) = name("<interface name=\"") {
            name.clone_into(&mut interface);
        }
        if let (Some(ours), Some(method)) = (interface.strip_prefix("io.github.pam_mfa."), name("<method name=\"")) {
            methods.insert(format!("{ours}.{method}"));
        }
    }
    methods
}
