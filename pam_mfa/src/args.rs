//! The arguments of the module's line in a PAM stack.
//!
//! Read once per authentication, from the root-owned stack. What must never happen: an argument
//! that is misspelt, empty or contradicted being passed over, since the line would then be weaker
//! than its author thinks.

use mfa_core::wire::{ROOT_SOCKET, RUN_DIR, USER_SOCKET};
use std::ffi::CStr;
use std::fmt;
use std::path::{Component, Path, PathBuf};

/// Longest path of a socket, in bytes: `sun_path` of unix(7) without its NUL.
const MAX_SOCKET_PATH: usize = 107;

/// What the module line says.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Arguments {
    /// `run_dir=DIR`: the folder of both sockets, absolute. Default [`RUN_DIR`].
    pub(crate) run_dir: PathBuf,
    /// `first_factor=stack`: a `requisite` first factor stands before this line.
    pub(crate) first_factor_stack: bool,
    /// `unreachable=ignore`: where mfad's socket is missing or refuses, the module steps aside.
    pub(crate) ignore_unreachable: bool,
    /// `use_first_pass`, `try_first_pass`: what becomes of the stacked password.
    pub(crate) first_pass: Take,
    /// `forward_pass`: the password before the code is left to the modules behind.
    pub(crate) forward: bool,
    /// `debug`: more log lines.
    pub(crate) debug: bool,
}

/// Whether the code is taken from the stacked password (`PAM_AUTHTOK`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Take {
    /// Only by asking.
    Never,
    /// From there, and by asking where that is refused. What `forward_pass` alone means too.
    First,
    /// From there alone: nobody is asked.
    Only,
}

/// An argument this module does not take, and why.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct BadArgument {
    pub(crate) argument: String,
    pub(crate) why: &'static str,
}

impl fmt::Display for BadArgument {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { argument, why } = self;
        write!(f, "the module line has an argument that is refused ({why}): {argument}")
    }
}

impl Arguments {
    /// Reads the arguments in any order.
    ///
    /// # Errors
    /// The first argument that is unknown, empty, not UTF-8, or contradicts one before it.
    pub(crate) fn parse(args: &[&CStr]) -> Result<Self, BadArgument> {
        let mut run_dir: Option<&str> = None;
        let (mut first_factor_stack, mut ignore_unreachable, mut debug) = (false, false, false);
        let (mut first_pass, mut forward) = (None, false);
        for raw in args {
            let bad = |why| BadArgument { argument: raw.to_string_lossy().into_owned(), why };
            match raw.to_str().map_err(|_| bad("not UTF-8"))? {
                "first_factor=stack" => first_factor_stack = true,
                "unreachable=ignore" => ignore_unreachable = true,
                "debug" => debug = true,
                "forward_pass" => forward = true,
                pass @ ("use_first_pass" | "try_first_pass") => {
                    let take = if pass == "use_first_pass" { Take::Only } else { Take::First };
                    if first_pass.is_some_and(|before| before != take) {
                        return Err(bad("use_first_pass and try_first_pass contradict one another"));
                    }
                    first_pass = Some(take);
                }
                other => {
                    let Some((name, value)) = other.split_once('=') else {
                        return Err(bad("unknown"));
                    };
                    match name {
                        "run_dir" => {
                            check_run_dir(value).map_err(bad)?;
                            if run_dir.is_some_and(|before| before != value) {
                                return Err(bad("given twice, with different values"));
                            }
                            run_dir = Some(value);
                        }
                        "first_factor" => return Err(bad("the only value is stack")),
                        "unreachable" => return Err(bad("the only value is ignore")),
                        _ => return Err(bad("unknown")),
                    }
                }
            }
        }
        let run_dir = run_dir.unwrap_or(RUN_DIR).into();
        let first_pass = first_pass.unwrap_or(if forward { Take::First } else { Take::Never });
        Ok(Self { run_dir, first_factor_stack, ignore_unreachable, first_pass, forward, debug })
    }
}

fn check_run_dir(value: &str) -> Result<(), &'static str> {
    let path = Path::new(value);
    if value.is_empty() {
        Err("empty")
    } else if !path.is_absolute() {
        Err("not an absolute path")
    } else if path.components().any(|part| part == Component::ParentDir) {
        Err("with a .. in it")
    } else if value.len() + 1 + ROOT_SOCKET.len().max(USER_SOCKET.len()) > MAX_SOCKET_PATH {
        Err("too long for the path of a socket")
    } else {
        Ok(())
    }
}

#[cfg(test)]
#[path = "args/tests.rs"]
mod tests;
