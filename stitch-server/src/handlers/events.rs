//! `/v1/environments/{env}/events`: what SDK clients report, and what was stored of it.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use schemars::JsonSchema;
use serde::Serialize;
use stitch_core::Json;

use crate::auth::Bearer;
use crate::caller::Permission;
use crate::error::Error;
use crate::extract::{self, Call, Env, Query};
use crate::instant::{self, of_the_clock};
use crate::openapi::schemas;
use crate::sdk::Client;
use crate::state::AppState;
use crate::store::StoredEvent;
use crate::{events, wire};

/// Events of one answer.
pub(crate) const PAGE: usize = 1_000;

/// What became of the events: accepted and rejected are all that were sent.
#[derive(Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub(crate) struct Taken {
    accepted_count: usize,
    rejected_keys: Vec<String>,
}

/// Takes events, and answers once those that count are durable.
///
/// # Errors
///
/// If the request is not as the contract says, or the store is away; then nothing of it was stored.
pub async fn report(State(state): State<AppState>, client: Client, call: Call) -> Result<Response, Error> {
    let reports = events::read(extract::json(&call.headers, &call.body)?)?;
    let (accepted_count, rejected_keys) = events::take(&state, reports, &client.env, of_the_clock()).await?;
    wire::plain(StatusCode::OK, &Taken { accepted_count, rejected_keys })
}

/// Events in the order in which they were stored.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "EventPage", deny_unknown_fields)]
pub(crate) struct Page<'a> {
    events: Vec<Told<'a>>,
    /// Where to go on: `after` of the next call.
    next: i64,
}

/// What happened to somebody.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Event", deny_unknown_fields)]
pub(crate) struct Told<'a> {
    cursor: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    event_id: Option<&'a str>,
    metric_key: &'a str,
    context_type: &'a str,
    context_key: &'a str,
    #[schemars(with = "schemas::Anything")]
    value: Json<'a>,
    #[schemars(extend("format" = "date-time"))]
    timestamp: String,
    #[schemars(extend("format" = "date-time"))]
    received_at: String,
}

/// Lists what was stored, in order.
///
/// # Errors
///
/// If the caller may not read events of the environment, or the store is away.
pub async fn list(
    State(state): State<AppState>,
    Bearer(caller): Bearer,
    Env(env): Env,
    call: Call,
) -> Result<Response, Error> {
    caller.require(Permission::EventsRead, Some(&env))?;
    let query = Query::read(&call.uri, &["after", "limit"], false)?;
    let after = number(&query, "after", 0, i64::MAX)?.unwrap_or(0);
    let page = i64::try_from(PAGE).unwrap_or(i64::MAX);
    let limit = number(&query, "limit", 1, page)?.and_then(|limit| usize::try_from(limit).ok()).unwrap_or(PAGE);
    let stored = state.store().events(env, after, limit).await.map_err(|error| state.away(&error))?;
    let events = stored.iter().map(told).collect::<Result<_, _>>()?;
    let next = stored.last().map_or(after, |last| last.cursor);
    wire::plain(StatusCode::OK, &Page { events, next })
}

fn told(stored: &StoredEvent) -> Result<Told<'_>, Error> {
    let event = &stored.event;
    Ok(Told {
        cursor: stored.cursor,
        event_id: event.event_id.as_deref(),
        metric_key: &event.metric_key,
        context_type: &event.context_type,
        context_key: &event.context_key,
        value: Json::parse(&event.value).map_err(|_| Error::internal())?,
        timestamp: instant::text(event.timestamp.unwrap_or(stored.received_at)),
        received_at: instant::text(stored.received_at),
    })
}

fn number(query: &Query<'_>, name: &str, least: i64, most: i64) -> Result<Option<i64>, Error> {
    let Some(text) = query.get(name) else { return Ok(None) };
    match text.parse() {
        Ok(number) if (least..=most).contains(&number) => Ok(Some(number)),
        _ => Err(Error::invalid(format!("`{name}` is no number from {least} to {most}"))),
    }
}
