//! Who asks: people and their tools by a token, SDK clients by a key.
//!
//! | module | what |
//! |---|---|
//! | `credential` | what a request presents; each route takes one kind |
//! | [`tokens`], [`issuers`], [`claims`] | our own tokens and those of others; what any token says of somebody |
//! | [`signing`], `crypto` | what our tokens are signed with, and by which library |
//! | [`login`], [`passwords`], `attempts`, [`address`] | from a password to a token, and how often that may fail |
//! | [`users`], [`sdk_keys`] | people, and the keys of SDK clients |
//! | [`asker`] | who asks for evaluations |
//!
//! A handler that takes [`Bearer`], or calls [`sdk_key`], runs for nobody who has no valid credential.

use axum::extract::FromRequestParts;
use axum::http::HeaderMap;
use axum::http::request::Parts;

use crate::caller::Caller;
use crate::config;
use crate::error::{Code, Detail, Error, Place};
use crate::request::Known;
use crate::state::{AppState, Settings};
use claims::Identity;
pub(crate) use credential::Kind;

pub mod address;
pub mod asker;
mod attempts;
pub mod claims;
mod credential;
mod crypto;
pub mod issuers;
pub mod login;
pub mod passwords;
pub mod sdk_keys;
pub mod signing;
pub mod tokens;
pub mod users;

pub use asker::Asker;
pub use sdk_keys::KeyHolder;
pub(crate) use sdk_keys::invalid_key;

/// Characters of the longest name.
pub(crate) const LABEL: usize = 200;

/// What is remembered between requests, and not kept.
#[derive(Debug)]
pub(crate) struct Auth {
    issuers: issuers::Issuers,
    attempts: attempts::Attempts,
    pub(crate) passwords: passwords::Passwords,
}

impl Auth {
    pub(crate) fn new(settings: &Settings) -> Self {
        let issuers = issuers::Issuers::new(&settings.issuers);
        Self { issuers, attempts: attempts::Attempts::default(), passwords: passwords::Passwords::default() }
    }
}

/// Whoever presents a valid token.
#[derive(Clone, Debug)]
pub struct Person {
    /// Who they are to this server, and what they may do.
    pub caller: Caller,
    /// Who they are in an evaluation.
    pub identity: Identity,
}

/// The caller of a route for people and their tools: `Authorization: Bearer` with a token.
#[derive(Clone, Debug)]
pub struct Bearer(pub Caller);

impl FromRequestParts<Known> for Bearer {
    type Rejection = Error;

    async fn from_request_parts(head: &mut Parts, known: &Known) -> Result<Self, Error> {
        Ok(Self(person(known.state(), &head.headers).await?.caller))
    }
}

/// Whoever presents the token of a request.
///
/// # Errors
///
/// `unauthorized` without one, or with one that is not valid.
pub async fn person(state: &AppState, headers: &HeaderMap) -> Result<Person, Error> {
    let token = credential::bearer(headers)?.ok_or_else(|| missing("a token", "`Authorization: Bearer …`"))?;
    verify(state, token).await
}

/// By the issuer that the token names, who alone has the keys for it.
async fn verify(state: &AppState, token: &str) -> Result<Person, Error> {
    let issuer = claims::issuer(token)?;
    // Not held on to while others are asked.
    let model = std::sync::Arc::clone(&state.load().model);
    if issuer == tokens::issuer(&model) {
        return tokens::verify(&model, token);
    }
    state.auth().issuers.verify(&issuer, token).await
}

/// The holder of the key in `x-sdk-key`, which must be one of that environment.
///
/// # Errors
///
/// `unauthorized` without one, or with one that is unknown or revoked; `forbidden` with one of another environment.
pub fn sdk_key(state: &AppState, headers: &HeaderMap, env: &str) -> Result<KeyHolder, Error> {
    let holder = presented(state, headers)?;
    if holder.env != env {
        return Err(another_environment());
    }
    admit(state, holder)
}

/// The holder of the key in `x-sdk-key`, whichever environment it is of.
///
/// # Errors
///
/// `unauthorized`, as [`sdk_key`].
pub fn stream_key(state: &AppState, headers: &HeaderMap) -> Result<KeyHolder, Error> {
    admit(state, presented(state, headers)?)
}

fn presented(state: &AppState, headers: &HeaderMap) -> Result<KeyHolder, Error> {
    let key = credential::only(headers, &[Kind::SdkKey])?;
    let key = key.ok_or_else(|| missing("an SDK key", "`x-sdk-key`"))?;
    sdk_keys::holder(&state.load().model, key)
}

/// The holder of an OFREP client's key, in `X-API-Key` or as a Bearer; in dev mode nobody needs one.
///
/// # Errors
///
/// As [`sdk_key`].
pub fn api_key(state: &AppState, headers: &HeaderMap) -> Result<Option<KeyHolder>, Error> {
    match credential::only(headers, &[Kind::ApiKey, Kind::Authorization])? {
        Some(key) => admit(state, sdk_keys::holder(&state.load().model, key)?).map(Some),
        None if state.settings().auth == config::Auth::Dev => Ok(None),
        None => Err(missing("an SDK key", "`X-API-Key`, or as `Authorization: Bearer …`")),
    }
}

/// Counts a request of a key, unless there were too many.
fn admit(state: &AppState, holder: KeyHolder) -> Result<KeyHolder, Error> {
    let Err(wait) = state.sdk_limit().take(&holder.id) else { return Ok(holder) };
    // Whole seconds, so that nobody comes back too early.
    let seconds = u16::try_from(wait.as_millis().div_ceil(1_000)).unwrap_or(u16::MAX);
    Err(Error::new(Code::RateLimited, "this key asks too often")
        .hint("report events and ask for flags many at once, or start the server with `--sdk-rate-limit`")
        .retry_after(seconds))
}

/// What the holder of a key is told who asks for another environment than the key's.
pub(crate) fn another_environment() -> Error {
    Error::new(Code::Forbidden, "this key is for another environment")
        .hint("ask for the environment that the key was made for, or make one for this")
}

/// Refuses a name that is empty, long, or would disturb a terminal.
fn label(text: &str, pointer: &str) -> Result<(), Error> {
    if (1..=LABEL).contains(&text.chars().count()) && !text.chars().any(char::is_control) {
        return Ok(());
    }
    let message = format!("needs 1 to {LABEL} characters, none of which controls a terminal");
    Err(Error::invalid("a name is refused").details([Detail::new(Place::Pointer(pointer.to_owned()), message)]))
}

fn missing(what: &str, how: &str) -> Error {
    Error::new(Code::Unauthorized, format!("there is no credential: this asks for {what}"))
        .hint(format!("send it as {how}"))
}
