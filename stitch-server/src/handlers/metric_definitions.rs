//! `/v1/metrics`: the metrics that SDK clients may report.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::Response;
use serde::Serialize;
use stitch_core::Json;

use crate::audit::Action;
use crate::auth::Bearer;
use crate::caller::Permission;
use crate::error::{Code, Detail, Error, Place};
use crate::extract::{self, Key, Query};
use crate::model::{Metric, MetricType, Object};
use crate::state::AppState;
use crate::wire;

/// A metric as answers write it.
#[derive(Serialize)]
struct Told<'a> {
    key: &'a str,
    #[serde(flatten)]
    metric: &'a Metric,
    revision: u64,
}

#[derive(Serialize)]
struct List<'a> {
    metrics: Vec<Told<'a>>,
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
pub async fn create(
    State(state): State<AppState>,
    Bearer(caller): Bearer,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Error> {
    let body = Body::read(extract::json(&headers, &body)?, &["key", "type", "description"])?;
    let key = body.text("key")?.ok_or_else(|| Error::invalid("there is no `key`"))?.to_owned();
    let metric = body.metric()?;
    let action = Action::new("metric.create", &*key);
    let made = {
        let key = key.clone();
        state.write(caller, action, move |draft| draft.create_metric(&key, &metric)).await?
    };
    wire::plain(StatusCode::CREATED, &told(&key, &made))
}

/// Changes a metric.
///
/// # Errors
///
/// If the body is not as the contract says, somebody else was faster, or the caller may not.
pub async fn update(
    State(state): State<AppState>,
    Bearer(caller): Bearer,
    Key(key): Key,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Error> {
    let body = Body::read(extract::json(&headers, &body)?, &["type", "description", "revision"])?;
    let (metric, revision) = (body.metric()?, body.revision()?);
    let action = Action::new("metric.update", &*key);
    let written = {
        let key = key.clone();
        state.write(caller, action, move |draft| draft.update_metric(&key, &metric, revision)).await?
    };
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
    uri: Uri,
) -> Result<Response, Error> {
    let query = Query::read(&uri, &["revision"], false)?;
    let revision =
        query.get("revision").map(|text| text.parse().map_err(|_| Error::invalid("`revision` is no whole number")));
    let revision = revision.transpose()?;
    let action = Action::new("metric.remove", &*key);
    state.write(caller, action, move |draft| draft.remove_metric(&key, revision)).await?;
    wire::plain(StatusCode::OK, &serde_json::json!({}))
}

/// A metric's definition belongs to no environment: whoever may read events anywhere may read it.
fn may_read(caller: &crate::caller::Caller) -> Result<(), Error> {
    let anywhere = caller.grants.iter().any(|grant| grant.role.allows(Permission::EventsRead));
    if anywhere { Ok(()) } else { caller.require(Permission::EventsRead, None) }
}

struct Body<'j>(Json<'j>);

impl<'j> Body<'j> {
    fn read(json: Json<'j>, known: &[&str]) -> Result<Self, Error> {
        extract::unknown_keys(&json, known)?;
        Ok(Self(json))
    }

    fn text(&self, name: &str) -> Result<Option<&str>, Error> {
        match self.0.get(name) {
            None | Some(Json::Null) => Ok(None),
            Some(json) => json.as_text().map(Some).ok_or_else(|| refuse(name, "must be a string")),
        }
    }

    fn metric(&self) -> Result<Metric, Error> {
        let of = self.text("type")?.and_then(MetricType::named);
        let value_type = of.ok_or_else(|| refuse("type", "must be `boolean`, `integer` or `double`"))?;
        Ok(Metric { value_type, description: self.text("description")?.map(str::to_owned) })
    }

    fn revision(&self) -> Result<Option<u64>, Error> {
        match self.0.get("revision") {
            None | Some(Json::Null) => Ok(None),
            Some(Json::Number(number)) => match number.as_integer().map(u64::try_from) {
                Some(Ok(revision)) => Ok(Some(revision)),
                _ => Err(refuse("revision", "must be a whole number")),
            },
            Some(_) => Err(refuse("revision", "must be a whole number")),
        }
    }
}

fn refuse(name: &str, message: &'static str) -> Error {
    Error::invalid("the body is refused").details([Detail::new(Place::Pointer(format!("/{name}")), message)])
}
