//! The attributes of a context: a few inline, more on the heap.

use std::borrow::Cow;

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

const INLINE: usize = 8;

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
    const NONE: Self = Self { tag: 0, name: "", value: AttributeValue::Boolean(false) };

    /// Whether its name is that of that tag.
    #[inline]
    pub(crate) fn is(&self, tag: u64, name: &str) -> bool {
        self.tag == tag && equal(self.name, name)
    }
}

/// Name to value, in the order given.
#[expect(clippy::large_enum_variant, reason = "the room for a few attributes without allocating is the point")]
#[derive(Clone, Debug)]
pub(crate) enum Attributes<'a> {
    Inline { entries: [Entry<'a>; INLINE], length: usize },
    Heap(Vec<Entry<'a>>),
}

impl Default for Attributes<'_> {
    #[inline]
    fn default() -> Self {
        Self::Inline { entries: [Entry::NONE; INLINE], length: 0 }
    }
}

impl<'a> Attributes<'a> {
    #[inline]
    pub(crate) fn as_slice(&self) -> &[Entry<'a>] {
        match self {
            Self::Inline { entries, length } => entries.get(..*length).unwrap_or(entries),
            Self::Heap(entries) => entries,
        }
    }

    #[inline]
    fn as_mut_slice(&mut self) -> &mut [Entry<'a>] {
        match self {
            Self::Inline { entries, length } => entries.get_mut(..*length).unwrap_or_default(),
            Self::Heap(entries) => entries,
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
        if let Some(old) = self.as_mut_slice().iter_mut().find(|old| old.is(entry.tag, name)) {
            *old = entry;
            return;
        }
        if let Self::Inline { entries, length } = self
            && let Some(slot) = entries.get_mut(*length)
        {
            *slot = entry;
            *length += 1;
            return;
        }
        self.push(entry);
    }

    /// Where there is no room inline.
    #[cold]
    fn push(&mut self, entry: Entry<'a>) {
        match self {
            Self::Inline { entries, .. } => *self = Self::Heap(entries.iter().copied().chain([entry]).collect()),
            Self::Heap(entries) => entries.push(entry),
        }
    }
}
