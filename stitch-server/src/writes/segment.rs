//! Segments.

use serde_json::Value;
use stitch_core::Json;

use super::Draft;
use super::flag::{key_of, same_key, unnamed};
use super::guard::{Settled, to_value};
use super::references::Name;
use super::wish::Terms;
use crate::caller::Permission;
use crate::error::{Code, Error};
use crate::model::Segment;

/// Makes a segment.
pub(super) fn create(draft: &mut Draft, document: &Json<'static>, terms: &Terms) -> Result<Settled, Error> {
    draft.caller().require(Permission::FlagsWrite, None)?;
    let key = key_of(document)?;
    if draft.model().segments.contains_key(&key) {
        return Err(Error::new(Code::Conflict, "there is a segment of this key already")
            .hint("change that one with `PUT`, or choose another key"));
    }
    write(draft, &key, document, Value::Null, terms)
}

/// Writes a segment, whole.
pub(super) fn update(draft: &mut Draft, key: &str, document: &Json<'static>, terms: &Terms) -> Result<Settled, Error> {
    draft.caller().require(Permission::FlagsWrite, None)?;
    let from = to_value(&terms.seen::<Segment>(draft, key)?.body.0);
    same_key(document, key)?;
    write(draft, key, document, from, terms)
}

/// Removes a segment that nothing uses.
pub(super) fn delete(draft: &mut Draft, key: &str, terms: &Terms) -> Result<Settled, Error> {
    draft.caller().require(Permission::FlagsWrite, None)?;
    let before = draft.model().clone();
    let from = to_value(&terms.seen::<Segment>(draft, key)?.body.0);
    unnamed(draft.model(), Name::Segment(key))?;
    draft.remove::<Segment>(key);
    let settled = draft.settle(&before, None, terms, None)?;
    draft.record(from, Value::Null, settled.approval_ref());
    Ok(settled)
}

fn write(draft: &mut Draft, key: &str, document: &Json<'static>, from: Value, terms: &Terms) -> Result<Settled, Error> {
    let before = draft.model().clone();
    let body = keyed(document, key);
    let to = to_value(&body);
    draft.put(key, Segment(body));
    draft.body_is::<Segment>(key);
    let settled = draft.settle(&before, None, terms, None)?;
    draft.record(from, to, settled.approval_ref());
    Ok(settled)
}

/// The document with its key, which the address may have said alone.
fn keyed(document: &Json<'static>, key: &str) -> Json<'static> {
    let Json::Object(members) = document else { return document.clone() };
    let mut members: Vec<_> = members.iter().filter(|(name, _)| name != "key").cloned().collect();
    members.insert(0, ("key".into(), Json::from(key.to_owned())));
    Json::Object(members)
}
