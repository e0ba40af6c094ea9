//! A served value, held apart from engine and context.

use std::hash::{Hash, Hasher};
use std::hint::select_unpredictable;

use pyo3::prelude::*;
use pyo3::types::{PyBool, PyFloat, PyString};
use stitch_core::{Json, Number, Value};

use crate::errors::{At, wrong_type};
use crate::json;

/// A value that nobody else can change: objects become Python values only when they are asked for.
#[derive(Clone, Debug)]
pub(crate) enum Served {
    Nothing,
    Boolean(bool),
    String(Box<str>),
    Integer(i64),
    Double(f64),
    Object(Box<Json<'static>>),
}

impl From<Option<Value<'_>>> for Served {
    fn from(value: Option<Value<'_>>) -> Self {
        match value {
            None => Self::Nothing,
            Some(Value::Boolean(boolean)) => Self::Boolean(boolean),
            Some(Value::String(text)) => Self::String(text.into()),
            Some(Value::Integer(integer)) => Self::Integer(integer),
            Some(Value::Double(double)) => Self::Double(double),
            Some(Value::Object(json)) => Self::Object(Box::new(json.clone().into_owned())),
        }
    }
}

impl Served {
    /// A value that somebody writes in Python.
    pub(crate) fn from_python(value: &Bound<'_, PyAny>) -> PyResult<Self> {
        let at = At::Argument("value");
        Ok(match json::from_python(value, &at, 1)? {
            Json::Null => Self::Nothing,
            Json::Boolean(boolean) => Self::Boolean(boolean),
            Json::Text(text) => Self::String(text.into()),
            Json::Number(Number::Integer(integer)) => Self::Integer(integer),
            Json::Number(Number::Double(double)) => Self::Double(double),
            object @ (Json::Array(_) | Json::Object(_)) => Self::Object(Box::new(object)),
        })
    }

    pub(crate) fn to_python<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        match self.as_value() {
            None => Ok(py.None().into_bound(py)),
            Some(value) => to_python(py, value),
        }
    }

    pub(crate) fn as_value(&self) -> Option<Value<'_>> {
        Some(match self {
            Self::Nothing => return None,
            Self::Boolean(boolean) => Value::Boolean(*boolean),
            Self::String(text) => Value::String(text),
            Self::Integer(integer) => Value::Integer(*integer),
            Self::Double(double) => Value::Double(*double),
            Self::Object(json) => Value::Object(json),
        })
    }
}

/// Equal values of one type: `True` is not 1, and 1 is not 1.0.
impl PartialEq for Served {
    fn eq(&self, other: &Self) -> bool {
        self.as_value() == other.as_value()
    }
}

impl Hash for Served {
    fn hash<H: Hasher>(&self, state: &mut H) {
        std::mem::discriminant(self).hash(state);
        match self {
            Self::Boolean(boolean) => boolean.hash(state),
            Self::String(text) => text.hash(state),
            Self::Integer(integer) => integer.hash(state),
            Self::Double(double) => double.to_bits().hash(state),
            // Equal objects may be written in many ways.
            Self::Nothing | Self::Object(_) => {}
        }
    }
}

/// A value as the type that its flag has: an integer flag gives an `int`, a double flag a `float`.
pub(crate) fn to_python<'py>(py: Python<'py>, value: Value<'_>) -> PyResult<Bound<'py, PyAny>> {
    Ok(match value {
        Value::Boolean(boolean) => PyBool::new(py, boolean).to_owned().into_any(),
        Value::String(text) => PyString::new(py, text).into_any(),
        Value::Integer(integer) => integer.into_pyobject(py)?.into_any(),
        Value::Double(double) => PyFloat::new(py, double).into_any(),
        Value::Object(json) => json::to_python(py, json)?,
    })
}

/// What to return where a flag has no value of the type that is asked for; checked whether it is needed or not.
pub(crate) fn default<'a, 'py, T>(value: Option<&'a Bound<'py, PyAny>>, wanted: &str) -> PyResult<&'a Bound<'py, PyAny>>
where
    T: pyo3::PyTypeCheck,
{
    let value = value.ok_or_else(missing_default)?;
    let is_boolean = value.is_instance_of::<PyBool>();
    let fits = value.cast::<T>().is_ok() && (!is_boolean || wanted == "a bool");
    if fits { Ok(value) } else { Err(wrong_type("default", wanted, value)) }
}

fn missing_default() -> PyErr {
    pyo3::exceptions::PyTypeError::new_err("default: is missing: say what to return where there is no such flag")
}

/// Python's True or False.
pub(crate) type Truth<'py> = Borrowed<'py, 'py, PyBool>;

/// Chosen without a branch, which pyo3's own conversion of a `bool` has: no processor foresees who is in a rollout, and
/// where it guesses wrong it waits for the whole of the hash, and then begins anew.
#[inline]
pub(crate) fn truth(py: Python<'_>, value: bool) -> Truth<'_> {
    select_unpredictable(value, PyBool::new(py, true), PyBool::new(py, false))
}
