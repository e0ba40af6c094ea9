//! `GET /api/flags/eval`: one flag for one context.

use axum::Extension;
use axum::extract::State;
use axum::http::{HeaderMap, Uri};
use axum::response::Response;

use crate::auth::Asker;
use crate::error::{Code, Error};
use crate::extract::{Query, Sources};
use crate::instant::of_the_clock;
use crate::state::AppState;
use crate::wire::{self, Meta, Outcome};

/// Evaluates a flag.
///
/// # Errors
///
/// If the request is not as the contract says, or there is no such flag.
pub async fn eval(
    State(state): State<AppState>,
    Extension(meta): Extension<Meta>,
    uri: Uri,
    headers: HeaderMap,
    who: Asker,
) -> Result<Response, Error> {
    let query = Query::read(&uri, &["key", "trace"], true)?;
    let trace = query.switch("trace")?;
    let Some(key) = query.get("key").filter(|key| !key.is_empty()) else {
        return Err(Error::invalid("there is no flag key").hint("say which flag: `?key=…`"));
    };
    let served = state.load();
    let engine = &served.registry.engine;
    let sources = Sources::of(&headers, &query, &who)?;
    let meta = meta.ignoring(sources.ignored);
    let resolved = sources.resolve(engine, of_the_clock())?;
    if trace {
        who.require_read(resolved.env)?;
    }
    let Some(flag) = engine.flag(key) else {
        return Err(Error::new(Code::FlagNotFound, "the registry has no flag of this key")
            .hint("`GET /api/flags/registry?summary=true` lists the flags")
            .auth_source(resolved.auth_source));
    };
    let outcome = if trace {
        Outcome::Explanation(flag.explain(&resolved.context))
    } else {
        Outcome::Evaluation(flag.evaluate(&resolved.context))
    };
    wire::success(&meta, resolved.auth_source, wire::ABOUT_A_PERSON, &outcome)
}
