//! What the routes that change definitions have in common: a document with the revision that its sender saw and the
//! approvals that the change is made with, and the answer that tells what is there now.

use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::Response;
use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};
use stitch_core::Json;

use crate::error::{Detail, Error, Place};
use crate::extract::{self, Query};
use crate::model::{Model, Object, Stored};
use crate::state::AppState;
use crate::wire;
use crate::writes::Terms;

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

/// What was written, or made, as `/v1` tells it.
pub(super) fn told<T: AsRef<Json<'static>>>(status: StatusCode, object: &Object<T>) -> Result<Response, Error> {
    wire::plain(status, &Revised::of(object))
}
