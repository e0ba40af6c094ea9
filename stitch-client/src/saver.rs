//! Saves what serves, beside whoever follows the stream.

use std::sync::Arc;
use std::time::Duration;

use stitch_sync::v1::SyncResponse;
use tokio::sync::watch;
use tokio::task::spawn_blocking;
use tokio::time::sleep;

use crate::cache::{Cache, Saved};
use crate::follow::Held;
use crate::shared::Shared;
use crate::state::State;

/// Changes that come within so long are saved at once.
const PAUSE: Duration = Duration::from_secs(1);

pub(crate) struct Saver {
    pub(crate) cache: Cache,
    pub(crate) shared: Arc<Shared>,
    pub(crate) held: Arc<Held>,
    /// Of what is in the file.
    pub(crate) history: String,
    pub(crate) number: u64,
}

impl Saver {
    /// Until it is told to stop; then what is not saved yet is.
    pub(crate) async fn save_all(mut self, mut stop: watch::Receiver<bool>) {
        let mut state = self.shared.watch();
        loop {
            tokio::select! {
                _ = state.wait_for(|state| self.lacks(state)) => {}
                _ = stop.wait_for(|stop| *stop) => break,
            }
            self.save().await;
            tokio::select! {
                () = sleep(PAUSE) => {}
                _ = stop.wait_for(|stop| *stop) => break,
            }
        }
        if self.lacks(&self.shared.state()) {
            self.save().await;
        }
    }

    fn lacks(&self, state: &State) -> bool {
        state.number != 0 && (&state.history, state.number) != (&self.history, self.number)
    }

    async fn save(&mut self) {
        let Some(snapshot) = self.snapshot() else { return };
        let (cache, history, number) = (self.cache.clone(), snapshot.history_id.clone(), snapshot.sequence_number);
        match spawn_blocking(move || cache.save(&snapshot)).await {
            Ok(Ok(Saved::Written | Saved::Known)) => (self.history, self.number) = (history, number),
            Ok(Err(error)) => self.shared.failed(format!("the cache file cannot be written: {error}")),
            // Tried again after the pause.
            Ok(Ok(Saved::Busy)) | Err(_) => {}
        }
    }

    /// What is held, if it is what serves.
    fn snapshot(&self) -> Option<SyncResponse> {
        let served = self.shared.load();
        let held = self.held.lock();
        (held.history() == served.history && held.number() == served.number).then(|| held.to_snapshot())
    }
}
