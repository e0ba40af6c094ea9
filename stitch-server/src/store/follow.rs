//! Follows the store: what another process wrote there takes over here, and a store that is away shows in the health.

use std::time::Duration;

use tokio::time::{MissedTickBehavior, interval};

use crate::state::AppState;

const LOOKS_EVERY: Duration = Duration::from_millis(250);

/// Follows for ever.
pub async fn follow(state: AppState) {
    let mut looks = interval(LOOKS_EVERY);
    looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        looks.tick().await;
        let away = state.refresh().await.err().map(|error| error.to_string());
        // Once when it goes, once when it is back.
        match (&away, state.store_away()) {
            (Some(error), before) if before.as_deref() != Some(error) => {
                tracing::error!("{error}; evaluations go on with what is known");
            }
            (None, Some(_)) => tracing::info!("the store is back"),
            _ => {}
        }
        state.set_store_away(away);
    }
}
