//! What is known of an issuer's keys, and when to ask for them again.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use arc_swap::ArcSwap;
use tokio::sync::Mutex;

use super::fetch::{self, Key};

/// Keys that were fetched longer ago than this are asked for again beside their use: one that was withdrawn must not
/// count for ever, and one that is known counts while its issuer is away.
const STALE_AFTER: Duration = Duration::from_mins(5);

/// The keys of one issuer.
#[derive(Debug)]
pub(super) struct Keys(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    address: String,
    refetch_after: Duration,
    known: ArcSwap<HashMap<String, Key>>,
    /// When they were last asked for; whoever has it asks.
    asked: Mutex<Option<Instant>>,
}

impl Keys {
    pub(super) fn new(address: String, refetch_after: Duration) -> Self {
        Self(Arc::new(Inner { address, refetch_after, known: ArcSwap::default(), asked: Mutex::new(None) }))
    }

    /// The key of that id: a known one at once, an unknown one if the issuer, asked again, has it.
    pub(super) async fn of(&self, id: &str) -> Option<Key> {
        let known = self.0.known.load().get(id).cloned();
        match known {
            None => self.0.fetched(id).await,
            Some(key) => {
                self.0.refresh();
                Some(key)
            }
        }
    }
}

impl Inner {
    /// Asks, once for all who wait, and not again for a while.
    async fn fetched(&self, id: &str) -> Option<Key> {
        let mut asked = self.asked.lock().await;
        // Whoever had the turn before may have brought it.
        if let Some(key) = self.known.load().get(id) {
            return Some(key.clone());
        }
        if asked.is_none_or(|asked| asked.elapsed() >= self.refetch_after) {
            *asked = Some(Instant::now());
            self.ask().await;
        }
        self.known.load().get(id).cloned()
    }

    /// Asks in the background, if what is known is old and nobody asks already.
    fn refresh(self: &Arc<Self>) {
        let stale = |asked: &Option<Instant>| asked.is_none_or(|asked| asked.elapsed() >= STALE_AFTER);
        let Ok(asked) = self.asked.try_lock() else { return };
        if !stale(&asked) {
            return;
        }
        drop(asked);
        let keys = Arc::clone(self);
        tokio::spawn(async move {
            let mut asked = keys.asked.lock().await;
            if stale(&asked) {
                *asked = Some(Instant::now());
                keys.ask().await;
            }
        });
    }

    async fn ask(&self) {
        let address = self.address.clone();
        let fetched = tokio::task::spawn_blocking(move || fetch::keys(&address)).await;
        match fetched.unwrap_or_else(|_| Err("fetching them failed".to_owned())) {
            Ok(keys) => {
                tracing::info!(address = self.address, keys = keys.len(), "an issuer's keys were fetched");
                self.known.store(Arc::new(keys));
            }
            Err(error) => tracing::warn!(address = self.address, "an issuer's keys cannot be had: {error}"),
        }
    }
}
