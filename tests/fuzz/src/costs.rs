//! What a file asks a key derivation to cost, guessed from the numbers in it, so that a fuzzer does not spend its time in one.
//!
//! Called by the targets that give a password. It may be wrong about what is no file of the kind; then that input is not tried.

/// Largest number, and largest product of all of them: some milliseconds of PBKDF2, argon2id (in KiB) or scrypt.
const MOST: u64 = 16_384;
const MOST_TOGETHER: u64 = 1 << 18;

/// Most of what is counted in MiB.
const MOST_MIB: u64 = 2;

/// Whether every number of this file, behind a colon or a tag, is small.
pub(crate) fn is_cheap(bytes: &[u8]) -> bool {
    let text = String::from_utf8_lossy(bytes);
    let mut together = 1_u64;
    for (at, _) in text.match_indices([':', '>']) {
        let (before, after) = text.split_at(at);
        let behind = after.get(1..).unwrap_or_default().trim_start();
        let digits = behind.find(|c: char| !c.is_ascii_digit()).unwrap_or(behind.len());
        if digits == 0 {
            continue;
        }
        let Some(number) = behind.get(..digits).and_then(|digits| digits.parse::<u64>().ok()) else { return false };
        let in_mib = before.trim_end().ends_with("\"kdfMemory\"");
        together = together.saturating_mul(number.max(1));
        if number > if in_mib { MOST_MIB } else { MOST } || together > MOST_TOGETHER {
            return false;
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_costs_a_moment_is_told_from_what_costs_more() {
        for (file, cheap) in [
            (r#"{"n":16,"r":8,"p":1}"#, true),
            (r#"{"n":16384,"r":8,"p":1}"#, true),
            (r#"{"n":16384,"r":8,"p":4}"#, false),
            (r#"{"n" : 32768,"r":8}"#, false),
            (r#"{"memLimit":8192,"opsLimit":1}"#, true),
            (r#"{"memLimit":67108864,"opsLimit":2}"#, false),
            (r#"{"kdfIterations":1,"kdfMemory": 1}"#, true),
            (r#"{"kdfIterations":1,"kdfMemory": 64}"#, false),
            (r#"{"salt":"0000000000000000"}"#, true),
            ("<IterationCount>1000</IterationCount>", true),
            ("<IterationCount> 99999999999999999999</IterationCount>", false),
        ] {
            assert_eq!(is_cheap(file.as_bytes()), cheap, "{file}");
        }
    }
}
