//! JSON as it is compiled: a tree that lies in an arena and is dropped as one.

use std::borrow::Cow;

use bumpalo::Bump;

use super::Json;
use super::scan::{Leaf, Tree};
use crate::number::Number;
use crate::text::equal;

/// A JSON value whose lists stand in an arena. A [`Json`] has a block of memory for each list, which for a registry of a
/// thousand flags takes longer than all that is compiled from them.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Node<'d> {
    Null,
    Boolean(bool),
    Number(Number),
    Text(&'d str),
    Array(&'d [Node<'d>]),
    /// Its members as they were written, no key twice where nothing is wrong with the document.
    Object(&'d [(&'d str, Node<'d>)]),
}

impl<'d> Node<'d> {
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
            Json::Object(members) => Self::Object(
                arena.alloc_slice_fill_iter(members.iter().map(|(key, value)| (&**key, Self::of(value, arena)))),
            ),
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
            Self::Object(members) => Json::Object(
                members.iter().map(|(key, value)| (Cow::Owned((*key).to_owned()), value.to_json())).collect(),
            ),
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
            Self::Object(members) => members
                .iter()
                .find(|(name, _)| equal(name, key))
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

/// In that arena.
impl<'d> Tree<'d> for &'d Bump {
    type Text = &'d str;
    type Value = Node<'d>;

    #[inline]
    fn text(&self, text: Cow<'d, str>) -> &'d str {
        match text {
            Cow::Borrowed(text) => text,
            Cow::Owned(text) => self.alloc_str(&text),
        }
    }

    #[inline]
    fn leaf(&self, leaf: Leaf<&'d str>) -> Node<'d> {
        match leaf {
            Leaf::Null => Node::Null,
            Leaf::Boolean(boolean) => Node::Boolean(boolean),
            Leaf::Number(number) => Node::Number(number),
            Leaf::Text(text) => Node::Text(text),
        }
    }

    #[inline]
    fn array(&self, items: &mut Vec<Node<'d>>, start: usize) -> Node<'d> {
        let array = self.alloc_slice_copy(items.get(start..).unwrap_or_default());
        items.truncate(start);
        Node::Array(array)
    }

    #[inline]
    fn object(&self, members: &mut Vec<(&'d str, Node<'d>)>, start: usize) -> Node<'d> {
        let object = self.alloc_slice_copy(members.get(start..).unwrap_or_default());
        members.truncate(start);
        Node::Object(object)
    }
}
