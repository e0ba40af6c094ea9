//! The kill switch: it asks for no revision and no approval, and works from any state.

use serde_json::{Value, json};
use stitch_core::stage::{self, FlagState, Stage};

use super::Draft;
use super::guard;
use super::references::patched;
use super::stage::{error, listed, with_fields};
use crate::caller::Permission;
use crate::error::{Code, Error};
use crate::model::Flag;

/// Stops a flag in an environment or, without one, in its base and everywhere. Twice is once.
///
/// # Errors
///
/// If there is no such flag or environment, or the caller may not.
pub fn rollback(draft: &mut Draft, key: &str, env: Option<&str>, reason: &str) -> Result<(), Error> {
    draft.caller().require(Permission::Rollback, env)?;
    listed(draft, env)?;
    let Some(flag) = draft.model().flags.get(key) else { return Err(no_flag()) };
    let mut flag = flag.body.0.clone();
    let everywhere = guard::environments(draft.model());
    // An environment that says nothing of its own follows the base.
    let of_its_own = patched(&flag).filter(|env| {
        let says = |key: &str| flag.get("environments").and_then(|patches| patches.get(env)?.get(key)).is_some();
        everywhere.iter().any(|listed| listed == env) && ["rollout_stage", "rollout_pct", "audit"].into_iter().any(says)
    });
    let of_its_own: Vec<String> = of_its_own.map(str::to_owned).collect();
    let places = match env {
        Some(env) => vec![Some(env)],
        None => std::iter::once(None).chain(of_its_own.iter().map(|env| Some(env.as_str()))).collect(),
    };
    let mut from = serde_json::Map::new();
    let mut changed = false;
    for place in places {
        let state = FlagState::from_document(&flag);
        let stands = state.stands_at(place);
        from.insert(place.unwrap_or("base").to_owned(), json!(stands));
        if stands.rollout_stage == Stage::RolledBack {
            continue;
        }
        let wish = stage::Change {
            env: place,
            rollout_stage: Some(Stage::RolledBack),
            actor: &draft.caller().subject,
            now: draft.now(),
            ..stage::Change::default()
        };
        let transition = stage::change(&state, &wish).map_err(|refused| error(&refused))?;
        flag = with_fields(&flag, place, &transition.fields);
        changed = true;
    }
    if changed {
        draft.put(key, Flag(flag));
    }
    let to = json!({"rollout_stage": Stage::RolledBack, "reason": reason});
    draft.record(Value::Object(from), to, None);
    Ok(())
}

/// There is no such flag.
pub(crate) fn no_flag() -> Error {
    Error::new(Code::FlagNotFound, "the registry has no flag of this key")
        .hint("`GET /api/flags/registry?summary=true` lists the flags")
}
