//! From a flag's key to its place: an open-addressed table that is at most half full.
//!
//! An entry is a word: half of the hash and the place. One comparison tells nearly all other keys apart, so that a
//! look-up reads one entry and one key (a general hash table's groups cost twice as many instructions).

use foldhash::fast::FixedState;

use crate::flag::FlagIndex;

/// Places by key.
#[derive(Debug)]
pub(crate) struct KeyTable {
    entries: Box<[Entry]>,
}

#[derive(Clone, Copy, Debug)]
struct Entry {
    tag: u32,
    place: FlagIndex,
}

impl Entry {
    const NONE: Self = Self { tag: 0, place: FlagIndex::MAX };
}

impl KeyTable {
    /// The table of keys, none twice.
    pub(crate) fn new<'k>(keys: impl ExactSizeIterator<Item = (FlagIndex, &'k str)>) -> Self {
        let mut entries = vec![Entry::NONE; (2 * keys.len()).next_power_of_two()];
        for (place, key) in keys {
            let hash = hash(key);
            let mask = entries.len() - 1;
            let free =
                probe(hash, mask).find(|&index| entries.get(index).is_some_and(|entry| entry.place == FlagIndex::MAX));
            if let Some(entry) = free.and_then(|index| entries.get_mut(index)) {
                *entry = Entry { tag: tag(hash), place };
            }
        }
        Self { entries: entries.into() }
    }

    /// The place for which `is_it` says so among those that may have that key.
    #[inline]
    pub(crate) fn find(&self, key: &str, is_it: impl Fn(FlagIndex) -> bool) -> Option<FlagIndex> {
        let hash = hash(key);
        for index in probe(hash, self.entries.len().wrapping_sub(1)) {
            let entry = self.entries.get(index)?;
            if entry.tag == tag(hash) && is_it(entry.place) {
                return Some(entry.place);
            }
            if entry.place == FlagIndex::MAX {
                return None;
            }
        }
        None
    }
}

/// Where to look, one place after the other; a free one ends it.
#[inline]
fn probe(hash: u64, mask: usize) -> impl Iterator<Item = usize> {
    #[expect(clippy::cast_possible_truncation, reason = "the low bits are what is wanted")]
    let start = hash as usize;
    (0..=mask).map(move |step| start.wrapping_add(step) & mask)
}

#[inline]
fn tag(hash: u64) -> u32 {
    (hash >> 32) as u32
}

#[inline]
fn hash(key: &str) -> u64 {
    use std::hash::{BuildHasher, Hasher};
    const STATE: FixedState = FixedState::with_seed(0);
    let mut hasher = STATE.build_hasher();
    hasher.write(key.as_bytes());
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_is_found_and_no_other() {
        for count in [0, 1, 2, 3, 100, 1_000] {
            let keys: Vec<String> = (0..count).map(|index| format!("team.feature-{index}")).collect();
            let names = KeyTable::new((0..).zip(keys.iter().map(String::as_str)).collect::<Vec<_>>().into_iter());
            let find = |key: &str| names.find(key, |place| keys[place as usize] == key);
            for (place, key) in (0..).zip(&keys) {
                assert_eq!(find(key), Some(place));
            }
            for other in ["", "team.feature-", "team.feature-1000", "a"] {
                assert_eq!(find(other), None, "{other} among {count}");
            }
        }
    }
}
