//! `stitch.Evaluation`: the answer for one flag and one context.

use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};

use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyString, PyTuple};
use serde::Serialize;
use stitch_core::{Evaluation, Reason, Value};

use crate::reason;
use crate::value::Served;

/// The answer for one flag and one context. Immutable; `value` is a bool, str, int, float, dict, list or None.
///
/// >>> import stitch
/// >>> engine = stitch.Engine.from_json('''{"schema_version": "1.0", "flags": [
/// ...     {"key": "new-checkout", "default_value": false, "rollout_stage": "internal"}]}''')
/// >>> evaluation = engine.evaluate("new-checkout", user_id="U-1", tier="staff")
/// >>> evaluation.value, evaluation.variant_key, evaluation.reason
/// (True, 'on', 'stage_internal')
/// >>> match evaluation:
/// ...     case stitch.Evaluation(flag_key, True):
/// ...         print(flag_key, "is on")
/// new-checkout is on
#[pyclass(frozen, eq, hash, name = "Evaluation", module = "stitch")]
#[derive(PartialEq, Hash)]
pub(crate) struct PyEvaluation {
    texts: Texts,
    value: Served,
    is_enabled: bool,
    reason: Reason,
}

impl From<&Evaluation<'_>> for PyEvaluation {
    #[inline]
    fn from(evaluation: &Evaluation<'_>) -> Self {
        let Evaluation { flag_key, variant_key, rule_id, dependency, .. } = *evaluation;
        Self {
            texts: Texts::new([Some(flag_key), variant_key, rule_id, dependency]),
            value: evaluation.value.into(),
            is_enabled: evaluation.is_enabled,
            reason: evaluation.reason,
        }
    }
}

/// What an answer names, held apart from the engine: all in one allocation, for there are as many answers as questions.
#[derive(PartialEq, Hash)]
struct Texts {
    joined: Box<str>,
    /// Where each ends; nothing where there is none.
    ends: [Option<u32>; 4],
}

impl Texts {
    const FLAG_KEY: usize = 0;
    const VARIANT_KEY: usize = 1;
    const RULE_ID: usize = 2;
    const DEPENDENCY: usize = 3;

    #[inline]
    fn new(texts: [Option<&str>; 4]) -> Self {
        let mut joined = String::with_capacity(texts.iter().flatten().map(|text| text.len()).sum());
        let ends = texts.map(|text| {
            joined.push_str(text?);
            u32::try_from(joined.len()).ok()
        });
        Self { joined: joined.into_boxed_str(), ends }
    }

    fn get(&self, index: usize) -> Option<&str> {
        let end = (*self.ends.get(index)?)?;
        let start = self.ends.iter().take(index).rev().flatten().next().copied().unwrap_or(0);
        self.joined.get(start as usize..end as usize)
    }
}

/// The result as section 5 of the contract writes it.
#[derive(Serialize)]
pub(crate) struct Wire<'a> {
    flag_key: &'a str,
    value: Option<Value<'a>>,
    variant_key: Option<&'a str>,
    is_enabled: bool,
    reason: Reason,
    rule_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    dependency: Option<&'a str>,
}

impl PyEvaluation {
    pub(crate) fn wire(&self) -> Wire<'_> {
        Wire {
            flag_key: self.flag_key(),
            value: self.value.as_value(),
            variant_key: self.variant_key(),
            is_enabled: self.is_enabled,
            reason: self.reason,
            rule_id: self.rule_id(),
            dependency: self.dependency(),
        }
    }
}

/// Exact JSON text of what the core writes.
pub(crate) fn to_json(value: &impl Serialize) -> PyResult<String> {
    serde_json::to_string(value).map_err(|error| PyRuntimeError::new_err(error.to_string()))
}

#[pymethods]
impl PyEvaluation {
    #[new]
    #[pyo3(signature = (flag_key, value, variant_key=None, is_enabled=false, reason="default", rule_id=None, dependency=None))]
    fn new(
        flag_key: &str,
        value: &Bound<'_, PyAny>,
        variant_key: Option<&str>,
        is_enabled: bool,
        reason: &str,
        rule_id: Option<&str>,
        dependency: Option<&str>,
    ) -> PyResult<Self> {
        Ok(Self {
            texts: Texts::new([Some(flag_key), variant_key, rule_id, dependency]),
            value: Served::from_python(value)?,
            is_enabled,
            reason: reason::from_word(reason)?,
        })
    }

    #[classattr]
    fn __match_args__() -> (&'static str, &'static str, &'static str, &'static str, &'static str, &'static str) {
        ("flag_key", "value", "variant_key", "is_enabled", "reason", "rule_id")
    }

    /// The flag that was asked for.
    #[getter]
    fn flag_key(&self) -> &str {
        self.texts.get(Texts::FLAG_KEY).unwrap_or_default()
    }

    /// What is served: None where there is no such flag. A dict or list is a copy of its own.
    #[getter]
    fn value<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        self.value.to_python(py)
    }

    /// The variant that is served, or that equals what is served.
    #[getter]
    fn variant_key(&self) -> Option<&str> {
        self.texts.get(Texts::VARIANT_KEY)
    }

    /// For a boolean flag its value; for others whether the gate was open or an override applied.
    #[getter]
    fn is_enabled(&self) -> bool {
        self.is_enabled
    }

    /// Why: one of the words of `stitch.Reason`.
    #[getter]
    fn reason<'py>(&self, py: Python<'py>) -> Bound<'py, PyString> {
        reason::word(py, self.reason)
    }

    /// The rule that gave the serve.
    #[getter]
    fn rule_id(&self) -> Option<&str> {
        self.texts.get(Texts::RULE_ID)
    }

    /// The first dependency that is not satisfied.
    #[getter]
    fn dependency(&self) -> Option<&str> {
        self.texts.get(Texts::DEPENDENCY)
    }

    /// The result as a dict; `dependency` is in it only where there is one.
    pub(crate) fn to_dict<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let dict = PyDict::new(py);
        dict.set_item("flag_key", self.flag_key())?;
        dict.set_item("value", self.value(py)?)?;
        dict.set_item("variant_key", self.variant_key())?;
        dict.set_item("is_enabled", self.is_enabled)?;
        dict.set_item("reason", self.reason(py))?;
        dict.set_item("rule_id", self.rule_id())?;
        if let Some(dependency) = self.dependency() {
            dict.set_item("dependency", dependency)?;
        }
        Ok(dict)
    }

    /// The result as JSON text, exactly as every other part of stitch writes it.
    fn to_json(&self) -> PyResult<String> {
        to_json(&self.wire())
    }

    fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
        let shown = |value: Bound<'_, PyAny>| -> PyResult<String> { Ok(value.repr()?.to_str()?.to_owned()) };
        let dependency = match self.dependency() {
            Some(dependency) => format!(", dependency={}", shown(dependency.into_pyobject(py)?.into_any())?),
            None => String::new(),
        };
        Ok(format!(
            "Evaluation(flag_key={}, value={}, variant_key={}, is_enabled={}, reason={}, rule_id={}{dependency})",
            shown(self.flag_key().into_pyobject(py)?.into_any())?,
            shown(self.value(py)?)?,
            shown(self.variant_key().into_pyobject(py)?.into_any())?,
            if self.is_enabled { "True" } else { "False" },
            shown(self.reason(py).into_any())?,
            shown(self.rule_id().into_pyobject(py)?.into_any())?,
        ))
    }

    fn __reduce__<'py>(slf: &Bound<'py, Self>) -> PyResult<(Bound<'py, PyAny>, Bound<'py, PyTuple>)> {
        let (py, this) = (slf.py(), slf.get());
        let arguments = (
            this.flag_key(),
            this.value(py)?,
            this.variant_key(),
            this.is_enabled,
            this.reason(py),
            this.rule_id(),
            this.dependency(),
        );
        Ok((slf.get_type().into_any(), arguments.into_pyobject(py)?))
    }
}

/// A hash for Python of what Rust hashes.
pub(crate) fn hash_of(value: &impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}
