//! `/v1/metrics`: the metrics that SDK clients may report.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::audit::Action;
use crate::auth::Bearer;
use crate::caller::{Caller, Permission};
use crate::error::{Code, Error};
use crate::events::LONGEST_DESCRIPTION;
use crate::extract::{self, Call, Key, Query};
use crate::model::{Metric, Object};
use crate::openapi::schemas;
use crate::state::AppState;
use crate::wire;
use crate::writes::Draft;

/// A metric as answers write it.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Metric")]
pub(crate) struct Told<'a> {
    key: &'a str,
    #[serde(flatten)]
    metric: &'a Metric,
    revision: u64,
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Metrics", deny_unknown_fields)]
pub(crate) struct List<'a> {
    metrics: Vec<Told<'a>>,
}

/// A metric to be defined.
#[derive(Deserialize, JsonSchema)]
#[schemars(rename = "NewMetric", deny_unknown_fields)]
pub(crate) struct Asked {
    #[schemars(with = "schemas::FlagKey")]
    key: String,
    #[serde(flatten)]
    metric: Metric,
}

/// A metric described anew.
#[derive(Deserialize, JsonSchema)]
#[schemars(rename = "MetricChange", deny_unknown_fields, extend("required" = ["revision"]))]
pub(crate) struct Change {
    #[schemars(length(max = LONGEST_DESCRIPTION))]
    description: Option<String>,
    #[serde(default, deserialize_with = "extract::revision")]
    #[schemars(with = "schemas::Revision")]
    revision: Option<u64>,
}

fn told<'a>(key: &'a str, object: &'a Arc<Object<Metric>>) -> Told<'a> {
    Told { key, metric: &object.body, revision: object.revision }
}

/// Lists the metrics.
///
/// # Errors
///
/// If the caller may not read events in any environment.
pub async fn list(State(state): State<AppState>, Bearer(caller): Bearer) -> Result<Response, Error> {
    may_read(&caller)?;
    let model = Arc::clone(&state.load().model);
    let metrics = model.metrics.iter().map(|(key, object)| told(key, object)).collect();
    wire::plain(StatusCode::OK, &List { metrics })
}

/// Tells of one metric.
///
/// # Errors
///
/// If there is no such metric, or the caller may not read events in any environment.
pub async fn read(State(state): State<AppState>, Bearer(caller): Bearer, Key(key): Key) -> Result<Response, Error> {
    may_read(&caller)?;
    let model = Arc::clone(&state.load().model);
    let object = model.metrics.get(&key).ok_or_else(|| Error::new(Code::NotFound, "there is no metric of this key"))?;
    wire::plain(StatusCode::OK, &told(&key, object))
}

/// Defines a metric.
///
/// # Errors
///
/// If the body is not as the contract says, there is one of this key, or the caller may not.
pub async fn create(State(state): State<AppState>, Bearer(caller): Bearer, call: Call) -> Result<Response, Error> {
    let Asked { key, metric } = extract::typed(&call.headers, &call.body, &["key", "type", "description"])?;
    let action = Action::new("metric.create", &*key);
    let of = key.clone();
    let made = state.write(caller, action, move |draft| draft.create_metric(&of, &metric)).await?;
    wire::plain(StatusCode::CREATED, &told(&key, &made))
}

/// Describes a metric anew.
///
/// # Errors
///
/// If the body is not as the contract says, somebody else was faster, or the caller may not.
pub async fn update(
    State(state): State<AppState>,
    Bearer(caller): Bearer,
    Key(key): Key,
    call: Call,
) -> Result<Response, Error> {
    let Change { description, revision } = extract::typed(&call.headers, &call.body, &["description", "revision"])?;
    let action = Action::new("metric.update", &*key);
    let of = key.clone();
    let describe = move |draft: &mut Draft| draft.describe_metric(&of, description.clone(), revision);
    let written = state.write(caller, action, describe).await?;
    wire::plain(StatusCode::OK, &told(&key, &written))
}

/// Removes a metric; `?revision=` says which one was seen.
///
/// # Errors
///
/// If there is no such metric, somebody else was faster, or the caller may not.
pub async fn remove(
    State(state): State<AppState>,
    Bearer(caller): Bearer,
    Key(key): Key,
    call: Call,
) -> Result<Response, Error> {
    let query = Query::read(&call.uri, &["revision"], false)?;
    let revision =
        query.get("revision").map(|text| text.parse().map_err(|_| Error::invalid("`revision` is no whole number")));
    let revision = revision.transpose()?;
    let action = Action::new("metric.remove", &*key);
    state.write(caller, action, move |draft| draft.remove_metric(&key, revision)).await?;
    wire::plain(StatusCode::OK, &serde_json::json!({}))
}

/// A metric's definition belongs to no environment: whoever may read events anywhere may read it.
fn may_read(caller: &Caller) -> Result<(), Error> {
    let anywhere = caller.grants.iter().any(|grant| grant.role.allows(Permission::EventsRead));
    if anywhere { Ok(()) } else { caller.require(Permission::EventsRead, None) }
}
