//! Our own tokens: given at a login, signed with our own key, and worth nothing once their user is removed or changed.

use jsonwebtoken::{Algorithm, Header, Validation};
use serde::Serialize;

use super::claims::{self, Identity, Names, refuse};
use super::{Person, crypto, signing};
use crate::caller::Caller;
use crate::error::Error;
use crate::instant::of_the_clock;
use crate::model::Model;

/// Seconds for which a token is valid.
pub const LIFETIME: i64 = 3_600;
/// For whom they are: us.
const AUDIENCE: &str = "stitch";
/// The claim that has the revision of the user's row: a row that was written since has another.
const REVISION: &str = "user_revision";

#[derive(Serialize)]
struct Claims<'a> {
    iss: &'a str,
    aud: &'a str,
    sub: &'a str,
    tenant_id: Option<&'a str>,
    tier: &'a str,
    role_key: Option<&'a str>,
    iat: i64,
    exp: i64,
    user_revision: u64,
}

/// Who gives them. A restored backup is another history, in which a revision may stand for something else, so tokens
/// from before the restore count no more.
pub(super) fn issuer(model: &Model) -> String {
    format!("urn:stitch:{}", model.head.history)
}

/// A token for a user, and the second in which it expires.
///
/// # Errors
///
/// If there is no such user, or no key to sign with, which is a mistake of ours.
pub fn issue(model: &Model, email: &str, now: i64) -> Result<(String, i64), Error> {
    crypto::ready();
    let user = model.users.get(email).ok_or_else(Error::internal)?;
    let (kid, key) = signing::private(model, now)?;
    let iat = now / 1_000;
    let claims = Claims {
        iss: &issuer(model),
        aud: AUDIENCE,
        sub: email,
        tenant_id: user.body.tenant_id.as_deref(),
        tier: user.body.tier(),
        role_key: user.body.role_key.as_deref(),
        iat,
        exp: iat + LIFETIME,
        user_revision: user.revision,
    };
    let header = Header { kid: Some(kid.to_owned()), ..Header::new(Algorithm::ES256) };
    let token = jsonwebtoken::encode(&header, &claims, &key).map_err(|_| Error::internal())?;
    Ok((token, claims.exp))
}

/// Whose token it is.
///
/// # Errors
///
/// `unauthorized`, and why it is not valid.
pub(super) fn verify(model: &Model, token: &str) -> Result<Person, Error> {
    let kid = claims::header(token)?.kid.ok_or_else(|| refuse("it names no key"))?;
    let key = signing::public(model, &kid, of_the_clock()).ok_or_else(|| refuse("it names a key that is not known"))?;
    let mut validation = Validation::new(Algorithm::ES256);
    validation.set_issuer(&[issuer(model)]);
    validation.set_audience(&[AUDIENCE]);
    validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
    validation.validate_nbf = true;
    // The clock that gave them is the one that reads them.
    validation.leeway = 0;
    let claims = claims::decode(token, &key, &validation)?;
    let identity = Identity::read(&claims, &Names::default())?;
    let user = model.users.get(&identity.user_id);
    let user = user.filter(|user| claims.get(REVISION).and_then(serde_json::Value::as_u64) == Some(user.revision));
    let user = user.ok_or_else(|| refuse("its user was removed or changed since"))?;
    Ok(Person { caller: Caller { subject: identity.user_id.clone(), grants: user.body.grants.clone() }, identity })
}
