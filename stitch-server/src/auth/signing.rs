//! What our own tokens are signed with: keys on P-256, kept in the store, so that a restart and every replica know
//! them.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use jsonwebtoken::{DecodingKey, EncodingKey};
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
use serde::Serialize;
use serde_json::{Value, json};

use crate::chance;
use crate::error::Error;
use crate::model::{Model, SigningKey};
use crate::writes::Draft;

/// Bytes of a coordinate on P-256.
const COORDINATE: usize = 32;

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
}

/// The newest, with its id: it signs.
pub(super) fn newest(model: &Model) -> Result<(&str, EncodingKey), Error> {
    let newest = model.signing_keys.iter().max_by_key(|(_, key)| key.body.created_at);
    let (id, key) = newest.ok_or_else(Error::internal)?;
    let private = STANDARD.decode(&key.body.private_pkcs8).map_err(|_| Error::internal())?;
    Ok((id, EncodingKey::from_ec_der(&private)))
}

/// The public half of the one of that id.
pub(super) fn public(model: &Model, id: &str) -> Option<DecodingKey> {
    let key = &model.signing_keys.get(id)?.body;
    DecodingKey::from_ec_components(&key.x, &key.y).ok()
}

/// The public halves, as others read them (RFC 7517).
#[derive(Serialize)]
pub struct Jwks<'a> {
    keys: Vec<Jwk<'a>>,
}

#[derive(Serialize)]
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
    /// Of all of them: a token of an older one is valid until it expires.
    pub fn of(model: &'a Model) -> Self {
        let jwk = |(kid, key): (&'a String, &'a std::sync::Arc<crate::model::Object<SigningKey>>)| Jwk {
            kty: "EC",
            crv: "P-256",
            alg: "ES256",
            usage: "sig",
            kid,
            x: &key.body.x,
            y: &key.body.y,
        };
        Self { keys: model.signing_keys.iter().map(jwk).collect() }
    }
}
