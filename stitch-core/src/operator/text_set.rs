//! A set of texts that is asked far more often than built; with ASCII letters folded where asked.

use std::hash::{BuildHasher, Hasher};

use foldhash::fast::FixedState;
use hashbrown::HashTable;

/// Texts up to which comparing one by one beats hashing.
const FEW: usize = 4;

/// A set of texts.
#[derive(Clone, Debug)]
pub(crate) struct TextSet {
    texts: Box<[Box<str>]>,
    /// Empty for a few texts.
    table: HashTable<u32>,
    fold: bool,
}

impl TextSet {
    pub(crate) fn new<'t>(texts: impl IntoIterator<Item = &'t str>, fold: bool) -> Self {
        let texts: Box<[Box<str>]> = texts.into_iter().map(Box::from).collect();
        let mut set = Self { texts: Box::default(), table: HashTable::new(), fold };
        if texts.len() > FEW {
            set.table.reserve(texts.len(), |_| 0);
            for (index, text) in (0..).zip(&texts) {
                let known = |&other: &u32| same(&texts, other, text, fold);
                if set.table.find(hash(text, fold), known).is_none() {
                    set.table.insert_unique(hash(text, fold), index, |&other| {
                        texts.get(other as usize).map_or(0, |text| hash(text, fold))
                    });
                }
            }
        }
        set.texts = texts;
        set
    }

    #[inline]
    pub(crate) fn contains(&self, text: &str) -> bool {
        if self.table.is_empty() {
            return self.texts.iter().any(|other| super::same_text(text, other, self.fold));
        }
        self.table.find(hash(text, self.fold), |&other| same(&self.texts, other, text, self.fold)).is_some()
    }
}

#[inline]
fn same(texts: &[Box<str>], index: u32, text: &str, fold: bool) -> bool {
    texts.get(index as usize).is_some_and(|other| super::same_text(text, other, fold))
}

#[inline]
fn hash(text: &str, fold: bool) -> u64 {
    let mut hasher = FixedState::default().build_hasher();
    if fold {
        text.bytes().for_each(|byte| hasher.write_u8(byte.to_ascii_lowercase()));
    } else {
        hasher.write(text.as_bytes());
    }
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_and_many_texts_answer_alike() {
        let words = ["a", "B", "c", "ß", "ſ", "K", "", "a", "long enough to be hashed in blocks"];
        for count in 0..=words.len() {
            for fold in [false, true] {
                let set = TextSet::new(words.into_iter().take(count), fold);
                for probe in ["a", "A", "b", "B", "ß", "s", "k", "\u{212a}", "", "z"] {
                    let expected = words.iter().take(count).any(|word| super::super::same_text(word, probe, fold));
                    assert_eq!(set.contains(probe), expected, "{probe} among {count}, fold {fold}");
                }
            }
        }
    }
}
