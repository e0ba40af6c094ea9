//! `/v1/segments`: segments.

use axum::extract::State;
use axum::response::Response;

use super::definitions;
use crate::audit::Action;
use crate::auth::Bearer;
use crate::error::{Code, Error};
use crate::extract::{Call, Key};
use crate::model::Segment;
use crate::state::AppState;
use crate::writes::Change;

/// Lists them.
///
/// # Errors
///
/// `forbidden` to who may not.
pub async fn list(State(state): State<AppState>, Bearer(caller): Bearer, call: Call) -> Result<Response, Error> {
    definitions::list::<Segment>(&state, &caller, &call)
}

/// Tells one.
///
/// # Errors
///
/// If there is none of this key, or the caller may not.
pub async fn read(State(state): State<AppState>, Bearer(caller): Bearer, Key(key): Key) -> Result<Response, Error> {
    definitions::read::<Segment>(&state, &caller, &key, no_segment)
}

/// Makes one.
///
/// # Errors
///
/// What [`Change::make`] and the core refuse.
pub async fn create(State(state): State<AppState>, Bearer(caller): Bearer, call: Call) -> Result<Response, Error> {
    let action = |key: &str| Action::new("segment.create", key);
    definitions::create::<Segment>(&state, caller, &call, action, Change::CreateSegment).await
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
    let action = Action::new("segment.update", &*key);
    definitions::update::<Segment>(&state, caller, &call, key, action, Change::UpdateSegment).await
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
    let action = Action::new("segment.delete", &*key);
    definitions::remove(&state, caller, &call, action, Change::DeleteSegment(key)).await
}

fn no_segment() -> Error {
    Error::new(Code::NotFound, "there is no segment of this key").hint("`GET /v1/segments` lists them")
}
