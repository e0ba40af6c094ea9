//! `/v1/keys`: the keys of SDK clients. A key is shown once, by the answer that makes it.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::audit::Action;
use crate::auth::Bearer;
use crate::auth::sdk_keys::Fresh;
use crate::caller::Permission;
use crate::error::{Code, Error};
use crate::extract::{self, Call, Id};
use crate::model::{Object, SdkKey};
use crate::openapi::schemas;
use crate::state::AppState;
use crate::wire;

/// A key as it is told: nothing of the key itself, but in the answer that makes it.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "SdkKey", deny_unknown_fields)]
pub(crate) struct Told<'a> {
    id: &'a str,
    env: &'a str,
    name: &'a str,
    created_at: &'a str,
    created_by: &'a str,
    revoked_at: Option<&'a str>,
    revision: u64,
    /// Only in the answer that makes it.
    #[serde(skip_serializing_if = "Option::is_none")]
    key: Option<&'a str>,
}

impl<'a> Told<'a> {
    fn of(id: &'a str, object: &'a Object<SdkKey>) -> Self {
        let Object { revision, body: SdkKey { env, name, created_at, created_by, revoked_at, .. }, .. } = object;
        let revoked_at = revoked_at.as_deref();
        Self { id, env, name, created_at, created_by, revoked_at, revision: *revision, key: None }
    }
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "SdkKeys", deny_unknown_fields)]
pub(crate) struct List<'a> {
    keys: Vec<Told<'a>>,
}

/// A key to be made.
#[derive(Deserialize, JsonSchema)]
#[schemars(rename = "NewSdkKey", deny_unknown_fields)]
pub(crate) struct Asked {
    env: String,
    #[schemars(with = "schemas::Label")]
    name: String,
}

/// Another name for a key.
#[derive(Deserialize, JsonSchema)]
#[schemars(rename = "SdkKeyChange", deny_unknown_fields, extend("required" = ["name", "revision"]))]
pub(crate) struct Change {
    #[schemars(with = "schemas::Label")]
    name: String,
    #[serde(default, deserialize_with = "extract::revision")]
    #[schemars(with = "schemas::Revision")]
    revision: Option<u64>,
}

/// Lists the keys of the environments for which the caller may write them.
///
/// # Errors
///
/// `forbidden` to who may write none.
pub async fn list(State(state): State<AppState>, Bearer(caller): Bearer) -> Result<Response, Error> {
    if !caller.grants.iter().any(|grant| grant.role.allows(Permission::KeysWrite)) {
        caller.require(Permission::KeysWrite, None)?;
    }
    let served = state.load();
    let keys = served.model.keys.iter().map(|(id, key)| Told::of(id, key));
    let keys = keys.filter(|key| caller.may(Permission::KeysWrite, Some(key.env))).collect();
    wire::plain(StatusCode::OK, &List { keys })
}

/// Tells one.
///
/// # Errors
///
/// `not_found`; `forbidden` to who may not.
pub async fn read(State(state): State<AppState>, Bearer(caller): Bearer, Id(id): Id) -> Result<Response, Error> {
    let served = state.load();
    let Some(key) = served.model.keys.get(&id) else {
        caller.require(Permission::KeysWrite, None)?;
        return Err(Error::new(Code::NotFound, "there is no SDK key of this id"));
    };
    caller.require(Permission::KeysWrite, Some(&key.body.env))?;
    wire::plain(StatusCode::OK, &Told::of(&id, key))
}

/// Makes one.
///
/// # Errors
///
/// `invalid_request`; `forbidden` to who may not.
pub async fn create(State(state): State<AppState>, Bearer(caller): Bearer, call: Call) -> Result<Response, Error> {
    let Asked { env, name } = extract::typed(&call.headers, &call.body, &["env", "name"])?;
    extract::environment(&state.load().registry.engine, &env, "/env")?;
    let fresh = Fresh::make().map_err(|_| Error::internal())?;
    let (id, shown) = (fresh.id.clone(), fresh.key.clone());
    let action = Action::new("sdk_key.create", id.clone()).in_env(Some(&env));
    let key = state.write(caller, action, move |draft| draft.create_key(&fresh, &env, &name)).await?;
    wire::plain(StatusCode::CREATED, &Told { key: Some(&shown), ..Told::of(&id, &key) })
}

/// Names one otherwise.
///
/// # Errors
///
/// As [`Draft::seen`](crate::writes::Draft::seen); `forbidden` to who may not.
pub async fn update(
    State(state): State<AppState>,
    Bearer(caller): Bearer,
    Id(id): Id,
    call: Call,
) -> Result<Response, Error> {
    let Change { name, revision } = extract::typed(&call.headers, &call.body, &["name", "revision"])?;
    let action = Action::new("sdk_key.update", id.clone());
    let of = id.clone();
    let key = state.write(caller, action, move |draft| draft.rename_key(&of, &name, revision)).await?;
    wire::plain(StatusCode::OK, &Told::of(&id, &key))
}

/// Revokes one, for good. It stays in the list, so that the audit log's ids mean something.
///
/// # Errors
///
/// `not_found`; `forbidden` to who may not.
pub async fn revoke(State(state): State<AppState>, Bearer(caller): Bearer, Id(id): Id) -> Result<Response, Error> {
    let action = Action::new("sdk_key.revoke", id.clone());
    let of = id.clone();
    let key = state.write(caller, action, move |draft| draft.revoke_key(&of)).await?;
    wire::plain(StatusCode::OK, &Told::of(&id, &key))
}
