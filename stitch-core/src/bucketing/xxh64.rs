//! `xxh64`: 100,000 buckets. The salt is hashed once, to the seed that units are hashed with.
//!
//! XXH64 is Yann Collet's; multiplying by the number of buckets and taking the high half instead of the remainder
//! is Daniel Lemire's way to an even spread.

use xxhash_rust::xxh64::xxh64;

use super::Purpose;

pub(super) const BUCKETS: u32 = 100_000;

#[derive(Clone, Copy, Debug)]
pub(crate) struct Seeded {
    seed: u64,
}

impl Seeded {
    pub(super) fn new(salt: &str, purpose: Purpose) -> Self {
        let purpose = match purpose {
            Purpose::Gate => 0,
            Purpose::Split => 1,
            Purpose::Condition => 2,
        };
        Self { seed: xxh64(salt.as_bytes(), purpose) }
    }

    #[inline]
    pub(super) fn bucket(self, unit: &str) -> u32 {
        let hash = xxh64(unit.as_bytes(), self.seed);
        #[expect(clippy::cast_possible_truncation, reason = "below the number of buckets")]
        let bucket = ((u128::from(hash) * u128::from(BUCKETS)) >> 64) as u32;
        bucket
    }
}
