//! log and log verify.

use crate::house::House;

#[test]
fn the_trail_tells_who_did_what_and_when() {
    let house = House::new();
    house.enrolled("games", "totp");
    house.mfactl(&["unlock", "games"]).ok();
    house.mfactl(&["require", "man", "optional"]).ok();
    let events = |arguments: &[&str]| -> Vec<String> {
        let lines = house.mfactl(&[&["log", "--json"], arguments].concat()).objects();
        lines.iter().map(|line| line["event"].as_str().unwrap().to_owned()).collect()
    };
    let all = ["daemon.started", "enroll.completed", "recovery.generated", "admin.unlock", "admin.require"];
    assert_eq!(events(&[]), all);
    assert_eq!(events(&["--user", "games"]), all[1..4]);
    assert_eq!(events(&["--since", "1h"]), all);
    assert_eq!(events(&["--since", "2999-01-01"]), [""; 0]);
    let text = house.mfactl(&["log", "--user", "man"]).ok();
    assert!(text.contains("admin.require      man by_uid=") && text.contains("detail=\"man: optional\""), "{text}");
    house.mfactl(&["log", "--since", "soon"]).refused(2, "RFC 3339");
}

#[test]
fn a_changed_line_breaks_the_chain() {
    let mut house = House::new();
    house.enrolled("games", "totp");
    let whole = house.mfactl(&["log", "verify", "--json"]).json();
    assert_eq!((&whole["records"], &whole["broken"]), (&3.into(), &serde_json::json!([])));
    assert_eq!(whole["head"].as_str().unwrap().len(), 64);
    assert!(
        house
            .mfactl(&["log", "verify"])
            .ok()
            .starts_with(&format!("3 records, head {}", whole["head"].as_str().unwrap()))
    );
    house.stop();
    let file = house.state_dir().join("audit/00000001.jsonl");
    let text = std::fs::read_to_string(&file).unwrap();
    house.give(&file, &text.replacen("games", "gamez", 1));
    house.start();
    house.mfactl(&["log", "verify"]).refused(1, "00000001.jsonl:3");
    let broken = house.mfactl(&["log", "verify", "--json"]);
    assert_eq!(broken.code, 1);
    assert!(broken.out.contains("does not follow"), "{broken:?}");
}
