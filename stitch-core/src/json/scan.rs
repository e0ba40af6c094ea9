//! Reading a sound document fast.
//!
//! Nearly every document is sound, and then nothing is to be told: so this reader knows only what is plain, and gives up
//! at whatever is not. Then [`read`] says what is wrong, which also has the last word on every number that is no short
//! integer and on every string with an escape. That both read alike is a property test.
//!
//! Documents are written by programs, or by people who copy: keys come in the same order over and over. So each key is
//! held first against the one that stood in its place the last time (`Order`), which spares finding out where it ends and
//! which one it is; and objects, such as conditions, come again as they were (`Seen`).

#![expect(clippy::inline_always, reason = "reading a value is a few dozen instructions: calls were a third of them")]

use std::borrow::Cow;
use std::iter::{once, once_with};

use hashbrown::HashSet;

use super::key::Word;
use super::print;
use super::read::FEW_MEMBERS;
use crate::limits;
use crate::number::Number;
use crate::text::equal;

/// Makes a tree of what is read: one that lies in an arena, or one that stands by itself.
pub(crate) trait Tree<'d> {
    type Key: AsRef<str>;
    type Value;
    /// An array that is being read, and one that was.
    type Items: Extend<Self::Value> + AsRef<[Self::Value]>;
    type Array;
    /// An object that is being read, and one that was.
    type Members: Extend<(Self::Key, Self::Value)> + AsRef<[(Self::Key, Self::Value)]>;
    type Object;

    fn known_key(&self, word: Word) -> Self::Key;

    /// That of any other text.
    fn other_key(&self, text: Cow<'d, str>) -> Self::Key;

    /// Room for about so many items.
    fn items(&self, about: usize) -> Self::Items;

    fn array(&self, items: Self::Items) -> Self::Array;

    /// Room for about so many members.
    fn members(&self, about: usize) -> Self::Members;

    /// An object, the sum of its members' fingerprints, and how it was written.
    fn object(&self, members: Self::Members, sum: u64, written: &'d [u8]) -> Self::Object;

    fn value(&self, kind: Kind<Cow<'d, str>, Self::Array, Self::Object>) -> Self::Value;

    /// What is kept of an object that may come again, where a tree can have one thing twice.
    type Seen: Copy;

    fn seen(object: &Self::Object) -> Option<Self::Seen>;

    fn again(seen: Self::Seen) -> Self::Object;
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
    let mut scanner = Scanner {
        cursor: Cursor::new(text, string_limit),
        depth,
        tree,
        order: Order::default(),
        seen: Seen::of(text.len()),
        print: 0,
    };
    let first = scanner.cursor.next()?;
    let value = scanner.value(first, None, 0)?;
    scanner.cursor.next().is_none().then_some(value)
}

struct Scanner<'d, T: Tree<'d>> {
    cursor: Cursor<'d>,
    depth: usize,
    tree: T,
    order: Order,
    seen: Seen<'d, T>,
    /// The fingerprint of the value that was read last, and of what came before it.
    print: u64,
}

impl<'d, T: Tree<'d>> Scanner<'d, T> {
    /// A value that stands below that word, by its first byte, after what has that fingerprint.
    #[inline(always)]
    fn value(&mut self, first: u8, below: Option<Word>, print: u64) -> Option<T::Value> {
        let kind = match first {
            b'{' => Kind::Object(self.object(below, print)?),
            b'[' => Kind::Array(self.array(below, print)?),
            _ => self.leaf(first, print)?,
        };
        Some(self.tree.value(kind))
    }

    /// A value without others in it.
    #[inline(never)]
    fn leaf(&mut self, first: u8, print: u64) -> Option<Kind<Cow<'d, str>, T::Array, T::Object>> {
        let (kind, print) = match first {
            b'"' => {
                let text = self.cursor.string()?;
                let print = print::add_text(print, &text);
                (Kind::Text(text), print)
            }
            b't' | b'f' => {
                let boolean = first == b't';
                self.cursor.word(if boolean { "true" } else { "false" })?;
                (Kind::Boolean(boolean), print::add_boolean(print, boolean))
            }
            b'n' => {
                self.cursor.word("null")?;
                (Kind::Null, print::add_null(print))
            }
            _ => {
                let number = self.cursor.number()?;
                (Kind::Number(number), print::add_number(print, number))
            }
        };
        self.print = print;
        Some(kind)
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
    fn leave(&mut self, cursor: &Cursor<'d>) {
        self.cursor.follow(cursor);
        self.depth -= 1;
    }

    #[inline(never)]
    fn array(&mut self, below: Option<Word>, print: u64) -> Option<T::Array> {
        let place = Order::first(below);
        let mut items = self.tree.items(self.order.take_items(place));
        let before = print;
        let mut print = print::ARRAY;
        let mut cursor = self.enter()?;
        if cursor.next()? == b']' {
            cursor.pass(1);
        } else {
            loop {
                let first = cursor.next()?;
                if first == b'"'
                    && let Some((text, after)) = cursor.printed_string(print)
                {
                    print = after;
                    // As most items are: made in its place, once there is room. Pushed, it would be made elsewhere and
                    // copied at once, which waits for the writing.
                    items.extend(once_with(|| self.tree.value(Kind::Text(Cow::Borrowed(text)))));
                } else {
                    self.cursor.follow(&cursor);
                    let item = self.value(first, below, print)?;
                    print = self.print;
                    items.extend(once(item));
                    cursor.follow(&self.cursor);
                }
                if !cursor.goes_on(b']')? {
                    break;
                }
            }
        }
        self.leave(&cursor);
        self.print = print::add_array(before, print);
        self.order.note_items(place, items.as_ref().len());
        Some(self.tree.array(items))
    }

    #[inline(never)]
    fn object(&mut self, below: Option<Word>, print: u64) -> Option<T::Object> {
        let first = Order::first(below);
        if let Some((object, sum, length)) = self.seen.find(first, self.depth, self.cursor.rest()?) {
            self.cursor.pass(length);
            self.print = print::add_object(print, sum);
            return Some(object);
        }
        let mut members = self.tree.members(self.order.take_members(first));
        let mut sum: u64 = 0;
        let start = self.cursor;
        let mut cursor = self.enter()?;
        let (mut known, mut others) = (0, 0);
        if cursor.next()? == b'}' {
            cursor.pass(1);
        } else {
            let mut place = first;
            loop {
                let (word, key, print) = self.key(&mut cursor, place)?;
                match word {
                    Some(word) if known & word.bit() != 0 => return None,
                    Some(word) => known |= word.bit(),
                    None => others += 1,
                }
                let first = cursor.next()?;
                if first == b'"'
                    && let Some((text, print)) = cursor.printed_string(print)
                {
                    sum = sum.wrapping_add(print);
                    // As an array's items.
                    members.extend(once_with(|| (key, self.tree.value(Kind::Text(Cow::Borrowed(text))))));
                } else {
                    self.cursor.follow(&cursor);
                    let value = self.value(first, word, print)?;
                    sum = sum.wrapping_add(self.print);
                    members.extend(once((key, value)));
                    cursor.follow(&self.cursor);
                }
                if !cursor.goes_on(b'}')? {
                    break;
                }
                place = Order::after(word);
            }
        }
        let written = start.until(&cursor)?;
        self.leave(&cursor);
        if others > 1 {
            Some(&members).filter(|members| are_different(members.as_ref().iter().map(|(key, _)| key.as_ref())))?;
        }
        self.order.note_members(first, members.as_ref().len());
        self.print = print::add_object(print, sum);
        let object = self.tree.object(members, sum, written);
        self.seen.note(first, self.depth, written, sum, &object);
        Some(object)
    }

    /// A key and its colon; with it the word that it is, and its fingerprint.
    #[inline(always)]
    fn key(&mut self, cursor: &mut Cursor<'d>, place: Place) -> Option<(Option<Word>, T::Key, u64)> {
        if cursor.next()? != b'"' {
            return None;
        }
        let foreseen = self.order.word(place);
        if let Some(length) = foreseen.starts(cursor.rest()?) {
            cursor.pass(length);
            return Some((Some(foreseen), self.tree.known_key(foreseen), print::of_word(foreseen)));
        }
        let (text, after) = Self::other_key(*cursor)?;
        *cursor = after;
        if let Some(word) = Word::of(&text) {
            self.order.note_word(place, word);
            return Some((Some(word), self.tree.known_key(word), print::of_word(word)));
        }
        let print = print::of_key(&text);
        Some((None, self.tree.other_key(text), print))
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
mod seen;

use cursor::Cursor;
use order::{Order, Place};
use seen::Seen;

#[cfg(test)]
mod tests;
