//! Which key stood where the last time.

use super::Word;
use crate::json::key::WORDS;

/// A place of keys: the first of the objects that stand below a word, or after a word.
#[derive(Clone, Copy)]
pub(super) struct Place(usize);

/// The word that stood in each place the last time; at first any.
pub(super) struct Order([Word; 2 * (WORDS.len() + 1)]);

impl Default for Order {
    fn default() -> Self {
        Self([Word::default(); 2 * (WORDS.len() + 1)])
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

    #[inline]
    pub(super) fn at(&self, place: Place) -> Word {
        self.0.get(place.0).copied().unwrap_or_default()
    }

    #[inline]
    pub(super) fn note(&mut self, place: Place, word: Word) {
        if let Some(slot) = self.0.get_mut(place.0) {
            *slot = word;
        }
    }
}

/// Of other keys one more.
#[inline]
fn number(word: Option<Word>) -> usize {
    word.map_or(WORDS.len(), Word::number)
}
