//! Follows the store: what another process wrote there takes over here, and a store that is away shows in the health.

use std::time::Duration;

use tokio::time::{MissedTickBehavior, interval};

use crate::state::AppState;
use crate::store::StoreError;

const LOOKS_EVERY: Duration = Duration::from_millis(250);

/// Follows for ever.
pub async fn follow(state: AppState) {
    let mut looks = interval(LOOKS_EVERY);
    looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        looks.tick().await;
        let away = look(&state).await.err().map(|error| error.to_string());
        state.set_store_away(away);
    }
}

async fn look(state: &AppState) -> Result<(), StoreError> {
    state.refresh().await?;
    // A full disk can be read: what was away is back only when it can be written to.
    if state.store_away().is_some() { state.store().probe().await } else { Ok(()) }
}
