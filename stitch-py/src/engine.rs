//! `stitch.Engine`: a compiled registry.

use std::borrow::Cow;
use std::hash::{Hash, Hasher};
use std::path::PathBuf;
use std::sync::OnceLock;

use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyString, PyTuple, PyType};
use stitch_core::{Definitions, Diagnostic, Engine};

use crate::ask::{ForWhom, Question, evaluate_all};
use crate::asking::asking;
use crate::context::Given;
use crate::diagnostic::PyDiagnostic;
use crate::errors::{boolean, definitions_error, os_error, wrong_type};
use crate::evaluation::PyEvaluation;
use crate::explanation::PyExplanation;
use crate::flag::PyFlag;
use crate::text::{locate, read_file};
use crate::value::Truth;

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

impl PyEngine {
    #[inline]
    fn question<'py, R>(
        &self,
        _py: Python<'py>,
        flag_key: &Bound<'py, PyAny>,
        ask: impl FnOnce(Question<'_, 'py>) -> PyResult<R>,
    ) -> PyResult<R> {
        Question::named(&self.engine, flag_key, ask)
    }
}

asking! {
    PyEngine [flag_key "($self, flag_key, context=None, default=None, **fields)"]
    "($self, flag_key, context=None, **fields)" {
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

    /// The answers for all flags, in the order of the document; those set aside come last.
    ///
    /// >>> import stitch
    /// >>> engine = stitch.Engine.from_json('''{"schema_version": "1.0", "flags": [
    /// ...     {"key": "a", "default_value": true}, {"key": "b", "type": "integer", "default_value": 7,
    /// ...      "variants": {"seven": 7}, "serve": "seven"}]}''')
    /// >>> {evaluation.flag_key: evaluation.value for evaluation in engine.evaluate_all(user_id="U-1")}
    /// {'a': True, 'b': 7}
    #[pyo3(signature = (context=None, *, user_id=None, kind=None, tenant_id=None, tier=None, env=None, role_key=None, attributes=None, overrides=None, approvals=None, now=None), text_signature = "($self, context=None, **fields)")]
    fn evaluate_all<'py>(
        &self,
        py: Python<'py>,
        context: Option<Given<'_, 'py>>,
        user_id: Option<Given<'_, 'py>>,
        kind: Option<Given<'_, 'py>>,
        tenant_id: Option<Given<'_, 'py>>,
        tier: Option<Given<'_, 'py>>,
        env: Option<Given<'_, 'py>>,
        role_key: Option<Given<'_, 'py>>,
        attributes: Option<Given<'_, 'py>>,
        overrides: Option<Given<'_, 'py>>,
        approvals: Option<Given<'_, 'py>>,
        now: Option<Given<'_, 'py>>,
    ) -> PyResult<Vec<PyEvaluation>> {
        evaluate_all(py, &self.engine, None, &ForWhom::new(context.as_deref(), [user_id, kind, tenant_id, tier, env, role_key, attributes, overrides, approvals, now]))
    }

    /// A handle on a flag: its name is looked up once, for hot loops.
    ///
    /// A handle on a flag that the registry does not have answers `flag_not_found`; `key in engine` tells.
    #[pyo3(signature = (flag_key))]
    fn flag(slf: &Bound<'_, Self>, flag_key: &Bound<'_, PyAny>) -> PyResult<PyFlag> {
        PyFlag::of(slf, flag_key)
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
}}
