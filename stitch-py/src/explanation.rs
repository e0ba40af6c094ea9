//! `stitch.Explanation`: an evaluation with its trace.

use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList, PyTuple, PyType};
use serde::Serialize;
use stitch_core::{Explanation, Json, TraceEntry};

use crate::errors::At;
use crate::evaluation::{PyEvaluation, Wire, to_json};
use crate::json;

/// A step that was reached. `detail`, what was looked at, is for people and no part of the contract.
///
/// >>> import stitch
/// >>> engine = stitch.Engine.from_json('{"schema_version": "1.0", "flags": [{"key": "a", "default_value": true}]}')
/// >>> engine.explain("a").trace[0]
/// TraceEntry(step=1, name='exists', outcome='pass', detail={})
#[pyclass(frozen, eq, hash, name = "TraceEntry", module = "stitch")]
#[derive(PartialEq)]
pub(crate) struct PyTraceEntry {
    step: u8,
    name: String,
    outcome: String,
    detail: Json<'static>,
}

impl std::hash::Hash for PyTraceEntry {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        // The detail may be written in many ways.
        (self.step, &self.name, &self.outcome).hash(state);
    }
}

impl From<TraceEntry> for PyTraceEntry {
    fn from(entry: TraceEntry) -> Self {
        Self {
            step: entry.step.number(),
            name: entry.step.as_str().to_owned(),
            outcome: entry.outcome().to_owned(),
            detail: Json::Object(entry.detail.into_iter().map(|(key, value)| (key.into(), value)).collect()),
        }
    }
}

#[derive(Serialize)]
struct EntryWire<'a> {
    step: u8,
    name: &'a str,
    outcome: &'a str,
    detail: &'a Json<'static>,
}

impl PyTraceEntry {
    fn wire(&self) -> EntryWire<'_> {
        EntryWire { step: self.step, name: &self.name, outcome: &self.outcome, detail: &self.detail }
    }
}

#[pymethods]
impl PyTraceEntry {
    #[new]
    fn new(step: u8, name: String, outcome: String, detail: &Bound<'_, PyDict>) -> PyResult<Self> {
        let detail = json::from_python(detail, &At::Argument("detail"), 1)?;
        Ok(Self { step, name, outcome, detail })
    }

    #[classattr]
    fn __match_args__() -> (&'static str, &'static str, &'static str, &'static str) {
        ("step", "name", "outcome", "detail")
    }

    /// From 1 to 9.
    #[getter]
    fn step(&self) -> u8 {
        self.step
    }

    /// The contract's word for the step.
    #[getter]
    fn name(&self) -> &str {
        &self.name
    }

    /// `decided` or `pass`.
    #[getter]
    fn outcome(&self) -> &str {
        &self.outcome
    }

    /// What was looked at; a copy of its own.
    #[getter]
    fn detail<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        json::to_python(py, &self.detail)
    }

    /// The entry as a dict.
    fn to_dict<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let dict = PyDict::new(py);
        dict.set_item("step", self.step)?;
        dict.set_item("name", &self.name)?;
        dict.set_item("outcome", &self.outcome)?;
        dict.set_item("detail", self.detail(py)?)?;
        Ok(dict)
    }

    fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
        let detail = self.detail(py)?.repr()?;
        let Self { step, name, outcome, .. } = self;
        Ok(format!("TraceEntry(step={step}, name='{name}', outcome='{outcome}', detail={})", detail.to_str()?))
    }

    fn __reduce__<'py>(slf: &Bound<'py, Self>) -> PyResult<(Bound<'py, PyType>, Bound<'py, PyTuple>)> {
        let this = slf.get();
        let arguments = (this.step, &this.name, &this.outcome, this.detail(slf.py())?);
        Ok((slf.get_type(), arguments.into_pyobject(slf.py())?))
    }
}

/// An evaluation and, step by step, how it came about: the same code as the evaluation itself, watched.
///
/// >>> import stitch
/// >>> engine = stitch.Engine.from_json('''{"schema_version": "1.0", "flags": [
/// ...     {"key": "a", "default_value": false, "rollout_stage": "paused"}]}''')
/// >>> explanation = engine.explain("a", user_id="U-1")
/// >>> explanation.evaluation.reason
/// 'paused'
/// >>> [(entry.name, entry.outcome) for entry in explanation.trace]
/// [('exists', 'pass'), ('halted', 'decided')]
#[pyclass(frozen, name = "Explanation", module = "stitch")]
pub(crate) struct PyExplanation {
    evaluation: Py<PyEvaluation>,
    trace: Vec<Py<PyTraceEntry>>,
}

#[derive(Serialize)]
struct ExplanationWire<'a> {
    #[serde(flatten)]
    evaluation: Wire<'a>,
    trace: Vec<EntryWire<'a>>,
}

impl PyExplanation {
    pub(crate) fn from_core(py: Python<'_>, explanation: Explanation<'_>) -> PyResult<Self> {
        let evaluation = Py::new(py, PyEvaluation::from(&explanation.evaluation))?;
        let entries = explanation.trace.into_iter().map(|entry| Py::new(py, PyTraceEntry::from(entry)));
        Ok(Self { evaluation, trace: entries.collect::<PyResult<_>>()? })
    }

    fn entries(&self) -> impl Iterator<Item = &PyTraceEntry> {
        self.trace.iter().map(Py::get)
    }
}

#[pymethods]
impl PyExplanation {
    #[new]
    fn new(evaluation: &Bound<'_, PyEvaluation>, trace: &Bound<'_, PyAny>) -> PyResult<Self> {
        let entries = trace.try_iter()?.map(|entry| {
            let entry = entry?;
            let entry = entry.cast::<PyTraceEntry>();
            entry
                .map(|entry| entry.clone().unbind())
                .map_err(|_| PyTypeError::new_err("trace: holds TraceEntry objects"))
        });
        Ok(Self { evaluation: evaluation.clone().unbind(), trace: entries.collect::<PyResult<_>>()? })
    }

    #[classattr]
    fn __match_args__() -> (&'static str, &'static str) {
        ("evaluation", "trace")
    }

    /// What `evaluate` answers.
    #[getter]
    fn evaluation(&self, py: Python<'_>) -> Py<PyEvaluation> {
        self.evaluation.clone_ref(py)
    }

    /// One entry for each step that was reached.
    #[getter]
    fn trace<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        PyTuple::new(py, self.trace.iter().map(|entry| entry.bind(py)))
    }

    /// The result as a dict, `trace` in it.
    fn to_dict<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let dict = self.evaluation.get().to_dict(py)?;
        let trace = PyList::empty(py);
        for entry in self.entries() {
            trace.append(entry.to_dict(py)?)?;
        }
        dict.set_item("trace", trace)?;
        Ok(dict)
    }

    /// The result as JSON text, `trace` in it.
    fn to_json(&self) -> PyResult<String> {
        let trace = self.entries().map(PyTraceEntry::wire).collect();
        to_json(&ExplanationWire { evaluation: self.evaluation.get().wire(), trace })
    }

    fn __eq__(&self, other: &Bound<'_, PyAny>) -> bool {
        other.cast::<Self>().is_ok_and(|other| {
            let other = other.get();
            self.evaluation.get() == other.evaluation.get() && self.entries().eq(other.entries())
        })
    }

    fn __hash__(&self) -> u64 {
        crate::evaluation::hash_of(self.evaluation.get())
    }

    fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
        let evaluation = self.evaluation.bind(py).repr()?;
        let trace = self.trace(py)?.repr()?;
        Ok(format!("Explanation(evaluation={}, trace={})", evaluation.to_str()?, trace.to_str()?))
    }

    fn __reduce__<'py>(slf: &Bound<'py, Self>) -> PyResult<(Bound<'py, PyType>, Bound<'py, PyTuple>)> {
        let (py, this) = (slf.py(), slf.get());
        Ok((slf.get_type(), (this.evaluation(py), this.trace(py)?).into_pyobject(py)?))
    }
}
