//! `/api/flags/overrides/…`: stored override rows.

use axum::extract::State;
use axum::response::Response;
use serde::Serialize;
use stitch_core::{Json, has_expired};

use super::definitions::{self, Revised, Sent, serving};
use crate::audit::Action;
use crate::auth::{Asker, Bearer};
use crate::error::Error;
use crate::extract::{AuthSource, Call, Id, Key};
use crate::instant::of_the_clock;
use crate::model::OverrideRow;
use crate::state::AppState;
use crate::wire::{self, ABOUT_A_PERSON};
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
    asker: Asker,
    Key(key): Key,
    call: Call,
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
    wire::success(&call.meta, AuthSource::None, ABOUT_A_PERSON, &Rows { count: overrides.len(), overrides })
}

/// Makes a row, or writes it again, whole.
///
/// # Errors
///
/// What [`Change::make`] and the core refuse.
pub async fn put(
    State(state): State<AppState>,
    Bearer(caller): Bearer,
    Id(id): Id,
    call: Call,
) -> Result<Response, Error> {
    let Sent { document, terms } = Sent::read(&call.headers, &call.body)?;
    let flag = definitions::text(&document, "flag_key")?;
    let action = Action { flag, ..Action::new("override.put", &*id) };
    let change = Change::PutOverride(id.clone(), document);
    let row = definitions::written::<OverrideRow>(&state, caller, action, change, terms, id).await?;
    wire::success(&call.meta, AuthSource::None, ABOUT_A_PERSON, &Revised::of(&row))
}

/// Removes a row.
///
/// # Errors
///
/// What [`Change::make`] refuses.
pub async fn remove(
    State(state): State<AppState>,
    Bearer(caller): Bearer,
    Id(id): Id,
    call: Call,
) -> Result<Response, Error> {
    let terms = definitions::terms(&call.uri)?;
    let row = state.load().model.overrides.get(&id).cloned();
    let flag = row.and_then(|row| row.body.0.get("flag_key")?.as_text().map(str::to_owned));
    let action = Action { flag, ..Action::new("override.delete", &*id) };
    let change = Change::DeleteOverride(id);
    state.write(caller, action, move |draft| change.make(draft, &terms).map(|_| ())).await?;
    wire::success(&call.meta, AuthSource::None, ABOUT_A_PERSON, &serde_json::json!({}))
}
