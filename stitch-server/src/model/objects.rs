//! Things of one kind, and what changed among them.

use std::hash::Hasher;
use std::ops::Deref;
use std::sync::Arc;

use indexmap::IndexMap;
use xxhash_rust::xxh64::{Xxh64, xxh64};

use crate::store::Row;

/// Things of one kind by key, in the order in which they were first written. Copies are one and the same until one of
/// them is changed.
#[derive(Clone, Debug)]
pub struct Objects<T>(Arc<IndexMap<String, Arc<Object<T>>>>);

/// A thing, and the revision of its last write.
#[derive(Clone, Debug)]
pub struct Object<T> {
    /// The store's revision when it was last written.
    pub revision: u64,
    /// The thing.
    pub body: T,
    print: Print,
}

/// Names a content, which need not be written out again for that.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Print {
    pub(super) hash: u64,
    /// Of its text.
    pub(super) bytes: usize,
}

impl Print {
    fn of(text: &str) -> Self {
        Self { hash: xxh64(text.as_bytes(), 0), bytes: text.len() }
    }
}

impl<T> Object<T> {
    /// A thing, and its text.
    pub fn new(revision: u64, body: T, text: &str) -> Self {
        Self { revision, body, print: Print::of(text) }
    }

    /// Whether this was read from such a row.
    pub(super) fn is(&self, row: &Row) -> bool {
        self.revision == row.revision && self.print == Print::of(&row.body)
    }
}

impl<T> Objects<T> {
    /// Puts a thing where the one of that key is, or at the end.
    pub fn insert(&mut self, key: String, object: Arc<Object<T>>) {
        Arc::make_mut(&mut self.0).insert(key, object);
    }

    /// Removes a thing; the others keep their order.
    pub fn remove(&mut self, key: &str) {
        Arc::make_mut(&mut self.0).shift_remove(key);
    }

    /// What was put since: each with what it was, if it was there, and what it is. What was not written is the same
    /// object, which is all that most of them cost.
    pub fn put_since<'o>(
        &'o self,
        before: &'o Self,
    ) -> impl Iterator<Item = (&'o str, Option<&'o Object<T>>, &'o Object<T>)> {
        self.unless_shared(before).filter_map(|(place, key, object)| {
            let old = before.at(place, key);
            let is_same = old.is_some_and(|old| Arc::ptr_eq(old, object));
            (!is_same).then_some((key, old.map(|old| &**old), &**object))
        })
    }

    /// The keys of what was removed since.
    pub fn gone_since<'o>(&'o self, before: &'o Self) -> impl Iterator<Item = &'o str> {
        before.unless_shared(self).filter(|(place, key, _)| self.at(*place, key).is_none()).map(|(_, key, _)| key)
    }

    /// Each thing with its place and key; nothing where the others are these very ones.
    fn unless_shared<'o>(&'o self, others: &Self) -> impl Iterator<Item = (usize, &'o str, &'o Arc<Object<T>>)> {
        let all = (!Arc::ptr_eq(&self.0, &others.0)).then(|| self.0.iter().enumerate());
        all.into_iter().flatten().map(|(place, (key, object))| (place, key.as_str(), object))
    }

    /// Found without hashing where it stands at that place.
    fn at(&self, place: usize, key: &str) -> Option<&Arc<Object<T>>> {
        match self.0.get_index(place) {
            Some((other, object)) if other == key => Some(object),
            _ => self.0.get(key),
        }
    }

    /// Of all, in their order.
    pub(super) fn print(&self) -> Print {
        let mut hasher = Xxh64::new(self.len() as u64);
        let mut bytes = 0;
        for object in self.values() {
            hasher.write_u64(object.print.hash);
            // And a comma.
            bytes += object.print.bytes + 1;
        }
        Print { hash: hasher.digest(), bytes }
    }
}

impl<T> Default for Objects<T> {
    fn default() -> Self {
        Self(Arc::default())
    }
}

impl<T> FromIterator<(String, Arc<Object<T>>)> for Objects<T> {
    fn from_iter<I: IntoIterator<Item = (String, Arc<Object<T>>)>>(objects: I) -> Self {
        Self(Arc::new(objects.into_iter().collect()))
    }
}

impl<T> Deref for Objects<T> {
    type Target = IndexMap<String, Arc<Object<T>>>;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl<'o, T> IntoIterator for &'o Objects<T> {
    type Item = (&'o String, &'o Arc<Object<T>>);
    type IntoIter = indexmap::map::Iter<'o, String, Arc<Object<T>>>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn objects(texts: &[(&str, &str)]) -> Objects<()> {
        texts.iter().map(|(key, text)| ((*key).to_owned(), Arc::new(Object::new(1, (), text)))).collect()
    }

    fn changes(before: &Objects<()>, after: &Objects<()>) -> (Vec<(String, bool)>, Vec<String>) {
        let put = after.put_since(before).map(|(key, old, _)| (key.to_owned(), old.is_some())).collect();
        (put, after.gone_since(before).map(str::to_owned).collect())
    }

    #[test]
    fn what_changed_is_found_wherever_it_stands() {
        let before = objects(&[("a", "1"), ("b", "2"), ("c", "3")]);
        let mut after = before.clone();
        assert_eq!(changes(&before, &after), (vec![], vec![]));
        after.remove("a");
        after.insert("c".to_owned(), Arc::new(Object::new(2, (), "4")));
        after.insert("d".to_owned(), Arc::new(Object::new(2, (), "5")));
        let put = vec![("c".to_owned(), true), ("d".to_owned(), false)];
        assert_eq!(changes(&before, &after), (put, vec!["a".to_owned()]));
        assert_eq!(before.len(), 3, "the copy is one of its own once it is changed");
    }

    #[test]
    fn a_content_is_named_by_its_texts_and_their_order() {
        let print = |texts: &[(&str, &str)]| objects(texts).print().hash;
        assert_eq!(print(&[("a", "1"), ("b", "2")]), print(&[("a", "1"), ("b", "2")]));
        assert_ne!(print(&[("a", "1"), ("b", "2")]), print(&[("b", "2"), ("a", "1")]));
        assert_ne!(print(&[("a", "1"), ("b", "2")]), print(&[("a", "1"), ("b", "3")]));
        assert_ne!(print(&[]), print(&[("a", "")]));
        assert_eq!(objects(&[("a", "12"), ("b", "3")]).print().bytes, 5);
    }
}
