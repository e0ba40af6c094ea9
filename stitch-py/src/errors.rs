//! What is raised: the package's own errors, which are Python classes, and the words of their messages.

use std::fmt::{self, Display};

use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::pybacked::PyBackedStr;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyBool, PyString, PyType};
use stitch_core::{ContextProblem, Diagnostic};

use crate::diagnostic::PyDiagnostic;

static DEFINITIONS_ERROR: PyOnceLock<Py<PyType>> = PyOnceLock::new();
static CONTEXT_ERROR: PyOnceLock<Py<PyType>> = PyOnceLock::new();

/// The place of a value among the arguments of a call, as Python would write it: `attributes["plans"][1]`.
#[derive(Clone, Copy)]
pub(crate) enum At<'a> {
    Argument(&'a str),
    Key(&'a At<'a>, &'a str),
    Index(&'a At<'a>, usize),
}

impl Display for At<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Argument(name) => formatter.write_str(name),
            Self::Key(place, key) => {
                let key = serde_json::to_string(key).map_err(|_| fmt::Error)?;
                write!(formatter, "{place}[{key}]")
            }
            Self::Index(place, index) => write!(formatter, "{place}[{index}]"),
        }
    }
}

/// `TypeError`: the argument, what it must be, and the type that came; never the value.
pub(crate) fn wrong_type(at: impl Display, wanted: &str, value: &Bound<'_, PyAny>) -> PyErr {
    match value.get_type().name() {
        Ok(name) => PyTypeError::new_err(format!("{at}: must be {wanted}, this is of type {name}")),
        Err(error) => error,
    }
}

/// The text of a Python string; refused where it has a lone surrogate, which no UTF-8 can say.
pub(crate) fn text<'a>(py: Python<'_>, string: &'a Bound<'_, PyString>, at: impl Display) -> PyResult<&'a str> {
    string.to_str().map_err(|_| refuse(py, at, LONE_SURROGATE))
}

/// As [`text`], shared with the Python string.
#[inline]
pub(crate) fn shared_text(string: &Bound<'_, PyString>, at: impl Display) -> PyResult<PyBackedStr> {
    PyBackedStr::try_from(string.clone()).map_err(|_| refuse(string.py(), at, LONE_SURROGATE))
}

/// A flag's key as it was given.
#[inline]
pub(crate) fn flag_key<'a>(value: &'a Bound<'_, PyAny>) -> PyResult<&'a str> {
    let string = value.cast::<PyString>().map_err(|_| wrong_type("flag_key", "a str", value))?;
    string.to_str().map_err(|_| PyValueError::new_err(format!("flag_key: {LONE_SURROGATE}")))
}

/// A boolean; false where there is none.
pub(crate) fn boolean(value: Option<&Bound<'_, PyAny>>, name: &str) -> PyResult<bool> {
    let Some(value) = value else { return Ok(false) };
    value.cast::<PyBool>().map(PyBoolMethods::is_true).map_err(|_| wrong_type(name, "a bool", value))
}

const LONE_SURROGATE: &str =
    "has a lone surrogate, which is no character: decode what it came from with the right encoding";

/// `ContextError` with one problem.
pub(crate) fn refuse(py: Python<'_>, at: impl Display, message: impl Into<String>) -> PyErr {
    raise_context_error(py, vec![(at.to_string(), message.into())])
}

/// `ContextError` with all that the core has found.
pub(crate) fn context_error(py: Python<'_>, problems: &[ContextProblem]) -> PyErr {
    let problems = problems.iter().map(|problem| (argument(&problem.pointer), problem.message.clone()));
    raise_context_error(py, problems.collect())
}

fn raise_context_error(py: Python<'_>, problems: Vec<(String, String)>) -> PyErr {
    match CONTEXT_ERROR.import(py, "stitch._errors", "ContextError") {
        Ok(class) => PyErr::from_type(class.clone(), (problems,)),
        Err(error) => error,
    }
}

/// `DefinitionsError` with every diagnostic; `source` names the file.
pub(crate) fn definitions_error(py: Python<'_>, diagnostics: Vec<Diagnostic>, source: Option<String>) -> PyErr {
    let diagnostics: Vec<PyDiagnostic> = diagnostics.into_iter().map(PyDiagnostic::from).collect();
    match DEFINITIONS_ERROR.import(py, "stitch._errors", "DefinitionsError") {
        Ok(class) => PyErr::from_type(class.clone(), (diagnostics, source)),
        Err(error) => error,
    }
}

/// A JSON Pointer into a context as the argument that it is: `/attributes/age` is `attributes["age"]`.
fn argument(pointer: &str) -> String {
    let mut tokens = pointer.split('/').skip(1).map(|token| token.replace("~1", "/").replace("~0", "~"));
    let Some(field) = tokens.next() else { return "context".to_owned() };
    let is_list = field == "attributes";
    tokens.enumerate().fold(field, |place, (depth, token)| match token.parse() {
        // The third token of a pointer to an attribute counts the elements of a list.
        Ok(index) if is_list && depth == 1 => At::Index(&At::Argument(&place), index).to_string(),
        _ => At::Key(&At::Argument(&place), &token).to_string(),
    })
}

/// `OSError` as Python raises it, with the number and the file, so that it becomes `FileNotFoundError` and the like.
pub(crate) fn os_error(error: &std::io::Error, path: &std::path::Path) -> PyErr {
    match error.raw_os_error() {
        Some(number) => {
            let text = error.to_string();
            let words = text.split(" (os error").next().unwrap_or_default().to_owned();
            pyo3::exceptions::PyOSError::new_err((number, words, path.as_os_str().to_owned()))
        }
        None => pyo3::exceptions::PyOSError::new_err(error.to_string()),
    }
}
