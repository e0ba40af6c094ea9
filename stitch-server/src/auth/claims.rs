//! What a token says of somebody, whoever signed it.

use jsonwebtoken::errors::ErrorKind;
use jsonwebtoken::{DecodingKey, Header, Validation};
use serde::Deserialize;
use serde_json::{Map, Value};
use stitch_core::Approvals;

use super::crypto;
use crate::error::{Code, Error};

/// The claims of a token.
pub type Claims = Map<String, Value>;

/// Who somebody is in an evaluation.
#[derive(Clone, Debug)]
pub struct Identity {
    /// Who.
    pub user_id: String,
    /// Of which tenant.
    pub tenant_id: Option<String>,
    /// Of which tier.
    pub tier: String,
    /// In which role; it has nothing to do with what they may do here.
    pub role_key: Option<String>,
    /// References of approvals, by flag.
    pub approvals: Approvals<'static>,
}

/// Under which names a token has what is asked of it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Names {
    sub: String,
    tenant_id: String,
    tier: String,
    role_key: String,
    approvals: String,
}

impl Default for Names {
    fn default() -> Self {
        let [sub, tenant_id, tier, role_key, approvals] =
            ["sub", "tenant_id", "tier", "role_key", "approvals"].map(str::to_owned);
        Self { sub, tenant_id, tier, role_key, approvals }
    }
}

impl Identity {
    /// From claims; all but the approvals must be there, tenant and role perhaps as null.
    ///
    /// # Errors
    ///
    /// `unauthorized`, with the name of the first that is not there or is none.
    pub fn read(claims: &Claims, names: &Names) -> Result<Self, Error> {
        let claim = |name: &str| claims.get(name).ok_or_else(|| refuse(&format!("it has no claim `{name}`")));
        let wrong = |name: &str, what: &str| refuse(&format!("its claim `{name}` is not {what}"));
        let text = |name: &str| match claim(name)? {
            Value::String(text) if !text.is_empty() => Ok(text.clone()),
            _ => Err(wrong(name, "a string with something in it")),
        };
        let perhaps = |name: &str| match claim(name)? {
            Value::Null => Ok(None),
            Value::String(text) => Ok(Some(text.clone()).filter(|text| !text.is_empty())),
            _ => Err(wrong(name, "a string or null")),
        };
        let approvals = || match claims.get(&names.approvals) {
            None | Some(Value::Null) => Some(Approvals::default()),
            Some(Value::Object(references)) => {
                references.iter().try_fold(Approvals::default(), |approvals, (flag, reference)| {
                    Some(approvals.of(flag.clone(), reference.as_str()?.to_owned()))
                })
            }
            Some(_) => None,
        };
        Ok(Self {
            user_id: text(&names.sub)?,
            tenant_id: perhaps(&names.tenant_id)?,
            tier: text(&names.tier)?,
            role_key: perhaps(&names.role_key)?,
            approvals: approvals()
                .ok_or_else(|| wrong(&names.approvals, "an object of references of approvals, by flag"))?,
        })
    }
}

/// The header of a token, of which nothing is believed yet.
pub(super) fn header(token: &str) -> Result<Header, Error> {
    crypto::ready();
    let header = jsonwebtoken::decode_header(token).map_err(|error| refused(&error))?;
    // What must be understood and is not, RFC 7515 says, makes the token none.
    if header.crit.is_some() { Err(refuse("its header asks for what is not known here (`crit`)")) } else { Ok(header) }
}

/// Whose token it says it is, of which nothing is believed yet either.
pub(super) fn issuer(token: &str) -> Result<String, Error> {
    #[derive(Deserialize)]
    struct Issuer {
        iss: String,
    }
    let claims = jsonwebtoken::dangerous::insecure_decode_claims::<Issuer>(token);
    claims.map(|claims| claims.iss).map_err(|_| refuse("it is none, or names no issuer"))
}

/// The claims of a token that this key signed and that this validation finds valid.
pub(super) fn decode(token: &str, key: &DecodingKey, validation: &Validation) -> Result<Claims, Error> {
    crypto::ready();
    jsonwebtoken::decode::<Claims>(token, key, validation).map(|data| data.claims).map_err(|error| refused(&error))
}

fn refused(error: &jsonwebtoken::errors::Error) -> Error {
    match error.kind() {
        ErrorKind::ExpiredSignature => refuse("it has expired"),
        ErrorKind::ImmatureSignature => refuse("it is not valid yet"),
        ErrorKind::InvalidAudience => refuse("it is meant for others"),
        ErrorKind::InvalidSignature => refuse("its signature is not its issuer's"),
        ErrorKind::MissingRequiredClaim(name) => refuse(&format!("it has no claim `{name}`")),
        // Any algorithm that is not known is no JSON to the library: which is what is right of it.
        ErrorKind::InvalidAlgorithm | ErrorKind::UnsupportedAlgorithm | ErrorKind::Json(_) => {
            refuse("it is none, or is signed by an algorithm that is not taken here: `RS256` and `ES256` are")
        }
        _ => refuse("it is none"),
    }
}

/// Says why a token is not valid.
pub(super) fn refuse(why: &str) -> Error {
    Error::new(Code::Unauthorized, format!("the token is not valid: {why}")).hint("log in again")
}
