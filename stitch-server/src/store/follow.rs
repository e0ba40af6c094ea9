//! Follows the store: what another process wrote there takes over here, at once if somebody tells of it, and a store that is away shows in the health.

use std::time::Duration;

use tokio::time::sleep;

use crate::state::AppState;
use crate::store::StoreError;

/// A store that is away is looked at more often, so that it is back soon.
const LOOKS_AT_AWAY: Duration = Duration::from_millis(250);

/// Follows for ever.
pub async fn follow(state: AppState) {
    loop {
        let away = look(&state).await.err().map(|error| error.to_string());
        let every = state.store().looks_every();
        let pause = if away.is_some() { every.min(LOOKS_AT_AWAY) } else { every };
        state.set_store_away(away);
        tokio::select! {
            () = sleep(pause) => {}
            () = state.hints().heard() => {}
        }
    }
}

async fn look(state: &AppState) -> Result<(), StoreError> {
    state.refresh().await?;
    // A full disk can be read: what was away is back only when it can be written to.
    if state.store_away().is_some() { state.store().probe().await } else { Ok(()) }
}
