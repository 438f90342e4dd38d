//! The bytes of a state file: two slots, each a whole checksummed record.
//!
//! mfad overwrites the older slot in place and flushes it; a write cut short by a crash leaves the
//! other slot, which holds the state before an answer that was never given. The file's size never
//! changes, so a full disk does not stop a login. The checksum is of what the record says, number and length
//! included; what stands behind that in its slot means nothing. What must never happen: a half-written record being read.

use crate::state::State;
use sha2::{Digest, Sha256};

/// Bytes of one slot: a page, the unit a disk flush costs.
pub const SLOT: usize = 4096;

/// Bytes of a state file.
pub const FILE: usize = 2 * SLOT;

const MAGIC: &[u8; 8] = b"pam_mfa1";
const SUM: usize = 32;
/// sequence, length
const NUMBERS: usize = 8 + 4;
/// magic, checksum, numbers
const HEADER: usize = 8 + SUM + NUMBERS;

/// Why bytes are not a state record, or a state does not fit one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RecordError {
    /// Neither slot is whole, or the newest is of another version.
    #[error("neither of its two records is whole, or the newest is of another version")]
    Damaged,
    /// More factors and sources than a slot holds.
    #[error("the state is too large for its record")]
    TooLarge,
}

/// The newest record of a file, with the number that orders records.
#[derive(Debug, PartialEq, Eq)]
pub struct Newest {
    /// Grows by one with each write.
    pub sequence: u64,
    /// What it says.
    pub state: State,
}

/// Reads a file's bytes.
///
/// # Errors
/// When neither slot is whole, or the newest whole one is not understood: the marks of the other are of the past.
pub fn read(bytes: &[u8]) -> Result<Newest, RecordError> {
    let whole = bytes.chunks_exact(SLOT).take(2).filter_map(slot);
    let (sequence, body) = whole.max_by_key(|(sequence, _)| *sequence).ok_or(RecordError::Damaged)?;
    let state = serde_json::from_slice(body).map_err(|_| RecordError::Damaged)?;
    Ok(Newest { sequence, state })
}

/// The record to write after one numbered `sequence`: the bytes of a slot, and at what offset of the file.
///
/// # Errors
/// When the state does not fit.
pub fn next(sequence: u64, state: &State) -> Result<(u64, Vec<u8>), RecordError> {
    let sequence = sequence.wrapping_add(1);
    let body = serde_json::to_vec(state).map_err(|_| RecordError::TooLarge)?;
    let length = u32::try_from(body.len()).map_err(|_| RecordError::TooLarge)?;
    if HEADER + body.len() > SLOT {
        return Err(RecordError::TooLarge);
    }
    let said = [&sequence.to_be_bytes()[..], &length.to_be_bytes(), &body].concat();
    let mut bytes = Vec::with_capacity(SLOT);
    bytes.extend_from_slice(MAGIC);
    bytes.extend_from_slice(&Sha256::digest(&said));
    bytes.extend_from_slice(&said);
    bytes.resize(SLOT, 0);
    Ok((offset(sequence), bytes))
}

/// The bytes of a new file whose only record is `state`.
///
/// # Errors
/// When the state does not fit.
pub fn first(state: &State) -> Result<Vec<u8>, RecordError> {
    let (_, record) = next(1, state)?;
    let mut file = record;
    file.resize(FILE, 0);
    Ok(file)
}

/// Even numbers stand in the first slot, odd ones in the second.
fn offset(sequence: u64) -> u64 {
    if sequence.is_multiple_of(2) { 0 } else { SLOT as u64 }
}

/// The number and the text of a whole record.
fn slot(bytes: &[u8]) -> Option<(u64, &[u8])> {
    let rest = bytes.strip_prefix(MAGIC)?;
    let (sum, rest) = rest.split_at_checked(SUM)?;
    let (numbers, after) = rest.split_first_chunk::<NUMBERS>()?;
    let (sequence, length) = numbers.split_first_chunk::<8>()?;
    let length = u32::from_be_bytes(length.try_into().ok()?) as usize;
    let body = after.get(..length)?;
    let said = rest.get(..NUMBERS + length)?;
    (Sha256::digest(said).as_slice() == sum).then_some((u64::from_be_bytes(*sequence), body))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bypass::{BypassId, Used};
    use crate::enrollment::{FactorId, StateId};
    use crate::limits::{Budget, Lockout};
    use crate::now::{Boot, Now};
    use crate::state::Lost;
    use crate::wire::Method;

    fn state(spent: u8) -> State {
        let mut state = State::new(StateId::new([7; 16]), 1000);
        state.spent = vec![spent];
        state
    }

    #[test]
    fn a_new_file_holds_its_state() {
        let newest = read(&first(&state(1)).unwrap()).unwrap();
        assert_eq!(newest.state, state(1));
    }

    #[test]
    fn each_write_goes_to_the_older_slot() {
        let mut file = first(&state(0)).unwrap();
        for n in 1..20 {
            let before = read(&file).unwrap();
            let (offset, bytes) = next(before.sequence, &state(n)).unwrap();
            let at = usize::try_from(offset).unwrap();
            file[at..at + SLOT].copy_from_slice(&bytes);
            assert_eq!(read(&file).unwrap().state, state(n));
        }
    }

    #[test]
    fn a_write_cut_short_anywhere_leaves_the_old_state_or_the_new() {
        let old = first(&state(0)).unwrap();
        let (offset, bytes) = next(read(&old).unwrap().sequence, &state(1)).unwrap();
        let at = usize::try_from(offset).unwrap();
        for cut in 0..=SLOT {
            let mut file = old.clone();
            file[at..at + cut].copy_from_slice(&bytes[..cut]);
            let found = read(&file).unwrap().state;
            assert!(found == state(0) || found == state(1), "cut at {cut}");
        }
    }

    #[test]
    fn a_new_record_over_a_longer_old_one_is_whole_whatever_is_left_of_that() {
        let mut long = state(0);
        long.spent = (0..200).collect();
        let mut file = first(&long).unwrap();
        let (offset, bytes) = next(2, &state(1)).unwrap();
        let at = usize::try_from(offset).unwrap();
        for cut in 0..=SLOT {
            file[SLOT..].copy_from_slice(&next(0, &long).unwrap().1);
            file[at..at + cut].copy_from_slice(&bytes[..cut]);
            let found = read(&file).unwrap().state;
            assert!(found == long || found == state(1), "cut at {cut}");
        }
    }

    #[test]
    fn a_changed_byte_of_what_a_record_says_is_noticed() {
        let file = first(&state(1)).unwrap();
        let body = serde_json::to_vec(&state(1)).unwrap();
        for at in 0..HEADER + body.len() {
            for bit in 0..8 {
                let mut file = file.clone();
                file[at] ^= 1 << bit;
                assert_eq!(read(&file), Err(RecordError::Damaged), "bit {bit} of byte {at}");
            }
        }
    }

    #[test]
    fn a_whole_record_that_is_not_understood_is_not_passed_over_for_the_one_before() {
        let mut file = first(&state(0)).unwrap();
        let (offset, mut bytes) = next(read(&file).unwrap().sequence, &state(1)).unwrap();
        // What a later version would write: whole, with a key this one does not know.
        let key = bytes.windows(5).position(|window| window == b"spent").unwrap();
        bytes[key] = b'S';
        let body = serde_json::to_vec(&state(1)).unwrap();
        let sum = Sha256::digest(&bytes[8 + SUM..HEADER + body.len()]);
        bytes[8..8 + SUM].copy_from_slice(&sum);
        let at = usize::try_from(offset).unwrap();
        file[at..at + SLOT].copy_from_slice(&bytes);
        assert_eq!(read(&file), Err(RecordError::Damaged), "the marks of the older record are of the past");
    }

    #[test]
    fn what_is_not_a_record_is_damaged() {
        for bytes in [vec![], vec![0; FILE], vec![0xff; FILE], vec![0; 17]] {
            assert_eq!(read(&bytes), Err(RecordError::Damaged));
        }
    }

    #[test]
    fn the_largest_state_fits_its_slot() {
        // Seconds of the year 2286 by either clock; a counter may be anything.
        let latest = 9_999_999_999;
        let now = Now { wall: latest, boot: Boot(u128::MAX), boottime: latest };
        // Each failure as a policy can make it longest: its delay is kept beside it.
        let lockout = Lockout { free: 1, half_an_hour_from: Some(1), ..Lockout::default() };
        let mut state = State::new(StateId::new([0xff; 16]), u32::MAX);
        (state.spent, state.spent_of) = ((0..10).collect(), Some(latest));
        state.last_success = Some(latest);
        state.lost = Some(Lost { noticed: latest, adopted: true });
        let mut ids: Vec<FactorId> = (0..8u8).map(|n| FactorId::new(Method::Totp, [0xff, 0, 0, n])).collect();
        for id in &ids {
            let factor = state.factor(id);
            // TOTP has a mark and a drift, HOTP a counter: the longer of both.
            factor.next = Some(u64::MAX);
        }
        ids.extend([FactorId::recovery(), FactorId::bypass()]);
        for id in &ids {
            for (budget, most) in [(Budget::Evidence, 50), (Budget::Own, 10), (Budget::Admin, 10)] {
                (0..most).for_each(|_| state.charge(&[id], &budget, now, lockout));
            }
            let factor = state.factor(id);
            (factor.last_used, factor.disabled) = (Some(latest), true);
        }
        // Nobody types what a device signs: its failures have one budget.
        (0..50).for_each(|_| state.charge(&[&FactorId::push()], &Budget::Evidence, now, lockout));
        let push = state.factor(&FactorId::push());
        (push.last_used, push.disabled) = (Some(latest), true);
        state.bypass = Some(Used { id: BypassId::new([0xff; 4]), times: u16::MAX });
        for n in 0..20 {
            // A stranger chooses the text: a quote takes two bytes in JSON.
            let source = Budget::source(Some(&format!("{n}{}", "\"".repeat(64))));
            (0..30).for_each(|_| state.charge(&[&ids[0]], &source, now, lockout));
        }
        for n in 0..20u8 {
            state.note_source(&format!("ffff:ffff:ffff:ff{n:02x}::/64"));
            let place = format!("{n:x>24} {}", "9".repeat(24));
            let shown = (crate::wire::Method::Push, true);
            state.remember(crate::wire::Kind::Display, &place, shown, 86_400, [n; 4], now);
        }
        for _ in 0..crate::pushes::MOST {
            state.pushes.send(now);
            state.approvals.send(now);
        }
        state.note_denial(now);
        state.pushes.end(crate::pushes::Ended::Reported, now);
        state.approvals.end(crate::pushes::Ended::Reported, now);
        assert!(first(&state).is_ok(), "{}", serde_json::to_vec(&state).unwrap().len());
    }
}
