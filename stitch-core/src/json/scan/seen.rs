//! What was read before: people copy, and programs write the same conditions over and over. An object that is written as
//! one that stood there a while ago is that one, at the price of comparing their bytes.

use super::Tree;
use super::order::{PLACES, Place};

/// How many different objects are remembered of each place.
const MANY: usize = 8;
/// How long they are: a shorter one is read as soon, and a longer one seldom comes again.
const LENGTHS: std::ops::RangeInclusive<usize> = 24..=512;
/// A text shorter than this repeats too little for the memory that remembering takes.
const WORTH: usize = 4_096;

/// Objects that were read, by their places.
pub(super) struct Seen<'d, T: Tree<'d>> {
    /// Of each place, one more than where its objects are.
    places: Option<Box<[u8; PLACES]>>,
    objects: Vec<Ring<'d, T::Seen>>,
}

/// The objects of one place; the oldest makes room.
struct Ring<'d, S> {
    entries: Vec<Entry<'d, S>>,
    oldest: usize,
}

#[derive(Clone, Copy)]
struct Entry<'d, S> {
    /// The last eight bytes, in which most differ.
    tail: u64,
    written: &'d [u8],
    /// In how many lists it stood: deeper, what is in it could be too deep.
    depth: usize,
    sum: u64,
    seen: S,
}

impl<'d, T: Tree<'d>> Seen<'d, T> {
    /// For a text of that length.
    pub(super) fn of(length: usize) -> Self {
        Self { places: (length >= WORTH).then(|| Box::new([0; PLACES])), objects: Vec::new() }
    }

    /// The object that the text begins with, where it was seen there: it, the sum of its members' prints, and its length.
    #[inline(always)]
    pub(super) fn find(&self, place: Place, depth: usize, text: &'d [u8]) -> Option<(T::Object, u64, usize)> {
        let ring = *self.places.as_ref()?.get(place.0)?;
        let ring = self.objects.get(usize::from(ring).checked_sub(1)?)?;
        let is_it = |entry: &&Entry<'d, T::Seen>| {
            entry.depth == depth
                && tail(text, entry.written.len()) == Some(entry.tail)
                && text.starts_with(entry.written)
        };
        let entry = ring.entries.iter().find(is_it)?;
        Some((T::again(entry.seen), entry.sum, entry.written.len()))
    }

    /// Remembers one.
    #[inline(always)]
    pub(super) fn note(&mut self, place: Place, depth: usize, written: &'d [u8], sum: u64, object: &T::Object) {
        if !LENGTHS.contains(&written.len()) {
            return;
        }
        let Some(slot) = self.places.as_mut().and_then(|places| places.get_mut(place.0)) else { return };
        let (Some(seen), Some(tail)) = (T::seen(object), tail(written, written.len())) else { return };
        if *slot == 0 {
            self.objects.push(Ring { entries: Vec::with_capacity(MANY), oldest: 0 });
            *slot = u8::try_from(self.objects.len()).unwrap_or_default();
        }
        let Some(ring) = usize::from(*slot).checked_sub(1).and_then(|ring| self.objects.get_mut(ring)) else { return };
        let entry = Entry { tail, written, depth, sum, seen };
        if ring.entries.len() < MANY {
            ring.entries.push(entry);
        } else if let Some(oldest) = ring.entries.get_mut(ring.oldest) {
            *oldest = entry;
            ring.oldest = (ring.oldest + 1) % MANY;
        }
    }
}

/// The eight bytes before that length.
#[inline(always)]
fn tail(text: &[u8], length: usize) -> Option<u64> {
    text.get(length.checked_sub(8)?..length)?.first_chunk().map(|bytes| u64::from_le_bytes(*bytes))
}
