//! Keys and PINs of these tests that must not get out: looked for in whatever a desktop's programs logged, complained about, or
//! wrote beside the keyring.

use std::path::Path;

/// The key of RFC 4226's and 6238's examples, as most tests have it, in its encodings, and the PIN.
const KEPT: [&str; 7] = [
    "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ",
    "gezdgnbvgy3tqojqgezdgnbvgy3tqojq",
    "GEZD GNBV GY3T QOJQ",
    "12345678901234567890",
    "3132333435363738393031323334353637383930",
    "MTIzNDU2Nzg5MDEyMzQ1Njc4OTA",
    "correct horse",
];

/// What of them stands in this text.
pub(super) fn found_in(bytes: &[u8]) -> Option<&'static str> {
    let text = String::from_utf8_lossy(bytes);
    KEPT.into_iter().find(|kept| text.contains(kept))
}

/// The logs in `folder` that hold one of them: of agents, windows, buses and what these start.
pub(super) fn logs_that_tell(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let logs = entries.map(|entry| entry.path()).filter(|path| path.extension().is_some_and(|end| end == "log"));
    logs.filter_map(|path| {
        let kept = found_in(&std::fs::read(&path).unwrap_or_default())?;
        Some(format!("{} holds {kept:?}", path.display()))
    })
    .collect()
}

#[test]
fn a_key_in_a_log_and_a_pin_in_a_folder_are_found_and_a_keyring_may_keep_them() {
    let folder = tempfile::tempdir().unwrap();
    let write = |path: &str, text: &str| {
        let path = folder.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    };
    write("window.log", "all is well");
    write("home/.local/state/history.json", "[]");
    write("home/keyrings/login", KEPT[0]);
    let found = || (logs_that_tell(folder.path()).len(), files_that_tell(&folder.path().join("home")).len());
    assert_eq!(found(), (0, 0));
    write("session-bus.log", &format!("warning: {}\n", KEPT[0]));
    write("home/.config/settings.json", "correct horse");
    assert_eq!(found(), (1, 1));
}

/// The files below `folder` that hold one of them; the keyring's own are left out, it keeps them.
pub(super) fn files_that_tell(folder: &Path) -> Vec<String> {
    let mut telling = Vec::new();
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        let kind = entry.file_type().unwrap();
        if kind.is_dir() && entry.file_name() != "keyrings" {
            telling.extend(files_that_tell(&path));
        } else if kind.is_file()
            && let Some(kept) = found_in(&std::fs::read(&path).unwrap_or_default())
        {
            telling.push(format!("{} holds {kept:?}", path.display()));
        }
    }
    telling
}
