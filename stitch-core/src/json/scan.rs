//! Reading a sound document fast.
//!
//! Nearly every document is sound, and then nothing is to be told: so this reader knows only what is plain, and gives up
//! at whatever is not. Then [`read`] says what is wrong, which also has the last word on every number that is no short
//! integer and on every string with an escape. That both read alike is a property test.

#![expect(clippy::inline_always, reason = "reading a value is a few dozen instructions: calls were a third of them")]

use std::borrow::Cow;
use std::iter::once_with;

use hashbrown::HashSet;

use super::Json;
use super::read::{FEW_MEMBERS, Reading, read};
use crate::limits;
use crate::number::Number;
use crate::text::equal;

/// Digits that fit an integer whatever they are.
const SHORT: usize = 18;

/// Makes a tree of what is read: one that lies in an arena, or one that stands by itself.
pub(crate) trait Tree<'d> {
    type Text: AsRef<str>;
    type Value;

    fn text(&self, text: Cow<'d, str>) -> Self::Text;

    fn leaf(&self, leaf: Leaf<Self::Text>) -> Self::Value;

    /// Of the items from `start` on, which are taken.
    fn array(&self, items: &mut Vec<Self::Value>, start: usize) -> Self::Value;

    /// Of the members from `start` on, which are taken.
    fn object(&self, members: &mut Vec<(Self::Text, Self::Value)>, start: usize) -> Self::Value;
}

/// A value without others in it.
pub(crate) enum Leaf<T> {
    Null,
    Boolean(bool),
    Number(Number),
    Text(T),
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
    let mut scanner = Scanner { text, at: 0, depth, tree, items: Vec::new(), members: Vec::new(), string_limit };
    let value = scanner.value()?;
    scanner.next().is_none().then_some(value)
}

struct Scanner<'d, T: Tree<'d>> {
    text: &'d str,
    /// The place of the next byte.
    at: usize,
    depth: usize,
    tree: T,
    /// The items of the arrays, and the members of the objects, that are being read.
    items: Vec<T::Value>,
    members: Vec<(T::Text, T::Value)>,
    string_limit: usize,
}

impl<'d, T: Tree<'d>> Scanner<'d, T> {
    #[inline]
    fn byte(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    /// The next byte that is no white space; it is not taken.
    #[inline(always)]
    fn next(&mut self) -> Option<u8> {
        loop {
            match self.byte() {
                Some(b' ' | b'\n' | b'\r' | b'\t') => self.at += 1,
                other => return other,
            }
        }
    }

    /// Takes that byte, where it is the next one.
    #[inline(always)]
    fn take(&mut self, byte: u8) -> Option<()> {
        (self.next() == Some(byte)).then(|| self.at += 1)
    }

    fn value(&mut self) -> Option<T::Value> {
        let leaf = match self.next()? {
            b'"' => Leaf::Text(self.string()?),
            b'{' => return self.nested(Self::object),
            b'[' => return self.nested(Self::array),
            b't' => self.word("true", Leaf::Boolean(true))?,
            b'f' => self.word("false", Leaf::Boolean(false))?,
            b'n' => self.word("null", Leaf::Null)?,
            _ => Leaf::Number(self.number()?),
        };
        Some(self.tree.leaf(leaf))
    }

    fn word(&mut self, word: &str, leaf: Leaf<T::Text>) -> Option<Leaf<T::Text>> {
        let found = self.text.as_bytes().get(self.at..)?.starts_with(word.as_bytes());
        self.at += word.len();
        found.then_some(leaf)
    }

    fn nested(&mut self, read: impl FnOnce(&mut Self) -> Option<T::Value>) -> Option<T::Value> {
        if self.depth == limits::NESTING {
            return None;
        }
        self.at += 1;
        self.depth += 1;
        let value = read(self)?;
        self.depth -= 1;
        Some(value)
    }

    fn array(&mut self) -> Option<T::Value> {
        let start = self.items.len();
        if self.next()? != b']' {
            loop {
                if let Some(text) = self.plain_string() {
                    // As most items are: made in its place, once there is room. Pushed, it would be made elsewhere and
                    // copied at once, which waits for the writing.
                    self.items.extend(once_with(|| self.tree.leaf(Leaf::Text(self.tree.text(Cow::Borrowed(text))))));
                } else {
                    let item = self.value()?;
                    self.items.push(item);
                }
                if self.take(b',').is_none() {
                    break;
                }
            }
        }
        self.take(b']')?;
        Some(self.tree.array(&mut self.items, start))
    }

    fn object(&mut self) -> Option<T::Value> {
        let start = self.members.len();
        if self.next()? != b'}' {
            loop {
                if self.next()? != b'"' {
                    return None;
                }
                let key = self.string()?;
                self.take(b':')?;
                let value = self.value()?;
                self.members.push((key, value));
                if self.take(b',').is_none() {
                    break;
                }
            }
        }
        self.take(b'}')?;
        self.members.get(start..).filter(|members| are_different(members))?;
        Some(self.tree.object(&mut self.members, start))
    }

    /// A string, at its first quote.
    #[inline(always)]
    fn string(&mut self) -> Option<T::Text> {
        let text = match self.plain_string() {
            Some(text) => Cow::Borrowed(text),
            None => Cow::Owned(self.escaped_string()?),
        };
        Some(self.tree.text(text))
    }

    /// A string without an escape, if that is what is next; else nothing is taken.
    #[inline(always)]
    fn plain_string(&mut self) -> Option<&'d str> {
        if self.next()? != b'"' {
            return None;
        }
        let start = self.at + 1;
        let end = plain_end(self.text.as_bytes(), start);
        if *self.text.as_bytes().get(end)? != b'"' {
            return None;
        }
        let text = self.text.get(start..end).filter(|text| text.len() <= self.string_limit)?;
        self.at = end + 1;
        Some(text)
    }

    /// A string, at its first quote, whatever is in it.
    #[cold]
    fn escaped_string(&mut self) -> Option<String> {
        let bytes = self.text.as_bytes();
        let mut end = self.at + 1;
        while *bytes.get(end)? != b'"' {
            end += if *bytes.get(end)? == b'\\' { 2 } else { 1 };
        }
        let Reading { json: Some(Json::Text(text)), .. } = read(bytes.get(self.at..=end)?, usize::MAX) else {
            return None;
        };
        self.at = end + 1;
        (text.len() <= self.string_limit).then(|| text.into_owned())
    }

    fn number(&mut self) -> Option<Number> {
        let rest = self.text.as_bytes().get(self.at..)?;
        let is_part = |byte: &u8| byte.is_ascii_digit() || matches!(byte, b'-' | b'+' | b'.' | b'e' | b'E');
        let length = rest.iter().position(|byte| !is_part(byte)).unwrap_or(rest.len());
        let written = rest.get(..length)?;
        self.at += length;
        match written {
            b"0" => Some(Number::Integer(0)),
            [b'1'..=b'9', others @ ..] if others.len() < SHORT && others.iter().all(u8::is_ascii_digit) => {
                let digits = written.iter().map(|digit| i64::from(digit - b'0'));
                Some(Number::Integer(digits.fold(0, |number, digit| 10 * number + digit)))
            }
            _ => match read(written, usize::MAX) {
                reading if reading.problems.is_empty() => match reading.json? {
                    Json::Number(number) => Some(number),
                    _ => None,
                },
                _ => None,
            },
        }
    }
}

/// Where what is neither the end of a string nor an escape nor forbidden ends; eight bytes at a time.
#[inline(always)]
fn plain_end(bytes: &[u8], start: usize) -> usize {
    const ONES: u64 = u64::MAX / 255;
    let mut end = start;
    while let Some(word) = bytes.get(end..).and_then(<[u8]>::first_chunk) {
        let word = u64::from_le_bytes(*word);
        // The high bit of each byte that is below `bound`, and perhaps of some after the first of those.
        let below = |word: u64, bound: u8| word.wrapping_sub(ONES * u64::from(bound)) & !word;
        // With this bit turned over, the quote is the only byte from the space on that comes to stand below.
        let quote_or_control = below(word ^ (ONES * 2), b' ' + 1);
        let escape = below(word ^ (ONES * u64::from(b'\\')), 1);
        let special = (quote_or_control | escape) & (ONES << 7);
        if special != 0 {
            return end + special.trailing_zeros() as usize / 8;
        }
        end += 8;
    }
    let is_plain = |byte: &&u8| **byte >= b' ' && **byte != b'"' && **byte != b'\\';
    end + bytes.iter().skip(end).take_while(is_plain).count()
}

/// Whether no key is there twice.
fn are_different<V>(members: &[(impl AsRef<str>, V)]) -> bool {
    if members.len() <= FEW_MEMBERS {
        let mut others = members;
        while let [(key, _), rest @ ..] = others {
            if rest.iter().any(|(other, _)| equal(other.as_ref(), key.as_ref())) {
                return false;
            }
            others = rest;
        }
        return true;
    }
    let mut keys: HashSet<&str, foldhash::quality::RandomState> = HashSet::default();
    members.iter().all(|(key, _)| keys.insert(key.as_ref()))
}

#[cfg(test)]
mod tests;
