//! `docs/cve-map.md` names tests: each must exist, and every row that must hold in a release must name one.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// A row of the map.
struct Row<'a> {
    id: &'a str,
    must_hold: bool,
    tests: Vec<&'a str>,
    /// Why there is none.
    reason: Option<&'a str>,
}

fn rows(page: &str) -> Vec<Row<'_>> {
    let lines = page.lines().filter(|line| line.starts_with("| ") && !line.starts_with("| id "));
    lines
        .map(|line| {
            let fields: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
            let [id, must, .., tests] = fields.as_slice() else { panic!("{line}") };
            let reason = tests.strip_prefix("not here: ");
            let tests = tests.split('`').skip(1).step_by(2).collect();
            Row { id, must_hold: *must == "P0", tests, reason }
        })
        .collect()
}

/// What is wrong with the map, in words.
fn faults(page: &str, exists: impl Fn(&str) -> bool) -> Vec<String> {
    let mut faults = Vec::new();
    let mut seen = BTreeSet::new();
    for row in rows(page) {
        if !seen.insert(row.id) {
            faults.push(format!("{} stands twice", row.id));
        }
        faults.extend(
            row.tests.iter().filter(|test| !exists(test)).map(|test| format!("{}: there is no {test}", row.id)),
        );
        match (row.tests.is_empty(), row.reason) {
            (true, None) => faults.push(format!("{} names neither a test nor a reason", row.id)),
            (true, Some(_)) if row.must_hold => faults.push(format!("{} must hold and has no test", row.id)),
            _ => {}
        }
    }
    faults
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

/// The functions of this tree that a test attribute stands over.
fn tests_of(folder: &Path, found: &mut BTreeSet<String>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if path.is_dir() && name != "target" && !name.starts_with('.') {
            tests_of(&path, found);
        } else if name.ends_with(".rs") {
            let source = std::fs::read_to_string(&path).unwrap();
            let mut is_test = false;
            for line in source.lines().map(str::trim) {
                if line == "#[test]" || line.starts_with("#[tokio::test") {
                    is_test = true;
                } else if let Some(rest) =
                    line.strip_prefix("async ").unwrap_or(line).strip_prefix("fn ").filter(|_| is_test)
                {
                    found.insert(rest.split('(').next().unwrap().to_owned());
                    is_test = false;
                } else if !line.starts_with("#[") && !line.starts_with("//") {
                    is_test = false;
                }
            }
        }
    }
}

#[test]
fn every_test_that_the_map_names_exists_and_every_row_has_one_or_a_reason() {
    let page = std::fs::read_to_string(root().join("docs/cve-map.md")).unwrap();
    let mut tests = BTreeSet::new();
    tests_of(&root(), &mut tests);
    assert!(tests.len() > 800, "{}", tests.len());
    let exists = |name: &str| if name.ends_with(".sh") { root().join(name).is_file() } else { tests.contains(name) };
    let faults = faults(&page, exists);
    assert!(faults.is_empty(), "{faults:#?}");
    let rows = rows(&page);
    assert!(rows.iter().filter(|row| row.must_hold).count() >= 61, "rows were lost");
}

#[test]
fn a_row_without_a_test_or_with_one_that_is_not_there_is_found() {
    let page = "| id | | elsewhere | here | tests |\n|---|---|---|---|---|\n\
                | A-1 | P0 | x | y | `there` |\n| A-2 | P0 | x | y | `gone`, `there` |\n| A-3 | P1 | x | | not here: no such thing |\n\
                | A-4 | P0 | x | | not here: no such thing |\n| A-5 | P1 | x | y | |\n| A-1 | P1 | x | y | `there` |\n";
    assert_eq!(
        faults(page, |name| name == "there"),
        [
            "A-2: there is no gone",
            "A-4 must hold and has no test",
            "A-5 names neither a test nor a reason",
            "A-1 stands twice",
        ]
    );
}
