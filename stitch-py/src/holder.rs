//! `stitch.Holder`: an engine that can be swapped while others ask it.

use std::sync::Arc;

use arc_swap::ArcSwap;
use pyo3::prelude::*;

use crate::ask::{ForWhom, Question, evaluate_all};
use crate::asking::asking;
use crate::context::Given;
use crate::engine::PyEngine;
use crate::errors::wrong_type;
use crate::evaluation::PyEvaluation;
use crate::explanation::PyExplanation;
use crate::value::Truth;

/// Holds the engine that is current. Who asks never waits: swapping takes no lock, and each call sees one engine.
///
/// >>> import stitch
/// >>> def registry(value):
/// ...     return stitch.Engine.from_json('{"schema_version": "1.0", "flags": [{"key": "a", "default_value": %s}]}' % value)
/// >>> holder = stitch.Holder(registry("false"))
/// >>> holder.bool("a", user_id="U-1", default=False)
/// False
/// >>> old = holder.swap(registry("true"))
/// >>> holder.bool("a", user_id="U-1", default=False)
/// True
#[pyclass(frozen, name = "Holder", module = "stitch")]
pub(crate) struct PyHolder {
    current: ArcSwap<Py<PyEngine>>,
}

/// An engine that came as an argument.
fn argument(engine: &Bound<'_, PyAny>) -> PyResult<Py<PyEngine>> {
    let engine = engine.cast::<PyEngine>().map_err(|_| wrong_type("engine", "a stitch.Engine", engine))?;
    Ok(engine.clone().unbind())
}

impl PyHolder {
    #[inline]
    fn question<'py, R>(
        &self,
        _py: Python<'py>,
        flag_key: &Bound<'py, PyAny>,
        ask: impl FnOnce(Question<'_, 'py>) -> PyResult<R>,
    ) -> PyResult<R> {
        Question::named(&self.current.load().get().engine, flag_key, ask)
    }
}

asking! {
    PyHolder [flag_key "($self, flag_key, context=None, default=None, **fields)"]
    "($self, flag_key, context=None, **fields)" {
    #[new]
    fn new(engine: &Bound<'_, PyAny>) -> PyResult<Self> {
        Ok(Self { current: ArcSwap::from_pointee(argument(engine)?) })
    }

    /// The engine that is current.
    #[getter]
    fn engine(&self, py: Python<'_>) -> Py<PyEngine> {
        self.current.load().clone_ref(py)
    }

    /// Makes `engine` the current one; gives back the one that was.
    fn swap(&self, engine: &Bound<'_, PyAny>) -> PyResult<Py<PyEngine>> {
        Ok(self.current.swap(Arc::new(argument(engine)?)).clone_ref(engine.py()))
    }

    /// The current engine's answers for all flags.
    #[pyo3(signature = (context=None, *, user_id=None, kind=None, tenant_id=None, tier=None, env=None, role_key=None, attributes=None, overrides=None, approvals=None, now=None), text_signature = "($self, context=None, **fields)")]
    fn evaluate_all<'py>(
        &self,
        py: Python<'py>,
        context: Option<Given<'_, 'py>>,
        user_id: Option<Given<'_, 'py>>,
        kind: Option<Given<'_, 'py>>,
        tenant_id: Option<Given<'_, 'py>>,
        tier: Option<Given<'_, 'py>>,
        env: Option<Given<'_, 'py>>,
        role_key: Option<Given<'_, 'py>>,
        attributes: Option<Given<'_, 'py>>,
        overrides: Option<Given<'_, 'py>>,
        approvals: Option<Given<'_, 'py>>,
        now: Option<Given<'_, 'py>>,
    ) -> PyResult<Vec<PyEvaluation>> {
        let current = self.current.load();
        evaluate_all(py, &current.get().engine, None, &ForWhom::new(context.as_deref(), [user_id, kind, tenant_id, tier, env, role_key, attributes, overrides, approvals, now]))
    }

    fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
        Ok(format!("<stitch.Holder of {}>", self.engine(py).bind(py).repr()?.to_str()?))
    }
}}
