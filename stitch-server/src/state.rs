//! What every request needs: the registry that serves, swapped whole, and what was settled at start-up.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use arc_swap::{ArcSwap, ArcSwapOption, Guard};
use tokio::sync::{Mutex, MutexGuard, OwnedSemaphorePermit, Semaphore, watch};
use tokio::time::sleep;

use crate::auth::Auth;
use crate::config;
use crate::error::Error;
use crate::gate::Tally;
use crate::hints::Hints;
use crate::limit::Limit;
use crate::model::Model;
use crate::source::watch::News;
use crate::source::{Refused, Registry, Source};
use crate::store::{Sqlite, Store, StoreError};
use crate::sync::Snapshots;
use crate::telemetry::metrics::Metrics;
use crate::writes;

mod settings;

pub(crate) use settings::DAY;
pub use settings::Settings;

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
    auth: Auth,
    store: Arc<dyn Store>,
    /// Why the store does not answer, while it does not.
    store_away: ArcSwapOption<String>,
    /// Whoever has it writes.
    turn: Mutex<()>,
    metrics: Metrics,
    /// Requests that could have been logged so far; counted only where some are.
    loggable: AtomicU64,
    /// Wakes the streams whenever something takes over; true once they are to end.
    bell: watch::Sender<bool>,
    /// Room for more streams.
    streams: Arc<Semaphore>,
    /// How often each SDK key may ask.
    sdk_limit: Limit,
    /// What streams begin with.
    snapshots: Snapshots,
    /// What other servers tell, and are told.
    hints: Hints,
}

/// For streams to tell of what took over.
const UNTIL_TOLD: Duration = Duration::from_millis(100);

/// What one request sees, the same from its beginning to its end.
#[derive(Clone, Debug)]
pub struct Served {
    /// What evaluates.
    pub registry: Arc<Registry>,
    /// All that the store holds.
    pub model: Arc<Model>,
    /// Why a newer one does not serve.
    pub refused: Option<Refused>,
}

impl AppState {
    /// A server's state around a registry that it does not write, with a store that is gone with the process.
    ///
    /// # Errors
    ///
    /// If the system gives no thread.
    pub fn new(settings: Settings, source: Source, registry: Registry, parity: Tally) -> Result<Self, StoreError> {
        let store = Arc::new(Sqlite::in_memory()?);
        Ok(Self::with_store(settings, source, registry, parity, (store, Model::default())))
    }

    /// A server's state around a store and what it holds.
    pub fn with_store(
        settings: Settings,
        source: Source,
        registry: Registry,
        parity: Tally,
        (store, model): (Arc<dyn Store>, Model),
    ) -> Self {
        let served = Served { registry: Arc::new(registry), model: Arc::new(model), refused: None };
        let (bell, _) = watch::channel(false);
        let sdk_limit = Limit::new(settings.sdk_rate_limit);
        let streams = Arc::new(Semaphore::new(settings.streams.min(Semaphore::MAX_PERMITS)));
        Self(Arc::new(Inner {
            auth: Auth::new(&settings),
            settings,
            source,
            parity,
            started: Instant::now(),
            served: ArcSwap::from_pointee(served),
            store,
            store_away: ArcSwapOption::empty(),
            turn: Mutex::new(()),
            metrics: Metrics::default(),
            loggable: AtomicU64::new(0),
            bell,
            streams,
            sdk_limit,
            snapshots: Snapshots::default(),
            hints: Hints::default(),
        }))
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
        match self.0.settings.auth {
            config::Auth::Jwt => &[],
            config::Auth::Dev if self.0.settings.insecure_dev_context => &["dev_mode", "insecure_dev_context"],
            config::Auth::Dev => &["dev_mode"],
        }
    }

    /// What those who log in need.
    pub(crate) fn auth(&self) -> &Auth {
        &self.0.auth
    }

    /// Room for one event stream, if there is any left.
    pub(crate) fn stream(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.0.streams).try_acquire_owned().ok()
    }

    /// Changes whenever something may have taken over; true once streams are to end.
    pub(crate) fn changes(&self) -> watch::Receiver<bool> {
        self.0.bell.subscribe()
    }

    /// Ends the streams that are open, and those to come.
    pub(crate) fn end_streams(&self) {
        self.0.bell.send_replace(true);
    }

    /// How often each SDK key may ask; by their ids.
    pub(crate) fn sdk_limit(&self) -> &Limit {
        &self.0.sdk_limit
    }

    /// What streams begin with.
    pub(crate) fn snapshots(&self) -> &Snapshots {
        &self.0.snapshots
    }

    /// What other servers tell, and are told.
    pub fn hints(&self) -> &Hints {
        &self.0.hints
    }

    /// What outlives the process.
    pub fn store(&self) -> &dyn Store {
        &*self.0.store
    }

    /// Why the store does not answer, while it does not.
    pub fn store_away(&self) -> Option<Arc<String>> {
        self.0.store_away.load_full()
    }

    /// Notes whether the store answers, and says so in the log: once when it goes, once when it is back.
    pub(crate) fn set_store_away(&self, away: Option<String>) {
        let before = self.0.store_away.swap(away.clone().map(Arc::new));
        match away {
            Some(error) if before.as_deref() != Some(&error) => {
                tracing::error!("{error}; evaluations go on with what is known");
            }
            None if before.is_some() => tracing::info!("the store is back"),
            _ => {}
        }
    }

    /// What a caller is told of a store that did not do as it was asked; the health says so too until it does again.
    pub fn away(&self, error: &StoreError) -> Error {
        self.set_store_away(Some(error.to_string()));
        writes::away(error)
    }

    /// Waits until nobody else writes.
    pub(crate) async fn turn(&self) -> MutexGuard<'_, ()> {
        self.0.turn.lock().await
    }

    /// Takes over what was written, with the registry where that changed. Only who has the turn calls this.
    pub(crate) fn take_model(&self, model: Model, registry: Option<Registry>) {
        let model = Arc::new(model);
        let registry = registry.map(Arc::new);
        let before = self.0.served.rcu(|before| {
            let mut served = Served { model: Arc::clone(&model), ..Served::clone(before) };
            if let Some(registry) = &registry {
                served.registry = Arc::clone(registry);
                served.refused = None;
            }
            served
        });
        // Also where the registry is the same: a key may have been revoked.
        self.0.bell.send_modify(|_| ());
        // To let go of a large registry takes a while: that is for once the streams have told of the new one.
        tokio::spawn(async move {
            sleep(UNTIL_TOLD).await;
            tokio::task::spawn_blocking(move || drop(before));
        });
    }

    /// Takes over what the watcher found. Only the watcher calls this, so no other registry can come in between.
    pub(crate) fn take(&self, news: News) {
        let before = self.0.served.load_full();
        let (registry, refused) = match news {
            News::Unchanged if before.refused.is_none() => return,
            News::Unchanged => {
                tracing::info!(revision = before.registry.revision, "the registry is again the one that serves");
                (Arc::clone(&before.registry), None)
            }
            News::Loaded(registry) => {
                let (revision, counts, warnings) = (&registry.revision, registry.counts, registry.warnings.len());
                tracing::info!(revision, flags = counts.flags, warnings, "a new registry serves");
                (Arc::new(*registry), None)
            }
            News::Refused(refused) => {
                let revision = &before.registry.revision;
                tracing::warn!(revision, "the last good registry serves on: {refused}");
                (Arc::clone(&before.registry), Some(refused))
            }
        };
        self.0.served.rcu(|before| Served {
            registry: Arc::clone(&registry),
            model: Arc::clone(&before.model),
            refused: refused.clone(),
        });
        self.0.bell.send_modify(|_| ());
    }
}
