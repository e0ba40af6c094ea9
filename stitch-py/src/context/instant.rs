//! `now`: an aware datetime, or milliseconds since the epoch.

use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyDateTime, PyDelta, PyDeltaAccess, PyTzInfo};

use crate::errors::{At, refuse, wrong_type};
use crate::json;

static EPOCH: PyOnceLock<Py<PyDateTime>> = PyOnceLock::new();

const NAIVE: &str = "is a naive datetime, which names no instant: give it a time zone, as `datetime.now(timezone.utc)` \
                     has one, or `now.replace(tzinfo=timezone.utc)` if it was meant as UTC";

/// Milliseconds since the epoch; the part of a millisecond is cut off.
pub(crate) fn read(value: &Bound<'_, PyAny>, at: &At<'_>) -> PyResult<i64> {
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
    match json::number(value, at)? {
        Some(number) => number.as_integer().ok_or_else(|| refuse(py, at, "must be a whole number of milliseconds")),
        None => Err(wrong_type(at, "an aware datetime, or an int of milliseconds since the epoch", value)),
    }
}

fn epoch(py: Python<'_>) -> PyResult<&Bound<'_, PyDateTime>> {
    let make = || -> PyResult<_> {
        let utc = PyTzInfo::utc(py)?;
        Ok(PyDateTime::new(py, 1970, 1, 1, 0, 0, 0, 0, Some(&utc))?.unbind())
    };
    Ok(EPOCH.get_or_try_init(py, make)?.bind(py))
}
