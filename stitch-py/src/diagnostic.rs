//! `stitch.Diagnostic`: one thing that is wrong with definitions.

use pyo3::prelude::*;
use pyo3::types::{PyTuple, PyType};
use stitch_core::Diagnostic;

/// One thing that is wrong with definitions: an error, or a warning.
///
/// >>> import stitch
/// >>> try:
/// ...     stitch.Engine.from_json('{"schema_version": "1.0",\n "flags": [{"key": "a"}]}')
/// ... except stitch.DefinitionsError as error:
/// ...     for diagnostic in error.diagnostics:
/// ...         print(diagnostic)
/// 2:12: error[missing_key] /flags/0: `default_value` is required: say what to serve while the gate is closed
#[pyclass(frozen, eq, hash, get_all, name = "Diagnostic", module = "stitch")]
#[derive(PartialEq, Eq, Hash)]
pub(crate) struct PyDiagnostic {
    /// `error` or `warning`.
    severity: String,
    /// What it is, for programs; the contract lists the codes.
    code: String,
    /// Where it is: a JSON Pointer (RFC 6901).
    pointer: String,
    /// What is wrong and how to mend it, for people.
    message: String,
    /// The line of the text, counted from 1; None where the place is not known.
    line: Option<usize>,
    /// The byte within the line, counted from 1.
    column: Option<usize>,
}

impl From<Diagnostic> for PyDiagnostic {
    fn from(diagnostic: Diagnostic) -> Self {
        Self {
            severity: diagnostic.severity.as_str().to_owned(),
            code: diagnostic.code.as_str().to_owned(),
            line: diagnostic.position.map(|position| position.line),
            column: diagnostic.position.map(|position| position.column),
            pointer: diagnostic.pointer,
            message: diagnostic.message,
        }
    }
}

#[pymethods]
impl PyDiagnostic {
    #[new]
    #[pyo3(signature = (severity, code, pointer, message, line=None, column=None))]
    fn new(
        severity: String,
        code: String,
        pointer: String,
        message: String,
        line: Option<usize>,
        column: Option<usize>,
    ) -> Self {
        Self { severity, code, pointer, message, line, column }
    }

    #[classattr]
    fn __match_args__() -> (&'static str, &'static str, &'static str, &'static str, &'static str, &'static str) {
        ("severity", "code", "pointer", "message", "line", "column")
    }

    fn __str__(&self) -> String {
        let position = match (self.line, self.column) {
            (Some(line), Some(column)) => format!("{line}:{column}: "),
            _ => String::new(),
        };
        let place = if self.pointer.is_empty() { "the document" } else { &self.pointer };
        format!("{position}{}[{}] {place}: {}", self.severity, self.code, self.message)
    }

    fn __repr__(slf: &Bound<'_, Self>) -> PyResult<String> {
        let (_, arguments) = Self::__reduce__(slf)?;
        let names = ["severity", "code", "pointer", "message", "line", "column"];
        let shown: Vec<String> = names
            .iter()
            .zip(arguments.iter())
            .map(|(name, value)| Ok(format!("{name}={}", value.repr()?.to_str()?)))
            .collect::<PyResult<_>>()?;
        Ok(format!("Diagnostic({})", shown.join(", ")))
    }

    fn __reduce__<'py>(slf: &Bound<'py, Self>) -> PyResult<(Bound<'py, PyType>, Bound<'py, PyTuple>)> {
        let this = slf.get();
        let arguments = (&this.severity, &this.code, &this.pointer, &this.message, this.line, this.column);
        Ok((slf.get_type(), arguments.into_pyobject(slf.py())?))
    }
}
