//! `stitch.Client`: definitions that a server keeps up to date.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use pyo3::exceptions::{PyOverflowError, PyRuntimeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyFloat, PyInt};
use stitch_client::{Client, Event, EventValue, NotRecorded, Status};

use crate::ask::{ForWhom, Home, Question, evaluate_all};
use crate::asking::asking;
use crate::context::{Given, instant};
use crate::errors::{At, flag_key, wrong_type};
use crate::evaluation::PyEvaluation;
use crate::explanation::PyExplanation;
use crate::live_flag::PyLiveFlag;
use crate::value::Truth;

mod connection;
mod told;

pub(crate) use connection::Connection;
pub(crate) use connection::{_end_all, _forked};

/// At most so long Python is not asked whether a signal came.
const SLICE: Duration = Duration::from_millis(50);

/// Flags that a server keeps up to date: evaluated here, in memory, whatever becomes of the server.
///
/// Nothing is started before the first use; a process that was forked starts a client of its own. `url` is where the
/// server streams definitions, `events_url` where it takes events, `cache_file` what is started from when it is away.
/// Contexts without `env` and `now` are of the key's environment and of this moment.
///
/// >>> import stitch
/// >>> with stitch.Client("http://127.0.0.1:1", "an-sdk-key") as client:  # nobody is there
/// ...     client.wait_ready(timeout=0.01)
/// ...     client.bool("new-checkout", user_id="U-1", default=True)
/// False
/// True
#[pyclass(frozen, name = "Client", module = "stitch")]
pub(crate) struct PyClient {
    connection: Arc<Connection>,
}

impl PyClient {
    #[inline]
    fn question<'py, R>(
        &self,
        py: Python<'py>,
        flag_key: &Bound<'py, PyAny>,
        ask: impl FnOnce(Question<'_, 'py>) -> PyResult<R>,
    ) -> PyResult<R> {
        let serving = self.connection.serving(py)?;
        Question::served(&serving, py, crate::errors::flag_key(flag_key)?, ask)
    }
}

asking! {
    PyClient [flag_key "($self, flag_key, context=None, default=None, **fields)"]
    "($self, flag_key, context=None, **fields)" {
    #[new]
    #[pyo3(signature = (url, sdk_key, *, cache_file=None, events_url=None, ca_certificate=None, silence=None, backoff=None, event_queue=None, event_pause=None))]
    #[expect(clippy::too_many_arguments, reason = "what a client can be told")]
    fn new(
        url: &str,
        sdk_key: &str,
        cache_file: Option<PathBuf>,
        events_url: Option<&str>,
        ca_certificate: Option<Vec<u8>>,
        silence: Option<f64>,
        backoff: Option<(f64, f64)>,
        event_queue: Option<usize>,
        event_pause: Option<f64>,
    ) -> PyResult<Self> {
        let mut builder = Client::builder(url, sdk_key).name("stitch-py");
        if let Some(path) = cache_file {
            builder = builder.cache_file(path);
        }
        if let Some(url) = events_url {
            builder = builder.events_url(url);
        }
        if let Some(pem) = ca_certificate {
            builder = builder.ca_certificate(pem);
        }
        if let Some(silence) = silence {
            builder = builder.silence(seconds("silence", silence)?);
        }
        if let Some((first, longest)) = backoff {
            builder = builder.backoff(seconds("backoff", first)?, seconds("backoff", longest)?);
        }
        if let Some(events) = event_queue {
            builder = builder.event_queue(events);
        }
        if let Some(pause) = event_pause {
            builder = builder.event_pause(seconds("event_pause", pause)?);
        }
        builder.check().map_err(|error| PyValueError::new_err(error.to_string()))?;
        Ok(Self { connection: Connection::new(builder, url) })
    }

    /// Waits until the newest definitions serve, no longer than `timeout` seconds; whether they do. Other threads run
    /// meanwhile.
    #[pyo3(signature = (timeout=10.0))]
    fn wait_ready(&self, py: Python<'_>, timeout: f64) -> PyResult<bool> {
        let patience = seconds("timeout", timeout)?;
        let begun = Instant::now();
        let client = self.connection.client(py)?;
        loop {
            let left = patience.saturating_sub(begun.elapsed());
            let status = py.detach(|| client.wait_ready(left.min(SLICE)));
            py.check_signals()?;
            if status == Status::Ready || left.is_zero() || self.connection.has_ended() {
                return Ok(status == Status::Ready);
            }
        }
    }

    /// `wait_ready` for asyncio: `await client.ready(timeout=5)`.
    #[pyo3(signature = (timeout=10.0))]
    fn ready<'py>(slf: &Bound<'py, Self>, timeout: f64) -> PyResult<Bound<'py, PyAny>> {
        seconds("timeout", timeout)?;
        slf.py().import("stitch._client")?.getattr("ready")?.call1((slf, timeout))
    }

    /// How it fares: a `State`. Starts nothing.
    #[getter]
    fn state<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        told::state(py, self.connection.state(py)?.as_ref())
    }

    /// What became of events so far: an `EventCounts`. Starts nothing.
    #[getter]
    fn events<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        told::events(py, &self.connection.events())
    }

    /// A handle on a flag that follows whatever serves.
    #[pyo3(signature = (flag_key))]
    fn flag(&self, flag_key: &Bound<'_, PyAny>) -> PyResult<PyLiveFlag> {
        Ok(PyLiveFlag::new(Arc::clone(&self.connection), self::flag_key(flag_key)?))
    }

    /// The keys of all flags, in the order of the document; those set aside come last.
    fn flag_keys(&self, py: Python<'_>) -> PyResult<Vec<String>> {
        Ok(self.connection.serving(py)?.flag_keys().map(str::to_owned).collect())
    }

    fn __contains__(&self, flag_key: &Bound<'_, PyAny>) -> PyResult<bool> {
        let key = self::flag_key(flag_key)?;
        Ok(self.connection.serving(flag_key.py())?.flag(key).is_some())
    }

    /// The answers for all flags, of one moment.
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
        let serving = self.connection.serving(py)?;
        let whom = ForWhom::new(context.as_deref(), [user_id, kind, tenant_id, tier, env, role_key, attributes, overrides, approvals, now]);
        evaluate_all(py, &serving, Some(&Home(&serving)), &whom)
    }

    /// Calls `listener(flags)` whenever other definitions have taken over, with the keys of the flags that may answer
    /// otherwise now; gives `listener` back, so that this is a decorator too. It is called on a thread of the client's.
    #[pyo3(signature = (listener))]
    fn on_change<'py>(&self, listener: Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        self.connection.on_change(callable(&listener)?);
        Ok(listener)
    }

    /// Calls `listener(state)` whenever the status is another; otherwise as `on_change`.
    #[pyo3(signature = (listener))]
    fn on_status<'py>(&self, listener: Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        self.connection.on_status(callable(&listener)?);
        Ok(listener)
    }

    /// Records that something happened: how much of a metric, and to whom. It is sent soon, and counted once; False
    /// where the queue is full, which `events.dropped` counts.
    #[pyo3(signature = (metric_key, context_key, value, *, context_type=None, timestamp=None, event_id=None), text_signature = "($self, metric_key, context_key, value, *, context_type='user', timestamp=None, event_id=None)")]
    #[expect(clippy::too_many_arguments, reason = "the fields of an event")]
    fn track(
        &self,
        py: Python<'_>,
        metric_key: &str,
        context_key: &str,
        value: &Bound<'_, PyAny>,
        context_type: Option<&str>,
        timestamp: Option<&Bound<'_, PyAny>>,
        event_id: Option<&str>,
    ) -> PyResult<bool> {
        let mut event = Event::new(metric_key, context_key, event_value(value)?);
        if let Some(context_type) = context_type {
            event = event.context_type(context_type);
        }
        if let Some(timestamp) = timestamp {
            let milliseconds = instant::read(timestamp, &At::Argument("timestamp"))?;
            let since = Duration::from_millis(milliseconds.unsigned_abs());
            let at = if milliseconds < 0 { SystemTime::UNIX_EPOCH.checked_sub(since) } else { SystemTime::UNIX_EPOCH.checked_add(since) };
            event = event.at(at.ok_or_else(|| PyValueError::new_err("timestamp: is beyond the calendar"))?);
        }
        if let Some(event_id) = event_id {
            event = event.id(event_id);
        }
        match self.connection.client(py)?.record(event) {
            Ok(()) => Ok(true),
            Err(NotRecorded::Full) => Ok(false),
            Err(error @ NotRecorded::Unfit(_)) => Err(PyValueError::new_err(error.to_string())),
            Err(error) => Err(PyRuntimeError::new_err(error.to_string())),
        }
    }

    /// Sends what was recorded, and waits no longer than `timeout` seconds for the server to have it; whether it has.
    #[pyo3(signature = (timeout=10.0))]
    fn flush(&self, py: Python<'_>, timeout: f64) -> PyResult<bool> {
        let patience = seconds("timeout", timeout)?;
        Ok(self.connection.flush(py, patience))
    }

    /// Ends the client: sends what was recorded, for `timeout` seconds at most, and saves what serves, which goes on to
    /// answer. Twice is once.
    #[pyo3(signature = (timeout=5.0))]
    fn close(&self, py: Python<'_>, timeout: f64) -> PyResult<()> {
        let patience = seconds("timeout", timeout)?;
        self.connection.end(py, patience);
        Ok(())
    }

    fn __enter__(slf: Bound<'_, Self>) -> Bound<'_, Self> {
        slf
    }

    #[pyo3(signature = (*_arguments))]
    fn __exit__(&self, py: Python<'_>, _arguments: &Bound<'_, pyo3::types::PyTuple>) {
        self.connection.end(py, Duration::from_secs(5));
    }

    fn __repr__(&self) -> String {
        self.connection.describe()
    }
}}

fn seconds(name: &str, seconds: f64) -> PyResult<Duration> {
    let wrong = |_| PyValueError::new_err(format!("{name}: must be a number of seconds, 0 or more"));
    Duration::try_from_secs_f64(seconds).map_err(wrong)
}

fn callable(listener: &Bound<'_, PyAny>) -> PyResult<Py<PyAny>> {
    if listener.is_callable() {
        return Ok(listener.clone().unbind());
    }
    Err(wrong_type("listener", "something to call", listener))
}

fn event_value(value: &Bound<'_, PyAny>) -> PyResult<EventValue> {
    if let Ok(boolean) = value.cast::<PyBool>() {
        return Ok(EventValue::Boolean(boolean.is_true()));
    }
    if let Ok(integer) = value.cast::<PyInt>() {
        let beyond = |_| PyOverflowError::new_err("value: is an integer beyond 64 bits");
        return integer.extract().map(EventValue::Integer).map_err(beyond);
    }
    let double = value.cast::<PyFloat>().map_err(|_| wrong_type("value", "a bool, an int or a float", value))?;
    Ok(EventValue::Double(double.value()))
}
