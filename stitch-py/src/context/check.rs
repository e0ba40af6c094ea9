//! What the contract refuses in a context: once when it is built, and once for the registry that it meets.

use std::sync::LazyLock;

use pyo3::prelude::*;
use stitch_core::{Context, Engine};

use crate::errors::context_error;

/// A registry without flags: what it refuses, every registry does.
static NO_FLAGS: LazyLock<Option<Engine>> =
    LazyLock::new(|| Engine::from_json(r#"{"schema_version": "1.0", "flags": []}"#).ok());

/// What is wrong with a context whatever the registry: an empty user id, a reserved attribute name, ….
pub(crate) fn argument_errors(py: Python<'_>, context: &Context<'_>) -> PyResult<()> {
    NO_FLAGS.as_ref().map_or(Ok(()), |engine| against(py, engine, context))
}

/// What is wrong with it for this registry: an inline override that does not fit its flag's type.
pub(crate) fn against(py: Python<'_>, engine: &Engine, context: &Context<'_>) -> PyResult<()> {
    engine.check(context).map_err(|error| context_error(py, error.problems()))
}
