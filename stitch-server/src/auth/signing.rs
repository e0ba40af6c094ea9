//! What our own tokens are signed with: keys on P-256, kept in the store, so that a restart and every replica know
//! them.
//!
//! They overlap while they rotate: a new key is told for [`LEAD`] before it signs, and the one before it counts until
//! the last token that it signed has expired.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use jsonwebtoken::{DecodingKey, EncodingKey};
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Value, json};

use super::tokens;
use crate::audit::Action;
use crate::chance;
use crate::error::Error;
use crate::model::{Model, SigningKey};
use crate::writes::Draft;

/// Bytes of a coordinate on P-256.
const COORDINATE: usize = 32;
/// Milliseconds for which a new key is told before it signs: as long as anybody may keep the list of keys, and longer
/// than any replica takes to hear of it.
pub const LEAD: i64 = 300_000;
/// Milliseconds for which a key counts once another signs: as long as tokens live, and a minute for a replica whose
/// clock is late.
const OVERLAP: i64 = tokens::LIFETIME * 1_000 + 60_000;

/// A fresh one, and the id by which tokens name it.
///
/// # Errors
///
/// If the system gives no randomness.
pub fn make(now: i64) -> std::io::Result<(String, SigningKey)> {
    let failed = |_| std::io::Error::other("no signing key can be made");
    let random = SystemRandom::new();
    let document = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random).map_err(failed)?;
    let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, document.as_ref(), &random)
        .map_err(|_| std::io::Error::other("no signing key can be made"))?;
    // An uncompressed point: a byte that says so, and the coordinates.
    let (x, y) = pair.public_key().as_ref()[1..].split_at(COORDINATE);
    let key = SigningKey {
        private_pkcs8: STANDARD.encode(document.as_ref()),
        x: URL_SAFE_NO_PAD.encode(x),
        y: URL_SAFE_NO_PAD.encode(y),
        created_at: now,
    };
    Ok((chance::token(8)?, key))
}

impl Draft {
    /// Keeps a signing key.
    pub fn keep_signing_key(&mut self, id: &str, key: &SigningKey) {
        self.put(id, key.clone());
        self.record(Value::Null, json!({"kid": id}), None);
    }

    /// Adds a signing key to those that are there, and lets those go that no longer count. Where the old ones may be
    /// known to others, `at_once` they count no more: then this one signs, and what they signed is no token.
    pub fn rotate_signing_key(&mut self, id: &str, key: &SigningKey, at_once: bool) {
        let before = signer(self.model(), self.now()).map_or(Value::Null, |term| json!({"kid": term.id}));
        let gone = terms(self.model()).into_iter().filter(|term| at_once || term.counts_until <= self.now());
        let gone: Vec<String> = gone.map(|term| term.id.to_owned()).collect();
        self.record(before, json!({"kid": id, "at_once": at_once}), None);
        for id in gone {
            self.record_also(Action::new("signing_key.remove", &*id), json!({"kid": id}), Value::Null, None);
            self.remove::<SigningKey>(&id);
        }
        self.put(id, key.clone());
    }
}

/// A key, and when it is of use (milliseconds).
#[derive(Clone, Copy, Debug)]
pub struct Term<'m> {
    /// The id by which tokens name it.
    pub id: &'m str,
    /// The key.
    pub key: &'m SigningKey,
    /// From then on it signs, unless a later one does; the first one always did.
    pub signs_from: i64,
    /// From then on what it signed is no token any more.
    pub counts_until: i64,
}

/// All keys, the oldest first.
pub fn terms(model: &Model) -> Vec<Term<'_>> {
    // When any later one signs; a clock that was set back may have made the last one the first to.
    let mut next = i64::MAX;
    let newest_first = model.signing_keys.iter().enumerate().rev().map(|(index, (id, key))| {
        let counts_until = next.saturating_add(OVERLAP);
        let signs_from = if index == 0 { i64::MIN } else { key.body.created_at.saturating_add(LEAD) };
        next = next.min(signs_from);
        Term { id, key: &key.body, signs_from, counts_until }
    });
    let mut terms: Vec<_> = newest_first.collect();
    terms.reverse();
    terms
}

/// The one that signs.
pub fn signer(model: &Model, now: i64) -> Option<Term<'_>> {
    terms(model).into_iter().rev().find(|term| term.signs_from <= now)
}

/// The private half of the one that signs, with its id.
pub(super) fn private(model: &Model, now: i64) -> Result<(&str, EncodingKey), Error> {
    let Term { id, key, .. } = signer(model, now).ok_or_else(Error::internal)?;
    let private = STANDARD.decode(&key.private_pkcs8).map_err(|_| Error::internal())?;
    Ok((id, EncodingKey::from_ec_der(&private)))
}

/// The public half of the one of that id, while it counts.
pub(super) fn public(model: &Model, id: &str, now: i64) -> Option<DecodingKey> {
    let Term { key, .. } = terms(model).into_iter().find(|term| term.id == id && now < term.counts_until)?;
    DecodingKey::from_ec_components(&key.x, &key.y).ok()
}

/// The public halves, as others read them (RFC 7517).
#[derive(Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Jwks<'a> {
    keys: Vec<Jwk<'a>>,
}

/// The public half of a key.
#[derive(Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
struct Jwk<'a> {
    kty: &'static str,
    crv: &'static str,
    alg: &'static str,
    #[serde(rename = "use")]
    usage: &'static str,
    kid: &'a str,
    x: &'a str,
    y: &'a str,
}

impl<'a> Jwks<'a> {
    /// Of all that count, and of the one that will sign next.
    pub fn of(model: &'a Model, now: i64) -> Self {
        let jwk = |Term { id, key, .. }: Term<'a>| Jwk {
            kty: "EC",
            crv: "P-256",
            alg: "ES256",
            usage: "sig",
            kid: id,
            x: &key.x,
            y: &key.y,
        };
        Self { keys: terms(model).into_iter().filter(|term| now < term.counts_until).map(jwk).collect() }
    }
}
