//! `stitch.Flag`: a handle on a flag.

use pyo3::prelude::*;
use pyo3::types::{PyDict, PyString, PyTuple};
use self_cell::self_cell;
use stitch_core::{FlagHandle, ValueType};

use crate::ask::{ForWhom, Question};
use crate::engine::PyEngine;
use crate::errors::flag_key;
use crate::evaluation::{PyEvaluation, hash_of};
use crate::explanation::PyExplanation;

type Handle<'a> = Option<FlagHandle<'a>>;

self_cell!(
    struct Kept {
        owner: Py<PyEngine>,
        #[covariant]
        dependent: Handle,
    }
);

/// A handle on a flag of an engine: its name is looked up once, for hot loops.
///
/// >>> import stitch
/// >>> engine = stitch.Engine.from_json('''{"schema_version": "1.0", "flags": [
/// ...     {"key": "new-checkout", "default_value": false, "rollout_stage": "full"}]}''')
/// >>> flag = engine.flag("new-checkout")
/// >>> contexts = [stitch.Context(f"U-{number}") for number in range(3)]
/// >>> [flag.bool(context, False) for context in contexts]
/// [True, True, True]
#[pyclass(frozen, name = "Flag", module = "stitch")]
pub(crate) struct PyFlag {
    kept: Kept,
    key: Box<str>,
}

impl PyFlag {
    pub(crate) fn of(engine: &Bound<'_, PyEngine>, key: &Bound<'_, PyAny>) -> PyResult<Self> {
        let key: Box<str> = flag_key(key)?.into();
        let kept = Kept::new(engine.clone().unbind(), |engine| engine.get().engine.flag(&key));
        Ok(Self { kept, key })
    }

    #[inline]
    fn question<'a, 'py>(&'a self, py: Python<'py>) -> Question<'a, 'py> {
        let engine = &self.kept.borrow_owner().get().engine;
        Question::of_handle(py, engine, &self.key, *self.kept.borrow_dependent())
    }
}

#[pymethods]
impl PyFlag {
    /// The flag's key.
    #[getter]
    fn key(&self) -> &str {
        &self.key
    }

    /// The engine whose flag it is.
    #[getter]
    fn engine(&self, py: Python<'_>) -> Py<PyEngine> {
        self.kept.borrow_owner().clone_ref(py)
    }

    /// The type of its values; None where there is no such flag, or where it was set aside.
    #[getter]
    fn value_type(&self) -> Option<&'static str> {
        self.kept.borrow_dependent().and_then(|handle| handle.value_type()).map(ValueType::as_str)
    }

    /// Differs wherever anything does that an answer of this flag can depend on: its definition (metadata does not
    /// count), its override rows, what it refers to, the registry's settings. None where there is no such flag.
    #[getter]
    fn fingerprint(&self) -> Option<u64> {
        self.kept.borrow_dependent().map(|handle| handle.fingerprint())
    }

    /// The answer.
    #[pyo3(signature = (context=None, **fields))]
    fn evaluate<'py>(
        &self,
        py: Python<'py>,
        context: Option<&Bound<'py, PyAny>>,
        fields: Option<&Bound<'py, PyDict>>,
    ) -> PyResult<PyEvaluation> {
        self.question(py).evaluate(ForWhom { context, fields })
    }

    /// The answer and, step by step, how it came about.
    #[pyo3(signature = (context=None, **fields))]
    fn explain<'py>(
        &self,
        py: Python<'py>,
        context: Option<&Bound<'py, PyAny>>,
        fields: Option<&Bound<'py, PyDict>>,
    ) -> PyResult<PyExplanation> {
        self.question(py).explain(ForWhom { context, fields })
    }

    /// The value of a boolean flag, else `default`.
    #[pyo3(signature = (context=None, default=None, **fields))]
    fn bool<'py>(
        &self,
        py: Python<'py>,
        context: Option<&Bound<'py, PyAny>>,
        default: Option<&Bound<'py, PyAny>>,
        fields: Option<&Bound<'py, PyDict>>,
    ) -> PyResult<bool> {
        self.question(py).bool(ForWhom { context, fields }, default)
    }

    /// The value of a string flag, else `default`.
    #[pyo3(signature = (context=None, default=None, **fields))]
    fn string<'py>(
        &self,
        py: Python<'py>,
        context: Option<&Bound<'py, PyAny>>,
        default: Option<&Bound<'py, PyAny>>,
        fields: Option<&Bound<'py, PyDict>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        self.question(py).string(ForWhom { context, fields }, default)
    }

    /// The value of an integer flag, else `default`.
    #[pyo3(signature = (context=None, default=None, **fields))]
    fn integer<'py>(
        &self,
        py: Python<'py>,
        context: Option<&Bound<'py, PyAny>>,
        default: Option<&Bound<'py, PyAny>>,
        fields: Option<&Bound<'py, PyDict>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        self.question(py).integer(ForWhom { context, fields }, default)
    }

    /// The value of a double flag, else `default`.
    #[pyo3(signature = (context=None, default=None, **fields))]
    fn double<'py>(
        &self,
        py: Python<'py>,
        context: Option<&Bound<'py, PyAny>>,
        default: Option<&Bound<'py, PyAny>>,
        fields: Option<&Bound<'py, PyDict>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        self.question(py).double(ForWhom { context, fields }, default)
    }

    /// The value of an object flag, a dict or list of its own, else `default`.
    #[pyo3(signature = (context=None, default=None, **fields))]
    fn object<'py>(
        &self,
        py: Python<'py>,
        context: Option<&Bound<'py, PyAny>>,
        default: Option<&Bound<'py, PyAny>>,
        fields: Option<&Bound<'py, PyDict>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        self.question(py).object(ForWhom { context, fields }, default)
    }

    #[classattr]
    fn __match_args__() -> (&'static str,) {
        ("key",)
    }

    /// Handles are equal when their keys and their engines are.
    fn __eq__(&self, other: &Bound<'_, PyAny>) -> bool {
        other.cast::<Self>().is_ok_and(|other| {
            let other = other.get();
            let (ours, theirs) = (self.kept.borrow_owner(), other.kept.borrow_owner());
            self.key == other.key && (ours.is(theirs) || ours.get() == theirs.get())
        })
    }

    fn __hash__(&self) -> u64 {
        hash_of(&self.key)
    }

    fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
        let key = PyString::new(py, &self.key).repr()?;
        Ok(format!("<stitch.Flag {} of {}>", key.to_str()?, self.engine(py).bind(py).repr()?.to_str()?))
    }

    fn __copy__(slf: Bound<'_, Self>) -> Bound<'_, Self> {
        slf
    }

    fn __deepcopy__<'py>(slf: Bound<'py, Self>, _memo: &Bound<'py, PyAny>) -> Bound<'py, Self> {
        slf
    }

    /// Pickled as its engine and its key.
    fn __reduce__<'py>(slf: &Bound<'py, Self>) -> PyResult<(Bound<'py, PyAny>, Bound<'py, PyTuple>)> {
        let py = slf.py();
        let engine = slf.get().engine(py);
        Ok((engine.bind(py).getattr("flag")?, (slf.get().key(),).into_pyobject(py)?))
    }
}
