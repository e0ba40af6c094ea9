//! Fetches an issuer's keys (RFC 7517), and takes those that sign as tokens here may be signed.

use std::collections::HashMap;
use std::time::Duration;

use axum::http::Uri;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, DecodingKey};
use serde::Deserialize;
use serde_json::Value;
use ureq::Agent;

/// From the name of the host to the last byte.
const PATIENCE: Duration = Duration::from_secs(3);
/// Bytes that all keys of an issuer may have.
const LIMIT: u64 = 256 << 10;
/// Bytes of a coordinate on P-256.
const COORDINATE: usize = 32;
/// Bytes of the shortest modulus that is taken.
const MODULUS: usize = 256;

/// A public key, for one algorithm.
#[derive(Clone, Debug)]
pub(super) struct Key {
    pub(super) algorithm: Algorithm,
    pub(super) public: DecodingKey,
}

#[derive(Deserialize)]
struct Set {
    keys: Vec<Value>,
}

#[derive(Deserialize)]
struct Jwk {
    kid: String,
    kty: String,
    alg: Option<String>,
    #[serde(rename = "use")]
    usage: Option<String>,
    key_ops: Option<Vec<String>>,
    crv: Option<String>,
    x: Option<String>,
    y: Option<String>,
    n: Option<String>,
    e: Option<String>,
}

/// The keys at an address that was found fit to be asked.
pub(super) fn keys(address: &str) -> Result<HashMap<String, Key>, String> {
    let mut config = Agent::config_builder()
        .max_redirects(0)
        .http_status_as_error(false)
        .timeout_global(Some(PATIENCE))
        .max_idle_connections(0);
    if address.parse::<Uri>().is_ok_and(|uri| super::is_loopback(&uri)) {
        // What stays on this machine goes through no proxy.
        config = config.proxy(None);
    }
    let agent: Agent = config.build().into();
    let mut response = agent.get(address).call().map_err(|error| error.to_string())?;
    // A redirect is no answer: it would let whoever answers choose another address.
    if response.status() != 200 {
        return Err(format!("the answer has status {}", response.status().as_u16()));
    }
    let body = response.body_mut().with_config().limit(LIMIT).read_to_vec().map_err(|error| error.to_string())?;
    read(&body)
}

fn read(body: &[u8]) -> Result<HashMap<String, Key>, String> {
    let set: Set = serde_json::from_slice(body).map_err(|error| error.to_string())?;
    let mut keys = HashMap::new();
    // What is for something else, or of a later day, is passed over; of two with one id the first counts.
    for (id, key) in set.keys.into_iter().filter_map(|key| serde_json::from_value(key).ok().and_then(Jwk::key)) {
        keys.entry(id).or_insert(key);
    }
    Ok(keys)
}

impl Jwk {
    fn key(self) -> Option<(String, Key)> {
        let signs = self.usage.is_none_or(|usage| usage == "sig");
        let verifies = self.key_ops.is_none_or(|operations| operations.iter().any(|operation| operation == "verify"));
        let length = |text: &str| URL_SAFE_NO_PAD.decode(text).map(|bytes| bytes.len()).ok();
        let (name, algorithm, public) = match (self.kty.as_str(), self.crv.as_deref()) {
            ("EC", Some("P-256")) => {
                let (x, y) = (self.x?, self.y?);
                if [length(&x)?, length(&y)?] != [COORDINATE; 2] {
                    return None;
                }
                ("ES256", Algorithm::ES256, DecodingKey::from_ec_components(&x, &y).ok()?)
            }
            ("RSA", _) => {
                let (n, e) = (self.n?, self.e?);
                if length(&n)? < MODULUS {
                    return None;
                }
                ("RS256", Algorithm::RS256, DecodingKey::from_rsa_components(&n, &e).ok()?)
            }
            _ => return None,
        };
        let fits = self.alg.is_none_or(|alg| alg == name);
        (signs && verifies && fits).then_some((self.kid, Key { algorithm, public }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_keys_that_sign_as_tokens_here_may_be_signed_are_taken() {
        let coordinate = URL_SAFE_NO_PAD.encode([1; 32]);
        let modulus = URL_SAFE_NO_PAD.encode([0xff; 256]);
        let short = URL_SAFE_NO_PAD.encode([0xff; 128]);
        let set = format!(
            r#"{{"keys": [
                {{"kid": "ec", "kty": "EC", "crv": "P-256", "x": "{coordinate}", "y": "{coordinate}", "use": "sig"}},
                {{"kid": "rsa", "kty": "RSA", "n": "{modulus}", "e": "AQAB", "alg": "RS256", "more": [1]}},
                {{"kid": "rsa", "kty": "EC", "crv": "P-256", "x": "{coordinate}", "y": "{coordinate}"}},
                {{"kid": "encrypts", "kty": "RSA", "n": "{modulus}", "e": "AQAB", "use": "enc"}},
                {{"kid": "wraps", "kty": "RSA", "n": "{modulus}", "e": "AQAB", "key_ops": ["wrapKey"]}},
                {{"kid": "pss", "kty": "RSA", "n": "{modulus}", "e": "AQAB", "alg": "PS256"}},
                {{"kid": "short", "kty": "RSA", "n": "{short}", "e": "AQAB"}},
                {{"kid": "curve", "kty": "EC", "crv": "P-384", "x": "{coordinate}", "y": "{coordinate}"}},
                {{"kid": "cut", "kty": "EC", "crv": "P-256", "x": "AQ", "y": "AQ"}},
                {{"kid": "secret", "kty": "oct", "k": "c2VjcmV0", "alg": "HS256"}},
                {{"kty": "RSA", "n": "{modulus}", "e": "AQAB"}},
                7
            ]}}"#
        );
        let keys = read(set.as_bytes()).unwrap();
        let mut found: Vec<_> = keys.iter().map(|(id, key)| (id.as_str(), key.algorithm)).collect();
        found.sort_by_key(|(id, _)| *id);
        assert_eq!(found, [("ec", Algorithm::ES256), ("rsa", Algorithm::RS256)]);
        assert!(read(b"[]").is_err() && read(b"{}").is_err() && read(b"<html>").is_err());
    }
}
