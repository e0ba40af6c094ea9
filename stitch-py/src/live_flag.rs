//! `stitch.LiveFlag`: a handle on a flag of a client.

use std::sync::Arc;

use pyo3::prelude::*;
use pyo3::types::PyString;
use stitch_core::ValueType;

use crate::ask::{ForWhom, Question};
use crate::asking::asking;
use crate::client::Connection;
use crate::context::Given;
use crate::evaluation::PyEvaluation;
use crate::explanation::PyExplanation;
use crate::value::Truth;

/// A handle on a flag of a client: each question is put to what serves at that moment.
///
/// >>> import stitch
/// >>> with stitch.Client("http://127.0.0.1:1", "an-sdk-key") as client:  # nobody is there
/// ...     flag = client.flag("new-checkout")
/// ...     flag.bool(stitch.Context("U-1"), True)
/// True
#[pyclass(frozen, name = "LiveFlag", module = "stitch")]
pub(crate) struct PyLiveFlag {
    connection: Arc<Connection>,
    key: Box<str>,
}

impl PyLiveFlag {
    pub(crate) fn new(connection: Arc<Connection>, key: &str) -> Self {
        Self { connection, key: key.into() }
    }

    #[inline]
    fn question<'py, R>(&self, py: Python<'py>, ask: impl FnOnce(Question<'_, 'py>) -> PyResult<R>) -> PyResult<R> {
        let serving = self.connection.serving(py)?;
        Question::served(&serving, py, &self.key, ask)
    }
}

asking! {
    PyLiveFlag "($self, context=None, **fields)" {
    /// The flag's key.
    #[getter]
    fn key(&self) -> &str {
        &self.key
    }

    /// The type of its values; None where there is no such flag now, or where it was set aside.
    #[getter]
    fn value_type(&self, py: Python<'_>) -> PyResult<Option<&'static str>> {
        let serving = self.connection.serving(py)?;
        Ok(serving.flag(&self.key).and_then(|flag| flag.value_type()).map(ValueType::as_str))
    }

    fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
        let key = PyString::new(py, &self.key).repr()?;
        Ok(format!("<stitch.LiveFlag {} of {}>", key.to_str()?, self.connection.describe()))
    }
}}
