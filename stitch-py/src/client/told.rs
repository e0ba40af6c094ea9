//! What a client tells, as Python has it.

use std::sync::{Mutex, PoisonError};
use std::time::SystemTime;

use pyo3::prelude::*;
use pyo3::types::{PyDateTime, PyTzInfo};
use stitch_client::{Change, EventCounts, State};

/// `stitch.State`; of a client that was not started yet where there is none.
pub(super) fn state<'py>(py: Python<'py>, state: Option<&State>) -> PyResult<Bound<'py, PyAny>> {
    let class = py.import("stitch._client")?.getattr("State")?;
    match state {
        Some(State { status, since, history, number, environment, last_error }) => {
            class.call1((status.as_str(), datetime(py, *since)?, history, *number, environment, last_error))
        }
        None => class.call1(("starting", datetime(py, SystemTime::now())?, "", 0, py.None(), py.None())),
    }
}

/// `stitch.EventCounts`.
pub(super) fn events<'py>(py: Python<'py>, counts: &EventCounts) -> PyResult<Bound<'py, PyAny>> {
    let class = py.import("stitch._client")?.getattr("EventCounts")?;
    let EventCounts { queued, accepted, rejected, dropped, last_error } = counts;
    class.call1((queued, accepted, rejected, dropped, last_error))
}

fn datetime(py: Python<'_>, at: SystemTime) -> PyResult<Bound<'_, PyDateTime>> {
    let seconds = at.duration_since(SystemTime::UNIX_EPOCH).map_or(0.0, |since| since.as_secs_f64());
    PyDateTime::from_timestamp(py, seconds, Some(&*PyTzInfo::utc(py)?))
}

/// Those who want to know.
#[derive(Default)]
pub(super) struct Callbacks {
    change: Mutex<Vec<Py<PyAny>>>,
    status: Mutex<Vec<Py<PyAny>>>,
}

impl Callbacks {
    pub(super) fn are_there(&self) -> bool {
        !self.change.lock().unwrap_or_else(PoisonError::into_inner).is_empty()
            || !self.status.lock().unwrap_or_else(PoisonError::into_inner).is_empty()
    }

    pub(super) fn on_change(&self, callback: Py<PyAny>) {
        self.change.lock().unwrap_or_else(PoisonError::into_inner).push(callback);
    }

    pub(super) fn on_status(&self, callback: Py<PyAny>) {
        self.status.lock().unwrap_or_else(PoisonError::into_inner).push(callback);
    }

    pub(super) fn changed(&self, change: &Change) {
        call(&self.change, |_, callback| callback.call1((change.flags.clone(),)));
    }

    pub(super) fn entered(&self, entered: &State) {
        call(&self.status, |py, callback| callback.call1((state(py, Some(entered))?,)));
    }
}

/// Calls each of them; what one raises goes where Python reports what nobody can catch. Nothing once the interpreter
/// ends.
fn call(
    callbacks: &Mutex<Vec<Py<PyAny>>>,
    tell: impl for<'py> Fn(Python<'py>, &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>>,
) {
    Python::try_attach(|py| {
        let all: Vec<_> = {
            let callbacks = callbacks.lock().unwrap_or_else(PoisonError::into_inner);
            callbacks.iter().map(|callback| callback.clone_ref(py)).collect()
        };
        for callback in all {
            let callback = callback.bind(py);
            if let Err(error) = tell(py, callback) {
                error.write_unraisable(py, Some(callback));
            }
        }
    });
}
