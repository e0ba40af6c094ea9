//! Keys of objects. Those that mean something in a registry document are known by a number, which is found while the text
//! is read: whoever looks for members afterwards, or for a key given twice, compares no texts.

use std::fmt;

use crate::text::equal;

mod tables;

pub(crate) use tables::WORDS;
use tables::{SEED, SPELLINGS, TABLE, places, slot};

/// A known key, by its place among all of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Word(usize);

/// A key as it stands in a tree. One that is known is never told as another.
#[derive(Clone, Copy)]
pub(crate) enum Key<'d> {
    Known(Word),
    Other(&'d str),
}

impl Word {
    /// The word that a text is.
    #[inline]
    pub(crate) fn of(text: &str) -> Option<Self> {
        let word = usize::from(*TABLE.get(slot(text.as_bytes(), SEED))?);
        equal(WORDS.get(word)?, text).then_some(Self(word))
    }

    pub(crate) fn as_str(self) -> &'static str {
        WORDS.get(self.0).copied().unwrap_or_default()
    }

    /// A set of this word alone.
    #[inline]
    pub(crate) fn bit(self) -> u64 {
        1 << (self.0 % 64)
    }

    /// The word of that number; there is one below 64.
    #[inline]
    pub(crate) fn numbered(number: usize) -> Self {
        Self(number % WORDS.len())
    }

    #[inline]
    pub(crate) fn number(self) -> usize {
        self.0
    }

    /// How long the word is as a key with its quotes and its colon, if a text starts with that.
    #[inline]
    pub(crate) fn starts(self, text: &[u8]) -> Option<usize> {
        let spelling = SPELLINGS.get(self.number())?;
        let head = u64::from_le_bytes(*text.first_chunk()?) & spelling.mask;
        if head != spelling.head {
            return None;
        }
        if spelling.length > 8 {
            let tail = u64::from_le_bytes(*text.get(spelling.length - 8..)?.first_chunk()?);
            return (tail == spelling.tail).then_some(spelling.length);
        }
        Some(spelling.length)
    }
}

impl<'d> Key<'d> {
    #[inline]
    pub(crate) fn of(text: &'d str) -> Self {
        Word::of(text).map_or(Self::Other(text), Self::Known)
    }

    pub(crate) fn as_str(self) -> &'d str {
        match self {
            Self::Known(word) => word.as_str(),
            Self::Other(text) => text,
        }
    }
}

impl PartialEq for Key<'_> {
    #[inline]
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Known(a), Self::Known(b)) => a == b,
            (Self::Other(a), Self::Other(b)) => equal(a, b),
            _ => false,
        }
    }
}

impl AsRef<str> for Key<'_> {
    fn as_ref(&self) -> &str {
        self.as_str()
    }
}

impl fmt::Debug for Key<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_str().fmt(formatter)
    }
}

/// The keys of one kind of object.
#[derive(Debug)]
pub(crate) struct Keys<const N: usize> {
    pub(crate) names: [&'static str; N],
    /// Of each word its place among them; of others, one that is not there.
    places: [u8; WORDS.len()],
}

impl<const N: usize> Keys<N> {
    pub(crate) const fn of(names: [&'static str; N]) -> Self {
        let places = places(&names);
        Self { names, places }
    }

    /// The place of a key among them.
    #[inline]
    pub(crate) fn place(&self, key: Key<'_>) -> Option<usize> {
        let Key::Known(word) = key else { return None };
        let place = usize::from(*self.places.get(word.0)?);
        (place < N).then_some(place)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_known_and_nothing_else_is() {
        for (place, word) in WORDS.into_iter().enumerate() {
            assert_eq!(Word::of(word).map(Word::number), Some(place), "{word}");
            assert_eq!(Key::of(word).as_str(), word);
            for other in [format!("{word}x"), format!("x{word}"), word.to_uppercase(), word[1..].to_owned()] {
                let key = Key::of(&other);
                assert_eq!(key.as_str(), other);
                assert_eq!(matches!(key, Key::Known(_)), WORDS.contains(&&*other), "{other}");
            }
        }
    }

    #[test]
    fn keys_have_their_places() {
        const RULE: Keys<3> = Keys::of(["id", "when", "serve"]);
        assert_eq!(RULE.names.map(|name| RULE.place(Key::of(name))), [Some(0), Some(1), Some(2)]);
        assert_eq!(RULE.place(Key::of("key")), None);
        assert_eq!(RULE.place(Key::of("whence")), None);
    }
}
