//! The attributes of a context: a few inline, more on the heap.

use std::borrow::Cow;

use crate::limits;
use crate::number::Number;

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

pub(crate) type Entry<'a> = (&'a str, AttributeValue<'a>);

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
        Self::Inline { entries: [("", AttributeValue::Boolean(false)); INLINE], length: 0 }
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
        if let Some((_, old)) = self.as_mut_slice().iter_mut().find(|(other, _)| *other == name) {
            *old = value;
            return;
        }
        match self {
            Self::Inline { entries, length } => {
                if let Some(slot) = entries.get_mut(*length) {
                    *slot = (name, value);
                    *length += 1;
                } else {
                    *self = Self::Heap(entries.iter().copied().chain([(name, value)]).collect());
                }
            }
            Self::Heap(entries) => entries.push((name, value)),
        }
    }
}
