//! What a process has that a PAM module must leave as it was.
//!
//! Taken by the `pam_client` program before and after its calls and compared by the tests.

use super::libpam::locale;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::fs;

/// Lines of `/proc/self/status` (proc(5)): identity, signals, threads, umask.
const STATUS: [&str; 11] =
    ["Umask", "Uid", "Gid", "Groups", "Threads", "SigPnd", "ShdPnd", "SigBlk", "SigIgn", "SigCgt", "NoNewPrivs"];

/// The calling process as it is now.
#[must_use]
pub fn take() -> Value {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let mut out = Map::new();
    for (key, value) in status.lines().filter_map(|line| line.split_once(':')) {
        if STATUS.contains(&key) {
            out.insert(key.to_owned(), json!(value.trim()));
        }
    }
    out.insert("cwd".to_owned(), json!(std::env::current_dir().unwrap()));
    out.insert("locale".to_owned(), json!(locale()));
    let environment: BTreeMap<_, _> = std::env::vars_os()
        .map(|(k, v)| (k.to_string_lossy().into_owned(), v.to_string_lossy().into_owned()))
        .collect();
    out.insert("environment".to_owned(), json!(environment));
    out.insert("fds".to_owned(), json!(open_files()));
    Value::Object(out)
}

fn open_files() -> BTreeMap<String, String> {
    let own = format!("/proc/{}/fd", std::process::id());
    fs::read_dir("/proc/self/fd")
        .unwrap()
        .filter_map(|entry| {
            let entry = entry.ok()?;
            let target = fs::read_link(entry.path()).ok()?.to_string_lossy().into_owned();
            // The folder being read is open itself.
            (target != own).then(|| (entry.file_name().to_string_lossy().into_owned(), target))
        })
        .collect()
}
