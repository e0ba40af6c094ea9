//! `now`: an aware datetime, or milliseconds since the epoch.

use pyo3::exceptions::PyOverflowError;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyBool, PyDateTime, PyDelta, PyDeltaAccess, PyInt, PyTzInfo};

use crate::errors::{At, refuse, wrong_type};

static EPOCH: PyOnceLock<Py<PyDateTime>> = PyOnceLock::new();

const NAIVE: &str = "is a naive datetime, which names no instant: give it a time zone, as `datetime.now(timezone.utc)` \
                     has one, or `now.replace(tzinfo=timezone.utc)` if it was meant as UTC";

/// Milliseconds since the epoch; the part of a millisecond is cut off.
pub(super) fn read(value: &Bound<'_, PyAny>, at: &At<'_>) -> PyResult<i64> {
    let py = value.py();
    if let Ok(datetime) = value.cast::<PyDateTime>() {
        if datetime.call_method0("utcoffset")?.is_none() {
            return Err(refuse(py, at, NAIVE));
        }
        let since = datetime.sub(epoch(py)?)?;
        let since = since.cast::<PyDelta>()?;
        let seconds = i64::from(since.get_days()) * 86_400 + i64::from(since.get_seconds());
        return Ok(seconds * 1_000 + i64::from(since.get_microseconds()) / 1_000);
    }
    if value.is_instance_of::<PyBool>() || !value.is_instance_of::<PyInt>() {
        return Err(wrong_type(at, "an aware datetime, or an int of milliseconds since the epoch", value));
    }
    value.extract().map_err(|error: PyErr| {
        let is_overflow = error.is_instance_of::<PyOverflowError>(py);
        if is_overflow { refuse(py, at, "is an integer beyond 64 bits") } else { error }
    })
}

fn epoch(py: Python<'_>) -> PyResult<&Bound<'_, PyDateTime>> {
    let make = || -> PyResult<_> {
        let utc = PyTzInfo::utc(py)?;
        Ok(PyDateTime::new(py, 1970, 1, 1, 0, 0, 0, 0, Some(&utc))?.unbind())
    };
    Ok(EPOCH.get_or_try_init(py, make)?.bind(py))
}
