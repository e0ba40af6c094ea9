//! The registry document as it was written.

use serde::{Serialize, Serializer};

use crate::compile;
use crate::diagnostics::{Code, DefinitionsError, Diagnostic};
use crate::json::Json;
use crate::json::read::read;
use crate::limits;

mod environment;
mod part;
mod parts;

pub(crate) use part::Address;
pub use part::Part;
pub use parts::Parts;

/// A registry document as it was written, metadata and all; borrows from its text.
///
/// It serialises to the document that it was read from, numbers as they were understood (an integer beyond i64 is a double).
///
/// ```
/// use stitch_core::Definitions;
///
/// let text = r#"{"schema_version":"1.0","flags":[],"owner":"payments"}"#;
/// let definitions = Definitions::from_json(text)?;
/// assert_eq!(definitions.document().to_string(), text);
/// # Ok::<(), stitch_core::DefinitionsError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Definitions<'a> {
    pub(crate) document: Json<'a>,
    /// What is wrong with the text within a flag, segment or override row: too deep, or too long a string.
    pub(crate) problems: Vec<Diagnostic>,
}

impl<'a> Definitions<'a> {
    /// Reads a registry document. Whether its content makes sense is for [`Engine::compile`](crate::Engine::compile) to say.
    ///
    /// # Errors
    ///
    /// If the text is no JSON that every reader takes alike: then everything that could be found wrong with it.
    pub fn from_json(text: &'a (impl AsRef<[u8]> + ?Sized)) -> Result<Self, DefinitionsError> {
        let reading = read(text.as_ref(), limits::STRING_BYTES);
        let ambiguous = reading.problems.iter().any(|problem| problem.code == Code::DuplicateKey);
        match reading.json {
            None => Err(DefinitionsError::new(reading.problems)),
            Some(document) => {
                let definitions = Self { document, problems: reading.problems };
                if ambiguous { Err(compile::refuse(&definitions)) } else { Ok(definitions) }
            }
        }
    }

    /// The definitions of a document that was read before, or put together from such: as if its text were read, without
    /// writing and reading it.
    ///
    /// # Errors
    ///
    /// As [`Definitions::from_json`].
    pub fn from_document(document: Json<'a>) -> Result<Self, DefinitionsError> {
        if within_limits(&document, 0) {
            return Ok(Self { document, problems: Vec::new() });
        }
        // Reading says what is wrong, and where.
        Ok(Definitions::from_json(&document.to_string())?.into_owned())
    }

    /// The document.
    pub fn document(&self) -> &Json<'a> {
        &self.document
    }

    /// The document, for itself.
    pub fn into_document(self) -> Json<'a> {
        self.document
    }

    /// The same definitions, independent of the text they were read from.
    pub fn into_owned(self) -> Definitions<'static> {
        Definitions { document: self.document.into_owned(), problems: self.problems }
    }
}

/// Whether reading this value, at that depth of a document, finds nothing wrong with it.
fn within_limits(json: &Json<'_>, depth: usize) -> bool {
    let text = |text: &str| text.len() <= limits::STRING_BYTES;
    match json {
        Json::Null | Json::Boolean(_) | Json::Number(_) => true,
        Json::Text(value) => text(value),
        Json::Array(items) => depth < limits::NESTING && items.iter().all(|item| within_limits(item, depth + 1)),
        Json::Object(members) => {
            depth < limits::NESTING && members.iter().all(|(key, value)| text(key) && within_limits(value, depth + 1))
        }
    }
}

impl Serialize for Definitions<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.document.serialize(serializer)
    }
}
