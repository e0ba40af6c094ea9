//! JSON as a document was written: order kept, integers exact, strings borrowed from the text where they can be.

use std::borrow::Cow;
use std::convert::Infallible;

use serde::ser::{Serialize, SerializeMap, SerializeSeq, Serializer};

use crate::diagnostics::DefinitionsError;
use crate::number::Number;
use key::Word;
use scan::{Kind, Tree};

pub(crate) mod key;
pub(crate) mod node;
pub(crate) mod print;
pub(crate) mod read;
pub(crate) mod scan;

/// A member of an object: its key and its value.
pub type Member<'a> = (Cow<'a, str>, Json<'a>);

/// A JSON value that borrows from the text it was read from.
///
/// Equality is by value: numbers by exact value, objects whatever the order of their keys.
///
/// ```
/// use stitch_core::Json;
///
/// let a = Json::parse(r#"{"size": 1, "tags": ["x"]}"#)?;
/// let b = Json::parse(r#"{"tags": ["x"], "size": 1.0}"#)?;
/// assert_eq!(a, b);
/// # Ok::<(), stitch_core::DefinitionsError>(())
/// ```
#[derive(Clone, Debug)]
pub enum Json<'a> {
    /// `null`
    Null,
    /// `true` or `false`
    Boolean(bool),
    /// A number.
    Number(Number),
    /// A string.
    Text(Cow<'a, str>),
    /// An array.
    Array(Vec<Json<'a>>),
    /// An object: its members as they were written, no key twice.
    Object(Vec<Member<'a>>),
}

impl<'a> Json<'a> {
    /// Reads JSON text as strictly as a registry document is read, strings of any length allowed.
    ///
    /// # Errors
    ///
    /// If it is no JSON that every reader takes alike.
    pub fn parse(text: &'a (impl AsRef<[u8]> + ?Sized)) -> Result<Self, DefinitionsError> {
        let text = text.as_ref();
        if let Some(json) = scan::scan(text, usize::MAX, Apart) {
            return Ok(json);
        }
        // There is something to tell.
        let read::Reading { json, problems } = read::read(text, usize::MAX);
        json.filter(|_| problems.is_empty()).ok_or_else(|| DefinitionsError::new(problems))
    }

    /// The text, if this is a string.
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The member of this object with that key; `null` counts as absent.
    pub fn get(&self, key: &str) -> Option<&Json<'a>> {
        match self {
            Self::Object(members) => {
                members.iter().find(|(name, _)| name == key).map(|(_, value)| value).filter(|value| !value.is_null())
            }
            _ => None,
        }
    }

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

    /// The same value, whose texts are those of this one.
    #[must_use]
    pub fn borrowed(&self) -> Json<'_> {
        match self {
            Self::Null => Json::Null,
            Self::Boolean(boolean) => Json::Boolean(*boolean),
            Self::Number(number) => Json::Number(*number),
            Self::Text(text) => Json::Text(Cow::Borrowed(text)),
            Self::Array(items) => Json::Array(items.iter().map(Json::borrowed).collect()),
            Self::Object(members) => {
                Json::Object(members.iter().map(|(key, value)| (Cow::Borrowed(&**key), value.borrowed())).collect())
            }
        }
    }

    /// The same value, independent of the text it was read from.
    pub fn into_owned(self) -> Json<'static> {
        match self {
            Self::Null => Json::Null,
            Self::Boolean(boolean) => Json::Boolean(boolean),
            Self::Number(number) => Json::Number(number),
            Self::Text(text) => Json::Text(Cow::Owned(text.into_owned())),
            Self::Array(items) => Json::Array(items.into_iter().map(Json::into_owned).collect()),
            Self::Object(members) => Json::Object(
                members.into_iter().map(|(key, value)| (Cow::Owned(key.into_owned()), value.into_owned())).collect(),
            ),
        }
    }
}

/// A tree that stands by itself.
pub(crate) struct Apart;

impl<'a> Tree<'a> for Apart {
    type Key = Cow<'a, str>;
    type Value = Json<'a>;
    type Items = Vec<Json<'a>>;
    type Array = Vec<Json<'a>>;
    type Members = Vec<Member<'a>>;
    type Object = Vec<Member<'a>>;

    #[inline]
    fn known_key(&self, word: Word) -> Cow<'a, str> {
        Cow::Borrowed(word.as_str())
    }

    #[inline]
    fn other_key(&self, text: Cow<'a, str>) -> Cow<'a, str> {
        text
    }

    #[inline]
    fn items(&self, about: usize) -> Vec<Json<'a>> {
        Vec::with_capacity(about)
    }

    #[inline]
    fn array(&self, mut items: Vec<Json<'a>>) -> Vec<Json<'a>> {
        items.shrink_to_fit();
        items
    }

    #[inline]
    fn members(&self, about: usize) -> Vec<Member<'a>> {
        Vec::with_capacity(about)
    }

    #[inline]
    fn object(&self, mut members: Vec<Member<'a>>, _sum: u64, _written: &'a [u8]) -> Vec<Member<'a>> {
        members.shrink_to_fit();
        members
    }

    #[inline]
    fn value(&self, kind: Kind<Cow<'a, str>, Self::Array, Self::Object>) -> Json<'a> {
        match kind {
            Kind::Null => Json::Null,
            Kind::Boolean(boolean) => Json::Boolean(boolean),
            Kind::Number(number) => Json::Number(number),
            Kind::Text(text) => Json::Text(text),
            Kind::Array(items) => Json::Array(items),
            Kind::Object(members) => Json::Object(members),
        }
    }

    type Seen = Infallible;

    #[inline]
    fn seen(_: &Vec<Member<'a>>) -> Option<Infallible> {
        None
    }

    #[inline]
    fn again(seen: Infallible) -> Vec<Member<'a>> {
        match seen {}
    }
}

impl PartialEq for Json<'_> {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Null, Self::Null) => true,
            (Self::Boolean(a), Self::Boolean(b)) => a == b,
            (Self::Number(a), Self::Number(b)) => a == b,
            (Self::Text(a), Self::Text(b)) => a == b,
            (Self::Array(a), Self::Array(b)) => a == b,
            (Self::Object(a), Self::Object(b)) => a.len() == b.len() && same_members(a, b),
            _ => false,
        }
    }
}

/// Compares each pair of values once, so that deep values cost no more than their size.
fn same_members(a: &[Member<'_>], b: &[Member<'_>]) -> bool {
    if a.iter().zip(b).all(|(a, b)| a.0 == b.0) {
        return a.iter().zip(b).all(|(a, b)| a.1 == b.1);
    }
    let (a, b) = (sorted(a), sorted(b));
    a.iter().zip(&b).all(|(a, b)| a.0 == b.0) && a.iter().zip(&b).all(|(a, b)| a.1 == b.1)
}

fn sorted<'s, 'a>(members: &'s [Member<'a>]) -> Vec<&'s Member<'a>> {
    let mut members: Vec<_> = members.iter().collect();
    members.sort_by(|a, b| a.0.cmp(&b.0));
    members
}

impl Serialize for Json<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Null => serializer.serialize_unit(),
            Self::Boolean(boolean) => serializer.serialize_bool(*boolean),
            Self::Number(number) => number.serialize(serializer),
            Self::Text(text) => serializer.serialize_str(text),
            Self::Array(items) => {
                let mut sequence = serializer.serialize_seq(Some(items.len()))?;
                for item in items {
                    sequence.serialize_element(item)?;
                }
                sequence.end()
            }
            Self::Object(members) => {
                let mut map = serializer.serialize_map(Some(members.len()))?;
                for (key, value) in members {
                    map.serialize_entry(key, value)?;
                }
                map.end()
            }
        }
    }
}

/// As compact JSON text.
impl std::fmt::Display for Json<'_> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let text = serde_json::to_string(self).map_err(|_| std::fmt::Error)?;
        formatter.write_str(&text)
    }
}

macro_rules! from {
    ($($type:ty => $make:expr),+ $(,)?) => {$(
        impl<'a> From<$type> for Json<'a> {
            fn from(value: $type) -> Self {
                $make(value)
            }
        }
    )+};
}

from! {
    bool => Json::Boolean,
    i64 => |value| Json::Number(Number::from(value)),
    i32 => |value| Json::Number(Number::from(value)),
    u32 => |value| Json::Number(Number::from(value)),
    f64 => |value| Json::Number(Number::from(value)),
    &'a str => |value| Json::Text(Cow::Borrowed(value)),
    String => |value| Json::Text(Cow::Owned(value)),
    Vec<Json<'a>> => Json::Array,
}
