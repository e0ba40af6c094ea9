//! `stitch-core` and `stitch-client` for Python. Conversion only: what a flag answers is decided in the core.
//!
//! The Python package is `stitch`; this is its native module, `stitch._stitch`.

use pyo3::prelude::*;

mod ask;
mod asking;
mod client;
mod context;
mod diagnostic;
mod engine;
mod errors;
mod evaluation;
mod explanation;
mod flag;
mod holder;
mod json;
mod live_flag;
mod reason;
mod text;
mod value;

/// The native half of `stitch`: import `stitch` itself.
#[pymodule(gil_used = false)]
mod _stitch {
    #[pymodule_export]
    use super::client::{_end_all, _forked, PyClient};
    #[pymodule_export]
    use super::context::PyContext;
    #[pymodule_export]
    use super::diagnostic::PyDiagnostic;
    #[pymodule_export]
    use super::engine::PyEngine;
    #[pymodule_export]
    use super::evaluation::PyEvaluation;
    #[pymodule_export]
    use super::explanation::{PyExplanation, PyTraceEntry};
    #[pymodule_export]
    use super::flag::PyFlag;
    #[pymodule_export]
    use super::holder::PyHolder;
    #[pymodule_export]
    use super::live_flag::PyLiveFlag;
}
