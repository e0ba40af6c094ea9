//! A registry document as it was written.

use std::sync::OnceLock;

use stitch_core::{Json, Parts};

use crate::model::Model;

/// A registry document. What the store holds in parts is put together when somebody asks for it: most registries are
/// replaced before anybody does, and a write need not wait for it.
#[derive(Debug)]
pub struct Written {
    /// Nothing for a document that came whole.
    parts: Option<Model>,
    whole: OnceLock<Json<'static>>,
}

impl Written {
    /// A document in parts.
    pub(super) fn in_parts(model: &Model) -> Self {
        Self { parts: Some(model.clone()), whole: OnceLock::new() }
    }

    /// The document's parts, which are where they are as long as this is.
    pub fn parts(&self) -> Parts<'_> {
        self.parts.as_ref().map_or_else(|| of(self.document()), Model::parts)
    }

    /// The document.
    pub fn document(&self) -> &Json<'static> {
        self.whole.get_or_init(|| self.parts.as_ref().map_or(Json::Null, Model::document).into_owned())
    }
}

impl From<Json<'static>> for Written {
    fn from(document: Json<'static>) -> Self {
        Self { parts: None, whole: document.into() }
    }
}

/// The parts of a sound document.
fn of<'d>(document: &'d Json<'static>) -> Parts<'d> {
    let list = |name: &str| match document.get(name) {
        Some(Json::Array(entries)) => entries.iter().collect(),
        _ => Vec::new(),
    };
    Parts { settings: Some(document), flags: list("flags"), segments: list("segments"), overrides: list("overrides") }
}
