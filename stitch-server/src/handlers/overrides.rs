//! `/api/flags/overrides/…`: stored override rows.

use axum::Extension;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, Uri};
use axum::response::Response;
use serde::Serialize;
use stitch_core::{Json, has_expired};

use super::writing::{self, Revised, Sent, serving};
use crate::audit::Action;
use crate::auth::{Asker, Bearer};
use crate::error::Error;
use crate::extract::{self, AuthSource, Key};
use crate::instant::of_the_clock;
use crate::model::OverrideRow;
use crate::state::AppState;
use crate::wire::{self, ABOUT_A_PERSON, Meta};
use crate::writes::Change;
use crate::writes::rollback::no_flag;

#[derive(Serialize)]
struct Rows<'a> {
    count: usize,
    overrides: Vec<Revised<'a>>,
}

/// Lists the rows of a flag, those whose time is over marked.
///
/// # Errors
///
/// If there is no such flag, or the caller may not read it.
pub async fn of_flag(
    State(state): State<AppState>,
    Extension(meta): Extension<Meta>,
    asker: Asker,
    Key(key): Key,
) -> Result<Response, Error> {
    asker.require_read(None)?;
    let served = state.load();
    served.registry.engine.flag(&key).ok_or_else(no_flag)?;
    let now = of_the_clock();
    let rows = serving::<OverrideRow>(&state, &served.model, served.registry.definitions.document(), "id");
    let rows = rows.filter(|(_, row)| row.document.get("flag_key").and_then(Json::as_text) == Some(&key));
    let overrides: Vec<_> = rows
        .map(|(_, row)| {
            let expires_at = row.document.get("expires_at").and_then(Json::as_text);
            Revised { expired: Some(expires_at.is_some_and(|instant| has_expired(instant, now))), ..row }
        })
        .collect();
    wire::success(&meta, AuthSource::None, ABOUT_A_PERSON, &Rows { count: overrides.len(), overrides })
}

/// Makes a row, or writes it again, whole.
///
/// # Errors
///
/// What [`Change::make`] and the core refuse.
pub async fn put(
    State(state): State<AppState>,
    Extension(meta): Extension<Meta>,
    Bearer(caller): Bearer,
    Id(id): Id,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Error> {
    let Sent { document, terms } = Sent::read(&headers, &body)?;
    let flag = writing::text(&document, "flag_key")?;
    let action = Action { flag, ..Action::new("override.put", &*id) };
    let change = Change::PutOverride(id.clone(), document);
    let row = state.write(caller, action, move |draft| {
        change.make(draft, &terms)?;
        draft.seen::<OverrideRow>(&id, Some(draft.revision()))
    });
    wire::success(&meta, AuthSource::None, ABOUT_A_PERSON, &Revised::of(&*row.await?))
}

/// Removes a row.
///
/// # Errors
///
/// What [`Change::make`] refuses.
pub async fn remove(
    State(state): State<AppState>,
    Extension(meta): Extension<Meta>,
    Bearer(caller): Bearer,
    Id(id): Id,
    uri: Uri,
) -> Result<Response, Error> {
    let terms = writing::terms(&uri)?;
    let row = state.load().model.overrides.get(&id).cloned();
    let flag = row.and_then(|row| row.body.0.get("flag_key")?.as_text().map(str::to_owned));
    let action = Action { flag, ..Action::new("override.delete", &*id) };
    let change = Change::DeleteOverride(id);
    state.write(caller, action, move |draft| change.make(draft, &terms).map(|_| ())).await?;
    wire::success(&meta, AuthSource::None, ABOUT_A_PERSON, &serde_json::json!({}))
}

/// The part of the path that names a row.
pub struct Id(String);

impl axum::extract::FromRequestParts<AppState> for Id {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut axum::http::request::Parts, _: &AppState) -> Result<Self, Error> {
        extract::path(parts, "id").await.map(Self)
    }
}
