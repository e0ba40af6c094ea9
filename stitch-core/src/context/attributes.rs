//! The attributes of a context: a few inline, more on the heap.

use std::borrow::Cow;

use arrayvec::ArrayVec;

use crate::limits;
use crate::number::Number;
use crate::text::{equal, tag};

/// The value of an attribute.
#[derive(Clone, Copy, Debug)]
pub enum AttributeValue<'a> {
    /// A text.
    Text(&'a str),
    /// A number.
    Number(Number),
    /// A boolean.
    Boolean(bool),
    /// An array of texts and numbers.
    List(&'a [Element<'a>]),
}

/// An element of an array attribute.
///
/// ```
/// use stitch_core::{Context, Element};
///
/// let plans = [Element::from("pro"), Element::from(2)];
/// let context = Context::user("U-1").with("plans", plans.as_slice());
/// ```
#[derive(Clone, Debug)]
pub enum Element<'a> {
    /// A text.
    Text(Cow<'a, str>),
    /// A number.
    Number(Number),
}

impl<'a> From<&'a str> for AttributeValue<'a> {
    #[inline]
    fn from(text: &'a str) -> Self {
        Self::Text(text)
    }
}

impl<'a> From<&'a String> for AttributeValue<'a> {
    #[inline]
    fn from(text: &'a String) -> Self {
        Self::Text(text)
    }
}

impl From<bool> for AttributeValue<'_> {
    #[inline]
    fn from(boolean: bool) -> Self {
        Self::Boolean(boolean)
    }
}

impl<'a> From<&'a [Element<'a>]> for AttributeValue<'a> {
    #[inline]
    fn from(elements: &'a [Element<'a>]) -> Self {
        Self::List(elements)
    }
}

impl<'a> From<&'a str> for Element<'a> {
    fn from(text: &'a str) -> Self {
        Self::Text(Cow::Borrowed(text))
    }
}

macro_rules! from_numbers {
    ($($type:ty),+) => {$(
        impl From<$type> for AttributeValue<'_> {
            #[inline]
            fn from(number: $type) -> Self {
                Self::Number(number.into())
            }
        }

        impl From<$type> for Element<'_> {
            fn from(number: $type) -> Self {
                Self::Number(number.into())
            }
        }
    )+};
}

from_numbers!(i32, u32, i64, f64, Number);

/// An attribute as a context holds it: its name and its value.
pub(crate) type Entry<'a> = (&'a str, AttributeValue<'a>);

/// The attributes of a context, in the order given.
#[derive(Clone, Debug, Default)]
pub(crate) struct Attributes<'a> {
    entries: Entries<'a>,
    /// A bit for each name that was set: where a name's bit is not set, no entry has the name.
    names: u64,
}

#[expect(clippy::large_enum_variant, reason = "the room for a few attributes without allocating is the point")]
#[derive(Clone, Debug)]
enum Entries<'a> {
    /// A name once.
    Inline(ArrayVec<Entry<'a>, 8>),
    /// A name once.
    Heap(Vec<Entry<'a>>),
    /// As the caller has them: of a name that is there twice, the last one counts.
    Borrowed(&'a [Entry<'a>]),
}

impl Default for Entries<'_> {
    #[inline]
    fn default() -> Self {
        Self::Inline(ArrayVec::new_const())
    }
}

impl<'a> Attributes<'a> {
    #[inline]
    pub(crate) fn borrowed(entries: &'a [Entry<'a>]) -> Self {
        Self { entries: Entries::Borrowed(entries), names: 0 }
    }

    #[inline]
    pub(crate) fn as_slice(&self) -> &[Entry<'a>] {
        match &self.entries {
            Entries::Inline(few) => few,
            Entries::Heap(many) => many,
            Entries::Borrowed(entries) => entries,
        }
    }

    /// Those that are read: none beyond the limit.
    #[inline]
    pub(crate) fn read(&self) -> &[Entry<'a>] {
        let entries = self.as_slice();
        entries.get(..limits::ATTRIBUTES).unwrap_or(entries)
    }

    /// The place of the attribute of that name among those that are read.
    #[inline]
    pub(crate) fn position(&self, name: &str) -> Option<usize> {
        let mut entries = self.read().iter();
        let is_it = |(other, _): &Entry<'_>| equal(other, name);
        match self.entries {
            Entries::Borrowed(_) => entries.rposition(is_it),
            Entries::Inline(_) | Entries::Heap(_) => entries.position(is_it),
        }
    }

    #[inline]
    pub(crate) fn set(&mut self, name: &'a str, value: AttributeValue<'a>) {
        // Without the bits each attribute was compared with all before it: a third of what building a context took.
        let bit = 1 << (tag(name).wrapping_mul(SPREAD) >> 58);
        if self.names & bit != 0 && self.replace(name, value) {
            return;
        }
        self.names |= bit;
        match &mut self.entries {
            Entries::Inline(few) if !few.is_full() => few.push((name, value)),
            Entries::Heap(many) => many.push((name, value)),
            _ => self.push_to_heap(name, value),
        }
    }

    /// Gives the attribute of that name this value, if there is one.
    fn replace(&mut self, name: &str, value: AttributeValue<'a>) -> bool {
        let entries = match &mut self.entries {
            Entries::Inline(few) => few.as_mut_slice(),
            Entries::Heap(many) => many,
            Entries::Borrowed(_) => return false,
        };
        let old = entries.iter_mut().find(|(other, _)| equal(other, name));
        old.map(|(_, old)| *old = value).is_some()
    }

    /// Where there is no room, or what there is is the caller's.
    #[cold]
    fn push_to_heap(&mut self, name: &'a str, value: AttributeValue<'a>) {
        let mut own = Self { entries: Entries::Heap(Vec::new()), names: 0 };
        self.as_slice().iter().for_each(|&(name, value)| own.set(name, value));
        own.set(name, value);
        *self = own;
    }
}

/// Spreads tags over the bits: 2^64 divided by the golden ratio.
const SPREAD: u64 = 0x9e37_79b9_7f4a_7c15;
