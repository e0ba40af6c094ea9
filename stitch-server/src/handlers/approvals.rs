//! `/v1/approvals`: asked for, signed, listed.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use schemars::JsonSchema;
use serde::Serialize;
use stitch_core::Json;

use super::{definitions, stages};
use crate::audit::Action;
use crate::auth::Bearer;
use crate::caller::Permission;
use crate::chance;
use crate::error::Error;
use crate::extract::{self, Call, Key, Query};
use crate::instant::of_the_clock;
use crate::state::AppState;
use crate::wire;
use crate::writes::approval::{self, Shown, no_approval};
use crate::writes::{Change, Draft};

/// Approvals.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Approvals", deny_unknown_fields)]
pub(crate) struct List<'a> {
    approvals: Vec<Shown<'a>>,
}

/// Lists them, the newest last; `?flag=` those of a flag.
///
/// # Errors
///
/// `forbidden` to who may not.
pub async fn list(State(state): State<AppState>, Bearer(caller): Bearer, call: Call) -> Result<Response, Error> {
    let query = Query::read(&call.uri, &["flag"], false)?;
    let served = state.load();
    let (model, now) = (&served.model, of_the_clock());
    let may = |env: Option<&str>| caller.may(Permission::FlagsRead, env);
    let all = model.approvals.iter().filter(|(_, approval)| may(approval.body.env.as_deref()));
    let all = all.filter(|(_, approval)| query.get("flag").is_none_or(|flag| flag == approval.body.flag));
    let all: Vec<_> = all.map(|(id, approval)| Shown::of(model, id, &approval.body, now)).collect();
    if all.is_empty() && caller.grants.is_empty() {
        caller.require(Permission::FlagsRead, None)?;
    }
    wire::plain(StatusCode::OK, &List { approvals: all })
}

/// Tells one.
///
/// # Errors
///
/// If there is none of this id, or the caller may not.
pub async fn read(State(state): State<AppState>, Bearer(caller): Bearer, Key(id): Key) -> Result<Response, Error> {
    let served = state.load();
    let Some(approval) = served.model.approvals.get(&id) else {
        caller.require(Permission::FlagsRead, None)?;
        return Err(no_approval());
    };
    caller.require(Permission::FlagsRead, approval.body.env.as_deref())?;
    wire::plain(StatusCode::OK, &Shown::of(&served.model, &id, &approval.body, of_the_clock()))
}

/// Asks for one.
///
/// # Errors
///
/// What [`approval::request`] refuses.
pub async fn create(State(state): State<AppState>, Bearer(caller): Bearer, call: Call) -> Result<Response, Error> {
    let body = extract::json(&call.headers, &call.body)?.into_owned();
    extract::unknown_keys(&body, &["flag", "env", "change"])?;
    let flag =
        definitions::text(&body, "flag")?.ok_or_else(|| definitions::refuse("flag", "is required: name the flag"))?;
    let env = definitions::text(&body, "env")?;
    let change = change(&flag, env.as_deref(), body.get("change"))?;
    let id = chance::token(12).map_err(|_| Error::internal())?;
    let action = Action { target: id.clone(), ..Action::on_flag("approval.request", &*flag) }.in_env(env.as_deref());
    let asked = {
        let id = id.clone();
        state.write(caller, action, move |draft| {
            approval::request(draft, &id, &flag, env.as_deref(), &change)?;
            shown(draft, &id)
        })
    };
    wire::plain(StatusCode::CREATED, &asked.await?)
}

/// Signs one.
///
/// # Errors
///
/// What [`approval::sign`] refuses.
pub async fn sign(State(state): State<AppState>, Bearer(caller): Bearer, Key(id): Key) -> Result<Response, Error> {
    let known = state.load().model.approvals.get(&id).cloned();
    let (flag, env) = known.map(|approval| (approval.body.flag.clone(), approval.body.env.clone())).unzip();
    let action = Action { flag, ..Action::new("approval.sign", &*id) }.in_env(env.flatten().as_deref());
    let signed = state.write(caller, action, move |draft| {
        approval::sign(draft, &id)?;
        shown(draft, &id)
    });
    wire::plain(StatusCode::OK, &signed.await?)
}

fn shown(draft: &Draft, id: &str) -> Result<serde_json::Value, Error> {
    let approval = draft.model().approvals.get(id).ok_or_else(Error::internal)?;
    serde_json::to_value(Shown::of(draft.model(), id, &approval.body, draft.now())).map_err(|_| Error::internal())
}

/// The change that a body describes: an object with one key.
fn change(flag: &str, env: Option<&str>, json: Option<&Json<'static>>) -> Result<Change, Error> {
    const FORMS: &str = "must be an object with one of `stage`, `flag`, `delete_flag`, `segment`, `override`, \
        `delete_override` or `registry`";
    let wrong = || definitions::refuse("change", FORMS);
    let Some(Json::Object(members)) = json else { return Err(wrong()) };
    let [(form, value)] = members.as_slice() else { return Err(wrong()) };
    if env.is_some() && form != "stage" {
        return Err(definitions::refuse("env", "only a stage is changed in one environment: leave it out"));
    }
    let named = |name: &str| {
        definitions::text(value, name)?
            .ok_or_else(|| definitions::refuse(&format!("change/{form}/{name}"), "is required"))
    };
    let own = |value: &Json<'static>| value.as_text().map(str::to_owned).ok_or_else(wrong);
    Ok(match &**form {
        "stage" => {
            extract::unknown_keys(value, &["flag", "rollout_stage", "rollout_pct"])?;
            // It may be another flag's, on which this one depends.
            let of = definitions::text(value, "flag")?.unwrap_or_else(|| flag.to_owned());
            Change::Stage(stages::wish(of, env.map(str::to_owned), value)?)
        }
        "flag" => Change::UpdateFlag(named("key")?, value.clone()),
        "delete_flag" => Change::DeleteFlag(own(value)?),
        "segment" => Change::UpdateSegment(named("key")?, value.clone()),
        "override" => Change::PutOverride(named("id")?, value.clone()),
        "delete_override" => Change::DeleteOverride(own(value)?),
        "registry" => Change::ReplaceRegistry(value.clone()),
        _ => return Err(wrong()),
    })
}
