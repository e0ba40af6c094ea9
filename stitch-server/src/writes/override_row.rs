//! Override rows. Who made one, when and with which approval is not its sender's to say.

use serde_json::Value;
use stitch_core::{Json, Member};

use super::Draft;
use super::guard::{Settled, to_value};
use super::wish::Terms;
use crate::caller::Permission;
use crate::error::{Code, Detail, Error, Place};
use crate::instant;
use crate::model::OverrideRow;

/// What this server says of a row.
const OURS: [&str; 3] = ["approval_ref", "created_at", "created_by"];
/// Characters that an id may have.
const ID: usize = 128;

/// Makes a row, or writes it again, whole.
pub(super) fn put(draft: &mut Draft, id: &str, document: &Json<'static>, terms: &Terms) -> Result<Settled, Error> {
    draft.caller().require(Permission::OverridesWrite, None)?;
    if id.is_empty() || id.chars().count() > ID || id.chars().any(char::is_control) {
        return Err(refused("/id", "an id has 1 to 128 characters, none of them a control character"));
    }
    if document.get("id").is_some_and(|own| own.as_text() != Some(id)) {
        return Err(refused("/id", "this is another id than the address has"));
    }
    if let Some(flag) = document.get("flag_key").and_then(Json::as_text)
        && !draft.model().flags.contains_key(flag)
    {
        let detail = Detail::new(Place::Pointer("/flag_key".to_owned()), "the registry has no flag of this key");
        return Err(Error::new(Code::FlagNotFound, "the row is for a flag that is not there").details([detail]));
    }
    let from = match terms {
        // Whoever names a revision means to write again what they saw.
        Terms::Make { revision: None, .. } | Terms::Ask if !draft.model().overrides.contains_key(id) => Value::Null,
        terms => {
            let row = &terms.seen::<OverrideRow>(draft, id)?.body.0;
            if row.get("flag_key") != document.get("flag_key") {
                return Err(refused("/flag_key", "a row stays with its flag: remove it and make another"));
            }
            to_value(row)
        }
    };
    let before = draft.model().clone();
    write(draft, id, document, None);
    draft.body_is::<OverrideRow>(id);
    let settled = draft.settle(&before, None, terms, None)?;
    let to = match settled.approval_ref() {
        Some(approval) => write(draft, id, document, Some(approval)),
        None => draft.model().overrides.get(id).map(|row| to_value(&row.body.0)).unwrap_or_default(),
    };
    draft.record(from, to, settled.approval_ref());
    Ok(settled)
}

/// Removes a row.
pub(super) fn delete(draft: &mut Draft, id: &str, terms: &Terms) -> Result<Settled, Error> {
    draft.caller().require(Permission::OverridesWrite, None)?;
    let before = draft.model().clone();
    let from = to_value(&terms.seen::<OverrideRow>(draft, id)?.body.0);
    draft.remove::<OverrideRow>(id);
    let settled = draft.settle(&before, None, terms, None)?;
    draft.record(from, Value::Null, settled.approval_ref());
    Ok(settled)
}

/// The one function that writes a row. Gives what is there now.
pub(super) fn write(draft: &mut Draft, id: &str, document: &Json<'static>, approval: Option<String>) -> Value {
    let Json::Object(members) = document else {
        draft.put(id, OverrideRow(document.clone()));
        return to_value(document);
    };
    let mut row: Vec<Member<'static>> = vec![("id".into(), Json::from(id.to_owned()))];
    row.extend(members.iter().filter(|(name, _)| name != "id" && !OURS.contains(&&**name)).cloned());
    let before = draft.model().overrides.get(id).map(|row| &row.body.0);
    let kept = |key: &str| before.and_then(|row| row.get(key)).cloned();
    let created_at = kept("created_at").unwrap_or_else(|| Json::from(instant::text(draft.now())));
    let created_by = kept("created_by").unwrap_or_else(|| Json::from(draft.caller().subject.clone()));
    row.extend(
        approval.map(Json::from).or_else(|| kept("approval_ref")).map(|approval| ("approval_ref".into(), approval)),
    );
    row.push(("created_at".into(), created_at));
    row.push(("created_by".into(), created_by));
    let row = Json::Object(row);
    let to = to_value(&row);
    draft.put(id, OverrideRow(row));
    to
}

fn refused(pointer: &str, message: &'static str) -> Error {
    Error::invalid("the override is refused").details([Detail::new(Place::Pointer(pointer.to_owned()), message)])
}
