//! `GET /api/flags/audit`: who did, or was denied, what.

use axum::extract::State;
use axum::response::Response;
use serde_json::{Value, json};

use crate::auth::Asker;
use crate::error::Error;
use crate::extract::{AuthSource, Call, Query};
use crate::state::AppState;
use crate::store::AuditQuery;
use crate::wire::{self, ABOUT_A_PERSON};

/// Entries of one answer, where the request does not say.
const USUAL: usize = 100;
/// Entries of one answer at most.
pub(crate) const MOST: usize = 1_000;

/// Lists entries in order: `?flag=` those about a flag, `?after=` those after a place in the log, `?limit=` so many.
///
/// # Errors
///
/// If the query is not as the contract says, the caller may not, or the store is away.
pub async fn audit(State(state): State<AppState>, who: Asker, call: Call) -> Result<Response, Error> {
    let query = Query::read(&call.uri, &["flag", "after", "limit"], false)?;
    who.require_read(None)?;
    let number = |name: &'static str, usual: u64| match query.get(name).map(str::parse::<u64>) {
        None => Ok(usual),
        Some(Ok(number)) if i64::try_from(number).is_ok() => Ok(number),
        Some(_) => Err(Error::invalid(format!("`{name}` is no whole number"))),
    };
    let limit = usize::try_from(number("limit", USUAL as u64)?).unwrap_or(MOST);
    if !(1..=MOST).contains(&limit) {
        return Err(Error::invalid(format!("`limit` is a number of 1 to {MOST}")));
    }
    let wanted = AuditQuery { flag: query.get("flag").map(str::to_owned), after: number("after", 0)?, limit };
    let rows = state.store().audit(wanted).await.map_err(|error| state.away(&error))?;
    let entry = |row: &crate::store::AuditRow| {
        let mut entry: Value = serde_json::from_str(&row.body).unwrap_or_default();
        entry["hash"] = Value::from(row.hash.clone());
        entry
    };
    let entries: Vec<Value> = rows.iter().map(entry).collect();
    // A page that is not full is the last one, for now.
    let next = rows.last().filter(|_| rows.len() == limit).map(|row| row.seq);
    let data = json!({"count": entries.len(), "entries": entries, "next": next});
    wire::success(&call.meta, AuthSource::None, ABOUT_A_PERSON, &data)
}
