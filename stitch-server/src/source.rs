//! Where the registry comes from: carried in the binary, a file, or the store; read and compiled into what serves.

use std::borrow::Cow;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use crate::model::Model;
use schemars::JsonSchema;
use serde::Serialize;
use stitch_core::{Definitions, DefinitionsError, Diagnostic, Engine, limits};
use xxhash_rust::xxh64::xxh64;

pub mod watch;
mod written;

pub use written::Written;

/// The registry in the binary.
pub const EMBEDDED: &str = include_str!("../registry.json");
/// Diagnostics that are kept, logged and answered; a document can have more than anyone reads.
const KEPT_DIAGNOSTICS: usize = 100;
/// Bytes that may be read again to find the lines and columns of diagnostics: each one costs the document once.
const LOCATING_BYTES: usize = 64 << 20;

/// Where the registry comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// The one in the binary.
    Embedded,
    /// A file, which is watched.
    File(PathBuf),
    /// The store: the only one that is written here.
    Store,
}

/// A registry that serves.
#[derive(Debug)]
pub struct Registry {
    /// What evaluates.
    pub engine: Engine,
    /// As it was written.
    pub definitions: Arc<Written>,
    /// Names the content: the same definitions in the same order, written alike, have the same revision.
    pub revision: String,
    /// When it was loaded.
    pub loaded_at: SystemTime,
    /// How much is in it.
    pub counts: Counts,
    /// What compiling warned of.
    pub warnings: Vec<Diagnostic>,
}

/// How much is in a registry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Counts {
    /// Flags.
    pub flags: usize,
    /// Segments.
    pub segments: usize,
    /// Stored overrides.
    pub overrides: usize,
    /// Environments.
    pub environments: usize,
}

/// A registry that does not serve, and why.
#[derive(Clone, Debug)]
pub struct Refused {
    /// When that was noticed.
    pub at: SystemTime,
    /// Why, in a sentence.
    pub message: String,
    /// What is wrong with the document, the first hundred.
    pub diagnostics: Vec<Diagnostic>,
    /// How many more there are.
    pub more_diagnostics: usize,
}

impl Refused {
    fn new(message: String) -> Self {
        Self { at: SystemTime::now(), message, diagnostics: Vec::new(), more_diagnostics: 0 }
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.message)?;
        for diagnostic in &self.diagnostics {
            write!(formatter, "\n  {diagnostic}")?;
        }
        match self.more_diagnostics {
            0 => Ok(()),
            more => write!(formatter, "\n  and {more} more"),
        }
    }
}

impl Source {
    /// The file, if it is one.
    pub fn path(&self) -> Option<&Path> {
        match self {
            Self::Embedded | Self::Store => None,
            Self::File(path) => Some(path),
        }
    }

    /// Whether its definitions are written through this server.
    pub fn is_written_here(&self) -> bool {
        matches!(self, Self::Store)
    }

    /// Reads and compiles the registry, strictly; the store's own is read from the [`Model`].
    ///
    /// # Errors
    ///
    /// If it cannot be read, or has an error.
    pub fn load(&self) -> Result<Registry, Refused> {
        self.compile(&self.read()?)
    }

    fn read(&self) -> Result<Cow<'static, [u8]>, Refused> {
        let Self::File(path) = self else { return Ok(Cow::Borrowed(EMBEDDED.as_bytes())) };
        let refused = |why: &dyn fmt::Display| Refused::new(format!("cannot read {}: {why}", path.display()));
        // Asked first: reading a pipe or a device might never end.
        let metadata = std::fs::metadata(path).map_err(|error| refused(&error))?;
        if !metadata.is_file() {
            return Err(refused(&"it is no file"));
        }
        if metadata.len() > limits::DOCUMENT_BYTES as u64 {
            return Err(refused(&format_args!(
                "it has {} bytes; at most {} are allowed",
                metadata.len(),
                limits::DOCUMENT_BYTES
            )));
        }
        std::fs::read(path).map(Cow::Owned).map_err(|error| refused(&error))
    }

    /// Compiles a document, strictly.
    ///
    /// # Errors
    ///
    /// If it has an error.
    pub fn compile(&self, text: &[u8]) -> Result<Registry, Refused> {
        let definitions = Definitions::from_json(text).map_err(|error| self.refuse(text, error))?;
        let (engine, warnings) = self.compiled(Engine::compile(&definitions), &|| Cow::Borrowed(text))?;
        let written = Written::from(definitions.into_document().into_owned());
        Ok(Registry::new(engine, written, revision(text), warnings))
    }

    /// Compiles what the store holds, strictly.
    ///
    /// # Errors
    ///
    /// If it has an error.
    pub fn compile_model(&self, model: &Model) -> Result<Registry, Refused> {
        self.registry_of(model, None)
    }

    /// The same, taking over from the registry before what is as it was there.
    ///
    /// # Errors
    ///
    /// If it has an error.
    pub fn recompile_model(&self, model: &Model, before: &Registry) -> Result<Registry, Refused> {
        self.registry_of(model, Some(before))
    }

    fn registry_of(&self, model: &Model, before: Option<&Registry>) -> Result<Registry, Refused> {
        // Every write waits for this: what is not changed is not written out, not copied and not compiled.
        if model.bytes() > limits::DOCUMENT_BYTES {
            return self.compile(model.document().to_string().as_bytes());
        }
        let engine = match before {
            Some(before) => before.engine.recompile_parts(&before.definitions.parts(), &model.parts()),
            None => Engine::compile_parts(&model.parts()),
        };
        let (engine, warnings) = self.compiled(engine, &|| Cow::Owned(model.document().to_string().into_bytes()))?;
        Ok(Registry::new(engine, Written::in_parts(model), name(model.content()), warnings))
    }

    /// An engine and its warnings, or why there is none.
    fn compiled<'t>(
        &self,
        engine: Result<Engine, DefinitionsError>,
        text: &dyn Fn() -> Cow<'t, [u8]>,
    ) -> Result<(Engine, Vec<Diagnostic>), Refused> {
        let engine = engine.map_err(|error| self.refuse(&text(), error))?;
        let warnings = match engine.diagnostics() {
            [] => Vec::new(),
            diagnostics => located(diagnostics.to_vec(), &text()).0,
        };
        Ok((engine, warnings))
    }

    fn refuse(&self, text: &[u8], error: DefinitionsError) -> Refused {
        let (diagnostics, more_diagnostics) = located(error.into_diagnostics(), text);
        Refused { diagnostics, more_diagnostics, ..Refused::new(format!("{self} is refused")) }
    }
}

/// In words.
impl fmt::Display for Source {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Embedded => formatter.write_str("the embedded registry"),
            Self::File(path) => write!(formatter, "{}", path.display()),
            Self::Store => formatter.write_str("the store"),
        }
    }
}

impl Registry {
    fn new(engine: Engine, definitions: Written, revision: String, warnings: Vec<Diagnostic>) -> Self {
        let counts = Counts {
            flags: engine.flag_keys().count(),
            segments: engine.segment_count(),
            overrides: definitions.parts().overrides.len(),
            environments: engine.environments().len(),
        };
        let definitions = Arc::new(definitions);
        Self { engine, definitions, revision, loaded_at: SystemTime::now(), counts, warnings }
    }
}

/// The name of a content.
fn revision(text: &[u8]) -> String {
    name(xxh64(text, 0))
}

fn name(hash: u64) -> String {
    format!("{hash:016x}")
}

/// The first diagnostics, with their lines and columns as far as finding them is cheap, and how many more there are.
fn located(mut diagnostics: Vec<Diagnostic>, text: &[u8]) -> (Vec<Diagnostic>, usize) {
    // Errors first, so that a flood of warnings does not hide what refuses the document.
    diagnostics.sort_by_key(|diagnostic| diagnostic.severity);
    let more = diagnostics.len().saturating_sub(KEPT_DIAGNOSTICS);
    diagnostics.truncate(KEPT_DIAGNOSTICS);
    let cheap = LOCATING_BYTES / text.len().max(1);
    let locate = |(index, diagnostic): (usize, Diagnostic)| {
        if index < cheap { diagnostic.locate(text) } else { diagnostic }
    };
    (diagnostics.into_iter().enumerate().map(locate).collect(), more)
}
