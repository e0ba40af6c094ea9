//! Forgets events that are too old, little by little: a write that comes meanwhile waits for one small piece at most.

use std::time::Duration;

use tokio::time::{MissedTickBehavior, interval, sleep};

use super::IDS_KEPT;
use crate::state::AppState;
use crate::store::{Kept, StoreError};

const LOOKS_EVERY: Duration = Duration::from_hours(1);
/// Rows that are removed at once: some milliseconds of work.
const PIECE: usize = 1_000;
/// Between two pieces, for whoever else writes.
const PAUSE: Duration = Duration::from_millis(20);

/// Forgets for ever.
pub async fn keep(state: AppState) {
    let mut looks = interval(LOOKS_EVERY);
    looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        looks.tick().await;
        match forget(&state).await {
            Ok(0) => {}
            Ok(rows) => tracing::info!(rows, "events and their ids were too old to be kept"),
            // It is tried again; that the store is away is told by whoever follows it.
            Err(error) => tracing::warn!("old events are not forgotten: {error}"),
        }
    }
}

async fn forget(state: &AppState) -> Result<usize, StoreError> {
    let kept = Kept { events: state.settings().event_retention, ids: IDS_KEPT };
    let mut forgotten = 0;
    loop {
        match state.store().forget(kept, PIECE).await? {
            0 => return Ok(forgotten),
            rows => forgotten += rows,
        }
        sleep(PAUSE).await;
    }
}
