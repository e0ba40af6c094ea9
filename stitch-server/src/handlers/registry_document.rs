//! `/v1/registry`: all definitions as one document, out and in.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;

use super::definitions::{Revised, Sent};
use crate::audit::Action;
use crate::auth::Bearer;
use crate::caller::Permission;
use crate::error::Error;
use crate::extract::Call;
use crate::source::Source;
use crate::state::AppState;
use crate::wire;
use crate::writes::Change;

/// The document that serves, with the store's revision.
///
/// # Errors
///
/// `forbidden` to who may not.
pub async fn read(State(state): State<AppState>, Bearer(caller): Bearer) -> Result<Response, Error> {
    caller.require(Permission::FlagsRead, None)?;
    let served = state.load();
    let revision = Some(served.model.head.revision).filter(|_| state.source().is_written_here());
    let document = served.registry.definitions.document();
    wire::plain(StatusCode::OK, &Revised { document, revision, expired: None })
}

/// Writes all definitions as a document has them; no stage moves.
///
/// # Errors
///
/// What the core refuses of the document, and [`Change::make`] of the change.
pub async fn replace(State(state): State<AppState>, Bearer(caller): Bearer, call: Call) -> Result<Response, Error> {
    let Sent { document, terms } = Sent::read(&call.headers, &call.body)?;
    // For anybody else the write says that they may not, and the audit log that they tried.
    if caller.may(Permission::FlagsWrite, None) {
        // As it was sent, so that places are those of the body, and what is there twice is not one thing.
        let sent = document.to_string();
        let compile = move || Source::Store.compile(sent.as_bytes()).map(|_| ());
        let compiled = tokio::task::spawn_blocking(compile).await.map_err(|_| Error::internal())?;
        compiled.map_err(|refused| Error::definitions(&refused, None))?;
    }
    let change = Change::ReplaceRegistry(document);
    let action = Action::new("registry.replace", "registry");
    let revision = state
        .write(caller, action, move |draft| {
            change.make(draft, &terms)?;
            Ok(draft.revision())
        })
        .await?;
    wire::plain(StatusCode::OK, &serde_json::json!({"revision": revision}))
}
