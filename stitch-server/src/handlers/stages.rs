//! `PATCH /api/flags/{key}/stage`, and the kill switch `POST /api/flags/{key}/rollback`.

use axum::extract::State;
use axum::response::Response;
use serde::Serialize;
use serde_json::json;
use stitch_core::Json;
use stitch_core::stage::{AuditRecord, Stage};

use super::definitions::{self, Sent};
use crate::audit::Action;
use crate::auth::Bearer;
use crate::error::Error;
use crate::extract::{self, AuthSource, Call, Key};
use crate::state::AppState;
use crate::wire::{self, ABOUT_A_PERSON};
use crate::writes::stage::StageChange;
use crate::writes::{rollback, stage};

#[derive(Serialize)]
struct Changed {
    #[serde(flatten)]
    record: AuditRecord,
    /// After a change of the base: the environments that keep a stage of their own.
    own_stage: Vec<String>,
    revision: u64,
}

/// Changes a stage or a percentage.
///
/// # Errors
///
/// What the core refuses, a stale revision, missing approvals.
pub async fn change(
    State(state): State<AppState>,
    Bearer(caller): Bearer,
    Key(key): Key,
    call: Call,
) -> Result<Response, Error> {
    let Sent { document, terms } = Sent::read(&call.headers, &call.body)?;
    extract::unknown_keys(&document, &["rollout_stage", "rollout_pct", "env"])?;
    let wish = wish(key, definitions::text(&document, "env")?, &document)?;
    let action = Action::on_flag("flag.stage", &*wish.flag).in_env(wish.env.as_deref());
    let changed = state.write(caller, action, move |draft| {
        let (_, transition) = stage::change(draft, &wish, &terms)?;
        let stitch_core::stage::Transition { record, own_stage, .. } = transition;
        Ok(Changed { record, own_stage, revision: draft.revision() })
    });
    wire::success(&call.meta, AuthSource::None, ABOUT_A_PERSON, &changed.await?)
}

/// The wish for a stage that a body describes.
pub(super) fn wish(flag: String, env: Option<String>, document: &Json<'_>) -> Result<StageChange, Error> {
    let stage = definitions::text(document, "rollout_stage")?;
    let unknown = || definitions::refuse("rollout_stage", "no stage has that name");
    let rollout_stage = stage.map(|name| Stage::from_name(&name).ok_or_else(unknown)).transpose()?;
    let rollout_pct = match document.get("rollout_pct") {
        None => None,
        Some(Json::Number(number)) => Some(number.to_double()),
        Some(_) => return Err(definitions::refuse("rollout_pct", "must be a number")),
    };
    if rollout_stage.is_none() && rollout_pct.is_none() {
        return Err(Error::invalid("nothing is to change").hint("say `rollout_stage`, `rollout_pct` or both"));
    }
    Ok(StageChange { flag, env, rollout_stage, rollout_pct })
}

/// Stops a flag.
///
/// # Errors
///
/// If there is no such flag or environment, or the caller may not.
pub async fn rollback(
    State(state): State<AppState>,
    Bearer(caller): Bearer,
    Key(key): Key,
    call: Call,
) -> Result<Response, Error> {
    let document = extract::json(&call.headers, &call.body)?;
    extract::unknown_keys(&document, &["env", "reason"])?;
    let env = definitions::text(&document, "env")?;
    let reason = definitions::text(&document, "reason")?.filter(|reason| !reason.is_empty());
    let reason = reason.ok_or_else(|| definitions::refuse("reason", "is required: say why, for the audit log"))?;
    let action = Action::on_flag("flag.rollback", &*key).in_env(env.as_deref());
    let stopped = {
        let (key, env) = (key.clone(), env.clone());
        state.write(caller, action, move |draft| {
            rollback::rollback(draft, &key, env.as_deref(), &reason)?;
            Ok(draft.model().flags.get(&key).map(|flag| flag.revision))
        })
    };
    let revision = stopped.await?;
    let data = json!({"flag": key, "env": env, "rollout_stage": Stage::RolledBack, "revision": revision});
    wire::success(&call.meta, AuthSource::None, ABOUT_A_PERSON, &data)
}
