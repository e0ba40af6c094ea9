//! Reasons as Python strings, each made once.

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::PyString;
use stitch_core::Reason;

static WORDS: PyOnceLock<Vec<Py<PyString>>> = PyOnceLock::new();

/// The contract's word.
pub(crate) fn word(py: Python<'_>, reason: Reason) -> Bound<'_, PyString> {
    let words = WORDS
        .get_or_init(py, || Reason::ALL.iter().map(|reason| PyString::intern(py, reason.as_str()).unbind()).collect());
    words.get(reason as usize).map_or_else(|| PyString::new(py, reason.as_str()), |word| word.bind(py).clone())
}

/// The reason of that word.
pub(crate) fn from_word(word: &str) -> PyResult<Reason> {
    Reason::ALL.into_iter().find(|reason| reason.as_str() == word).ok_or_else(|| {
        let words: Vec<_> = Reason::ALL.iter().map(|reason| reason.as_str()).collect();
        PyValueError::new_err(format!("reason: is none of {}", words.join(", ")))
    })
}
