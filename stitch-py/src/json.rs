//! Between Python values and JSON values, exactly.

use std::borrow::Cow;

use pyo3::prelude::*;
use pyo3::pybacked::PyBackedStr;
use pyo3::types::{PyBool, PyDict, PyFloat, PyInt, PyList, PyMapping, PyString, PyTuple};
use stitch_core::{Json, Member, Number, limits};

use crate::errors::{At, refuse, shared_text, text, wrong_type};

/// The number, if it is one: an integer of 64 bits or a finite double, a boolean never.
///
/// Whatever says that it is an integer (`__index__`, as the integers of numpy do) is taken as one.
pub(crate) fn number(value: &Bound<'_, PyAny>, at: &At<'_>) -> PyResult<Option<Number>> {
    if value.is_instance_of::<PyBool>() {
        return Ok(None);
    }
    if let Ok(float) = value.cast::<PyFloat>() {
        let float: f64 = float.extract()?;
        if !float.is_finite() {
            let message = "must be a finite number: JSON has neither NaN nor infinities";
            return Err(refuse(value.py(), at, message));
        }
        return Ok(Some(Number::from(float)));
    }
    let is_integer = value.is_instance_of::<PyInt>() || value.get_type().hasattr("__index__")?;
    if !is_integer {
        return Ok(None);
    }
    match value.extract::<i64>() {
        Ok(integer) => Ok(Some(Number::Integer(integer))),
        Err(error) if error.is_instance_of::<pyo3::exceptions::PyOverflowError>(value.py()) => {
            Err(refuse(value.py(), at, "is an integer beyond 64 bits"))
        }
        // An array of numpy has an `__index__` that refuses.
        Err(error) if error.is_instance_of::<pyo3::exceptions::PyTypeError>(value.py()) => Ok(None),
        Err(error) => Err(error),
    }
}

/// The items of a dict, or of any other mapping.
pub(crate) fn members<'py>(value: &Bound<'py, PyAny>, at: &At<'_>) -> PyResult<Bound<'py, PyDict>> {
    if let Ok(dict) = value.cast::<PyDict>() {
        return Ok(dict.clone());
    }
    let mapping = value.cast::<PyMapping>().map_err(|_| wrong_type(at, "a dict", value))?;
    let dict = PyDict::new(value.py());
    dict.update(mapping)?;
    Ok(dict)
}

/// A key of a dict, which must be a string.
pub(crate) fn key(key: &Bound<'_, PyAny>, at: &At<'_>) -> PyResult<PyBackedStr> {
    let at = format_args!("{at}: a key");
    let string = key.cast::<PyString>().map_err(|_| wrong_type(at, "a string", key))?;
    shared_text(string, at)
}

/// A Python value as JSON; `level` counts the arrays and objects that it lies in.
pub(crate) fn from_python(value: &Bound<'_, PyAny>, at: &At<'_>, level: usize) -> PyResult<Json<'static>> {
    let py = value.py();
    if value.is_none() {
        return Ok(Json::Null);
    }
    if let Ok(boolean) = value.cast::<PyBool>() {
        return Ok(Json::Boolean(boolean.is_true()));
    }
    if let Ok(string) = value.cast::<PyString>() {
        return Ok(Json::from(text(py, string, at)?.to_owned()));
    }
    if let Some(number) = number(value, at)? {
        return Ok(Json::Number(number));
    }
    if level >= limits::NESTING {
        return Err(refuse(py, at, format!("lies deeper than {} lists and dicts", limits::NESTING)));
    }
    if let Some(items) = sequence(value) {
        let items = items.enumerate();
        return items
            .map(|(index, item)| from_python(&item, &At::Index(at, index), level + 1))
            .collect::<PyResult<_>>()
            .map(Json::Array);
    }
    if value.cast::<PyMapping>().is_ok() {
        let dict = members(value, at)?;
        return dict
            .iter()
            .map(|(name, value)| {
                let name = key(&name, at)?;
                let value = from_python(&value, &At::Key(at, &name), level + 1)?;
                Ok((Cow::Owned(name.to_string()), value))
            })
            .collect::<PyResult<_>>()
            .map(Json::Object);
    }
    Err(wrong_type(at, "a bool, int, float, str, list, dict or None", value))
}

/// The items of a list or tuple.
pub(crate) fn sequence<'py>(value: &Bound<'py, PyAny>) -> Option<Box<dyn Iterator<Item = Bound<'py, PyAny>> + 'py>> {
    if let Ok(list) = value.cast::<PyList>() {
        return Some(Box::new(list.clone().into_iter()));
    }
    let tuple = value.cast::<PyTuple>().ok()?;
    Some(Box::new(tuple.clone().into_iter()))
}

/// A JSON value as a Python value of its own.
pub(crate) fn to_python<'py>(py: Python<'py>, json: &Json<'_>) -> PyResult<Bound<'py, PyAny>> {
    Ok(match json {
        Json::Null => py.None().into_bound(py),
        Json::Boolean(boolean) => PyBool::new(py, *boolean).to_owned().into_any(),
        Json::Number(number) => number_to_python(py, *number)?,
        Json::Text(text) => PyString::new(py, text).into_any(),
        Json::Array(items) => {
            let list = PyList::empty(py);
            for item in items {
                list.append(to_python(py, item)?)?;
            }
            list.into_any()
        }
        Json::Object(members) => members_to_python(py, members)?.into_any(),
    })
}

pub(crate) fn number_to_python(py: Python<'_>, number: Number) -> PyResult<Bound<'_, PyAny>> {
    Ok(match number {
        Number::Integer(integer) => integer.into_pyobject(py)?.into_any(),
        Number::Double(double) => PyFloat::new(py, double).into_any(),
    })
}

pub(crate) fn members_to_python<'py>(py: Python<'py>, members: &[Member<'_>]) -> PyResult<Bound<'py, PyDict>> {
    let dict = PyDict::new(py);
    for (key, value) in members {
        dict.set_item(&**key, to_python(py, value)?)?;
    }
    Ok(dict)
}
