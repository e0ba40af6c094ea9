//! `xxh64`: 100,000 buckets. The salt is hashed once, to the seed that units are hashed with.
//!
//! XXH64 is Yann Collet's; multiplying by the number of buckets and taking the high half instead of the remainder
//! is Daniel Lemire's way to an even spread.

use xxhash_rust::xxh64::xxh64;

use super::Purpose;

pub(super) const BUCKETS: u32 = 100_000;

const PRIME_1: u64 = 0x9E37_79B1_85EB_CA87;
const PRIME_2: u64 = 0xC2B2_AE3D_27D4_EB4F;
const PRIME_3: u64 = 0x1656_67B1_9E37_79F9;
const PRIME_4: u64 = 0x85EB_CA77_C2B2_AE63;
const PRIME_5: u64 = 0x27D4_EB2F_1656_67C5;

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
        Self { seed: hash(salt.as_bytes(), purpose) }
    }

    #[inline]
    pub(super) fn bucket(self, unit: &str) -> u32 {
        let hash = hash(unit.as_bytes(), self.seed);
        #[expect(clippy::cast_possible_truncation, reason = "below the number of buckets")]
        let bucket = ((u128::from(hash) * u128::from(BUCKETS)) >> 64) as u32;
        bucket
    }
}

/// XXH64. Of less than 32 bytes, as ids are, it is no more than the last part of the algorithm, which stands here so
/// that it is compiled into the caller: a third of the crate's instructions for twelve bytes.
#[inline]
pub(crate) fn hash(bytes: &[u8], seed: u64) -> u64 {
    if bytes.len() >= 32 {
        return xxh64(bytes, seed);
    }
    let mut hash = seed.wrapping_add(PRIME_5).wrapping_add(bytes.len() as u64);
    let (words, rest) = bytes.as_chunks::<8>();
    for word in words {
        let word = u64::from_le_bytes(*word).wrapping_mul(PRIME_2).rotate_left(31).wrapping_mul(PRIME_1);
        hash = (hash ^ word).rotate_left(27).wrapping_mul(PRIME_1).wrapping_add(PRIME_4);
    }
    let (half_words, rest) = rest.as_chunks::<4>();
    for word in half_words {
        let word = u64::from(u32::from_le_bytes(*word)).wrapping_mul(PRIME_1);
        hash = (hash ^ word).rotate_left(23).wrapping_mul(PRIME_2).wrapping_add(PRIME_3);
    }
    for byte in rest {
        hash = (hash ^ u64::from(*byte).wrapping_mul(PRIME_5)).rotate_left(11).wrapping_mul(PRIME_1);
    }
    hash = (hash ^ (hash >> 33)).wrapping_mul(PRIME_2);
    hash = (hash ^ (hash >> 29)).wrapping_mul(PRIME_3);
    hash ^ (hash >> 32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_length_hashes_as_the_crate_does() {
        let bytes: Vec<u8> = (0..100u8).map(|byte| byte.wrapping_mul(37)).collect();
        for length in 0..=bytes.len() {
            for seed in [0, 1, 2, u64::MAX, PRIME_4] {
                assert_eq!(hash(&bytes[..length], seed), xxh64(&bytes[..length], seed), "{length} bytes, seed {seed}");
            }
        }
    }
}
