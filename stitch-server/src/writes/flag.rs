//! Flags: their definitions. The stage, its percentage, `audit` and `paused_from` are not written here.

use serde_json::Value;
use stitch_core::{Json, Member};

use super::Draft;
use super::guard::{Settled, to_value};
use super::references::{self, Name};
use super::wish::Terms;
use crate::audit::Action;
use crate::caller::Permission;
use crate::error::{Code, Detail, Error, Place};
use crate::instant;
use crate::model::{Approval, Flag, Model, OverrideRow};

/// What only changes of the stage write, in the base and in every patch.
const OF_STAGE: [&str; 4] = ["rollout_stage", "rollout_pct", "audit", "paused_from"];

/// Makes a flag; it is a draft.
pub(super) fn create(draft: &mut Draft, document: &Json<'static>, terms: &Terms) -> Result<Settled, Error> {
    draft.caller().require(Permission::FlagsWrite, None)?;
    let key = key_of(document)?;
    if draft.model().flags.contains_key(&key) {
        return Err(Error::new(Code::Conflict, "there is a flag of this key already")
            .hint("change that one with `PUT`, or choose another key"));
    }
    let before = draft.model().clone();
    let to = write(draft, &key, document);
    draft.body_is::<Flag>(&key);
    let settled = draft.settle(&before, None, terms, None)?;
    draft.record(Value::Null, to, settled.approval_ref());
    Ok(settled)
}

/// Writes a flag's definition, whole.
pub(super) fn update(draft: &mut Draft, key: &str, document: &Json<'static>, terms: &Terms) -> Result<Settled, Error> {
    draft.caller().require(Permission::FlagsWrite, None)?;
    let before = draft.model().clone();
    let from = to_value(&terms.flag(draft, key)?.body.0);
    same_key(document, key)?;
    let to = write(draft, key, document);
    draft.body_is::<Flag>(key);
    let settled = draft.settle(&before, None, terms, None)?;
    draft.record(from, to, settled.approval_ref());
    Ok(settled)
}

/// Removes a flag with its overrides and approvals, so that its key starts afresh.
pub(super) fn delete(draft: &mut Draft, key: &str, terms: &Terms) -> Result<Settled, Error> {
    draft.caller().require(Permission::FlagsWrite, None)?;
    let before = draft.model().clone();
    let from = to_value(&terms.flag(draft, key)?.body.0);
    unnamed(draft.model(), Name::Flag(key))?;
    draft.remove::<Flag>(key);
    remove_rows(draft, key);
    let settled = draft.settle(&before, None, terms, None)?;
    remove_approvals(draft, key);
    draft.record(from, Value::Null, settled.approval_ref());
    Ok(settled)
}

/// The one function that writes a flag's definition, whichever route asked. Gives what is there now.
pub(super) fn write(draft: &mut Draft, key: &str, document: &Json<'static>) -> Value {
    let flag = draft.model().flags.get(key).map(|flag| flag.body.0.clone());
    let flag = match flag {
        Some(flag) => flag,
        None => new(draft),
    };
    let body = definition(document, &flag, key, &super::guard::environments(draft.model()));
    let to = to_value(&body);
    draft.put(key, Flag(body));
    to
}

/// A flag that nobody has written yet, as far as its stage goes.
fn new(draft: &Draft) -> Json<'static> {
    let audit = Json::Object(vec![
        ("created_at".into(), Json::from(instant::text(draft.now()))),
        ("created_by".into(), Json::from(draft.caller().subject.clone())),
    ]);
    Json::Object(vec![("rollout_stage".into(), Json::from("draft")), ("audit".into(), audit)])
}

/// The document with what is not its own to say as it was: its key, and the stage in the base and in every patch of an
/// environment that is listed.
fn definition(document: &Json<'static>, before: &Json<'static>, key: &str, listed: &[String]) -> Json<'static> {
    let mut members: Vec<Member<'static>> = vec![("key".into(), Json::from(key.to_owned()))];
    members.extend(own(document).into_iter().filter(|(name, _)| name != "key" && name != "environments"));
    members.extend(of_stage(before));
    let patches = document.get("environments");
    let is_object = patches.is_none_or(|patches| matches!(patches, Json::Object(_)));
    let mut environments: Vec<Member<'static>> = match patches {
        Some(Json::Object(patches)) => patches.clone(),
        _ => Vec::new(),
    };
    for env in references::patched(before).filter(|env| listed.iter().any(|listed| listed == env)) {
        if !environments.iter().any(|(name, _)| name == env) {
            environments.push((env.to_owned().into(), Json::Null));
        }
    }
    for (env, patch) in &mut environments {
        let stage = before.get("environments").and_then(|patches| patches.get(env)).map(of_stage).unwrap_or_default();
        if matches!(patch, Json::Object(_) | Json::Null) {
            let mut members = own(patch);
            members.extend(stage);
            *patch = Json::Object(members);
        }
    }
    environments.retain(|(env, patch)| {
        let said = patches.and_then(|patches| patches.get(env)).is_some();
        said || !matches!(patch, Json::Object(members) if members.is_empty())
    });
    if !is_object {
        // The core says what is wrong with it.
        members.extend(patches.map(|patches| ("environments".into(), patches.clone())));
    } else if !environments.is_empty() {
        members.push(("environments".into(), Json::Object(environments)));
    }
    Json::Object(members)
}

/// What a definition may say.
fn own(document: &Json<'static>) -> Vec<Member<'static>> {
    let Json::Object(members) = document else { return Vec::new() };
    members.iter().filter(|(name, _)| !OF_STAGE.contains(&&**name)).cloned().collect()
}

/// What it may not.
fn of_stage(document: &Json<'static>) -> Vec<Member<'static>> {
    let Json::Object(members) = document else { return Vec::new() };
    members.iter().filter(|(name, _)| OF_STAGE.contains(&&**name)).cloned().collect()
}

/// The key that a document gives itself.
pub(super) fn key_of(document: &Json<'static>) -> Result<String, Error> {
    match document.get("key") {
        Some(Json::Text(key)) => Ok(key.clone().into_owned()),
        Some(_) => Err(refused("/key", "a key is a text")),
        None => Err(refused("", "`key` is required: name it")),
    }
}

/// Refuses a document that gives itself another key: nothing is ever renamed.
pub(super) fn same_key(document: &Json<'static>, key: &str) -> Result<(), Error> {
    if document.get("key").is_none_or(|own| own.as_text() == Some(key)) {
        return Ok(());
    }
    Err(refused(
        "/key",
        "this is another key than the address has; a key never changes: make a new one, remove the old",
    ))
}

fn refused(pointer: &str, message: &'static str) -> Error {
    Error::invalid("the definition is refused").details([Detail::new(Place::Pointer(pointer.to_owned()), message)])
}

/// Refuses to remove what others name.
pub(super) fn unnamed(model: &Model, name: Name<'_>) -> Result<(), Error> {
    let naming = references::of_those_that_name(model, name);
    if naming.is_empty() {
        return Ok(());
    }
    let hint = "change those first; the places are those of `GET /v1/registry`";
    Err(Error::new(Code::Conflict, "others name it").hint(hint).details(naming))
}

/// Removes what only made sense with the flag.
pub(super) fn remove_rows(draft: &mut Draft, flag: &str) {
    let of_flag = |row: &OverrideRow| row.0.get("flag_key").and_then(Json::as_text) == Some(flag);
    let rows = draft.model().overrides.iter().filter(|(_, row)| of_flag(&row.body));
    let rows: Vec<(String, Value)> = rows.map(|(id, row)| (id.clone(), to_value(&row.body.0))).collect();
    for (id, row) in rows {
        draft.remove::<OverrideRow>(&id);
        let action = Action { target: id, ..Action::on_flag("override.delete", flag) };
        draft.record_also(action, row, Value::Null, None);
    }
}

/// Removes a flag's approvals: they were for the flag that is gone.
pub(super) fn remove_approvals(draft: &mut Draft, flag: &str) {
    let approvals = draft.model().approvals.iter().filter(|(_, approval)| approval.body.flag == flag);
    let ids: Vec<String> = approvals.map(|(id, _)| id.clone()).collect();
    for id in &ids {
        draft.remove::<Approval>(id);
    }
}
