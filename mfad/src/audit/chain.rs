//! The chain: how one line follows from the one before.

use data_encoding::HEXLOWER;
use mfa_core::event::Event;
use mfa_core::now::rfc3339;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::io;

/// The end of a chain: what the next line must name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    /// Lines so far.
    pub sequence: u64,
    /// SHA-256 of the last line without its newline, hex; zeros before the first.
    pub hash: String,
}

/// One line of the trail.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    seq: u64,
    prev: String,
    at: String,
    /// Seconds since 1970, for programs.
    time: u64,
    #[serde(flatten)]
    event: serde_json::Map<String, serde_json::Value>,
}

/// What a reader needs of a line.
#[derive(Debug, Clone, Deserialize)]
pub struct Line {
    /// Its number.
    pub seq: u64,
    /// Hash of the line before.
    pub prev: String,
    /// Seconds since 1970.
    pub time: u64,
    /// Whom it is about.
    pub user: Option<String>,
}

impl Head {
    /// Before the first line.
    #[must_use]
    pub fn start() -> Self {
        Self { sequence: 0, hash: HEXLOWER.encode(&[0; 32]) }
    }

    /// The next line, newline included, and the head after it.
    ///
    /// # Errors
    /// Never for an [`Event`].
    pub fn line(&self, at: u64, event: &Event) -> io::Result<(Vec<u8>, Self)> {
        let serde_json::Value::Object(event) = serde_json::to_value(event)? else {
            return Err(io::Error::other("an event that is no object"));
        };
        let sequence = self.sequence + 1;
        let written = Written { seq: sequence, prev: self.hash.clone(), at: rfc3339(at), time: at, event };
        let mut line = serde_json::to_vec(&written)?;
        let hash = HEXLOWER.encode(&Sha256::digest(&line));
        line.push(b'\n');
        Ok((line, Self { sequence, hash }))
    }

    /// The head after `line` (without its newline), or what is wrong with it.
    ///
    /// # Errors
    /// In words.
    pub fn follow(&self, line: &[u8]) -> Result<Self, String> {
        let read: Line = serde_json::from_slice(line).map_err(|_| String::from("not a line of the trail"))?;
        if read.seq != self.sequence + 1 {
            return Err(format!(
                "is number {}, expected {}: lines are missing or were moved",
                read.seq,
                self.sequence + 1
            ));
        }
        if read.prev != self.hash {
            return Err(String::from("does not follow from the line before it: one of them was changed"));
        }
        Ok(self.after(read.seq, line))
    }

    /// The head after a line that is believed to be number `sequence`.
    #[must_use]
    pub fn after(&self, sequence: u64, line: &[u8]) -> Self {
        Self { sequence, hash: HEXLOWER.encode(&Sha256::digest(line)) }
    }
}
