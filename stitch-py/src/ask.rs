//! One question, however it is put: to an engine, a holder or a handle, with a context or with its fields.

use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyFloat, PyInt, PyString};
use stitch_core::{Context, Engine, Evaluation, Explanation, FlagHandle, Value};

use crate::context::{FieldArguments, Fields, PyContext, check};
use crate::errors::{flag_key, wrong_type};
use crate::evaluation::PyEvaluation;
use crate::explanation::PyExplanation;
use crate::value::{default, to_python};

/// From this many flags on, other Python threads run while all are evaluated.
const MANY_FLAGS: usize = 64;

/// For whom: a context, or the fields of one, or neither (nobody in particular).
pub(crate) struct ForWhom<'a, 'py> {
    context: Option<&'a Bound<'py, PyAny>>,
    fields: Fields<'a, 'py>,
}

impl<'a, 'py> ForWhom<'a, 'py> {
    #[inline]
    pub(crate) fn new(context: Option<&'a Bound<'py, PyAny>>, fields: FieldArguments<'a, 'py>) -> Self {
        Self { context, fields: Fields(fields) }
    }

    /// Asks with the core's context, once it is known to be one that the engine accepts.
    #[inline]
    fn ask<R>(&self, py: Python<'_>, engine: &Engine, question: impl FnOnce(&Context<'_>) -> R) -> PyResult<R> {
        let made;
        let context = match self.context {
            Some(context)
                if !self.fields.any()
                    && let Ok(context) = context.cast::<PyContext>() =>
            {
                context.get()
            }
            _ => {
                made = self.make(py)?;
                &made
            }
        };
        if context.has_overrides() {
            check::against(py, engine, context.borrowed())?;
        }
        Ok(question(context.borrowed()))
    }

    /// Whatever is not a context alone. Out of line, so that what hot loops do stays small.
    #[cold]
    #[inline(never)]
    fn make(&self, py: Python<'_>) -> PyResult<PyContext> {
        match self.context.filter(|context| !context.is_none()) {
            None => PyContext::from_document(py, self.fields.read(py)?),
            Some(context) if context.is_instance_of::<PyContext>() => {
                Err(PyTypeError::new_err("give a Context, or the fields of one, not both"))
            }
            Some(context) => {
                Err(wrong_type("context", "a stitch.Context (or give its fields: user_id=…, tier=…)", context))
            }
        }
    }
}

/// Which flag, of which engine.
#[derive(Clone, Copy)]
pub(crate) struct Question<'a, 'py> {
    engine: &'a Engine,
    key: &'a str,
    handle: Option<FlagHandle<'a>>,
    py: Python<'py>,
}

impl<'a, 'py> Question<'a, 'py> {
    /// By name.
    #[inline]
    pub(crate) fn named(engine: &'a Engine, key: &'a Bound<'py, PyAny>) -> PyResult<Self> {
        let py = key.py();
        let key = flag_key(key)?;
        Ok(Self { engine, key, handle: engine.flag(key), py })
    }

    /// Of a handle.
    #[inline]
    pub(crate) fn of_handle(py: Python<'py>, engine: &'a Engine, key: &'a str, handle: Option<FlagHandle<'a>>) -> Self {
        Self { engine, key, handle, py }
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

    pub(crate) fn evaluate(&self, whom: &ForWhom<'_, 'py>) -> PyResult<PyEvaluation> {
        whom.ask(self.py, self.engine, |context| PyEvaluation::from(&self.answer(context)))
    }

    pub(crate) fn explain(&self, whom: &ForWhom<'_, 'py>) -> PyResult<PyExplanation> {
        whom.ask(self.py, self.engine, |context| PyExplanation::from_core(self.py, self.explanation(context)))?
    }

    #[inline]
    pub(crate) fn bool(&self, whom: &ForWhom<'_, 'py>, fallback: Option<&Bound<'py, PyAny>>) -> PyResult<bool> {
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
