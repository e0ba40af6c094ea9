//! One question, however it is put: to an engine, a holder, a client or a handle, with a context or with its fields.

use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyFloat, PyInt, PyString};
use stitch_client::Serving;
use stitch_core::{Context, Engine, Evaluation, Explanation, FlagHandle, Value};

use crate::context::{FieldArguments, Fields, PyContext, check};
use crate::errors::{flag_key, refuse, wrong_type};
use crate::evaluation::PyEvaluation;
use crate::explanation::PyExplanation;
use crate::value::{Truth, default, to_python, truth};

/// From this many flags on, other Python threads run while all are evaluated.
const MANY_FLAGS: usize = 64;

/// For whom: a context, or the fields of one, or neither (nobody in particular).
pub(crate) enum ForWhom<'a, 'py> {
    /// A context, and nothing else.
    Context(&'a PyContext),
    /// Whatever else was given; no fields where none can be.
    Told { context: Option<&'a Bound<'py, PyAny>>, fields: Option<Fields<'a, 'py>> },
}

impl<'a, 'py> ForWhom<'a, 'py> {
    #[inline(always)]
    #[expect(clippy::inline_always, reason = "then the fields are written to memory only where they are needed")]
    pub(crate) fn new(context: Option<&'a Bound<'py, PyAny>>, fields: FieldArguments<'a, 'py>) -> Self {
        match context {
            Some(context)
                if fields.iter().all(Option::is_none)
                    && let Ok(context) = context.cast() =>
            {
                Self::Context(context.get())
            }
            context => Self::Told { context, fields: Some(Fields(fields)) },
        }
    }

    /// Where no fields can be given.
    #[inline(always)]
    #[expect(clippy::inline_always, reason = "then it is the comparison of a pointer")]
    pub(crate) fn given(context: &'a Bound<'py, PyAny>) -> Self {
        match context.cast() {
            Ok(context) => Self::Context(context.get()),
            Err(_) => Self::Told { context: Some(context), fields: None },
        }
    }

    /// Asks with the core's context, once it is known to be one that the engine accepts.
    #[inline(always)]
    #[expect(clippy::inline_always, reason = "the rest of it is out of line")]
    fn ask<R>(
        &self,
        py: Python<'py>,
        engine: &Engine,
        home: Option<&Home<'_>>,
        question: impl FnOnce(&Context<'_>) -> R,
    ) -> PyResult<R> {
        let mut made = None;
        let context = self.context(py, engine, &mut made)?;
        match home {
            None => Ok(question(context.borrowed())),
            Some(home) => Ok(question(&home.complete(py, context)?)),
        }
    }

    /// The context, once it is known to be one that the engine accepts; `made` where it was given by its fields.
    #[inline(always)]
    #[expect(clippy::inline_always, reason = "the rest of it is out of line")]
    fn context<'m>(&self, py: Python<'py>, engine: &Engine, made: &'m mut Option<PyContext>) -> PyResult<&'m PyContext>
    where
        'a: 'm,
    {
        match self {
            Self::Context(context) if !context.has_overrides() => Ok(context),
            _ => self.accepted(py, engine, made),
        }
    }

    /// The context that was given, or `made` of the fields. Out of line, so that what hot loops do stays small.
    #[cold]
    #[inline(never)]
    fn accepted<'m>(&self, py: Python<'py>, engine: &Engine, made: &'m mut Option<PyContext>) -> PyResult<&'m PyContext>
    where
        'a: 'm,
    {
        let context = match self {
            Self::Context(context) => *context,
            Self::Told { context, fields } => made.insert(make(py, *context, fields.as_ref())?),
        };
        if context.has_overrides() {
            check::against(py, engine, context.borrowed())?;
        }
        Ok(context)
    }
}

/// A context of the fields, or of nobody.
fn make(py: Python<'_>, context: Option<&Bound<'_, PyAny>>, fields: Option<&Fields<'_, '_>>) -> PyResult<PyContext> {
    match (context.filter(|context| !context.is_none()), fields) {
        (None, fields) => {
            let document = fields.map(|fields| fields.read(py)).transpose()?;
            PyContext::from_document(py, document.unwrap_or_default())
        }
        (Some(context), Some(_)) if context.is_instance_of::<PyContext>() => {
            Err(PyTypeError::new_err("give a Context, or the fields of one, not both"))
        }
        (Some(context), Some(_)) => {
            Err(wrong_type("context", "a stitch.Context (or give its fields: user_id=…, tier=…)", context))
        }
        (Some(context), None) => Err(wrong_type("context", "a stitch.Context", context)),
    }
}

/// Where and when a client evaluates: what a context does not say, a server would fill in.
#[derive(Clone, Copy)]
pub(crate) struct Home<'a>(pub(crate) &'a Serving);

impl Home<'_> {
    fn complete<'x>(&'x self, py: Python<'_>, context: &'x PyContext) -> PyResult<Context<'x>> {
        if let (Some(env), Some(own)) = (context.document().env.as_deref(), self.0.environment())
            && env != own
        {
            let message =
                format!("the client's definitions are those of `{own}`: leave it out, or take a key of `{env}`");
            return Err(refuse(py, "env", message));
        }
        Ok(self.0.complete(context.borrowed().clone()))
    }
}

/// Which flag, of which engine.
#[derive(Clone, Copy)]
pub(crate) struct Question<'a, 'py> {
    engine: &'a Engine,
    key: &'a str,
    handle: Option<&'a FlagHandle<'a>>,
    home: Option<Home<'a>>,
    py: Python<'py>,
}

impl<'a, 'py> Question<'a, 'py> {
    #[inline]
    pub(crate) fn new(py: Python<'py>, engine: &'a Engine, key: &'a str, handle: Option<&'a FlagHandle<'a>>) -> Self {
        Self { engine, key, handle, home: None, py }
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

    /// Asks what a client serves.
    pub(crate) fn served<R>(
        serving: &Serving,
        py: Python<'py>,
        key: &str,
        ask: impl FnOnce(Question<'_, 'py>) -> PyResult<R>,
    ) -> PyResult<R> {
        let handle = serving.flag(key);
        ask(Question { home: Some(Home(serving)), ..Question::new(py, serving, key, handle.as_ref()) })
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
        whom.ask(self.py, self.engine, self.home.as_ref(), |context| {
            Bound::new(self.py, PyEvaluation::from(&self.answer(context)))
        })?
    }

    pub(crate) fn explain(&self, whom: &ForWhom<'_, 'py>) -> PyResult<PyExplanation> {
        whom.ask(self.py, self.engine, self.home.as_ref(), |context| {
            PyExplanation::from_core(self.py, self.explanation(context))
        })?
    }

    #[inline(always)]
    #[expect(clippy::inline_always, reason = "half of what it took was handing things over on the stack")]
    pub(crate) fn bool(self, whom: &ForWhom<'_, 'py>, fallback: Option<&Bound<'py, PyAny>>) -> PyResult<Truth<'py>> {
        let fallback = match fallback {
            Some(fallback) if let Ok(fallback) = fallback.cast::<PyBool>() => fallback.is_true(),
            _ => default::<PyBool>(fallback, "a bool")?.is_truthy()?,
        };
        let mut made = None;
        let context = whom.context(self.py, self.engine, &mut made)?;
        let value = match &self.home {
            None => self.handle.map_or(fallback, |handle| {
                let value = context.user().and_then(|user| handle.bool_for(user));
                value.unwrap_or_else(|| handle.bool(context.borrowed(), fallback))
            }),
            Some(home) => {
                let context = home.complete(self.py, context)?;
                self.handle.map_or(fallback, |handle| handle.bool(&context, fallback))
            }
        };
        Ok(truth(self.py, value))
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
        whom.ask(self.py, self.engine, self.home.as_ref(), |context| match self.value(context) {
            Some(value) if is_wanted(&value) => to_python(self.py, value),
            _ => Ok(fallback.clone()),
        })?
    }
}

type Answer<'py> = PyResult<Bound<'py, PyAny>>;

/// Every flag; without the interpreter's lock where there are many.
pub(crate) fn evaluate_all(
    py: Python<'_>,
    engine: &Engine,
    home: Option<&Home<'_>>,
    whom: &ForWhom<'_, '_>,
) -> PyResult<Vec<PyEvaluation>> {
    let convert = |evaluations: Vec<Evaluation<'_>>| evaluations.iter().map(PyEvaluation::from).collect();
    let is_many = engine.flag_keys().nth(MANY_FLAGS - 1).is_some();
    whom.ask(py, engine, home, |context| {
        if is_many {
            py.detach(|| convert(engine.evaluate_all(context)))
        } else {
            convert(engine.evaluate_all(context))
        }
    })
}
