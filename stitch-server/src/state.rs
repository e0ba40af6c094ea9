//! What every request needs: the registry that serves, swapped whole, and what was settled at start-up.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use arc_swap::{ArcSwap, Guard};
use axum::http::HeaderValue;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};

use crate::gate::Tally;
use crate::source::watch::News;
use crate::source::{Refused, Registry, Source};
use crate::telemetry::metrics::Metrics;

/// Shared by all requests; cloning shares it.
#[derive(Clone, Debug)]
pub struct AppState(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    settings: Settings,
    source: Source,
    parity: Tally,
    started: Instant,
    served: ArcSwap<Served>,
    metrics: Metrics,
    /// Requests that could have been logged so far; counted only where some are.
    loggable: AtomicU64,
    /// Wakes the streams whenever a registry takes over; true once they are to end.
    bell: watch::Sender<bool>,
    /// Room for more streams.
    streams: Arc<Semaphore>,
}

/// What the operator settled.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Serve dev contexts beyond one's own machine.
    pub insecure_dev_context: bool,
    /// Bytes that a body may have.
    pub body_limit: usize,
    /// Origins whose pages may read health, eval and OFREP, as browsers write them.
    pub cors_origins: Vec<HeaderValue>,
    /// Event streams that may be open at once.
    pub streams: usize,
    /// One request of so many has a line in the log; 0 means none.
    pub access_log: u64,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            insecure_dev_context: false,
            body_limit: 1 << 20,
            cors_origins: Vec::new(),
            streams: 1_000,
            access_log: 0,
        }
    }
}

/// What one request sees of the registry, the same from its beginning to its end.
#[derive(Debug)]
pub struct Served {
    /// What evaluates.
    pub registry: Arc<Registry>,
    /// Why a newer one does not serve.
    pub refused: Option<Refused>,
}

impl AppState {
    /// A server's state around its first registry.
    pub fn new(settings: Settings, source: Source, registry: Registry, parity: Tally) -> Self {
        let served = ArcSwap::from_pointee(Served { registry: Arc::new(registry), refused: None });
        let (bell, _) = watch::channel(false);
        let streams = Arc::new(Semaphore::new(settings.streams.min(Semaphore::MAX_PERMITS)));
        let (started, metrics, loggable) = (Instant::now(), Metrics::default(), AtomicU64::new(0));
        Self(Arc::new(Inner { settings, source, parity, started, served, metrics, loggable, bell, streams }))
    }

    /// The registry; once a request.
    pub fn load(&self) -> Guard<Arc<Served>> {
        self.0.served.load()
    }

    /// The registry, for longer than a request.
    pub(crate) fn load_full(&self) -> Arc<Served> {
        self.0.served.load_full()
    }

    /// What the operator settled.
    pub fn settings(&self) -> &Settings {
        &self.0.settings
    }

    /// Where the registry comes from.
    pub fn source(&self) -> &Source {
        &self.0.source
    }

    /// The nineteen cases at start-up.
    pub fn parity(&self) -> Tally {
        self.0.parity
    }

    /// What is counted.
    pub fn metrics(&self) -> &Metrics {
        &self.0.metrics
    }

    /// Whether this request is one that the log has a line of.
    pub(crate) fn samples(&self) -> bool {
        let every = self.0.settings.access_log;
        every > 0 && self.0.loggable.fetch_add(1, Ordering::Relaxed).is_multiple_of(every)
    }

    /// Since the state was made.
    pub fn uptime(&self) -> Duration {
        self.0.started.elapsed()
    }

    /// What every answer warns of.
    pub fn warnings(&self) -> &'static [&'static str] {
        if self.0.settings.insecure_dev_context { &["dev_mode", "insecure_dev_context"] } else { &["dev_mode"] }
    }

    /// Room for one event stream, if there is any left.
    pub(crate) fn stream(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.0.streams).try_acquire_owned().ok()
    }

    /// Changes whenever a registry may have taken over; true once streams are to end.
    pub(crate) fn changes(&self) -> watch::Receiver<bool> {
        self.0.bell.subscribe()
    }

    /// Ends the streams that are open, and those to come.
    pub(crate) fn end_streams(&self) {
        self.0.bell.send_replace(true);
    }

    /// Takes over what the watcher found. Only the watcher calls this, so nothing can come in between.
    pub(crate) fn take(&self, news: News) {
        let before = self.0.served.load_full();
        let served = match news {
            News::Unchanged if before.refused.is_none() => return,
            News::Unchanged => {
                tracing::info!(revision = before.registry.revision, "the registry is again the one that serves");
                Served { registry: Arc::clone(&before.registry), refused: None }
            }
            News::Loaded(registry) => {
                let (revision, counts, warnings) = (&registry.revision, registry.counts, registry.warnings.len());
                tracing::info!(revision, flags = counts.flags, warnings, "a new registry serves");
                Served { registry: Arc::new(*registry), refused: None }
            }
            News::Refused(refused) => {
                let revision = &before.registry.revision;
                tracing::warn!(revision, "the last good registry serves on: {refused}");
                Served { registry: Arc::clone(&before.registry), refused: Some(refused) }
            }
        };
        self.0.served.store(Arc::new(served));
        self.0.bell.send_modify(|_| ());
    }
}
