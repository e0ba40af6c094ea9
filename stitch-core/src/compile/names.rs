//! The keys of flags and of segments, read before anything that may refer to them.

use foldhash::quality::RandomState;
use hashbrown::hash_map::Entry;

use crate::compile::HashMap;
use crate::compile::place::Place;
use crate::compile::reader::Reader;
use crate::diagnostics::Code;
use crate::json::node::Node;

/// The keys of a section's entries.
pub(super) struct Names<'d> {
    pub(super) entries: &'d [Node<'d>],
    indices: HashMap<&'d str, u32>,
    /// Entries that share their key with another one.
    pub(super) duplicates: Vec<u32>,
    /// The section could not be read, so that any name may be in it.
    pub(super) unread: bool,
    /// How many keys misspelt ones have been compared with.
    compared: usize,
}

impl<'d> Names<'d> {
    pub(super) fn read(entries: &'d [Node<'d>], place: &Place<'_>, duplicate: Code, reader: &mut Reader) -> Self {
        let mut names = Self {
            entries,
            indices: HashMap::with_capacity_and_hasher(entries.len(), RandomState::default()),
            duplicates: Vec::new(),
            unread: false,
            compared: 0,
        };
        for (index, entry) in (0..).zip(entries) {
            let Some(key) = key_of(entry) else { continue };
            match names.indices.entry(key) {
                Entry::Vacant(entry) => {
                    entry.insert(index);
                }
                Entry::Occupied(entry) => {
                    let first = *entry.get();
                    let place = &place.index(index as usize);
                    let message = format!("the key `{key}` is taken by entry {first}: every key is used once");
                    reader.report(duplicate, &place.key("key"), message);
                    names.duplicates.extend([first, index]);
                }
            }
        }
        names
    }

    /// The first entry with that key.
    pub(super) fn index(&self, key: &str) -> Option<u32> {
        self.indices.get(key).copied()
    }

    /// The entry's key.
    pub(super) fn key(&self, index: u32) -> Option<&'d str> {
        key_of(self.entries.get(index as usize)?)
    }

    /// The entry's key, if no earlier entry has it.
    pub(super) fn first_key(&self, index: u32) -> Option<&'d str> {
        self.key(index).filter(|key| self.index(key) == Some(index))
    }

    /// The key most like a misspelt one, where there is one near.
    pub(super) fn suggest(&mut self, key: &str) -> String {
        // The hint is worth comparing with many keys, but not for very many misspelt ones.
        const COMPARED: usize = 200_000;
        let similar = |other: &&str| other.len().abs_diff(key.len()) <= 2 * char::MAX.len_utf8();
        let budget = COMPARED.saturating_sub(self.compared);
        let keys: Vec<&str> = self.entries.iter().take(budget).filter_map(key_of).filter(similar).collect();
        self.compared += keys.len();
        match crate::diagnostics::nearest::nearest(key, &keys) {
            Some((near, 0..=2)) => format!("did you mean `{near}`?"),
            _ => "add it, or remove what refers to it".to_owned(),
        }
    }
}

fn key_of<'d>(entry: &'d Node<'d>) -> Option<&'d str> {
    entry.get("key")?.as_text()
}
