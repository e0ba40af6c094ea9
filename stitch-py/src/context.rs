//! `stitch.Context`: for whom a flag is evaluated.

use std::hash::{Hash, Hasher};

use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyString, PyTuple, PyType};
use self_cell::self_cell;
use stitch_core::{Context, PreparedUser};

use crate::evaluation::hash_of;
use crate::json;

pub(crate) mod check;
mod document;
pub(crate) mod instant;
mod read;

pub(crate) use document::Document;
pub(crate) use read::{FieldArguments, Fields, Given};

/// The core's context, borrowed once and for all.
type Borrowed<'a> = Context<'a>;

self_cell!(
    struct Kept {
        owner: Document,
        #[covariant]
        dependent: Borrowed,
    }
);

/// For whom a flag is evaluated. Immutable, checked when it is built; `ContextError` names the argument.
///
/// `now` is an aware `datetime` or a number of milliseconds since the epoch: stitch has no clock of its own.
/// Attributes are strings, numbers, booleans, or lists of strings and numbers; None is absent everywhere.
///
/// >>> import stitch
/// >>> context = stitch.Context("U-1", tier="staff", env="prod", attributes={"country": "TH", "plans": ["pro", 2]})
/// >>> context.tier, context.attributes["country"]
/// ('staff', 'TH')
/// >>> stitch.Context("U-1", attributes={"age": float("nan")})
/// Traceback (most recent call last):
/// stitch.ContextError: attributes["age"]: must be a finite number: JSON has neither NaN nor infinities
#[pyclass(frozen, name = "Context", module = "stitch")]
pub(crate) struct PyContext {
    kept: Kept,
    has_overrides: bool,
    /// Here, since what lies in `kept` is read only after where that is.
    user: Option<PreparedUser>,
}

impl PyContext {
    pub(crate) fn from_document(py: Python<'_>, document: Document) -> PyResult<Self> {
        let has_overrides = !document.overrides().is_empty();
        let kept = Kept::new(document, Document::context);
        check::argument_errors(py, kept.borrow_dependent())?;
        let user = PreparedUser::of(kept.borrow_dependent());
        Ok(Self { kept, has_overrides, user })
    }

    /// The core's context; making it costs nothing.
    #[inline]
    pub(crate) fn borrowed(&self) -> &Context<'_> {
        self.kept.borrow_dependent()
    }

    /// All that some flags ask of it.
    #[inline]
    pub(crate) fn user(&self) -> Option<&PreparedUser> {
        self.user.as_ref()
    }

    /// Whether it has overrides, which have to fit the registry that it meets.
    #[inline]
    pub(crate) fn has_overrides(&self) -> bool {
        self.has_overrides
    }

    #[inline]
    pub(crate) fn document(&self) -> &Document {
        self.kept.borrow_owner()
    }
}

#[pymethods]
impl PyContext {
    #[new]
    #[pyo3(signature = (user_id=None, *, kind=None, tenant_id=None, tier=None, env=None, role_key=None, attributes=None, overrides=None, approvals=None, now=None))]
    #[expect(clippy::too_many_arguments, reason = "the fields of a context")]
    fn new(
        py: Python<'_>,
        user_id: Option<Given<'_, '_>>,
        kind: Option<Given<'_, '_>>,
        tenant_id: Option<Given<'_, '_>>,
        tier: Option<Given<'_, '_>>,
        env: Option<Given<'_, '_>>,
        role_key: Option<Given<'_, '_>>,
        attributes: Option<Given<'_, '_>>,
        overrides: Option<Given<'_, '_>>,
        approvals: Option<Given<'_, '_>>,
        now: Option<Given<'_, '_>>,
    ) -> PyResult<Self> {
        let fields = Fields([user_id, kind, tenant_id, tier, env, role_key, attributes, overrides, approvals, now]);
        Self::from_document(py, fields.read(py)?)
    }

    /// Reads a context document: section 3 of the contract, as JSON.
    ///
    /// >>> import stitch
    /// >>> stitch.Context.from_json('{"user_id": "U-1", "tier": "staff"}')
    /// Context('U-1', tier='staff')
    #[classmethod]
    fn from_json(class: &Bound<'_, PyType>, document: &Bound<'_, PyAny>) -> PyResult<Self> {
        let py = class.py();
        if let Ok(bytes) = document.cast::<PyBytes>() {
            return Self::from_document(py, Document::from_json(py, bytes.as_bytes())?);
        }
        let string = document
            .cast::<PyString>()
            .map_err(|_| crate::errors::wrong_type("document", "a str or bytes", document))?;
        let text = crate::errors::text(py, string, "document")?;
        Self::from_document(py, Document::from_json(py, text.as_bytes())?)
    }

    /// The context document as JSON text; fields that have their defaults are left out.
    fn to_json(&self) -> String {
        self.document().to_json().to_string()
    }

    #[classattr]
    fn __match_args__() -> (&'static str, &'static str, &'static str, &'static str, &'static str, &'static str) {
        ("user_id", "kind", "tenant_id", "tier", "env", "role_key")
    }

    /// The stable id, the default bucketing unit.
    #[getter]
    fn user_id(&self) -> Option<&str> {
        self.document().user_id()
    }

    /// What the id names: `user` unless said.
    #[getter]
    fn kind(&self) -> &str {
        self.document().kind()
    }

    /// The tenant; None where it is empty.
    #[getter]
    fn tenant_id(&self) -> Option<&str> {
        self.document().tenant_id()
    }

    /// The tier: `anonymous` unless said.
    #[getter]
    fn tier(&self) -> &str {
        self.document().tier()
    }

    /// The environment whose patches apply; none do unless said.
    #[getter]
    fn env(&self) -> Option<&str> {
        self.document().env.as_deref()
    }

    /// The role.
    #[getter]
    fn role_key(&self) -> Option<&str> {
        self.document().role_key.as_deref()
    }

    /// Name to value; a copy of its own.
    #[getter]
    fn attributes<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        json::members_to_python(py, &self.document().attributes())
    }

    /// `{"user": {flag: value}, "tenant": {flag: value}}`; a copy of its own.
    #[getter]
    fn overrides<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        json::members_to_python(py, self.document().overrides())
    }

    /// Flag key to approval reference; a copy of its own.
    #[getter]
    fn approvals<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        json::members_to_python(py, self.document().approvals())
    }

    /// Milliseconds since the epoch.
    #[getter]
    fn now(&self) -> Option<i64> {
        self.document().now
    }

    fn __eq__(&self, other: &Bound<'_, PyAny>) -> bool {
        other.cast::<Self>().is_ok_and(|other| self.document().to_json() == other.get().document().to_json())
    }

    fn __hash__(&self) -> u64 {
        hash_of(self)
    }

    fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
        let shown = |json: &stitch_core::Json<'_>| -> PyResult<String> {
            Ok(json::to_python(py, json)?.repr()?.to_str()?.to_owned())
        };
        let mut arguments = Vec::new();
        for (name, value) in self.document().members() {
            let value = shown(&value)?;
            arguments.push(if name == "user_id" { value } else { format!("{name}={value}") });
        }
        Ok(format!("Context({})", arguments.join(", ")))
    }

    fn __copy__(slf: Bound<'_, Self>) -> Bound<'_, Self> {
        slf
    }

    fn __deepcopy__<'py>(slf: Bound<'py, Self>, _memo: &Bound<'py, PyAny>) -> Bound<'py, Self> {
        slf
    }

    fn __reduce__<'py>(slf: &Bound<'py, Self>) -> PyResult<(Bound<'py, PyAny>, Bound<'py, PyTuple>)> {
        let arguments = (slf.get().to_json(),).into_pyobject(slf.py())?;
        Ok((slf.get_type().getattr("from_json")?, arguments))
    }
}

impl Hash for PyContext {
    fn hash<H: Hasher>(&self, state: &mut H) {
        let document = self.document();
        (document.user_id(), document.kind(), document.tenant_id(), document.tier()).hash(state);
        (document.env.as_deref(), document.role_key.as_deref(), document.now).hash(state);
        document.attributes.len().hash(state);
    }
}
