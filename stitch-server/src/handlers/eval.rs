//! `GET /api/flags/eval`: one flag for one context.

use axum::extract::State;
use axum::response::Response;

use crate::auth::Asker;
use crate::error::{Code, Error};
use crate::extract::{Call, Query, Sources};
use crate::instant::of_the_clock;
use crate::state::AppState;
use crate::wire::{self, ABOUT_A_PERSON};

/// Evaluates a flag.
///
/// # Errors
///
/// If the request is not as the contract says, or there is no such flag.
pub async fn eval(State(state): State<AppState>, who: Asker, call: Call) -> Result<Response, Error> {
    let query = Query::read(&call.uri, &["key", "trace"], true)?;
    let trace = query.switch("trace")?;
    let Some(key) = query.get("key").filter(|key| !key.is_empty()) else {
        return Err(Error::invalid("there is no flag key").hint("say which flag: `?key=…`"));
    };
    let served = state.load();
    let engine = &served.registry.engine;
    let sources = Sources::of(&call.headers, &query, &who)?;
    let meta = call.meta.ignoring(sources.ignored);
    let resolved = sources.resolve(engine, of_the_clock())?;
    if trace {
        who.require_read(resolved.env)?;
    }
    let Some(flag) = engine.flag(key) else {
        return Err(Error::new(Code::FlagNotFound, "the registry has no flag of this key")
            .hint("`GET /api/flags/registry?summary=true` lists the flags")
            .auth_source(resolved.auth_source));
    };
    if trace {
        let explanation = flag.explain(&resolved.context);
        state.metrics().evaluated(explanation.evaluation.reason);
        return wire::success(&meta, resolved.auth_source, ABOUT_A_PERSON, &explanation);
    }
    let evaluation = flag.evaluate(&resolved.context);
    state.metrics().evaluated(evaluation.reason);
    wire::evaluation(&meta, resolved.auth_source, &evaluation)
}
