//! `/v1/flags`: flags; and `GET /v1/environments/{env}/flags`, as one environment sees them.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;

use super::definitions::{self, Revised, serving};
use crate::audit::Action;
use crate::auth::Bearer;
use crate::caller::Permission;
use crate::error::{Code, Error};
use crate::extract::{Call, Env, Key, Query};
use crate::model::Flag;
use crate::state::AppState;
use crate::wire;
use crate::writes::Change;
use crate::writes::rollback::no_flag;

/// Lists them.
///
/// # Errors
///
/// `forbidden` to who may not.
pub async fn list(State(state): State<AppState>, Bearer(caller): Bearer, call: Call) -> Result<Response, Error> {
    definitions::list::<Flag>(&state, &caller, &call)
}

/// Tells one.
///
/// # Errors
///
/// If there is none of this key, or the caller may not.
pub async fn read(State(state): State<AppState>, Bearer(caller): Bearer, Key(key): Key) -> Result<Response, Error> {
    definitions::read::<Flag>(&state, &caller, &key, no_flag)
}

/// Makes one.
///
/// # Errors
///
/// What [`Change::make`] and the core refuse.
pub async fn create(State(state): State<AppState>, Bearer(caller): Bearer, call: Call) -> Result<Response, Error> {
    let action = |key: &str| Action::on_flag("flag.create", key);
    definitions::create::<Flag>(&state, caller, &call, action, Change::CreateFlag).await
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
    let action = Action::on_flag("flag.update", &*key);
    definitions::update::<Flag>(&state, caller, &call, key, action, Change::UpdateFlag).await
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
    let action = Action::on_flag("flag.delete", &*key);
    definitions::remove(&state, caller, &call, action, Change::DeleteFlag(key)).await
}

/// Lists them as an environment sees them: its patch laid into each, and nothing of any other.
///
/// # Errors
///
/// If the registry lists no such environment, or the caller may not.
pub async fn of_environment(
    State(state): State<AppState>,
    Bearer(caller): Bearer,
    Env(env): Env,
    call: Call,
) -> Result<Response, Error> {
    Query::read(&call.uri, &[], false)?;
    caller.require(Permission::FlagsRead, Some(&env))?;
    let served = state.load();
    if !served.registry.engine.environments().any(|listed| listed == env) {
        return Err(Error::new(Code::NotFound, "the registry lists no such environment"));
    }
    let all = serving::<Flag>(&state, &served.model, served.registry.definitions.document(), "key");
    let all: Vec<_> = all.map(|(_, flag)| (flag.document.for_environment(&env), flag.revision)).collect();
    let flags: Vec<_> =
        all.iter().map(|(document, revision)| Revised { document, revision: *revision, expired: None }).collect();
    wire::plain(StatusCode::OK, &serde_json::json!({"flags": flags}))
}
