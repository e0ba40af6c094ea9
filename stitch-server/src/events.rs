//! What SDK clients report: read, judged by the metric definitions, stored once, kept for a while.
//!
//! | module | what |
//! |---|---|
//! | `report` | a call's body, as it should look |
//! | `judge` | which of its events count |
//! | [`definitions`] | the metrics that may be reported |
//! | [`retention`] | forgetting what is too old |

use std::time::Duration;

use crate::error::Error;
use crate::state::AppState;

pub mod definitions;
mod judge;
mod report;
pub mod retention;

pub(crate) use definitions::LONGEST_DESCRIPTION;
pub use judge::{Judged, judge};
pub use report::{EVENTS, Report, read};

/// How long an event's id is remembered.
pub const IDS_KEPT: Duration = Duration::from_hours(30 * 24);

/// Takes a call's events, and answers once those that count are durable.
///
/// # Errors
///
/// What `AppState::may_write` refuses; `not_ready` where the store is away: then nothing of the call was stored.
pub async fn take(
    state: &AppState,
    reports: Vec<Report<'_>>,
    env: &str,
    now: i64,
) -> Result<(usize, Vec<String>), Error> {
    state.may_write()?;
    let Judged { accepted, rejected_keys } = judge(reports, &state.load().model.metrics, env, now);
    let count = accepted.len();
    if count > 0 {
        let stored = state.store().append(accepted, IDS_KEPT).await;
        stored.map_err(|error| state.away(&error))?;
    }
    state.metrics().reported(count, rejected_keys.len());
    Ok((count, rejected_keys))
}
