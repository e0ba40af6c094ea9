//! From definitions to an engine, in each of the ways in which they are kept.

use std::borrow::Borrow;

use crate::compile::{self, Mode};
use crate::definitions::{Definitions, Part, Parts};
use crate::diagnostics::DefinitionsError;
use crate::engine::Engine;

impl Engine {
    /// Compiles definitions strictly: any error refuses them.
    ///
    /// # Errors
    ///
    /// Everything that is wrong with the definitions, each with its place.
    pub fn compile<'d>(definitions: impl Borrow<Definitions<'d>>) -> Result<Self, DefinitionsError> {
        compile::compile(definitions.borrow(), Mode::Strict)
    }

    /// [`Engine::compile`] for definitions in parts, which it only reads.
    ///
    /// # Errors
    ///
    /// As for the whole document.
    pub fn compile_parts(parts: &Parts<'_, impl Part>) -> Result<Self, DefinitionsError> {
        compile::compile_parts(parts, Mode::Strict)
    }

    /// [`Engine::compile_lenient`] for definitions in parts, which it only reads.
    ///
    /// # Errors
    ///
    /// As for the whole document.
    pub fn compile_parts_lenient(parts: &Parts<'_, impl Part>) -> Result<Self, DefinitionsError> {
        compile::compile_parts(parts, Mode::Lenient)
    }

    /// The engine of `after`, where this one was compiled from `before`: what [`Engine::compile_parts`] gives, in a time
    /// that goes with what changed. An entry that both have, the very same in memory, is taken over as it was compiled. As
    /// strict or lenient as this one was compiled.
    ///
    /// ```
    /// # use stitch_core::{Context, Engine, Json, Parts};
    /// let flag = |text| Json::parse(text);
    /// let (a, b) = (flag(r#"{"key": "a", "default_value": true}"#)?, flag(r#"{"key": "b", "default_value": true}"#)?);
    /// let before = Parts { flags: vec![&a, &b], ..Parts::default() };
    /// let engine = Engine::compile_parts(&before)?;
    ///
    /// let other = flag(r#"{"key": "b", "default_value": false}"#)?;
    /// let after = Parts { flags: vec![&a, &other], ..Parts::default() };
    /// let engine = engine.recompile_parts(&before, &after)?;
    /// assert!(!engine.bool("b", &Context::user("U-1"), true));
    /// # Ok::<(), stitch_core::DefinitionsError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As for the whole document.
    pub fn recompile_parts<P: Part>(
        &self,
        before: &Parts<'_, P>,
        after: &Parts<'_, P>,
    ) -> Result<Self, DefinitionsError> {
        compile::recompile_parts((self, before), after, self.mode)
    }

    /// Compiles definitions leniently, as a client does that receives them from a newer server: a flag or segment that
    /// has an error is set aside, and so is what refers to it; such a flag answers
    /// [`Reason::FlagInvalid`](crate::Reason::FlagInvalid).
    ///
    /// # Errors
    ///
    /// What concerns the document as a whole: its schema version, bucketing algorithm, ….
    pub fn compile_lenient<'d>(definitions: impl Borrow<Definitions<'d>>) -> Result<Self, DefinitionsError> {
        compile::compile(definitions.borrow(), Mode::Lenient)
    }

    /// Reads and strictly compiles a registry document.
    ///
    /// # Errors
    ///
    /// Everything that is wrong with the document, each with its place.
    pub fn from_json(text: &(impl AsRef<[u8]> + ?Sized)) -> Result<Self, DefinitionsError> {
        compile::compile_text(text.as_ref(), Mode::Strict)
    }
}
