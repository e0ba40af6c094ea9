//! A client of this very process: started at its first use, and once more in a process that was forked.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use arc_swap::{ArcSwapOption, Guard};
use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use stitch_client::{Builder, Client, EventCounts, Serving, State};

use super::told::Callbacks;

/// How often this process was forked off another one. Threads do not survive that, and what they had locked stays so.
static FORKS: AtomicU32 = AtomicU32::new(0);

/// Those to be ended before the interpreter is.
static ALL: Mutex<Vec<Weak<Connection>>> = Mutex::new(Vec::new());

/// After the interpreter's own work for a process that was forked.
#[pyfunction]
pub(crate) fn _forked() {
    FORKS.fetch_add(1, Ordering::Relaxed);
}

/// Before the interpreter ends: threads that want it then would never come back.
#[pyfunction]
pub(crate) fn _end_all(py: Python<'_>) {
    let all: Vec<_> = lock(&ALL).drain(..).filter_map(|connection| connection.upgrade()).collect();
    for connection in all {
        connection.end(py, Duration::from_secs(2));
    }
}

/// What a `stitch.Client` and its handles share.
pub(crate) struct Connection {
    builder: Builder,
    url: String,
    live: ArcSwapOption<Live>,
    callbacks: Arc<Callbacks>,
    ended: AtomicBool,
}

/// A client, and the process that it lives in.
struct Live {
    client: Client,
    forks: u32,
    /// Whether it tells the callbacks.
    tells: AtomicBool,
}

impl Live {
    fn is_here(&self) -> bool {
        self.forks == FORKS.load(Ordering::Relaxed)
    }
}

impl Drop for Live {
    fn drop(&mut self) {
        if !self.is_here() {
            // Its threads are the parent's: it is not ended here, but left as it is.
            std::mem::forget(self.client.clone());
        }
    }
}

impl Connection {
    pub(super) fn new(builder: Builder, url: &str) -> Arc<Self> {
        let connection = Arc::new(Self {
            builder,
            url: url.to_owned(),
            live: ArcSwapOption::empty(),
            callbacks: Arc::default(),
            ended: AtomicBool::new(false),
        });
        let mut all = lock(&ALL);
        all.retain(|connection| connection.strong_count() > 0);
        all.push(Arc::downgrade(&connection));
        connection
    }

    /// What serves; never waits, save for the first use.
    #[inline]
    pub(crate) fn serving(&self, py: Python<'_>) -> PyResult<Serving> {
        let live = self.live.load();
        match &*live {
            Some(live) if live.is_here() || self.has_ended() => Ok(live.client.engine()),
            _ => Ok(self.start(py)?.client.engine()),
        }
    }

    /// The client of this process.
    pub(super) fn client(&self, py: Python<'_>) -> PyResult<Client> {
        match self.here() {
            Some(live) => Ok(live.client.clone()),
            None => Ok(self.start(py)?.client.clone()),
        }
    }

    pub(super) fn has_ended(&self) -> bool {
        self.ended.load(Ordering::Relaxed)
    }

    /// Whatever was started in this process.
    fn here(&self) -> Option<Arc<Live>> {
        self.live.load_full().filter(|live| live.is_here())
    }

    /// No lock is taken, since whoever has it may not survive a fork; of two that start at once, one is dropped again.
    #[cold]
    fn start(&self, py: Python<'_>) -> PyResult<Arc<Live>> {
        if self.has_ended() {
            return Err(PyRuntimeError::new_err("the client is closed"));
        }
        let before = self.live.load_full();
        let mut builder = self.builder.clone();
        if let Some(parent) = &before {
            builder = builder.starting_with(parent.client.engine());
        }
        let client = py.detach(|| builder.connect()).map_err(|error| PyRuntimeError::new_err(error.to_string()))?;
        let live = Arc::new(Live { client, forks: FORKS.load(Ordering::Relaxed), tells: AtomicBool::new(false) });
        let found = self.live.compare_and_swap(&before, Some(Arc::clone(&live)));
        let won = match (&*found, &before) {
            (None, None) => true,
            (Some(found), Some(before)) => Arc::ptr_eq(found, before),
            _ => false,
        };
        let live = match Guard::into_inner(found) {
            Some(other) if !won => other,
            _ => live,
        };
        self.tell(&live);
        Ok(live)
    }

    /// Lets a client tell the callbacks, once there are any.
    fn tell(&self, live: &Live) {
        if self.callbacks.are_there() && !live.tells.swap(true, Ordering::Relaxed) {
            let (change, status) = (Arc::clone(&self.callbacks), Arc::clone(&self.callbacks));
            live.client.on_change(move |told| change.changed(told));
            live.client.on_status(move |state| status.entered(state));
        }
    }

    pub(super) fn on_change(&self, callback: Py<PyAny>) {
        self.callbacks.on_change(callback);
        if let Some(live) = self.here() {
            self.tell(&live);
        }
    }

    pub(super) fn on_status(&self, callback: Py<PyAny>) {
        self.callbacks.on_status(callback);
        if let Some(live) = self.here() {
            self.tell(&live);
        }
    }

    /// Nothing before the first use.
    pub(super) fn state(&self, py: Python<'_>) -> PyResult<Option<State>> {
        if self.live.load().is_none() || (self.has_ended() && self.here().is_none()) {
            return Ok(None);
        }
        Ok(Some(self.client(py)?.state()))
    }

    pub(super) fn events(&self) -> EventCounts {
        self.here().map_or_else(EventCounts::default, |live| live.client.events())
    }

    pub(super) fn flush(&self, py: Python<'_>, patience: Duration) -> bool {
        self.here().is_none_or(|live| py.detach(|| live.client.flush(patience)))
    }

    pub(super) fn end(&self, py: Python<'_>, patience: Duration) {
        self.ended.store(true, Ordering::Relaxed);
        if let Some(live) = self.here() {
            py.detach(|| live.client.shutdown(patience));
        }
    }

    pub(crate) fn describe(&self) -> String {
        let state = self.here().map(|live| live.client.state());
        let state = state.map_or_else(
            || "not started".to_owned(),
            |state| format!("{}, number {}", state.status.as_str(), state.number),
        );
        format!("<stitch.Client of {}: {state}>", self.url)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
