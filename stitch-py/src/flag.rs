//! `stitch.Flag`: a handle on a flag.

use pyo3::prelude::*;
use pyo3::types::{PyString, PyTuple};
use self_cell::self_cell;
use stitch_core::{FlagHandle, ValueType};

use crate::ask::{ForWhom, Question};
use crate::asking::asking;
use crate::context::Given;
use crate::engine::PyEngine;
use crate::errors::flag_key;
use crate::evaluation::{PyEvaluation, hash_of};
use crate::explanation::PyExplanation;
use crate::value::Truth;

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
    fn question<'py, R>(&self, py: Python<'py>, ask: impl FnOnce(Question<'_, 'py>) -> PyResult<R>) -> PyResult<R> {
        let engine = &self.kept.borrow_owner().get().engine;
        ask(Question::new(py, engine, &self.key, self.kept.borrow_dependent().as_ref()))
    }
}

asking! {
    PyFlag "($self, context=None, **fields)" {
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
}}
