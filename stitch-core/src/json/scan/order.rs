//! What stood where the last time: most of a document's objects are like the one before.

use super::Word;
use crate::json::key::WORDS;

/// A place of keys: the first of the objects that stand below a word, or after a word.
#[derive(Clone, Copy)]
pub(super) struct Place(pub(super) usize);

/// Places after words, and as many firsts; of other keys one more of both.
pub(super) const PLACES: usize = 2 * (WORDS.len() + 1);

/// What stood in each place the last time; at first anything. In bytes, since a short text has one of these, too.
pub(super) struct Order {
    words: [u8; PLACES],
    /// How long the lists that began there were.
    items: [u8; PLACES],
    members: [u8; PLACES],
}

impl Default for Order {
    fn default() -> Self {
        Self { words: [0; PLACES], items: [0; PLACES], members: [0; PLACES] }
    }
}

impl Order {
    #[inline]
    pub(super) fn first(below: Option<Word>) -> Place {
        Place(WORDS.len() + 1 + number(below))
    }

    #[inline]
    pub(super) fn after(word: Option<Word>) -> Place {
        Place(number(word))
    }

    /// The word there.
    #[inline]
    pub(super) fn word(&self, place: Place) -> Word {
        Word::numbered(self.words.get(place.0).copied().unwrap_or_default().into())
    }

    #[inline]
    pub(super) fn note_word(&mut self, place: Place, word: Word) {
        note(&mut self.words, place, word.number());
    }

    /// About how many items the array that begins there has. Until one of them is noted again none is foreseen, so that all
    /// room that is made in vain is no more than that of lists that were there: one long list makes no room for a chain.
    #[inline]
    pub(super) fn take_items(&mut self, place: Place) -> usize {
        take(&mut self.items, place)
    }

    #[inline]
    pub(super) fn note_items(&mut self, place: Place, length: usize) {
        note(&mut self.items, place, length);
    }

    /// About how many members the object that begins there has, likewise.
    #[inline]
    pub(super) fn take_members(&mut self, place: Place) -> usize {
        take(&mut self.members, place)
    }

    #[inline]
    pub(super) fn note_members(&mut self, place: Place, length: usize) {
        note(&mut self.members, place, length);
    }
}

#[inline]
fn take(places: &mut [u8; PLACES], place: Place) -> usize {
    places.get_mut(place.0).map(std::mem::take).unwrap_or_default().into()
}

/// What is found there, or as much of it as a byte holds: no more room than that is made before it is needed.
#[inline]
fn note(places: &mut [u8; PLACES], place: Place, found: usize) {
    if let Some(slot) = places.get_mut(place.0) {
        *slot = u8::try_from(found).unwrap_or(u8::MAX);
    }
}

#[inline]
fn number(word: Option<Word>) -> usize {
    word.map_or(WORDS.len(), Word::number)
}
