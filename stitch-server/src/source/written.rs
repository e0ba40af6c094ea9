//! A registry document as it was written.

use std::sync::OnceLock;

use stitch_core::Json;

use crate::model::Model;

/// A registry document. What the store holds in parts is put together when somebody asks for it: most registries are
/// replaced before anybody does, and a write need not wait for it.
#[derive(Debug)]
pub struct Written {
    parts: Model,
    whole: OnceLock<Json<'static>>,
}

impl Written {
    /// A document in parts.
    pub(super) fn in_parts(model: &Model) -> Self {
        Self { parts: model.clone(), whole: OnceLock::new() }
    }

    /// The document.
    pub fn document(&self) -> &Json<'static> {
        self.whole.get_or_init(|| self.parts.document().into_owned())
    }
}

impl From<Json<'static>> for Written {
    fn from(document: Json<'static>) -> Self {
        Self { parts: Model::default(), whole: document.into() }
    }
}
