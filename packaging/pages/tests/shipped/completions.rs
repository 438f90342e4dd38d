//! The completions load in the shells they are for.

use crate::{made, ok};
use std::path::Path;
use std::process::Command;

fn sh(shell: &str, arguments: &[&str], script: &str, folder: &Path) -> String {
    ok(Command::new(shell)
        .args(arguments)
        .args(["-c", script])
        .env("FOLDER", folder)
        .env("HOME", folder)
        .env("TERM", "dumb"))
}

#[test]
fn bash_completes_a_command_by_them() {
    let made = made();
    let script = r#"
        for program in mfactl mfa-authenticator; do . "$FOLDER/$program.bash"; complete -p "$program"; done
        COMP_WORDS=(mfactl enr) COMP_CWORD=1
        _mfactl mfactl enr mfactl
        printf 'found %s\n' "${COMPREPLY[@]}"
    "#;
    let said = sh("bash", &["--norc", "-eu"], script, made.path());
    assert!(said.contains("found enroll"), "{said}");
}

#[test]
fn zsh_loads_them() {
    let made = made();
    let script = r#"
        fpath=("$FOLDER" $fpath)
        autoload -Uz compinit && compinit -u -d "$FOLDER/dump"
        print -r -- "found $_comps[mfactl] $_comps[mfa-authenticator]"
        autoload +X _mfactl && autoload +X _mfa-authenticator
    "#;
    let said = sh("zsh", &["-f"], script, made.path());
    assert!(said.contains("found _mfactl _mfa-authenticator"), "{said}");
}

#[test]
fn fish_completes_a_command_by_them() {
    let made = made();
    let script = r#"
        source $FOLDER/mfactl.fish; and source $FOLDER/mfa-authenticator.fish; or exit 1
        complete --do-complete="mfactl enr"
        complete --do-complete="mfa-authenticator pai"
    "#;
    let said = sh("fish", &["--no-config"], script, made.path());
    assert!(said.contains("enroll") && said.contains("pair"), "{said}");
}
