//! `murmur3-x64-128`: Austin Appleby's `MurmurHash3` (x64, 128 bits, seed 0) of salt and unit, 10,000 buckets.
//!
//! Written out here because the crates hash one slice, and joining salt and unit into one would allocate for each user.

use std::iter;

pub(super) const BUCKETS: u32 = 10_000;

const C1: u64 = 0x87c3_7b91_1142_53d5;
const C2: u64 = 0x4cf5_ad43_2745_937f;

#[derive(Clone, Debug)]
pub(crate) struct Salted {
    /// The state after the salt's whole blocks.
    state: State,
    /// The salt's bytes after its last whole block.
    rest: Box<[u8]>,
    /// Bytes of the whole salt.
    length: usize,
}

impl Salted {
    pub(super) fn new(salt: &str) -> Self {
        let (blocks, rest) = salt.as_bytes().as_chunks::<16>();
        let mut state = State { h1: 0, h2: 0 };
        for block in blocks {
            state.absorb(block);
        }
        Self { state, rest: rest.into(), length: salt.len() }
    }

    #[inline(never)]
    pub(super) fn bucket(&self, unit: &str) -> u32 {
        let mut state = self.state;
        let mut block = [0; 16];
        let mut filled = 0;
        for &byte in self.rest.iter().chain(unit.as_bytes()) {
            if let Some(slot) = block.get_mut(filled) {
                *slot = byte;
            }
            filled += 1;
            if filled == block.len() {
                state.absorb(&block);
                block = [0; 16];
                filled = 0;
            }
        }
        let hash = state.finish(&block, self.length + unit.len());
        ((hash % 100_000) / 10) as u32
    }
}

#[derive(Clone, Copy, Debug)]
struct State {
    h1: u64,
    h2: u64,
}

impl State {
    fn absorb(&mut self, block: &[u8; 16]) {
        let (k1, k2) = halves(block);
        self.h1 ^= k1.wrapping_mul(C1).rotate_left(31).wrapping_mul(C2);
        self.h1 = self.h1.rotate_left(27).wrapping_add(self.h2).wrapping_mul(5).wrapping_add(0x52dc_e729);
        self.h2 ^= k2.wrapping_mul(C2).rotate_left(33).wrapping_mul(C1);
        self.h2 = self.h2.rotate_left(31).wrapping_add(self.h1).wrapping_mul(5).wrapping_add(0x3849_5ab5);
    }

    /// `tail` is the last, incomplete block, filled up with zeros (which change nothing).
    fn finish(mut self, tail: &[u8; 16], length: usize) -> u128 {
        let (k1, k2) = halves(tail);
        self.h1 ^= k1.wrapping_mul(C1).rotate_left(31).wrapping_mul(C2);
        self.h2 ^= k2.wrapping_mul(C2).rotate_left(33).wrapping_mul(C1);
        let length = length as u64;
        let (h1, h2) = (self.h1 ^ length, self.h2 ^ length);
        let h1 = h1.wrapping_add(h2);
        let h2 = h2.wrapping_add(h1);
        let (h1, h2) = (mix(h1), mix(h2));
        let h1 = h1.wrapping_add(h2);
        let h2 = h2.wrapping_add(h1);
        (u128::from(h2) << 64) | u128::from(h1)
    }
}

fn halves(block: &[u8; 16]) -> (u64, u64) {
    let word = |bytes: &mut dyn Iterator<Item = &u8>| {
        iter::zip(0u32.., bytes).fold(0, |word, (index, &byte)| word | (u64::from(byte) << (8 * index)))
    };
    let mut bytes = block.iter();
    let low = word(&mut bytes.by_ref().take(8));
    (low, word(&mut bytes))
}

fn mix(mut hash: u64) -> u64 {
    hash ^= hash >> 33;
    hash = hash.wrapping_mul(0xff51_afd7_ed55_8ccd);
    hash ^= hash >> 33;
    hash = hash.wrapping_mul(0xc4ce_b9fe_1a85_ec53);
    hash ^ (hash >> 33)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_contracts_known_answers() {
        for (salt, unit, bucket) in [
            ("checkout-flow00000000-0000-0000-0000-000000000001", "alice", 5110),
            ("checkout-flow00000000-0000-0000-0000-000000000001", "bob", 2334),
            ("new-pricing11111111-1111-1111-1111-111111111111", "user-42", 4517),
            ("flag-Xenv-Y", "ctx-Z", 5982),
        ] {
            assert_eq!(Salted::new(salt).bucket(unit), bucket, "{salt}{unit}");
        }
    }

    #[test]
    fn where_salt_ends_and_unit_begins_makes_no_difference() {
        let text = "abcdefghijklmnopqrstuvwxyz0123456789-abcdefghijkl";
        let whole = Salted::new("").bucket(text);
        for split in 0..=text.len() {
            let (salt, unit) = text.split_at(split);
            assert_eq!(Salted::new(salt).bucket(unit), whole, "split at {split}");
        }
    }
}
