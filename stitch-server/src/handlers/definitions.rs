//! What the routes of definitions have in common: listing and reading what serves, and changing it by a document with
//! the revision that its sender saw and the approvals that the change is made with.

use std::sync::Arc;

use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::Response;
use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};
use stitch_core::Json;

use crate::audit::Action;
use crate::caller::{Caller, Permission};
use crate::error::{Detail, Error, Place};
use crate::extract::{self, Call, Query};
use crate::model::{Model, Object, Stored};
use crate::state::AppState;
use crate::wire;
use crate::writes::{Change, Draft, Terms};

/// A body: a document, and beside its own keys on what terms it is sent.
pub(super) struct Sent {
    pub(super) document: Json<'static>,
    pub(super) terms: Terms,
}

impl Sent {
    /// Reads a body.
    pub(super) fn read(headers: &HeaderMap, body: &[u8]) -> Result<Self, Error> {
        let Json::Object(members) = extract::json(headers, body)?.into_owned() else {
            return Err(Error::invalid("the body is not a JSON object"));
        };
        let (mut revision, mut approvals) = (None, Vec::new());
        let mut own = Vec::with_capacity(members.len());
        for (key, value) in members {
            match (&*key, value) {
                ("revision" | "approval_id", Json::Null) => {}
                ("revision", value) => revision = Some(whole_number(&value)?),
                ("approval_id", value) => approvals = ids(value)?,
                (_, value) => own.push((key, value)),
            }
        }
        Ok(Self { document: Json::Object(own), terms: Terms::Make { revision, approvals } })
    }
}

/// The terms of a request without a body: `?revision=…&approval_id=…`, several ids with commas between them.
pub(super) fn terms(uri: &Uri) -> Result<Terms, Error> {
    let query = Query::read(uri, &["revision", "approval_id"], false)?;
    let revision =
        query.get("revision").map(|text| text.parse().map_err(|_| Error::invalid("`revision` is no whole number")));
    let approvals = query.get("approval_id").map(|ids| ids.split(',').map(str::to_owned).collect());
    Ok(Terms::Make { revision: revision.transpose()?, approvals: approvals.unwrap_or_default() })
}

fn whole_number(json: &Json<'_>) -> Result<u64, Error> {
    let number = if let Json::Number(number) = json { number.as_integer() } else { None };
    number.and_then(|number| u64::try_from(number).ok()).ok_or_else(|| refuse("revision", "must be a whole number"))
}

fn ids(json: Json<'static>) -> Result<Vec<String>, Error> {
    let wrong = || refuse("approval_id", "must be an approval's id, or an array of them");
    match json {
        Json::Text(id) => Ok(vec![id.into_owned()]),
        Json::Array(items) => items.iter().map(|id| id.as_text().map(str::to_owned).ok_or_else(wrong)).collect(),
        _ => Err(wrong()),
    }
}

/// A member of the body that is not what it should be.
pub(super) fn refuse(name: &str, message: &'static str) -> Error {
    Error::invalid("the body is refused").details([Detail::new(Place::Pointer(format!("/{name}")), message)])
}

/// A text of a body, if it is there.
pub(super) fn text(document: &Json<'_>, name: &str) -> Result<Option<String>, Error> {
    match document.get(name) {
        None => Ok(None),
        Some(Json::Text(text)) => Ok(Some(text.clone().into_owned())),
        Some(_) => Err(refuse(name, "must be a string")),
    }
}

/// A definition with the revision of its last write; there is none where a file says it.
pub(super) struct Revised<'a> {
    pub(super) document: &'a Json<'static>,
    pub(super) revision: Option<u64>,
    /// For an override row: whether its time is over.
    pub(super) expired: Option<bool>,
}

impl<'a> Revised<'a> {
    /// What the store has.
    pub(super) fn of<T: AsRef<Json<'static>>>(object: &'a Object<T>) -> Self {
        Self { document: object.body.as_ref(), revision: Some(object.revision), expired: None }
    }
}

impl Serialize for Revised<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        if let Json::Object(members) = self.document {
            for (key, value) in members.iter().filter(|(key, _)| key != "revision" && key != "expired") {
                map.serialize_entry(key, value)?;
            }
        }
        if let Some(expired) = self.expired {
            map.serialize_entry("expired", &expired)?;
        }
        map.serialize_entry("revision", &self.revision)?;
        map.end()
    }
}

/// The documents of a kind as they serve, with their revisions where they are written here.
pub(super) fn serving<'a, T: Stored>(
    state: &AppState,
    model: &'a Model,
    document: &'a Json<'static>,
    name: &'static str,
) -> impl Iterator<Item = (&'a str, Revised<'a>)> {
    let is_written_here = state.source().is_written_here();
    let items = if let Some(Json::Array(items)) = document.get(T::COLLECTION) { items.as_slice() } else { &[] };
    items.iter().map(move |document| {
        let key = document.get(name).and_then(Json::as_text).unwrap_or_default();
        let object = T::among(model).get(key).filter(|_| is_written_here);
        (key, Revised { document, revision: object.map(|object| object.revision), expired: None })
    })
}

/// Lists all of a kind that has keys.
pub(super) fn list<T: Stored>(state: &AppState, caller: &Caller, call: &Call) -> Result<Response, Error> {
    Query::read(&call.uri, &[], false)?;
    caller.require(Permission::FlagsRead, None)?;
    let served = state.load();
    let all = serving::<T>(state, &served.model, served.registry.definitions.document(), "key");
    let all: Vec<_> = all.map(|(_, revised)| revised).collect();
    wire::plain(StatusCode::OK, &serde_json::json!({(T::COLLECTION): all}))
}

/// Tells the one of that key.
pub(super) fn read<T: Stored>(
    state: &AppState,
    caller: &Caller,
    key: &str,
    none: fn() -> Error,
) -> Result<Response, Error> {
    caller.require(Permission::FlagsRead, None)?;
    let served = state.load();
    let mut all = serving::<T>(state, &served.model, served.registry.definitions.document(), "key");
    let (_, revised) = all.find(|(other, _)| *other == key).ok_or_else(none)?;
    wire::plain(StatusCode::OK, &revised)
}

/// Makes one, and tells it.
pub(super) async fn create<T: Stored + AsRef<Json<'static>>>(
    state: &AppState,
    caller: Caller,
    call: &Call,
    action: impl FnOnce(&str) -> Action,
    change: impl FnOnce(Json<'static>) -> Change,
) -> Result<Response, Error> {
    let Sent { document, terms } = Sent::read(&call.headers, &call.body)?;
    let key = text(&document, "key")?.ok_or_else(|| refuse("key", "is required"))?;
    let made = written::<T>(state, caller, action(&key), change(document), terms, key).await?;
    wire::plain(StatusCode::CREATED, &Revised::of(&made))
}

/// Writes one, whole, and tells it.
pub(super) async fn update<T: Stored + AsRef<Json<'static>>>(
    state: &AppState,
    caller: Caller,
    call: &Call,
    key: String,
    action: Action,
    change: impl FnOnce(String, Json<'static>) -> Change,
) -> Result<Response, Error> {
    let Sent { document, terms } = Sent::read(&call.headers, &call.body)?;
    let written = written::<T>(state, caller, action, change(key.clone(), document), terms, key).await?;
    wire::plain(StatusCode::OK, &Revised::of(&written))
}

/// Makes a change, and tells what is under that key then.
pub(super) async fn written<T: Stored>(
    state: &AppState,
    caller: Caller,
    action: Action,
    change: Change,
    terms: Terms,
    key: String,
) -> Result<Arc<Object<T>>, Error> {
    let decide = move |draft: &mut Draft| {
        change.make(draft, &terms)?;
        draft.seen::<T>(&key, Some(draft.revision()))
    };
    state.write(caller, action, decide).await
}

/// Removes one.
pub(super) async fn remove(
    state: &AppState,
    caller: Caller,
    call: &Call,
    action: Action,
    change: Change,
) -> Result<Response, Error> {
    let terms = terms(&call.uri)?;
    state.write(caller, action, move |draft| change.make(draft, &terms).map(|_| ())).await?;
    wire::plain(StatusCode::OK, &serde_json::json!({}))
}
