//! `xxh64`: 100,000 buckets. The salt is hashed once, to the seed that units are hashed with.
//!
//! XXH64 is Yann Collet's; multiplying by the number of buckets and taking the high half instead of the remainder
//! is Daniel Lemire's way to an even spread.

use std::num::NonZeroU8;

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
        bucket(hash(unit.as_bytes(), self.seed))
    }

    #[inline]
    pub(super) fn bucket_of_prepared(self, unit: &Prepared) -> u32 {
        bucket(unit.hash(self.seed))
    }
}

#[inline]
#[expect(clippy::cast_possible_truncation, reason = "below the number of buckets")]
fn bucket(hash: u64) -> u32 {
    ((u128::from(hash) * u128::from(BUCKETS)) >> 64) as u32
}

/// XXH64. Of less than 32 bytes, as ids are, it is no more than the last part of the algorithm, which stands here so
/// that it is compiled into the caller: a third of the crate's instructions for twelve bytes.
#[inline]
fn hash(bytes: &[u8], seed: u64) -> u64 {
    if bytes.len() >= SHORT {
        return xxh64(bytes, seed);
    }
    let mut hash = begin(seed, bytes.len());
    let (words, rest) = bytes.as_chunks::<8>();
    for word in words {
        hash = with_word(hash, round(*word));
    }
    let (half_words, rest) = rest.as_chunks::<4>();
    for half_word in half_words {
        hash = with_half_word(hash, u32::from_le_bytes(*half_word));
    }
    end(with_bytes(hash, rest))
}

/// Bytes from which on XXH64 has another part.
const SHORT: usize = 32;

#[inline]
fn begin(seed: u64, length: usize) -> u64 {
    seed.wrapping_add(PRIME_5).wrapping_add(length as u64)
}

#[inline]
fn round(word: [u8; 8]) -> u64 {
    u64::from_le_bytes(word).wrapping_mul(PRIME_2).rotate_left(31).wrapping_mul(PRIME_1)
}

#[inline]
fn with_word(hash: u64, round: u64) -> u64 {
    (hash ^ round).rotate_left(27).wrapping_mul(PRIME_1).wrapping_add(PRIME_4)
}

#[inline]
fn with_half_word(hash: u64, half_word: u32) -> u64 {
    let half_word = u64::from(half_word).wrapping_mul(PRIME_1);
    (hash ^ half_word).rotate_left(23).wrapping_mul(PRIME_2).wrapping_add(PRIME_3)
}

#[inline]
fn with_bytes(mut hash: u64, bytes: &[u8]) -> u64 {
    for byte in bytes {
        hash = (hash ^ u64::from(*byte).wrapping_mul(PRIME_5)).rotate_left(11).wrapping_mul(PRIME_1);
    }
    hash
}

#[inline]
fn end(mut hash: u64) -> u64 {
    hash = (hash ^ (hash >> 33)).wrapping_mul(PRIME_2);
    hash = (hash ^ (hash >> 29)).wrapping_mul(PRIME_3);
    hash ^ (hash >> 32)
}

/// A short unit, with what of its hash no seed changes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Prepared {
    words: [u64; 3],
    half_word: u32,
    rest: [u8; 3],
    length: NonZeroU8,
}

impl Prepared {
    /// Nothing where the unit is not short, or where it is empty and so none.
    pub(crate) fn new(unit: &str) -> Option<Self> {
        let bytes = Some(unit.as_bytes()).filter(|bytes| bytes.len() < SHORT)?;
        let (words, rest) = bytes.as_chunks::<8>();
        let (half_words, rest) = rest.as_chunks::<4>();
        let length = NonZeroU8::new(u8::try_from(bytes.len()).ok()?)?;
        let mut prepared = Self { words: [0; 3], half_word: 0, rest: [0; 3], length };
        prepared.words.iter_mut().zip(words).for_each(|(slot, word)| *slot = round(*word));
        prepared.half_word = half_words.first().map_or(0, |half_word| u32::from_le_bytes(*half_word));
        prepared.rest.iter_mut().zip(rest).for_each(|(slot, byte)| *slot = *byte);
        Some(prepared)
    }

    #[inline]
    fn hash(&self, seed: u64) -> u64 {
        let length = usize::from(self.length.get());
        let words = self.words.get(..length / 8).unwrap_or_default();
        let mut hash = words.iter().fold(begin(seed, length), |hash, round| with_word(hash, *round));
        if length & 4 != 0 {
            hash = with_half_word(hash, self.half_word);
        }
        end(with_bytes(hash, self.rest.get(..length & 3).unwrap_or_default()))
    }
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

    #[test]
    fn a_prepared_unit_hashes_as_its_bytes_do() {
        let text = "0123456789-abcdefghijklmnopqrstuvwxyz";
        for length in 0..=text.len() {
            let prepared = Prepared::new(&text[..length]);
            assert_eq!(prepared.is_some(), (1..SHORT).contains(&length), "{length} bytes");
            for (seed, prepared) in prepared.iter().flat_map(|prepared| [0, 1, u64::MAX].map(|seed| (seed, prepared))) {
                assert_eq!(prepared.hash(seed), hash(&text.as_bytes()[..length], seed), "{length} bytes, seed {seed}");
            }
        }
    }
}
