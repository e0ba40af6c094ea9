//! What stood where the last time: most of a document's objects are like the one before.

use super::Word;
use crate::json::key::WORDS;

/// A place of keys: the first of the objects that stand below a word, or after a word.
#[derive(Clone, Copy)]
pub(super) struct Place(usize);

/// Places after words, and as many firsts.
const PLACES: usize = 2 * (WORDS.len() + 1);
/// The most that room is made for before it is needed.
const ROOM: usize = 64;

/// What stood in each place the last time; at first anything.
pub(super) struct Order {
    words: [Word; PLACES],
    /// How long the lists that began there were.
    items: [usize; PLACES],
    members: [usize; PLACES],
}

impl Default for Order {
    fn default() -> Self {
        Self { words: [Word::default(); PLACES], items: [0; PLACES], members: [0; PLACES] }
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
        self.words.get(place.0).copied().unwrap_or_default()
    }

    #[inline]
    pub(super) fn note_word(&mut self, place: Place, word: Word) {
        note(&mut self.words, place, word);
    }

    /// About how many items the array that begins there has.
    #[inline]
    pub(super) fn items(&self, place: Place) -> usize {
        self.items.get(place.0).copied().unwrap_or_default()
    }

    #[inline]
    pub(super) fn note_items(&mut self, place: Place, length: usize) {
        note(&mut self.items, place, length.min(ROOM));
    }

    /// About how many members the object that begins there has.
    #[inline]
    pub(super) fn members(&self, place: Place) -> usize {
        self.members.get(place.0).copied().unwrap_or_default()
    }

    #[inline]
    pub(super) fn note_members(&mut self, place: Place, length: usize) {
        note(&mut self.members, place, length.min(ROOM));
    }
}

#[inline]
fn note<T>(places: &mut [T; PLACES], place: Place, found: T) {
    if let Some(slot) = places.get_mut(place.0) {
        *slot = found;
    }
}

/// Of other keys one more.
#[inline]
fn number(word: Option<Word>) -> usize {
    word.map_or(WORDS.len(), Word::number)
}
