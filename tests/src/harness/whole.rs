//! The state folder, read as it lies on the disk: everything in it is whole, or a test fails.
//!
//! Called after each fault that is put into mfad, while it runs again. It reads the files itself, so that an mfad that overlooks
//! a damaged one does not pass; then it asks mfad as an administrator would.

use super::House;
use mfa_core::enrollment::Enrollment;
use mfa_core::{name, record, stock};
use std::fs;
use std::path::Path;

/// Nothing half written or unfinished lies about, every enrolment, record and stock of tokens can be read, who has a factor has
/// recovery codes and who has none has none, mfad has nothing to complain of anybody, alice is enrolled, and the trail is whole.
/// Gives how many enrolments there are.
///
/// # Panics
/// Where something is not so, after `what`.
pub fn is_whole(house: &House, what: &dyn std::fmt::Display) -> usize {
    let state = house.world.state_dir();
    for folder in ["", "users", "state"] {
        let unfinished = names(&state.join(folder)).into_iter().find(|name| name.starts_with('.'));
        assert_eq!(unfinished, None, "{what}: left in {folder:?}");
    }
    let mut users = Vec::new();
    for file in names(&state.join("users")) {
        let user = file.strip_suffix(".toml").and_then(name::user_of);
        let user = user.unwrap_or_else(|| panic!("{what}: users/{file} is nobody's"));
        let text = fs::read_to_string(state.join("users").join(&file)).unwrap();
        let enrollment = Enrollment::parse(&file, &text).unwrap_or_else(|e| panic!("{what}: {e}"));
        assert_eq!(
            enrollment.recovery.is_some(),
            enrollment.is_enrolled(),
            "{what}: {user} has a factor without recovery codes, or these without it"
        );
        users.push(user);
    }
    for file in names(&state.join("state")) {
        let bytes = fs::read(state.join("state").join(&file)).unwrap();
        assert!(record::read(&bytes).is_ok(), "{what}: state/{file} cannot be read, all {} bytes of it", bytes.len());
    }
    if let Ok(text) = fs::read_to_string(state.join(stock::FILE)) {
        assert!(stock::Stock::parse(stock::FILE, &text).is_ok(), "{what}: the stock of tokens cannot be read");
    }
    for user in &users {
        let status = house.mfactl.run(&["status", user, "--json"], "").ok().json();
        assert_eq!(status["problems"].as_array().map(Vec::len), Some(0), "{what}: {status}");
        assert!(user != "alice" || status["enrolled"] == true, "{what}: {status}");
    }
    assert!(users.iter().any(|user| user == "alice"), "{what}: alice's enrolment is gone");
    let trail = house.mfactl.run(&["log", "verify"], "");
    assert_eq!(trail.code, 0, "{what}: {trail:?}");
    users.len()
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    entries.map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned()).collect()
}
