//! JSON as it is compiled: a tree that lies in an arena and is dropped as one.

use std::borrow::Cow;
use std::fmt;
use std::ptr;

use bumpalo::Bump;

use super::Json;
use super::key::{Key, Word};
use super::print;
use super::scan::{Kind, Tree};
use crate::number::Number;
use crate::text::equal;

/// A member of an object: its key and its value.
pub(crate) type Member<'d> = (Key<'d>, Node<'d>);

/// A JSON value whose lists stand in an arena. A [`Json`] has a block of memory for each list, which for a registry of a
/// thousand flags takes longer than all that is compiled from them. Which one it is takes a word, as in
/// [`Test`](crate::condition::Test).
#[derive(Clone, Copy, Debug)]
#[repr(u64)]
pub(crate) enum Node<'d> {
    Null,
    Boolean(bool),
    Number(Number),
    Text(&'d str),
    Array(&'d [Node<'d>]),
    Object(&'d Object<'d>),
}

/// An object.
#[derive(Clone, Copy)]
pub(crate) struct Object<'d> {
    /// The sum of its members' fingerprints: made with it, since all that is compiled needs one, and compared first.
    pub(crate) sum: u64,
    /// As they were written, no key twice where nothing is wrong with the document.
    pub(crate) members: &'d [Member<'d>],
    /// How it was written, where it comes from a text.
    pub(super) written: &'d [u8],
}

impl fmt::Debug for Object<'_> {
    /// What it is, however it was written.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = formatter.debug_struct("Object");
        shown.field("sum", &self.sum).field("members", &self.members).finish_non_exhaustive()
    }
}

impl<'d> Object<'d> {
    #[inline]
    pub(crate) fn of(members: &'d [Member<'d>]) -> Self {
        Self { sum: print::sum(members), members, written: &[] }
    }

    /// The members that are there: `null` counts as absent.
    #[inline]
    pub(crate) fn members(&self) -> impl Iterator<Item = (Key<'d>, &'d Node<'d>)> + use<'d> {
        self.members.iter().filter(|(_, value)| !value.is_null()).map(|(key, value)| (*key, value))
    }
}

impl<'d> Node<'d> {
    /// The object with those members.
    #[inline]
    pub(crate) fn object(members: &'d [Member<'d>], arena: &'d Bump) -> Self {
        Self::Object(arena.alloc(Object::of(members)))
    }

    /// The same value, whose texts are those of that one.
    pub(crate) fn of(json: &'d Json<'_>, arena: &'d Bump) -> Self {
        match json {
            Json::Null => Self::Null,
            Json::Boolean(boolean) => Self::Boolean(*boolean),
            Json::Number(number) => Self::Number(*number),
            Json::Text(text) => Self::Text(text),
            Json::Array(items) => {
                Self::Array(arena.alloc_slice_fill_iter(items.iter().map(|item| Self::of(item, arena))))
            }
            Json::Object(members) => {
                let members = members.iter().map(|(key, value)| (Key::of(key), Self::of(value, arena)));
                Self::object(arena.alloc_slice_fill_iter(members), arena)
            }
        }
    }

    /// The same value, for itself.
    pub(crate) fn to_json(self) -> Json<'static> {
        match self {
            Self::Null => Json::Null,
            Self::Boolean(boolean) => Json::Boolean(boolean),
            Self::Number(number) => Json::Number(number),
            Self::Text(text) => Json::Text(Cow::Owned(text.to_owned())),
            Self::Array(items) => Json::Array(items.iter().map(|item| item.to_json()).collect()),
            Self::Object(object) => {
                let member = |(key, value): &Member<'_>| (Cow::Owned(key.as_str().to_owned()), value.to_json());
                Json::Object(object.members.iter().map(member).collect())
            }
        }
    }

    /// The text, if this is a string.
    #[inline]
    pub(crate) fn as_text(&self) -> Option<&'d str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The member of this object with that key; `null` counts as absent.
    pub(crate) fn get(&self, key: &str) -> Option<&'d Self> {
        match self {
            Self::Object(object) => object
                .members
                .iter()
                .find(|(name, _)| equal(name.as_str(), key))
                .map(|(_, value)| value)
                .filter(|value| !value.is_null()),
            _ => None,
        }
    }

    #[inline]
    pub(crate) fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }

    /// The word for this value's type, as messages use it.
    pub(crate) fn type_word(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Boolean(_) => "a boolean",
            Self::Number(_) => "a number",
            Self::Text(_) => "a string",
            Self::Array(_) => "an array",
            Self::Object(_) => "an object",
        }
    }
}

/// As they were written: members in another order are others.
impl PartialEq for Node<'_> {
    #[inline]
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Null, Self::Null) => true,
            (Self::Boolean(a), Self::Boolean(b)) => a == b,
            // As they were written, too: of `1` and `1.0` there may be different things to tell.
            (Self::Number(Number::Integer(a)), Self::Number(Number::Integer(b))) => a == b,
            (Self::Number(Number::Double(a)), Self::Number(Number::Double(b))) => a.to_bits() == b.to_bits(),
            (Self::Text(a), Self::Text(b)) => equal(a, b),
            (Self::Array(a), Self::Array(b)) => a == b,
            (Self::Object(a), Self::Object(b)) => a == b,
            _ => false,
        }
    }
}

impl PartialEq for Object<'_> {
    /// What differs nearly always shows in the sum, and what is the same in how it was written.
    #[inline]
    fn eq(&self, other: &Self) -> bool {
        ptr::eq(self, other)
            || self.sum == other.sum
                && (!self.written.is_empty() && self.written == other.written || self.members == other.members)
    }
}

/// The text, which lasts as long as the arena.
#[inline]
fn kept<'d>(text: Cow<'d, str>, arena: &'d Bump) -> &'d str {
    match text {
        Cow::Borrowed(text) => text,
        Cow::Owned(text) => arena.alloc_str(&text),
    }
}

/// In that arena.
impl<'d> Tree<'d> for &'d Bump {
    type Key = Key<'d>;
    type Value = Node<'d>;
    type Items = bumpalo::collections::Vec<'d, Node<'d>>;
    type Array = &'d [Node<'d>];
    type Members = bumpalo::collections::Vec<'d, Member<'d>>;
    type Object = &'d Object<'d>;

    #[inline]
    fn known_key(&self, word: Word) -> Key<'d> {
        Key::Known(word)
    }

    #[inline]
    fn other_key(&self, text: Cow<'d, str>) -> Key<'d> {
        Key::Other(kept(text, self))
    }

    #[inline]
    fn items(&self, about: usize) -> Self::Items {
        Self::Items::with_capacity_in(about, self)
    }

    #[inline]
    fn array(&self, items: Self::Items) -> &'d [Node<'d>] {
        items.into_bump_slice()
    }

    #[inline]
    fn members(&self, about: usize) -> Self::Members {
        Self::Members::with_capacity_in(about, self)
    }

    #[inline]
    fn object(&self, members: Self::Members, sum: u64, written: &'d [u8]) -> &'d Object<'d> {
        self.alloc(Object { sum, members: members.into_bump_slice(), written })
    }

    #[inline]
    fn value(&self, kind: Kind<Cow<'d, str>, Self::Array, Self::Object>) -> Node<'d> {
        match kind {
            Kind::Null => Node::Null,
            Kind::Boolean(boolean) => Node::Boolean(boolean),
            Kind::Number(number) => Node::Number(number),
            Kind::Text(text) => Node::Text(kept(text, self)),
            Kind::Array(array) => Node::Array(array),
            Kind::Object(object) => Node::Object(object),
        }
    }

    type Seen = &'d Object<'d>;

    #[inline]
    fn seen(object: &&'d Object<'d>) -> Option<&'d Object<'d>> {
        Some(*object)
    }

    #[inline]
    fn again(seen: &'d Object<'d>) -> &'d Object<'d> {
        seen
    }
}
