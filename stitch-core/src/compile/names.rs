//! The keys of flags and of segments, read before anything that may refer to them.

use std::collections::HashMap;

use crate::compile::place::Place;
use crate::compile::reader::Reader;
use crate::diagnostics::Code;
use crate::json::Json;

/// The keys of a section's entries.
pub(super) struct Names<'d> {
    pub(super) entries: &'d [Json<'d>],
    indices: HashMap<&'d str, u32>,
    /// Entries that share their key with another one.
    pub(super) duplicates: Vec<u32>,
}

impl<'d> Names<'d> {
    pub(super) fn read(entries: &'d [Json<'d>], place: &Place<'_>, duplicate: Code, reader: &mut Reader) -> Self {
        let mut names = Self { entries, indices: HashMap::with_capacity(entries.len()), duplicates: Vec::new() };
        for (index, entry) in (0..).zip(entries) {
            let Some(key) = key_of(entry) else { continue };
            if let Some(&first) = names.indices.get(key) {
                let place = &place.index(index as usize);
                let message = format!("the key `{key}` is taken by entry {first}: every key is used once");
                reader.report(duplicate, &place.key("key"), message);
                names.duplicates.extend([first, index]);
            } else {
                names.indices.insert(key, index);
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
    pub(super) fn suggest(&self, key: &str) -> String {
        // Far more keys than this take longer to compare than the hint is worth.
        const COMPARED: usize = 10_000;
        let keys: Vec<&str> = self.entries.iter().take(COMPARED).filter_map(key_of).collect();
        match crate::diagnostics::nearest::nearest(key, &keys) {
            Some((near, 0..=2)) => format!("did you mean `{near}`?"),
            _ => "add it, or remove what refers to it".to_owned(),
        }
    }
}

fn key_of<'d>(entry: &'d Json<'d>) -> Option<&'d str> {
    entry.get("key")?.as_text()
}
