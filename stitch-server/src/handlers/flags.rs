//! `/v1/flags`: flags; and `GET /v1/environments/{env}/flags`, as one environment sees them.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;

use super::writing::{self, Revised, Sent, serving, told};
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
    Query::read(&call.uri, &[], false)?;
    caller.require(Permission::FlagsRead, None)?;
    let served = state.load();
    let all = serving::<Flag>(&state, &served.model, served.registry.definitions.document(), "key");
    let all: Vec<_> = all.map(|(_, flag)| flag).collect();
    wire::plain(StatusCode::OK, &serde_json::json!({"flags": all}))
}

/// Tells one.
///
/// # Errors
///
/// If there is none of this key, or the caller may not.
pub async fn read(State(state): State<AppState>, Bearer(caller): Bearer, Key(key): Key) -> Result<Response, Error> {
    caller.require(Permission::FlagsRead, None)?;
    let served = state.load();
    let mut all = serving::<Flag>(&state, &served.model, served.registry.definitions.document(), "key");
    let (_, flag) = all.find(|(other, _)| *other == key).ok_or_else(no_flag)?;
    wire::plain(StatusCode::OK, &flag)
}

/// Makes one.
///
/// # Errors
///
/// What [`Change::make`] and the core refuse.
pub async fn create(State(state): State<AppState>, Bearer(caller): Bearer, call: Call) -> Result<Response, Error> {
    let Sent { document, terms } = Sent::read(&call.headers, &call.body)?;
    let key = writing::text(&document, "key")?.ok_or_else(|| writing::refuse("key", "is required"))?;
    let action = Action::on_flag("flag.create", &*key);
    let change = Change::CreateFlag(document);
    let made = state.write(caller, action, move |draft| {
        change.make(draft, &terms)?;
        draft.seen::<Flag>(&key, Some(draft.revision()))
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
    let action = Action::on_flag("flag.update", &*key);
    let change = Change::UpdateFlag(key.clone(), document);
    let written = state.write(caller, action, move |draft| {
        change.make(draft, &terms)?;
        draft.seen::<Flag>(&key, Some(draft.revision()))
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
    let action = Action::on_flag("flag.delete", &*key);
    let change = Change::DeleteFlag(key);
    state.write(caller, action, move |draft| change.make(draft, &terms).map(|_| ())).await?;
    wire::plain(StatusCode::OK, &serde_json::json!({}))
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
