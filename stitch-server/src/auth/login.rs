//! From an address and a password to a token.

use std::net::IpAddr;
use std::time::Instant;

use serde_json::{Value, json};

use super::{passwords, tokens};
use crate::audit::Action;
use crate::caller::Caller;
use crate::error::{Code, Error};
use crate::instant::of_the_clock;
use crate::state::AppState;
use crate::writes::Draft;

/// The subject of a login to no account: what was typed there may be a password, and is kept nowhere.
const UNKNOWN: &str = "unknown account";

/// A token for whoever has that password, and the second in which it expires.
///
/// Whether there is such an account shows neither in what is answered nor in how long that takes: a password is
/// hashed, and an entry for the audit log is written, either way.
///
/// # Errors
///
/// `forbidden` where nothing may be written; `unauthorized`; `rate_limited` where too many failed from that address;
/// `not_ready` where the store is away.
pub async fn login(state: &AppState, from: IpAddr, email: &str, password: String) -> Result<(String, i64), Error> {
    // Before a password is hashed for nothing.
    state.may_write()?;
    let attempts = &state.auth().attempts;
    attempts.check(from, Instant::now())?;
    let turn = state.auth().passwords.turn().await?;
    let began = Instant::now();
    attempts.begin(from, began)?;
    let token = hear(state, email, password, turn).await;
    // What failed otherwise than by its words was no guess.
    if token.as_ref().is_err_and(|error| error.code == Code::Unauthorized) {
        state.metrics().login_failed();
    } else {
        attempts.succeeded(from, began);
    }
    token
}

/// A token, if the password is right.
async fn hear(state: &AppState, email: &str, password: String, turn: passwords::Turn) -> Result<(String, i64), Error> {
    let user = state.load().model.users.get(email).cloned();
    let hash = user.as_ref().map(|user| user.body.password_hash.clone());
    let right = passwords::check(turn, password, hash).await?;
    let subject = if user.is_some() { email } else { UNKNOWN };
    let caller = Caller { subject: subject.to_owned(), grants: Vec::new() };
    let seen = user.filter(|_| right).map(|user| user.revision);
    let email = email.to_owned();
    // Decided where users are written: one who is removed meanwhile gets no token.
    let decide = move |draft: &mut Draft| match draft.model().users.get(&email) {
        Some(user) if Some(user.revision) == seen => {
            draft.record(Value::Null, json!({"user_revision": user.revision}), None);
            tokens::issue(draft.model(), &email, of_the_clock())
        }
        _ => Err(Error::new(Code::Unauthorized, "the e-mail address or the password is wrong")),
    };
    state.write(caller, Action::new("login", subject), decide).await
}
