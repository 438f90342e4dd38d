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
    /// `debug`: more log lines.
    pub(crate) debug: bool,
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
    /// The first argument that is unknown, empty, not UTF-8, or given twice with different values.
    pub(crate) fn parse(args: &[&CStr]) -> Result<Self, BadArgument> {
        let mut run_dir: Option<&str> = None;
        let (mut first_factor_stack, mut ignore_unreachable, mut debug) = (false, false, false);
        for raw in args {
            let bad = |why| BadArgument { argument: raw.to_string_lossy().into_owned(), why };
            match raw.to_str().map_err(|_| bad("not UTF-8"))? {
                "first_factor=stack" => first_factor_stack = true,
                "unreachable=ignore" => ignore_unreachable = true,
                "debug" => debug = true,
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
        Ok(Self { run_dir: run_dir.unwrap_or(RUN_DIR).into(), first_factor_stack, ignore_unreachable, debug })
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
mod tests {
    use super::*;

    #[test]
    fn an_empty_line_means_the_strict_defaults() {
        let arguments = Arguments::parse(&[]).unwrap();
        let defaults =
            Arguments { run_dir: RUN_DIR.into(), first_factor_stack: false, ignore_unreachable: false, debug: false };
        assert_eq!(arguments, defaults);
    }

    #[test]
    fn every_argument_is_understood_in_any_order() {
        let line = [c"debug", c"unreachable=ignore", c"run_dir=/run/x", c"first_factor=stack", c"run_dir=/run/x"];
        let all =
            Arguments { run_dir: "/run/x".into(), first_factor_stack: true, ignore_unreachable: true, debug: true };
        assert_eq!(Arguments::parse(&line).unwrap(), all);
    }

    #[test]
    fn what_is_misspelt_empty_or_contradicted_is_refused_by_name() {
        let long = format!("run_dir=/{}\0", "x".repeat(100));
        let long = CStr::from_bytes_with_nul(long.as_bytes()).unwrap();
        for bad in [
            &[c"requre"] as &[&CStr],
            &[c""],
            &[c"debug="],
            &[c"debug=1"],
            &[c"Debug"],
            &[c" debug"],
            &[c"nullok"],
            &[c"first_factor"],
            &[c"first_factor="],
            &[c"first_factor=stacks"],
            &[c"unreachable"],
            &[c"unreachable="],
            &[c"unreachable=success"],
            &[c"unreachable=ignore "],
            &[c"unreacheable=ignore"],
            &[c"run_dir"],
            &[c"run_dir="],
            &[c"run_dir=run"],
            &[c"run_dir=/run/../tmp"],
            &[c"rundir=/run"],
            &[long],
            &[c"run_dir=/run/\xff"],
            &[c"run_dir=/a", c"run_dir=/b"],
            &[c"debug", c"unreachable=ignore", c"x"],
        ] {
            let refused = Arguments::parse(bad).unwrap_err();
            assert_eq!(refused.argument, bad.last().unwrap().to_string_lossy(), "{bad:?}");
            assert!(refused.to_string().contains(&refused.argument));
        }
    }
}
