//! `GET /api/flags/health`, `/healthz`, `/readyz`: how the server fares.

use axum::extract::State;
use axum::response::Response;
use humantime::format_rfc3339_millis;
use stitch_core::Diagnostic;

use crate::auth::asker;
use crate::error::Error;
use crate::extract::{AuthSource, Call};
use crate::source::Source;
use crate::state::AppState;
use crate::wire;
use crate::wire::health::{Health, Probe, RedisInfo, RefusedInfo, RegistryInfo, StoreInfo};

const NO_STORE: &str = "no-store";
const NOTHING: &Vec<Diagnostic> = &Vec::new();
/// What stands for a reason.
const UNTOLD: &str = "why is told to those who may read definitions";

/// Tells anybody how it is, and in jwt mode why it is so and where things are to those who may read definitions: those
/// words have names of flags and files in them.
///
/// # Errors
///
/// `unauthorized` with a credential that is not valid.
pub async fn health(State(state): State<AppState>, call: Call) -> Result<Response, Error> {
    let why = asker::may_read(&state, &call.headers).await?;
    let served = state.load();
    let registry = &served.registry;
    let refused = served.refused.as_ref();
    let (store_away, redis_away) = (state.store_away(), state.hints().away());
    let data = Health {
        status: if refused.is_some() || store_away.is_some() || redis_away.is_some() { "degraded" } else { "ready" },
        registry: RegistryInfo {
            source: match state.source() {
                Source::Embedded => "embedded",
                Source::File(_) => "file",
                Source::Store => "store",
            },
            path: state.source().path().filter(|_| why).map(|path| path.display().to_string()),
            revision: &registry.revision,
            loaded_at: format_rfc3339_millis(registry.loaded_at).to_string(),
            counts: &registry.counts,
        },
        refused: refused.map(|refused| RefusedInfo {
            at: format_rfc3339_millis(refused.at).to_string(),
            message: if why { &refused.message } else { UNTOLD },
            more_diagnostics: refused.more_diagnostics,
        }),
        store: StoreInfo {
            revision: served.model.head.revision,
            history: &served.model.head.history,
            away: store_away.as_ref().map(|error| if why { error.as_str() } else { UNTOLD }),
        },
        redis: state.settings().redis.as_ref().map(|(_, channel)| RedisInfo {
            channel,
            away: redis_away.as_ref().map(|error| if why { error.as_str() } else { UNTOLD }),
        }),
        diagnostics: if why { refused.map_or(&registry.warnings, |refused| &refused.diagnostics) } else { NOTHING },
        parity: state.parity(),
        uptime_seconds: state.uptime().as_secs(),
    };
    wire::success(&call.meta, AuthSource::None, NO_STORE, &data)
}

/// Says that the process answers.
///
/// # Errors
///
/// None that the caller could cause.
pub async fn alive(call: Call) -> Result<Response, Error> {
    wire::success(&call.meta, AuthSource::None, NO_STORE, &Probe { status: "ok" })
}

/// Says that evaluations are answered: there is a registry from before the first request on.
///
/// # Errors
///
/// None that the caller could cause.
pub async fn ready(call: Call) -> Result<Response, Error> {
    wire::success(&call.meta, AuthSource::None, NO_STORE, &Probe { status: "ready" })
}
