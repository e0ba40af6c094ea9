//! `/v1/segments`: segments.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;

use super::writing::{self, Sent, serving, told};
use crate::audit::Action;
use crate::auth::Bearer;
use crate::caller::Permission;
use crate::error::{Code, Error};
use crate::extract::{Call, Key, Query};
use crate::model::Segment;
use crate::state::AppState;
use crate::wire;
use crate::writes::Change;

/// Lists them.
///
/// # Errors
///
/// `forbidden` to who may not.
pub async fn list(State(state): State<AppState>, Bearer(caller): Bearer, call: Call) -> Result<Response, Error> {
    Query::read(&call.uri, &[], false)?;
    caller.require(Permission::FlagsRead, None)?;
    let served = state.load();
    let all = serving::<Segment>(&state, &served.model, served.registry.definitions.document(), "key");
    let all: Vec<_> = all.map(|(_, segment)| segment).collect();
    wire::plain(StatusCode::OK, &serde_json::json!({"segments": all}))
}

/// Tells one.
///
/// # Errors
///
/// If there is none of this key, or the caller may not.
pub async fn read(State(state): State<AppState>, Bearer(caller): Bearer, Key(key): Key) -> Result<Response, Error> {
    caller.require(Permission::FlagsRead, None)?;
    let served = state.load();
    let mut all = serving::<Segment>(&state, &served.model, served.registry.definitions.document(), "key");
    let (_, segment) = all.find(|(other, _)| *other == key).ok_or_else(no_segment)?;
    wire::plain(StatusCode::OK, &segment)
}

/// Makes one.
///
/// # Errors
///
/// What [`Change::make`] and the core refuse.
pub async fn create(State(state): State<AppState>, Bearer(caller): Bearer, call: Call) -> Result<Response, Error> {
    let Sent { document, terms } = Sent::read(&call.headers, &call.body)?;
    let key = writing::text(&document, "key")?.ok_or_else(|| writing::refuse("key", "is required"))?;
    let action = Action::new("segment.create", &*key);
    let change = Change::CreateSegment(document);
    let made = state.write(caller, action, move |draft| {
        change.make(draft, &terms)?;
        draft.seen::<Segment>(&key, Some(draft.revision()))
    });
    told(StatusCode::CREATED, &*made.await?)
}

/// Writes one, whole.
///
/// # Errors
///
/// What [`Change::make`] and the core refuse.
pub async fn update(
    State(state): State<AppState>,
    Bearer(caller): Bearer,
    Key(key): Key,
    call: Call,
) -> Result<Response, Error> {
    let Sent { document, terms } = Sent::read(&call.headers, &call.body)?;
    let action = Action::new("segment.update", &*key);
    let change = Change::UpdateSegment(key.clone(), document);
    let written = state.write(caller, action, move |draft| {
        change.make(draft, &terms)?;
        draft.seen::<Segment>(&key, Some(draft.revision()))
    });
    told(StatusCode::OK, &*written.await?)
}

/// Removes one.
///
/// # Errors
///
/// What [`Change::make`] refuses.
pub async fn remove(
    State(state): State<AppState>,
    Bearer(caller): Bearer,
    Key(key): Key,
    call: Call,
) -> Result<Response, Error> {
    let terms = writing::terms(&call.uri)?;
    let action = Action::new("segment.delete", &*key);
    let change = Change::DeleteSegment(key);
    state.write(caller, action, move |draft| change.make(draft, &terms).map(|_| ())).await?;
    wire::plain(StatusCode::OK, &serde_json::json!({}))
}

fn no_segment() -> Error {
    Error::new(Code::NotFound, "there is no segment of this key").hint("`GET /v1/segments` lists them")
}
