//! Reading a sound document fast.
//!
//! Nearly every document is sound, and then nothing is to be told: so this reader knows only what is plain, and gives up
//! at whatever is not. Then [`read`] says what is wrong, which also has the last word on every number that is no short
//! integer and on every string with an escape. That both read alike is a property test.
//!
//! Documents are written by programs, or by people who copy: keys come in the same order over and over. So each key is
//! held first against the one that stood in its place the last time (`Order`), which spares finding out where it ends and
//! which one it is.

#![expect(clippy::inline_always, reason = "reading a value is a few dozen instructions: calls were a third of them")]

use std::borrow::Cow;
use std::iter::once_with;

use hashbrown::HashSet;

use super::key::Word;
use super::read::FEW_MEMBERS;
use crate::limits;
use crate::number::Number;
use crate::text::equal;

/// Makes a tree of what is read: one that lies in an arena, or one that stands by itself.
pub(crate) trait Tree<'d> {
    type Key: AsRef<str>;
    type Array;
    type Object;
    type Value;

    fn known_key(&self, word: Word) -> Self::Key;

    /// That of any other text.
    fn other_key(&self, text: Cow<'d, str>) -> Self::Key;

    /// Of the items from `start` on, which are taken.
    fn array(&self, items: &mut Vec<Self::Value>, start: usize) -> Self::Array;

    /// Of the members from `start` on, which are taken.
    fn object(&self, members: &mut Vec<(Self::Key, Self::Value)>, start: usize) -> Self::Object;

    fn value(&self, kind: Kind<Cow<'d, str>, Self::Array, Self::Object>) -> Self::Value;
}

/// What a value is.
pub(crate) enum Kind<T, A, O> {
    Null,
    Boolean(bool),
    Number(Number),
    Text(T),
    Array(A),
    Object(O),
}

/// The document's tree, if the text is JSON and nothing about it is to be reported.
pub(crate) fn scan<'d, T: Tree<'d>>(text: &'d [u8], string_limit: usize, tree: T) -> Option<T::Value> {
    scan_within(text, 0, string_limit, tree)
}

/// The same for a part of a document that stands in so many lists.
pub(crate) fn scan_within<'d, T: Tree<'d>>(
    text: &'d [u8],
    depth: usize,
    string_limit: usize,
    tree: T,
) -> Option<T::Value> {
    if text.len() > limits::DOCUMENT_BYTES {
        return None;
    }
    let text = std::str::from_utf8(text).ok()?;
    let (items, members, order) = (Vec::new(), Vec::new(), Order::default());
    let mut scanner = Scanner { cursor: Cursor::new(text, string_limit), depth, tree, items, members, order };
    let first = scanner.cursor.next()?;
    let value = scanner.value(first, None)?;
    scanner.cursor.next().is_none().then_some(value)
}

struct Scanner<'d, T: Tree<'d>> {
    cursor: Cursor<'d>,
    depth: usize,
    tree: T,
    /// The items of the arrays, and the members of the objects, that are being read.
    items: Vec<T::Value>,
    members: Vec<(T::Key, T::Value)>,
    order: Order,
}

impl<'d, T: Tree<'d>> Scanner<'d, T> {
    /// A value that stands below that word, by its first byte.
    #[inline(always)]
    fn value(&mut self, first: u8, below: Option<Word>) -> Option<T::Value> {
        let kind = match first {
            b'{' => Kind::Object(self.object(below)?),
            b'[' => Kind::Array(self.array(below)?),
            _ => self.leaf(first)?,
        };
        Some(self.tree.value(kind))
    }

    /// A value without others in it.
    #[inline(never)]
    fn leaf(&mut self, first: u8) -> Option<Kind<Cow<'d, str>, T::Array, T::Object>> {
        Some(match first {
            b'"' => Kind::Text(self.cursor.string()?),
            b't' => self.cursor.word("true").map(|()| Kind::Boolean(true))?,
            b'f' => self.cursor.word("false").map(|()| Kind::Boolean(false))?,
            b'n' => self.cursor.word("null").map(|()| Kind::Null)?,
            _ => Kind::Number(self.cursor.number()?),
        })
    }

    /// Steps into a list.
    #[inline(always)]
    fn enter(&mut self) -> Option<Cursor<'d>> {
        if self.depth == limits::NESTING {
            return None;
        }
        self.depth += 1;
        let mut cursor = self.cursor;
        cursor.pass(1);
        Some(cursor)
    }

    #[inline(always)]
    fn leave(&mut self, cursor: Cursor<'d>) {
        self.cursor = cursor;
        self.depth -= 1;
    }

    #[inline(never)]
    fn array(&mut self, below: Option<Word>) -> Option<T::Array> {
        let start = self.items.len();
        let mut cursor = self.enter()?;
        if cursor.next()? == b']' {
            cursor.pass(1);
        } else {
            loop {
                let first = cursor.next()?;
                if first == b'"'
                    && let Some(text) = cursor.plain_string()
                {
                    // As most items are: made in its place, once there is room. Pushed, it would be made elsewhere and
                    // copied at once, which waits for the writing.
                    self.items.extend(once_with(|| self.tree.value(Kind::Text(Cow::Borrowed(text)))));
                } else {
                    self.cursor = cursor;
                    let item = self.value(first, below)?;
                    self.items.push(item);
                    cursor = self.cursor;
                }
                if !cursor.goes_on(b']')? {
                    break;
                }
            }
        }
        self.leave(cursor);
        Some(self.tree.array(&mut self.items, start))
    }

    #[inline(never)]
    fn object(&mut self, below: Option<Word>) -> Option<T::Object> {
        let start = self.members.len();
        let mut cursor = self.enter()?;
        let (mut known, mut others) = (0, 0);
        if cursor.next()? == b'}' {
            cursor.pass(1);
        } else {
            let mut place = Order::first(below);
            loop {
                let (word, key) = self.key(&mut cursor, place)?;
                match word {
                    Some(word) if known & word.bit() != 0 => return None,
                    Some(word) => known |= word.bit(),
                    None => others += 1,
                }
                let first = cursor.next()?;
                if first == b'"'
                    && let Some(text) = cursor.plain_string()
                {
                    // As an array's items.
                    self.members.extend(once_with(|| (key, self.tree.value(Kind::Text(Cow::Borrowed(text))))));
                } else {
                    self.cursor = cursor;
                    let value = self.value(first, word)?;
                    self.members.push((key, value));
                    cursor = self.cursor;
                }
                if !cursor.goes_on(b'}')? {
                    break;
                }
                place = Order::after(word);
            }
        }
        self.leave(cursor);
        if others > 1 {
            self.members.get(start..).filter(|members| are_different(members.iter().map(|(key, _)| key.as_ref())))?;
        }
        Some(self.tree.object(&mut self.members, start))
    }

    /// A key and its colon.
    #[inline(always)]
    fn key(&mut self, cursor: &mut Cursor<'d>, place: Place) -> Option<(Option<Word>, T::Key)> {
        if cursor.next()? != b'"' {
            return None;
        }
        let foreseen = self.order.at(place);
        if let Some(length) = foreseen.starts(cursor.rest()?) {
            cursor.pass(length);
            return Some((Some(foreseen), self.tree.known_key(foreseen)));
        }
        let (text, after) = Self::other_key(*cursor)?;
        *cursor = after;
        let word = Word::of(&text);
        if let Some(word) = word {
            self.order.note(place, word);
        }
        Some((word, word.map_or_else(|| self.tree.other_key(text), |word| self.tree.known_key(word))))
    }

    /// A key that was not foreseen, and where its colon ends.
    #[inline(never)]
    fn other_key(mut cursor: Cursor<'d>) -> Option<(Cow<'d, str>, Cursor<'d>)> {
        let text = cursor.string()?;
        cursor.take(b':')?;
        Some((text, cursor))
    }
}

/// Whether no key is there twice.
pub(super) fn are_different<'k>(keys: impl Iterator<Item = &'k str> + Clone) -> bool {
    if keys.clone().nth(FEW_MEMBERS).is_none() {
        let mut others = keys;
        while let Some(key) = others.next() {
            if others.clone().any(|other| equal(other, key)) {
                return false;
            }
        }
        return true;
    }
    let mut met: HashSet<&str, foldhash::quality::RandomState> = HashSet::default();
    keys.into_iter().all(|key| met.insert(key))
}

mod cursor;
mod order;

use cursor::Cursor;
use order::{Order, Place};

#[cfg(test)]
mod tests;
