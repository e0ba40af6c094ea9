//! `stitch.Holder`: an engine that can be swapped while others ask it.

use std::sync::Arc;

use arc_swap::ArcSwap;
use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::ask::{ForWhom, Question, evaluate_all};
use crate::engine::{PyEngine, argument};
use crate::evaluation::PyEvaluation;
use crate::explanation::PyExplanation;

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

#[pymethods]
impl PyHolder {
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

    /// The current engine's answer for one flag.
    #[pyo3(signature = (flag_key, context=None, **fields))]
    fn evaluate<'py>(
        &self,
        flag_key: &Bound<'py, PyAny>,
        context: Option<&Bound<'py, PyAny>>,
        fields: Option<&Bound<'py, PyDict>>,
    ) -> PyResult<PyEvaluation> {
        let current = self.current.load();
        Question::named(&current.get().engine, flag_key)?.evaluate(ForWhom { context, fields })
    }

    /// The current engine's answers for all flags.
    #[pyo3(signature = (context=None, **fields))]
    fn evaluate_all<'py>(
        &self,
        py: Python<'py>,
        context: Option<&Bound<'py, PyAny>>,
        fields: Option<&Bound<'py, PyDict>>,
    ) -> PyResult<Vec<PyEvaluation>> {
        let current = self.current.load();
        evaluate_all(py, &current.get().engine, ForWhom { context, fields })
    }

    /// The current engine's answer and, step by step, how it came about.
    #[pyo3(signature = (flag_key, context=None, **fields))]
    fn explain<'py>(
        &self,
        flag_key: &Bound<'py, PyAny>,
        context: Option<&Bound<'py, PyAny>>,
        fields: Option<&Bound<'py, PyDict>>,
    ) -> PyResult<PyExplanation> {
        let current = self.current.load();
        Question::named(&current.get().engine, flag_key)?.explain(ForWhom { context, fields })
    }

    /// The value of a boolean flag; `default` where there is no such flag, or one of another type.
    #[pyo3(signature = (flag_key, context=None, default=None, **fields))]
    fn bool<'py>(
        &self,
        flag_key: &Bound<'py, PyAny>,
        context: Option<&Bound<'py, PyAny>>,
        default: Option<&Bound<'py, PyAny>>,
        fields: Option<&Bound<'py, PyDict>>,
    ) -> PyResult<bool> {
        let current = self.current.load();
        Question::named(&current.get().engine, flag_key)?.bool(ForWhom { context, fields }, default)
    }

    /// The value of a string flag; `default` where there is no such flag, or one of another type.
    #[pyo3(signature = (flag_key, context=None, default=None, **fields))]
    fn string<'py>(
        &self,
        flag_key: &Bound<'py, PyAny>,
        context: Option<&Bound<'py, PyAny>>,
        default: Option<&Bound<'py, PyAny>>,
        fields: Option<&Bound<'py, PyDict>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let current = self.current.load();
        Question::named(&current.get().engine, flag_key)?.string(ForWhom { context, fields }, default)
    }

    /// The value of an integer flag; `default` where there is no such flag, or one of another type.
    #[pyo3(signature = (flag_key, context=None, default=None, **fields))]
    fn integer<'py>(
        &self,
        flag_key: &Bound<'py, PyAny>,
        context: Option<&Bound<'py, PyAny>>,
        default: Option<&Bound<'py, PyAny>>,
        fields: Option<&Bound<'py, PyDict>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let current = self.current.load();
        Question::named(&current.get().engine, flag_key)?.integer(ForWhom { context, fields }, default)
    }

    /// The value of a double flag; `default` where there is no such flag, or one of another type.
    #[pyo3(signature = (flag_key, context=None, default=None, **fields))]
    fn double<'py>(
        &self,
        flag_key: &Bound<'py, PyAny>,
        context: Option<&Bound<'py, PyAny>>,
        default: Option<&Bound<'py, PyAny>>,
        fields: Option<&Bound<'py, PyDict>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let current = self.current.load();
        Question::named(&current.get().engine, flag_key)?.double(ForWhom { context, fields }, default)
    }

    /// The value of an object flag, a dict or list of its own; `default` where there is no such flag, or one of
    /// another type.
    #[pyo3(signature = (flag_key, context=None, default=None, **fields))]
    fn object<'py>(
        &self,
        flag_key: &Bound<'py, PyAny>,
        context: Option<&Bound<'py, PyAny>>,
        default: Option<&Bound<'py, PyAny>>,
        fields: Option<&Bound<'py, PyDict>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let current = self.current.load();
        Question::named(&current.get().engine, flag_key)?.object(ForWhom { context, fields }, default)
    }

    fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
        Ok(format!("<stitch.Holder of {}>", self.engine(py).bind(py).repr()?.to_str()?))
    }
}
