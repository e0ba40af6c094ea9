//! A set of texts that is asked far more often than built; with ASCII letters folded where asked.
//!
//! The texts stand one after another in one block of bytes, each with its length before it, those of one bucket of
//! hashes beside each other. An answer takes two reads, of where its bucket begins and of the bucket, however many
//! texts there are; and a text takes its own bytes and two or three more, where a box and an entry of a hash table for
//! each took thirty.

use std::hash::{BuildHasher, Hasher};

use foldhash::fast::FixedState;

use crate::text::equal_bytes;

/// Texts in a bucket, on the average: comparing so many one by one beats hashing.
const BUCKET: usize = 4;
/// In the place of a length, that it is longer and stands in the next four bytes.
const LONG: u8 = u8::MAX;

/// A set of texts.
#[derive(Debug)]
pub(crate) struct TextSet {
    /// The texts, bucket after bucket.
    bytes: Box<[u8]>,
    /// Where in `bytes` each bucket starts, and where the last one ends. Empty where there are texts for one at most.
    bounds: Box<[u32]>,
    fold: bool,
}

impl TextSet {
    pub(crate) fn new(texts: &[&str], fold: bool) -> Self {
        if texts.len() <= BUCKET {
            let mut bytes = Vec::with_capacity(texts.iter().map(|text| length(text)).sum());
            for text in texts {
                push(&mut bytes, text);
            }
            return Self { bytes: bytes.into(), bounds: Box::default(), fold };
        }
        let mut texts: Vec<(u64, &str)> = texts.iter().map(|text| (hash(text, fold), *text)).collect();
        // The order of hashes is that of buckets, and equal texts become neighbours.
        texts.sort_unstable();
        texts.dedup_by(|(_, a), (_, b)| same(a.as_bytes(), b.as_bytes(), fold));
        let buckets = texts.len().div_ceil(BUCKET);
        let mut bytes = Vec::with_capacity(texts.iter().map(|(_, text)| length(text)).sum());
        let mut bounds = Vec::with_capacity(buckets + 1);
        for (hash, text) in texts {
            bounds.resize(bucket_of(hash, buckets) + 1, position(&bytes));
            push(&mut bytes, text);
        }
        bounds.resize(buckets + 1, position(&bytes));
        Self { bytes: bytes.into(), bounds: bounds.into(), fold }
    }

    #[inline]
    pub(crate) fn contains(&self, text: &str) -> bool {
        let mut rest = &*self.bytes;
        if let Some(buckets) = self.bounds.len().checked_sub(1) {
            let bucket = bucket_of(hash(text, self.fold), buckets);
            let Some(&[start, end]) = self.bounds.get(bucket..).and_then(<[u32]>::first_chunk) else { return false };
            rest = rest.get(start as usize..end as usize).unwrap_or_default();
        }
        while let Some((other, others)) = split_text(rest) {
            if same(other, text.as_bytes(), self.fold) {
                return true;
            }
            rest = others;
        }
        false
    }
}

/// How many bytes a text takes.
fn length(text: &str) -> usize {
    if text.len() < LONG.into() { 1 + text.len() } else { 1 + size_of::<u32>() + text.len() }
}

fn push(bytes: &mut Vec<u8>, text: &str) {
    match u8::try_from(text.len()) {
        Ok(length) if length != LONG => bytes.push(length),
        _ => {
            bytes.push(LONG);
            bytes.extend_from_slice(&position(text.as_bytes()).to_le_bytes());
        }
    }
    bytes.extend_from_slice(text.as_bytes());
}

/// The first text and the others.
#[inline]
fn split_text(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (&length, rest) = bytes.split_first()?;
    if length != LONG {
        return rest.split_at_checked(length.into());
    }
    let (length, rest) = rest.split_first_chunk()?;
    rest.split_at_checked(u32::from_le_bytes(*length) as usize)
}

#[inline]
fn same(a: &[u8], b: &[u8], fold: bool) -> bool {
    if fold { a.eq_ignore_ascii_case(b) } else { equal_bytes(a, b) }
}

/// Where what comes after these bytes stands.
#[expect(clippy::cast_possible_truncation, reason = "a document has at most 256 MiB, and a text's length is short")]
fn position(bytes: &[u8]) -> u32 {
    bytes.len() as u32
}

#[inline]
fn bucket_of(hash: u64, buckets: usize) -> usize {
    #[expect(clippy::cast_possible_truncation, reason = "below the number of buckets")]
    let bucket = ((u128::from(hash) * buckets as u128) >> 64) as usize;
    bucket
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
        let long = "l".repeat(254);
        let (longer, longest) = (format!("{long}o"), "n".repeat(65_536));
        let words = ["a", "B", "c", "ß", "ſ", "K", "", "a", "A", "hashed in blocks", &long, &longer, &longest];
        let probes = ["a", "A", "b", "B", "ß", "s", "k", "\u{212a}", "", "z", &long, &longer, &longest, &longest[1..]];
        for count in 0..=words.len() {
            for fold in [false, true] {
                let set = TextSet::new(&words[..count], fold);
                for probe in probes {
                    let is_it = |word: &&str| same(word.as_bytes(), probe.as_bytes(), fold);
                    let expected = words[..count].iter().any(is_it);
                    assert_eq!(set.contains(probe), expected, "{probe:.9} among {count}, fold {fold}");
                }
            }
        }
    }

    #[test]
    fn a_text_takes_its_bytes_and_three_more() {
        let ids: Vec<String> = (0..100_000).map(|index| format!("user-{index:07}")).collect();
        let twice: Vec<&str> = ids.iter().chain(&ids).map(String::as_str).collect();
        let set = TextSet::new(&twice, false);
        assert!(set.bytes.len() + 4 * set.bounds.len() <= ids.len() * (12 + 3));
        assert!(ids.iter().all(|id| set.contains(id)));
        assert!((100_000..200_000).all(|index| !set.contains(&format!("user-{index:07}"))));
    }
}
