//! `stitch.Engine`: a compiled registry.

use std::borrow::Cow;
use std::fs::File;
use std::hash::{Hash, Hasher};
use std::io::{self, Read};
use std::path::PathBuf;
use std::sync::OnceLock;

use pyo3::prelude::*;
use pyo3::types::{PyBool, PyBytes, PyDict, PyString, PyTuple, PyType};
use stitch_core::{Definitions, Diagnostic, Engine, limits};

use crate::ask::{ForWhom, Question, evaluate_all};
use crate::diagnostic::PyDiagnostic;
use crate::errors::{definitions_error, os_error, wrong_type};
use crate::evaluation::PyEvaluation;
use crate::explanation::PyExplanation;
use crate::flag::PyFlag;

/// Bytes read, at most, to find the lines of diagnostics: each costs a reading of the whole text.
const LOCATING_BYTES: usize = 1 << 30;

/// A compiled registry. Immutable and safe to share between threads; nothing in it is ever locked.
///
/// Evaluating cannot fail for a flag's sake: an unknown flag is a reason. Say for whom with a `Context`, or with its
/// fields as keyword arguments.
///
/// >>> import stitch
/// >>> engine = stitch.Engine.from_json('''{"schema_version": "1.0", "flags": [
/// ...     {"key": "new-checkout", "default_value": false, "rollout_stage": "internal"}]}''')
/// >>> engine.bool("new-checkout", stitch.Context("U-1", tier="staff"), False)
/// True
/// >>> engine.bool("new-checkout", user_id="U-1", default=False)
/// False
/// >>> engine.evaluate("nope", user_id="U-1").reason
/// 'flag_not_found'
#[pyclass(frozen, eq, hash, name = "Engine", module = "stitch")]
pub(crate) struct PyEngine {
    pub(crate) engine: Engine,
    text: Vec<u8>,
    lenient: bool,
    located: OnceLock<Vec<Diagnostic>>,
}

impl PyEngine {
    fn compile(text: Vec<u8>, lenient: bool) -> Result<Self, Vec<Diagnostic>> {
        let engine = Definitions::from_json(&text)
            .and_then(|read| if lenient { Engine::compile_lenient(read) } else { Engine::compile(read) });
        match engine {
            Ok(engine) => Ok(Self { engine, text, lenient, located: OnceLock::new() }),
            Err(error) => Err(locate(error.into_diagnostics(), &text)),
        }
    }
}

/// The diagnostics with their lines, as far as that is done in reasonable time.
fn locate(diagnostics: Vec<Diagnostic>, text: &[u8]) -> Vec<Diagnostic> {
    let affordable = LOCATING_BYTES / text.len().max(1);
    let locate = |(index, diagnostic): (usize, Diagnostic)| {
        if index < affordable { diagnostic.locate(text) } else { diagnostic }
    };
    diagnostics.into_iter().enumerate().map(locate).collect()
}

/// At most one byte more than a document may have, so that the core refuses it.
fn read_file(path: &PathBuf) -> io::Result<Vec<u8>> {
    let mut text = Vec::new();
    File::open(path)?.take(limits::DOCUMENT_BYTES as u64 + 1).read_to_end(&mut text)?;
    Ok(text)
}

fn boolean(value: Option<&Bound<'_, PyAny>>, name: &str) -> PyResult<bool> {
    let Some(value) = value else { return Ok(false) };
    value.cast::<PyBool>().map(PyBoolMethods::is_true).map_err(|_| wrong_type(name, "a bool", value))
}

/// An engine that came as an argument.
pub(crate) fn argument(engine: &Bound<'_, PyAny>) -> PyResult<Py<PyEngine>> {
    let engine = engine.cast::<PyEngine>().map_err(|_| wrong_type("engine", "a stitch.Engine", engine))?;
    Ok(engine.clone().unbind())
}

/// Two engines are equal when they were made of the same text in the same way.
impl PartialEq for PyEngine {
    fn eq(&self, other: &Self) -> bool {
        self.lenient == other.lenient && self.text == other.text
    }
}

impl Hash for PyEngine {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (self.lenient, &self.text).hash(state);
    }
}

#[pymethods]
impl PyEngine {
    /// Reads and compiles definitions. Bad ones raise `DefinitionsError`, which has every problem with its place.
    ///
    /// With `lenient=True` a flag or segment that has an error is set aside, and so is what refers to it: such a flag
    /// answers `flag_invalid`, the rest works. That is for a client that gets definitions from a newer server.
    ///
    /// >>> import stitch
    /// >>> stitch.Engine.from_json(b'{"schema_version": "1.0", "flags": []}').flag_keys()
    /// []
    #[classmethod]
    #[pyo3(signature = (definitions, *, lenient=None), text_signature = "(definitions, *, lenient=False)")]
    fn from_json(
        class: &Bound<'_, PyType>,
        definitions: &Bound<'_, PyAny>,
        lenient: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Self> {
        let py = class.py();
        let lenient = boolean(lenient, "lenient")?;
        let text = if let Ok(bytes) = definitions.cast::<PyBytes>() {
            bytes.as_bytes().to_vec()
        } else {
            let wrong = |_| wrong_type("definitions", "a str or bytes", definitions);
            let string = definitions.cast::<PyString>().map_err(wrong)?;
            match string.to_str() {
                Ok(text) => text.as_bytes().to_vec(),
                // A lone surrogate is for the core to report, with its place.
                Err(_) => string.call_method1("encode", ("utf-8", "surrogatepass"))?.extract()?,
            }
        };
        let compiled = py.detach(|| Self::compile(text, lenient));
        compiled.map_err(|diagnostics| definitions_error(py, diagnostics, None))
    }

    /// Reads and compiles a file of definitions.
    ///
    /// >>> import stitch, tempfile, pathlib
    /// >>> with tempfile.TemporaryDirectory() as folder:
    /// ...     path = pathlib.Path(folder, "registry.json")
    /// ...     _ = path.write_text('{"schema_version": "1.0", "flags": [{"key": "a", "default_value": true}]}')
    /// ...     "a" in stitch.Engine.from_file(path)
    /// True
    #[classmethod]
    #[pyo3(signature = (path, *, lenient=None), text_signature = "(path, *, lenient=False)")]
    fn from_file(
        class: &Bound<'_, PyType>,
        path: &Bound<'_, PyAny>,
        lenient: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Self> {
        let py = class.py();
        let lenient = boolean(lenient, "lenient")?;
        let path: PathBuf = path.extract().map_err(|_| wrong_type("path", "a str or os.PathLike", path))?;
        let read = py.detach(|| read_file(&path).map(|text| Self::compile(text, lenient)));
        match read {
            Ok(Ok(engine)) => Ok(engine),
            Ok(Err(diagnostics)) => Err(definitions_error(py, diagnostics, Some(path.display().to_string()))),
            Err(error) => Err(os_error(&error, &path)),
        }
    }

    /// The answer for one flag.
    #[pyo3(signature = (flag_key, context=None, **fields))]
    fn evaluate<'py>(
        &self,
        flag_key: &Bound<'py, PyAny>,
        context: Option<&Bound<'py, PyAny>>,
        fields: Option<&Bound<'py, PyDict>>,
    ) -> PyResult<PyEvaluation> {
        Question::named(&self.engine, flag_key)?.evaluate(ForWhom { context, fields })
    }

    /// The answers for all flags, in the order of the document; those set aside come last.
    ///
    /// >>> import stitch
    /// >>> engine = stitch.Engine.from_json('''{"schema_version": "1.0", "flags": [
    /// ...     {"key": "a", "default_value": true}, {"key": "b", "type": "integer", "default_value": 7,
    /// ...      "variants": {"seven": 7}, "serve": "seven"}]}''')
    /// >>> {evaluation.flag_key: evaluation.value for evaluation in engine.evaluate_all(user_id="U-1")}
    /// {'a': True, 'b': 7}
    #[pyo3(signature = (context=None, **fields))]
    fn evaluate_all<'py>(
        &self,
        py: Python<'py>,
        context: Option<&Bound<'py, PyAny>>,
        fields: Option<&Bound<'py, PyDict>>,
    ) -> PyResult<Vec<PyEvaluation>> {
        evaluate_all(py, &self.engine, ForWhom { context, fields })
    }

    /// The answer for one flag and, step by step, how it came about.
    #[pyo3(signature = (flag_key, context=None, **fields))]
    fn explain<'py>(
        &self,
        flag_key: &Bound<'py, PyAny>,
        context: Option<&Bound<'py, PyAny>>,
        fields: Option<&Bound<'py, PyDict>>,
    ) -> PyResult<PyExplanation> {
        Question::named(&self.engine, flag_key)?.explain(ForWhom { context, fields })
    }

    /// A handle on a flag: its name is looked up once, for hot loops.
    ///
    /// A handle on a flag that the registry does not have answers `flag_not_found`; `key in engine` tells.
    #[pyo3(signature = (flag_key))]
    fn flag(slf: &Bound<'_, Self>, flag_key: &Bound<'_, PyAny>) -> PyResult<PyFlag> {
        PyFlag::of(slf, flag_key)
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
        Question::named(&self.engine, flag_key)?.bool(ForWhom { context, fields }, default)
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
        Question::named(&self.engine, flag_key)?.string(ForWhom { context, fields }, default)
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
        Question::named(&self.engine, flag_key)?.integer(ForWhom { context, fields }, default)
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
        Question::named(&self.engine, flag_key)?.double(ForWhom { context, fields }, default)
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
        Question::named(&self.engine, flag_key)?.object(ForWhom { context, fields }, default)
    }

    /// The keys of all flags, in the order of the document; those set aside come last.
    fn flag_keys(&self) -> Vec<&str> {
        self.engine.flag_keys().collect()
    }

    fn __contains__(&self, flag_key: &Bound<'_, PyAny>) -> PyResult<bool> {
        Ok(self.engine.flag(crate::errors::flag_key(flag_key)?).is_some())
    }

    /// What compiling had to say: warnings, and where it was lenient also errors.
    #[getter]
    fn diagnostics(&self, py: Python<'_>) -> Vec<PyDiagnostic> {
        let find = || locate(self.engine.diagnostics().to_vec(), &self.text);
        let located = py.detach(|| self.located.get_or_init(find));
        located.iter().cloned().map(PyDiagnostic::from).collect()
    }

    /// The environments that the registry lists.
    #[getter]
    fn environments(&self) -> Vec<&str> {
        self.engine.environments().collect()
    }

    /// The text that the engine was made of.
    #[getter]
    fn definitions(&self) -> Cow<'_, str> {
        String::from_utf8_lossy(&self.text)
    }

    /// Whether flags and segments that have errors were set aside.
    #[getter]
    fn lenient(&self) -> bool {
        self.lenient
    }

    fn __repr__(&self) -> String {
        let flags = self.engine.flag_keys().count();
        let lenient = if self.lenient { ", lenient" } else { "" };
        format!("<stitch.Engine: {flags} flags, {} segments{lenient}>", self.engine.segment_count())
    }

    fn __copy__(slf: Bound<'_, Self>) -> Bound<'_, Self> {
        slf
    }

    fn __deepcopy__<'py>(slf: Bound<'py, Self>, _memo: &Bound<'py, PyAny>) -> Bound<'py, Self> {
        slf
    }

    #[classmethod]
    fn _restore(
        class: &Bound<'_, PyType>,
        definitions: &Bound<'_, PyAny>,
        lenient: &Bound<'_, PyAny>,
    ) -> PyResult<Self> {
        Self::from_json(class, definitions, Some(lenient))
    }

    fn __reduce__<'py>(slf: &Bound<'py, Self>) -> PyResult<(Bound<'py, PyAny>, Bound<'py, PyTuple>)> {
        let arguments = (slf.get().definitions(), slf.get().lenient).into_pyobject(slf.py())?;
        Ok((slf.get_type().getattr("_restore")?, arguments))
    }
}
