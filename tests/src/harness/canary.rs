//! Secrets that must not get out: keys and recovery codes of every test, looked for in everything a world logged and wrote.
//!
//! Every [`World`] looks when it ends, so that the whole suite, with mfad at its most talkative, is the test. What may hold
//! them is left out: the enrolment files, the stock of tokens, home folders, and what a test itself wrote beside.

use super::World;
use data_encoding::{BASE32_NOPAD, BASE64, BASE64_NOPAD, BASE64URL_NOPAD, HEXLOWER, HEXUPPER};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

/// What this process knows and must not find. A few are enough, and a world of a hundred thousand users ends in time.
static KEPT: Mutex<Vec<String>> = Mutex::new(Vec::new());
const MOST: usize = 40;

/// From now on no log, argument, environment, state record or trail may hold this, in any encoding.
pub fn keep_quiet_about(secret: &str) {
    let mut kept = KEPT.lock().unwrap();
    if kept.len() < MOST {
        kept.push(secret.to_owned());
    }
}

/// How a secret could be written: as it is, without its groups, in the other case; the bytes of a base32 key, too, as hex,
/// base64 and themselves.
#[must_use]
pub fn written(secret: &str) -> Vec<Vec<u8>> {
    let bare: String = secret.chars().filter(|c| c.is_ascii_alphanumeric()).collect();
    let mut ways: Vec<Vec<u8>> = [secret, &bare, &bare.to_lowercase(), &bare.to_uppercase()].map(|s| s.into()).to_vec();
    let grouped: Vec<_> = bare.as_bytes().chunks(4).map(|group| String::from_utf8_lossy(group)).collect();
    ways.extend([" ", "-"].map(|between| grouped.join(between).into_bytes()));
    // A recovery code decodes, too, now and then: that harms nobody.
    if let Ok(bytes) = BASE32_NOPAD.decode(bare.to_uppercase().as_bytes())
        && bytes.len() >= 10
    {
        let encodings = [HEXLOWER, HEXUPPER, BASE64, BASE64_NOPAD, BASE64URL_NOPAD];
        ways.extend(encodings.map(|encoding| encoding.encode(&bytes).into_bytes()));
        ways.push(bytes);
    }
    ways.sort();
    ways.dedup();
    ways
}

/// Where a secret of this process stands that must not: place and secret.
#[must_use]
pub fn told(world: &World) -> Vec<String> {
    if KEPT.lock().unwrap().is_empty() { Vec::new() } else { told_in(places(world)) }
}

/// The same of these places alone: each has a name and what it holds.
#[must_use]
pub fn told_in(places: Vec<(String, Vec<u8>)>) -> Vec<String> {
    let kept = KEPT.lock().unwrap().clone();
    let places: Vec<_> = places.into_iter().map(|(place, bytes)| (place, text(&bytes))).collect();
    let mut told = Vec::new();
    for secret in &kept {
        for way in written(secret) {
            for (place, held) in &places {
                if held.contains(&text(&way)) {
                    told.push(format!("{place}: {secret} as {:?}", String::from_utf8_lossy(&way)));
                }
            }
        }
    }
    told
}

/// Everything that was logged or written where no secret belongs, and the arguments and environment of what still runs.
#[must_use]
pub fn places(world: &World) -> Vec<(String, Vec<u8>)> {
    let mut places = vec![("the system log".to_owned(), world.log().lines().join("\n").into_bytes())];
    let state = world.state_dir();
    let files = entries(world.folder()).into_iter().filter(|path| is_log(path));
    let written = ["audit", "state"].iter().flat_map(|folder| entries(&state.join(folder)));
    let beside = entries(&state).into_iter().filter(|path| path.is_file() && !path.ends_with("tokens.toml"));
    for file in files.chain(written).chain(beside) {
        places.push((file.display().to_string(), fs::read(&file).unwrap_or_default()));
    }
    for pid in world.processes() {
        for part in ["cmdline", "environ"] {
            let file = format!("/proc/{pid}/{part}");
            places.push((file.clone(), fs::read(&file).unwrap_or_default()));
        }
    }
    places
}

/// A character for each byte: searched as text, which the library does well.
fn text(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| char::from(*byte)).collect()
}

fn is_log(path: &Path) -> bool {
    path.is_file() && path.extension().is_some_and(|ending| ending == "err" || ending == "log")
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    fs::read_dir(folder).map(|entries| entries.flatten().map(|entry| entry.path()).collect()).unwrap_or_default()
}
