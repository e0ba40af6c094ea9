//! One question, however it is put: to an engine, a holder or a handle, with a context or with its fields.

use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyFloat, PyInt, PyString};
use stitch_core::{Context, Engine, Evaluation, Explanation, FlagHandle, Value};

use crate::context::{FieldArguments, Fields, Given, PyContext, check};
use crate::errors::{flag_key, wrong_type};
use crate::evaluation::PyEvaluation;
use crate::explanation::PyExplanation;
use crate::value::{default, to_python};

/// From this many flags on, other Python threads run while all are evaluated.
const MANY_FLAGS: usize = 64;

/// For whom: a context, or the fields of one, or neither (nobody in particular).
pub(crate) enum ForWhom<'a, 'py> {
    /// A context, and nothing else.
    Context(Borrowed<'a, 'py, PyContext>),
    /// Whatever else was given.
    Told { context: Option<Given<'a, 'py>>, fields: Fields<'a, 'py> },
}

impl<'a, 'py> ForWhom<'a, 'py> {
    #[inline(always)]
    #[expect(clippy::inline_always, reason = "then the fields are written to memory only where they are needed")]
    pub(crate) fn new(context: Option<Given<'a, 'py>>, fields: FieldArguments<'a, 'py>) -> Self {
        match context {
            Some(context)
                if fields.iter().all(Option::is_none)
                    && let Ok(context) = context.0.cast::<PyContext>() =>
            {
                Self::Context(context)
            }
            _ => Self::Told { context, fields: Fields(fields) },
        }
    }

    /// Asks with the core's context, once it is known to be one that the engine accepts.
    #[inline]
    fn ask<R>(&self, py: Python<'_>, engine: &Engine, question: impl FnOnce(&Context<'_>) -> R) -> PyResult<R> {
        let made;
        let context = match self {
            Self::Context(context) => context.get(),
            Self::Told { context, fields } => {
                made = make(py, context.as_deref(), fields)?;
                &made
            }
        };
        if context.has_overrides() {
            check::against(py, engine, context.borrowed())?;
        }
        Ok(question(context.borrowed()))
    }
}

/// A context of the fields. Out of line, so that what hot loops do stays small.
#[cold]
#[inline(never)]
fn make(py: Python<'_>, context: Option<&Bound<'_, PyAny>>, fields: &Fields<'_, '_>) -> PyResult<PyContext> {
    match context.filter(|context| !context.is_none()) {
        None => PyContext::from_document(py, fields.read(py)?),
        Some(context) if context.is_instance_of::<PyContext>() => {
            Err(PyTypeError::new_err("give a Context, or the fields of one, not both"))
        }
        Some(context) => {
            Err(wrong_type("context", "a stitch.Context (or give its fields: user_id=…, tier=…)", context))
        }
    }
}

/// Which flag, of which engine.
#[derive(Clone, Copy)]
pub(crate) struct Question<'a, 'py> {
    engine: &'a Engine,
    key: &'a str,
    handle: Option<&'a FlagHandle<'a>>,
    py: Python<'py>,
}

impl<'a, 'py> Question<'a, 'py> {
    #[inline]
    pub(crate) fn new(py: Python<'py>, engine: &'a Engine, key: &'a str, handle: Option<&'a FlagHandle<'a>>) -> Self {
        Self { engine, key, handle, py }
    }

    /// Asks by name.
    #[inline]
    pub(crate) fn named<R>(
        engine: &Engine,
        key: &Bound<'py, PyAny>,
        ask: impl FnOnce(Question<'_, 'py>) -> PyResult<R>,
    ) -> PyResult<R> {
        let py = key.py();
        let key = flag_key(key)?;
        ask(Question::new(py, engine, key, engine.flag(key).as_ref()))
    }

    #[inline]
    fn answer<'x>(&self, context: &'x Context<'x>) -> Evaluation<'x>
    where
        'a: 'x,
    {
        match self.handle {
            Some(handle) => handle.evaluate(context),
            None => self.engine.evaluate(self.key, context),
        }
    }

    /// The answer's value alone, which costs less.
    #[inline]
    fn value<'x>(&self, context: &'x Context<'x>) -> Option<Value<'x>>
    where
        'a: 'x,
    {
        self.handle.and_then(|handle| handle.value(context))
    }

    fn explanation<'x>(&self, context: &'x Context<'x>) -> Explanation<'x>
    where
        'a: 'x,
    {
        match self.handle {
            Some(handle) => handle.explain(context),
            None => self.engine.explain(self.key, context),
        }
    }

    /// Made where it stays: handing it over costs as much as making it.
    #[inline]
    pub(crate) fn evaluate(&self, whom: &ForWhom<'_, 'py>) -> PyResult<Bound<'py, PyEvaluation>> {
        whom.ask(self.py, self.engine, |context| Bound::new(self.py, PyEvaluation::from(&self.answer(context))))?
    }

    pub(crate) fn explain(&self, whom: &ForWhom<'_, 'py>) -> PyResult<PyExplanation> {
        whom.ask(self.py, self.engine, |context| PyExplanation::from_core(self.py, self.explanation(context)))?
    }

    #[inline(always)]
    #[expect(clippy::inline_always, reason = "half of what it took was handing things over on the stack")]
    pub(crate) fn bool(self, whom: &ForWhom<'_, 'py>, fallback: Option<&Bound<'py, PyAny>>) -> PyResult<bool> {
        let fallback = match fallback {
            Some(fallback) if let Ok(fallback) = fallback.cast::<PyBool>() => fallback.is_true(),
            _ => default::<PyBool>(fallback, "a bool")?.is_truthy()?,
        };
        whom.ask(self.py, self.engine, |context| {
            if let Some(Value::Boolean(boolean)) = self.value(context) { boolean } else { fallback }
        })
    }

    pub(crate) fn string(&self, whom: &ForWhom<'_, 'py>, fallback: Option<&Bound<'py, PyAny>>) -> Answer<'py> {
        let fallback = default::<PyString>(fallback, "a str")?;
        self.read(whom, fallback, |value| matches!(value, Value::String(_)))
    }

    pub(crate) fn integer(&self, whom: &ForWhom<'_, 'py>, fallback: Option<&Bound<'py, PyAny>>) -> Answer<'py> {
        let fallback = default::<PyInt>(fallback, "an int")?;
        self.read(whom, fallback, |value| matches!(value, Value::Integer(_)))
    }

    /// An `int` will do as a default, and is a `float` when it is returned.
    pub(crate) fn double(&self, whom: &ForWhom<'_, 'py>, fallback: Option<&Bound<'py, PyAny>>) -> Answer<'py> {
        let float =
            fallback.filter(|fallback| fallback.is_instance_of::<PyInt>() && !fallback.is_instance_of::<PyBool>());
        let float =
            float.map(|integer| Ok::<_, PyErr>(PyFloat::new(self.py, integer.extract()?).into_any())).transpose()?;
        let fallback = default::<PyFloat>(float.as_ref().or(fallback), "a float")?;
        self.read(whom, fallback, |value| matches!(value, Value::Double(_)))
    }

    /// Any default will do, None too.
    pub(crate) fn object(&self, whom: &ForWhom<'_, 'py>, fallback: Option<&Bound<'py, PyAny>>) -> Answer<'py> {
        let none = self.py.None().into_bound(self.py);
        self.read(whom, fallback.unwrap_or(&none), |value| matches!(value, Value::Object(_)))
    }

    fn read(
        &self,
        whom: &ForWhom<'_, 'py>,
        fallback: &Bound<'py, PyAny>,
        is_wanted: impl FnOnce(&Value<'_>) -> bool,
    ) -> Answer<'py> {
        whom.ask(self.py, self.engine, |context| match self.value(context) {
            Some(value) if is_wanted(&value) => to_python(self.py, value),
            _ => Ok(fallback.clone()),
        })?
    }
}

type Answer<'py> = PyResult<Bound<'py, PyAny>>;

/// Every flag; without the interpreter's lock where there are many.
pub(crate) fn evaluate_all(py: Python<'_>, engine: &Engine, whom: &ForWhom<'_, '_>) -> PyResult<Vec<PyEvaluation>> {
    let convert = |evaluations: Vec<Evaluation<'_>>| evaluations.iter().map(PyEvaluation::from).collect();
    let is_many = engine.flag_keys().nth(MANY_FLAGS - 1).is_some();
    whom.ask(py, engine, |context| {
        if is_many {
            py.detach(|| convert(engine.evaluate_all(context)))
        } else {
            convert(engine.evaluate_all(context))
        }
    })
}
