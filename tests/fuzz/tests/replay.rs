//! Every input of the corpora, as it is and changed at random: each run the same changes.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test that cannot go on has failed")]

use mfa_fuzz::TARGETS;
use std::path::{Path, PathBuf};

/// Changed inputs of each file, in every run and under `tests/run.sh --all` (`MFA_LONG`).
const CHANGES: [u32; 2] = [200, 5_000];

/// Targets that derive keys, of which each run does this much less.
const DERIVING: [&str; 2] = ["sealed", "tokens"];
const LESS: u32 = 25;

fn corpus(target: &str) -> Vec<(PathBuf, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus").join(target);
    let mut files: Vec<PathBuf> = std::fs::read_dir(&folder)
        .unwrap_or_else(|why| panic!("{}: {why}", folder.display()))
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    files.into_iter().map(|path| (path.clone(), std::fs::read(path).unwrap())).collect()
}

/// xorshift64*: as good as any, and the same everywhere.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        usize::try_from(self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33).unwrap() % sides.max(1)
    }
}

/// Bits turned, bytes put in, taken out, doubled, and parts of another input.
fn changed(input: &[u8], other: &[u8], dice: &mut Dice) -> Vec<u8> {
    let mut bytes = input.to_vec();
    for _ in 0..=dice.roll(4) {
        let at = dice.roll(bytes.len());
        match dice.roll(6) {
            0 if !bytes.is_empty() => bytes[at] ^= 1 << dice.roll(8),
            1 => bytes.insert(at.min(bytes.len()), b"\0\n\"\\{}[]=:,\xff9"[dice.roll(13)]),
            2 if !bytes.is_empty() => drop(bytes.remove(at)),
            3 => bytes.truncate(at),
            4 => {
                let from = dice.roll(other.len());
                let part = &other[from..(from + dice.roll(32)).min(other.len())];
                bytes.splice(at..at, part.iter().copied());
            }
            _ => {
                let part = bytes[at..(at + dice.roll(64)).min(bytes.len())].to_vec();
                bytes.splice(at..at, part);
            }
        }
    }
    bytes
}

#[test]
fn every_input_and_its_changes_keep_every_promise() {
    let changes = CHANGES[usize::from(std::env::var_os("MFA_LONG").is_some())];
    for (name, target) in TARGETS {
        let inputs = corpus(name);
        let changes = if DERIVING.contains(&name) { changes / LESS } else { changes };
        assert!(inputs.len() >= 2, "{name} has no corpus");
        let mut dice = Dice(0x9e37_79b9_7f4a_7c15);
        for (path, input) in &inputs {
            let tried = std::panic::catch_unwind(|| target(input));
            assert!(tried.is_ok(), "{name}: {}", path.display());
            for _ in 0..changes {
                let other = &inputs[dice.roll(inputs.len())].1;
                let bytes = changed(input, other, &mut dice);
                let tried = std::panic::catch_unwind(|| target(&bytes));
                assert!(tried.is_ok(), "{name}: from {}: {}", path.display(), bytes.escape_ascii());
            }
        }
    }
}

#[test]
fn every_corpus_has_its_target() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus");
    for entry in std::fs::read_dir(folder).unwrap() {
        let name = entry.unwrap().file_name().to_string_lossy().into_owned();
        assert!(mfa_fuzz::target(&name).is_some(), "nothing reads corpus/{name}");
    }
}
