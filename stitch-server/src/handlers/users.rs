//! `/v1/users`: people who may log in.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::audit::Action;
use crate::auth::Bearer;
use crate::auth::users::{self, Change, Edit, Profile};
use crate::caller::{Grant, Permission};
use crate::error::{Code, Error};
use crate::extract::{self, Call, Email, Query};
use crate::model::{Object, User};
use crate::openapi::schemas;
use crate::state::AppState;
use crate::wire;
use crate::writes::Draft;

/// A user as they are told: nothing of the password.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "User", deny_unknown_fields)]
pub(crate) struct Told<'a> {
    email: &'a str,
    grants: &'a [Grant],
    tenant_id: Option<&'a str>,
    tier: &'a str,
    role_key: Option<&'a str>,
    created_at: &'a str,
    revision: u64,
}

impl<'a> Told<'a> {
    fn of(email: &'a str, user: &'a Object<User>) -> Self {
        let User { grants, tenant_id, role_key, created_at, .. } = &user.body;
        let (tenant_id, role_key, tier) = (tenant_id.as_deref(), role_key.as_deref(), user.body.tier());
        Self { email, grants, tenant_id, tier, role_key, created_at, revision: user.revision }
    }
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Users", deny_unknown_fields)]
pub(crate) struct List<'a> {
    users: Vec<Told<'a>>,
}

/// A user to be added.
#[derive(Deserialize, JsonSchema)]
#[schemars(rename = "NewUser", deny_unknown_fields)]
pub(crate) struct Added {
    #[schemars(with = "schemas::Address")]
    email: String,
    #[schemars(with = "schemas::Password")]
    password: String,
    #[serde(default)]
    grants: Vec<Grant>,
    #[schemars(with = "Option<schemas::Label>")]
    tenant_id: Option<String>,
    #[schemars(with = "Option<schemas::Label>")]
    tier: Option<String>,
    #[schemars(with = "Option<schemas::Label>")]
    role_key: Option<String>,
}

/// What is to change of a user; what is left out stays.
#[derive(Deserialize, JsonSchema)]
#[schemars(rename = "UserChange", deny_unknown_fields, extend("required" = ["revision"]))]
pub(crate) struct Changed {
    #[schemars(with = "Option<schemas::Password>")]
    password: Option<String>,
    grants: Option<Vec<Grant>>,
    #[serde(default)]
    #[schemars(with = "Option<schemas::Label>")]
    tenant_id: Edit,
    #[serde(default)]
    #[schemars(with = "Option<schemas::Label>")]
    tier: Edit,
    #[serde(default)]
    #[schemars(with = "Option<schemas::Label>")]
    role_key: Edit,
    #[serde(default, deserialize_with = "extract::revision")]
    #[schemars(with = "schemas::Revision")]
    revision: Option<u64>,
}

/// Lists the users.
///
/// # Errors
///
/// `forbidden` to who may not.
pub async fn list(State(state): State<AppState>, Bearer(caller): Bearer) -> Result<Response, Error> {
    caller.require(Permission::UsersWrite, None)?;
    let served = state.load();
    let users = served.model.users.iter().map(|(email, user)| Told::of(email, user)).collect();
    wire::plain(StatusCode::OK, &List { users })
}

/// Tells one.
///
/// # Errors
///
/// `not_found`; `forbidden` to who may not.
pub async fn read(
    State(state): State<AppState>,
    Bearer(caller): Bearer,
    Email(email): Email,
) -> Result<Response, Error> {
    caller.require(Permission::UsersWrite, None)?;
    let served = state.load();
    let email = email.to_ascii_lowercase();
    let user = served.model.users.get(&email);
    let user = user.ok_or_else(|| Error::new(Code::NotFound, "there is no user of this address"))?;
    wire::plain(StatusCode::OK, &Told::of(&email, user))
}

/// Adds one.
///
/// # Errors
///
/// `invalid_request`, `conflict`; `forbidden` to who may not.
pub async fn create(State(state): State<AppState>, Bearer(caller): Bearer, call: Call) -> Result<Response, Error> {
    let known = ["email", "password", "grants", "tenant_id", "tier", "role_key"];
    let Added { email, password, grants, tenant_id, tier, role_key } =
        extract::typed(&call.headers, &call.body, &known)?;
    let email = users::email(&email)?;
    check(&state, &grants)?;
    // Before a password is hashed for them, which costs more than all the rest.
    let password_hash = hash_for(&state, &caller, password).await?;
    let profile = Profile { grants, tenant_id, tier, role_key };
    let action = Action::new("user.add", email.clone());
    let of = email.clone();
    let added = state
        .write(caller, action, move |draft| {
            draft.add_user(&of, password_hash.as_deref().unwrap_or_default(), &profile)?;
            written(draft, &of)
        })
        .await?;
    wire::plain(StatusCode::CREATED, &Told::of(&email, &added))
}

/// Changes one; what is left out stays.
///
/// # Errors
///
/// As [`Draft::seen`]; `forbidden` to who may not.
pub async fn update(
    State(state): State<AppState>,
    Bearer(caller): Bearer,
    Email(email): Email,
    call: Call,
) -> Result<Response, Error> {
    let known = ["password", "grants", "tenant_id", "tier", "role_key", "revision"];
    let asked: Changed = extract::typed(&call.headers, &call.body, &known)?;
    check(&state, asked.grants.as_deref().unwrap_or_default())?;
    let password_hash = match asked.password {
        Some(password) => hash_for(&state, &caller, password).await?,
        None => None,
    };
    let Changed { grants, tenant_id, tier, role_key, revision, .. } = asked;
    let change = Change { password_hash, grants, tenant_id, tier, role_key };
    let email = email.to_ascii_lowercase();
    let action = Action::new("user.update", email.clone());
    let of = email.clone();
    let changed = state
        .write(caller, action, move |draft| {
            draft.change_user(&of, &change, revision)?;
            written(draft, &of)
        })
        .await?;
    wire::plain(StatusCode::OK, &Told::of(&email, &changed))
}

/// Removes one.
///
/// # Errors
///
/// `not_found`, `conflict`; `forbidden` to who may not.
pub async fn remove(
    State(state): State<AppState>,
    Bearer(caller): Bearer,
    Email(email): Email,
    call: Call,
) -> Result<Response, Error> {
    let query = Query::read(&call.uri, &["revision"], false)?;
    let revision =
        query.get("revision").map(|text| text.parse().map_err(|_| Error::invalid("`revision` is no number")));
    let revision = revision.transpose()?;
    let email = email.to_ascii_lowercase();
    let action = Action::new("user.remove", email.clone());
    state.write(caller, action, move |draft| draft.remove_user(&email, revision)).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// The user as they were just written.
fn written(draft: &Draft, email: &str) -> Result<std::sync::Arc<Object<User>>, Error> {
    draft.seen(email, Some(draft.revision()))
}

/// The hash of a password, for who may have one made; for anybody else the write says that they may not.
async fn hash_for(state: &AppState, caller: &crate::caller::Caller, password: String) -> Result<Option<String>, Error> {
    if !caller.may(Permission::UsersWrite, None) {
        return Ok(None);
    }
    state.auth().passwords.hash(password).await.map(Some)
}

fn check(state: &AppState, grants: &[Grant]) -> Result<(), Error> {
    let served = state.load();
    let envs = grants.iter().enumerate().filter_map(|(index, grant)| Some((index, grant.env.as_deref()?)));
    for (index, env) in envs {
        extract::environment(&served.registry.engine, env, &format!("/grants/{index}/env"))?;
    }
    Ok(())
}
