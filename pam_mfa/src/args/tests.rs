//! Lines that are understood, and all those that are not.

use super::*;

#[test]
fn an_empty_line_means_the_strict_defaults() {
    let arguments = Arguments::parse(&[]).unwrap();
    let defaults = Arguments {
        run_dir: RUN_DIR.into(),
        first_factor_stack: false,
        ignore_unreachable: false,
        first_pass: Take::Never,
        forward: false,
        debug: false,
    };
    assert_eq!(arguments, defaults);
}

#[test]
fn every_argument_is_understood_in_any_order() {
    let line = [c"debug", c"unreachable=ignore", c"run_dir=/run/x", c"first_factor=stack", c"run_dir=/run/x"];
    let all = Arguments {
        run_dir: "/run/x".into(),
        first_factor_stack: true,
        ignore_unreachable: true,
        first_pass: Take::Never,
        forward: false,
        debug: true,
    };
    assert_eq!(Arguments::parse(&line).unwrap(), all);
}

#[test]
fn the_stacked_password_is_taken_as_the_line_says() {
    for (line, expected) in [
        (&[c"try_first_pass"] as &[&CStr], (Take::First, false)),
        (&[c"use_first_pass", c"use_first_pass"], (Take::Only, false)),
        (&[c"forward_pass"], (Take::First, true)),
        (&[c"forward_pass", c"try_first_pass"], (Take::First, true)),
        (&[c"use_first_pass", c"debug", c"forward_pass"], (Take::Only, true)),
    ] {
        let arguments = Arguments::parse(line).unwrap();
        assert_eq!((arguments.first_pass, arguments.forward), expected, "{line:?}");
    }
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
        &[c"use_first_pass", c"try_first_pass"],
        &[c"try_first_pass", c"forward_pass", c"use_first_pass"],
        &[c"forward_pass="],
        &[c"use_first_pass=yes"],
        &[c"try_first_password"],
    ] {
        let refused = Arguments::parse(bad).unwrap_err();
        assert_eq!(refused.argument, bad.last().unwrap().to_string_lossy(), "{bad:?}");
        assert!(refused.to_string().contains(&refused.argument));
    }
}
