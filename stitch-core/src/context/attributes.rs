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

/// An attribute as a context holds it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Entry<'a> {
    /// Of the name: one comparison tells all but the attribute that is looked for. A name that stands in the caller's
    /// code has its tag when that is compiled.
    pub(crate) tag: u64,
    pub(crate) name: &'a str,
    pub(crate) value: AttributeValue<'a>,
}

impl Entry<'_> {
    /// Whether its name is that of that tag.
    #[inline]
    pub(crate) fn is(&self, tag: u64, name: &str) -> bool {
        self.tag == tag && equal(self.name, name)
    }
}

/// Name to value, in the order given.
#[derive(Clone, Debug, Default)]
pub(crate) struct Attributes<'a> {
    entries: Entries<'a>,
    /// A bit for each name, by its tag: where a name's bit is not set, no entry has the name.
    names: u64,
}

#[expect(clippy::large_enum_variant, reason = "the room for a few attributes without allocating is the point")]
#[derive(Clone, Debug)]
enum Entries<'a> {
    Inline(ArrayVec<Entry<'a>, 8>),
    Heap(Vec<Entry<'a>>),
}

impl Default for Entries<'_> {
    #[inline]
    fn default() -> Self {
        Self::Inline(ArrayVec::new_const())
    }
}

impl<'a> Entries<'a> {
    #[inline]
    fn push(&mut self, entry: Entry<'a>) {
        match self {
            Self::Inline(few) => {
                if few.try_push(entry).is_err() {
                    self.push_to_heap(entry);
                }
            }
            Self::Heap(many) => many.push(entry),
        }
    }

    #[cold]
    fn push_to_heap(&mut self, entry: Entry<'a>) {
        if let Self::Inline(few) = self {
            *self = Self::Heap(few.iter().copied().chain([entry]).collect());
        }
    }
}

impl<'a> Attributes<'a> {
    #[inline]
    pub(crate) fn as_slice(&self) -> &[Entry<'a>] {
        match &self.entries {
            Entries::Inline(few) => few,
            Entries::Heap(many) => many,
        }
    }

    #[inline]
    fn as_mut_slice(&mut self) -> &mut [Entry<'a>] {
        match &mut self.entries {
            Entries::Inline(few) => few,
            Entries::Heap(many) => many,
        }
    }

    /// Those that are read: none beyond the limit.
    #[inline]
    pub(crate) fn read(&self) -> &[Entry<'a>] {
        let entries = self.as_slice();
        entries.get(..limits::ATTRIBUTES).unwrap_or(entries)
    }

    #[inline]
    pub(crate) fn set(&mut self, name: &'a str, value: AttributeValue<'a>) {
        let entry = Entry { tag: tag(name), name, value };
        let bit = 1 << (entry.tag.wrapping_mul(SPREAD) >> 58);
        // Without the bits each attribute was compared with all before it: a third of what building a context took.
        if self.names & bit != 0
            && let Some(old) = self.as_mut_slice().iter_mut().find(|old| old.is(entry.tag, name))
        {
            *old = entry;
            return;
        }
        self.names |= bit;
        self.entries.push(entry);
    }
}

/// Spreads tags over the bits: 2^64 divided by the golden ratio.
const SPREAD: u64 = 0x9e37_79b9_7f4a_7c15;
