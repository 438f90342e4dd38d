//! What deriving a key costs: argon2id's parameters, capped before they are used.

use crate::catalogue::Text;
use argon2::{Algorithm, Argon2, Block, Params, Version};
use mfa_core::secret::Secret;
use serde::{Deserialize, Serialize};
use zeroize::{Zeroize, Zeroizing};

/// Most memory, in KiB, that parameters read back may ask for: four times the default.
const MOST_MEMORY: u32 = 4 * 65_536;

/// Most passes they may ask for; with [`MOST_MEMORY`] some seconds on a slow machine.
const MOST_PASSES: u32 = 16;

/// Most lanes they may ask for.
const MOST_LANES: u32 = 16;

/// argon2id's parameters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cost {
    memory_kib: u32,
    passes: u32,
    lanes: u32,
}

/// Why no key is derived.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CostError {
    /// Parameters outside of argon2's bounds or of our caps.
    #[error("{}", Text("the key derivation's parameters are out of bounds"))]
    OutOfBounds,
    /// The memory cannot be had.
    #[error("{}", Text("there is not enough memory to derive the key"))]
    Memory,
}

impl Cost {
    /// The second option RFC 9106 §4 recommends, for machines that lack the 2 GiB of the first: 64 MiB, three passes,
    /// four lanes.
    pub const RECOMMENDED: Self = Self { memory_kib: 65_536, passes: 3, lanes: 4 };

    /// Whether it may be spent.
    ///
    /// # Errors
    /// When it is out of bounds.
    pub fn checked(self) -> Result<Params, CostError> {
        if self.memory_kib > MOST_MEMORY || self.passes > MOST_PASSES || self.lanes > MOST_LANES {
            return Err(CostError::OutOfBounds);
        }
        Params::new(self.memory_kib, self.passes, self.lanes, Some(32)).map_err(|_| CostError::OutOfBounds)
    }

    /// 32 bytes of key. The lanes are worked off one after another: what counts is the memory.
    pub(super) fn derive(self, password: &Secret, salt: &[u8; 16]) -> Result<Zeroizing<[u8; 32]>, CostError> {
        let params = self.checked()?;
        let mut blocks = Blocks(Vec::new());
        blocks.0.try_reserve_exact(params.block_count()).map_err(|_| CostError::Memory)?;
        blocks.0.resize(params.block_count(), Block::default());
        let mut key = Zeroizing::new([0u8; 32]);
        Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
            .hash_password_into_with_memory(password.expose(), salt, key.as_mut_slice(), &mut blocks)
            .map_err(|_| CostError::OutOfBounds)?;
        Ok(key)
    }
}

/// argon2's working memory, from which the key could be made again.
struct Blocks(Vec<Block>);

impl AsMut<[Block]> for Blocks {
    fn as_mut(&mut self) -> &mut [Block] {
        &mut self.0
    }
}

impl Drop for Blocks {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

#[cfg(test)]
impl Cost {
    /// The least that argon2 allows, for tests of everything else.
    pub(crate) const CHEAP: Self = Self { memory_kib: 8, passes: 1, lanes: 1 };
}

#[cfg(test)]
mod tests {
    use super::*;
    use data_encoding::HEXLOWER;

    #[test]
    fn what_somebody_else_wrote_cannot_ask_for_more_than_the_caps() {
        assert!(Cost::RECOMMENDED.checked().is_ok() && Cost::CHEAP.checked().is_ok());
        let most = Cost { memory_kib: MOST_MEMORY, passes: MOST_PASSES, lanes: MOST_LANES };
        assert!(most.checked().is_ok());
        for wrong in [
            Cost { memory_kib: MOST_MEMORY + 1, ..most },
            Cost { passes: MOST_PASSES + 1, ..most },
            Cost { lanes: MOST_LANES + 1, ..most },
            Cost { memory_kib: u32::MAX, passes: u32::MAX, lanes: u32::MAX },
            Cost { memory_kib: 7, ..Cost::CHEAP },
            Cost { passes: 0, ..Cost::CHEAP },
            Cost { lanes: 0, ..Cost::CHEAP },
            Cost { memory_kib: 31, lanes: 4, passes: 1 },
        ] {
            assert_eq!(wrong.checked(), Err(CostError::OutOfBounds), "{wrong:?}");
        }
    }

    /// Made with the reference implementation (argon2 0~20171227 of Debian 12):
    /// `printf 'correct horse' | argon2 0123456789abcdef -id -k 65536 -t 3 -p 4 -l 32 -r`.
    #[test]
    fn the_key_is_the_one_that_the_reference_implementation_derives() {
        let key = Cost::RECOMMENDED.derive(&Secret::from("correct horse".to_owned()), b"0123456789abcdef").unwrap();
        assert_eq!(HEXLOWER.encode(key.as_slice()), "2f56f5363a695288ff28810e46ad69a1fe3068bc6494cd26a8a673b7d9c2b0a2");
    }
}
