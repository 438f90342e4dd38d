//! config check of a file that mfad does not run by: a draft, wherever it lies and whoever checks it.

use crate::house::{House, NOBODY, run};
use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, chown};
use std::process::Command;

#[test]
fn anybody_checks_a_draft_and_is_told_where_mfad_would_not_read_it() {
    let house = House::silent();
    // The built program need not be where others may run it.
    let program = house.folder.join("mfactl");
    fs::copy(house.command(&[]).get_program(), &program).unwrap();
    let by_nobody = |arguments: &[&str]| {
        let mut command = Command::new("setpriv");
        command.args(["--reuid=65534", "--regid=65534", "--clear-groups"]).arg(&program);
        command.args(["config", "check", "--config"]).args(arguments);
        run(command, "")
    };
    let whole = house.write("whole.toml", "require = \"required\"\n");
    assert!(!by_nobody(&[&whole]).ok().contains("would not read"));
    let warning = "mfad would not read it there: ";
    let draft = house.write("draft.toml", "require = \"required\"\n");
    for (loosen, words) in [
        (&(|| chown(&draft, Some(NOBODY), None).unwrap()) as &dyn Fn(), "not owned by root"),
        (&|| fs::set_permissions(&house.folder, Permissions::from_mode(0o777)).unwrap(), "not owned by root"),
        (&|| chown(&draft, Some(0), None).unwrap(), "writable by others"),
    ] {
        loosen();
        let said = by_nobody(&[&draft]).ok();
        assert!(said.starts_with("In order.") && said.contains(warning) && said.contains(words), "{said}");
        assert!(said.contains("install -m 0644"), "{said}");
        let json = by_nobody(&[&draft, "--json"]).json();
        assert!(json["ok"] == true && json["not_read_there"].as_str().unwrap().contains(words), "{json}");
    }
    fs::write(&draft, "requre = \"required\"\n").unwrap();
    by_nobody(&[&draft]).refused(1, "draft.toml:1: requre: there is no key requre here");
    by_nobody(&["/nonexistent"]).refused(1, "/nonexistent: No such file");
    // What is shown, and what anything else works with, is read as mfad reads it.
    house.mfactl(&["config", "cat", "--config", &draft]).refused(1, "writable by others");
    let help = house.mfactl(&["config", "check", "--help"]).ok();
    assert!(help.contains("without the drop-ins beside it"), "{help}");
}
