//! How somebody keeps an entry of a document.

use std::borrow::Cow;

use bumpalo::Bump;

use super::within_limits;
use crate::diagnostics::DefinitionsError;
use crate::json::Json;
use crate::json::node::Node;
use crate::json::read::{Reading, read};
use crate::json::scan::scan_within;
use crate::limits;

/// Lists in which an entry stands: the document, and its own.
const DEPTH: usize = 2;

/// An entry of a document as somebody keeps it: a value that was read (`&Json`), or its text (`&str`), which takes a
/// fraction of the memory. Nothing else can be one.
pub trait Part: sealed::Part {}

impl<'a> Part for &'a Json<'a> {}
impl Part for &str {}

pub(crate) mod sealed {
    use super::Form;

    pub trait Part: Copy {
        /// Which of them it is.
        fn form<'f>(self) -> Form<'f>
        where
            Self: 'f;
    }
}

/// One of the ways in which an entry is kept.
#[derive(Clone, Copy, Debug)]
pub enum Form<'a> {
    Json(&'a Json<'a>),
    Text(&'a str),
}

impl<'a> sealed::Part for &'a Json<'a> {
    fn form<'f>(self) -> Form<'f>
    where
        Self: 'f,
    {
        Form::Json(self)
    }
}

impl sealed::Part for &str {
    fn form<'f>(self) -> Form<'f>
    where
        Self: 'f,
    {
        Form::Text(self)
    }
}

/// Where an entry is, and how long. Of two that are there at one time and in one place, both are the same.
pub(crate) type Address = (*const (), usize);

impl<'a> Form<'a> {
    /// Where it is.
    pub(crate) fn address(self) -> Address {
        match self {
            Self::Json(json) => (std::ptr::from_ref(json).cast(), size_of::<Json<'_>>()),
            Self::Text(text) => (text.as_ptr().cast(), text.len()),
        }
    }

    /// As it is compiled; nothing where reading it would have something to tell.
    pub(crate) fn node<'d>(self, arena: &'d Bump) -> Option<Node<'d>>
    where
        'a: 'd,
    {
        match self {
            Self::Json(json) => within_limits(json, DEPTH).then(|| Node::of(json, arena)),
            Self::Text(text) => scan_within(text.as_bytes(), DEPTH, limits::STRING_BYTES, arena),
        }
    }

    /// Its text, which is one value.
    ///
    /// # Errors
    ///
    /// If it is no JSON.
    pub(crate) fn text(self) -> Result<Cow<'a, str>, DefinitionsError> {
        match self {
            Self::Json(json) => Ok(Cow::Owned(json.to_string())),
            Self::Text(text) => match read(text.as_bytes(), usize::MAX) {
                Reading { json: None, problems } => Err(DefinitionsError::new(problems)),
                _ => Ok(Cow::Borrowed(text)),
            },
        }
    }

    /// The text at a key of it.
    pub(crate) fn text_at(self, key: &str) -> Option<String> {
        let text = |json: &Json<'_>| json.get(key)?.as_text().map(str::to_owned);
        match self {
            Self::Json(json) => text(json),
            Self::Text(whole) => text(&Json::parse(whole).ok()?),
        }
    }
}
