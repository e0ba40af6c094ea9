//! Outside identity providers that are trusted: each by its name, the audience that its tokens are for, and the address
//! of its keys. Nothing in a token says where its key is.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use axum::http::Uri;
use jsonwebtoken::{Algorithm, Validation};
use serde::Deserialize;
use serde_json::Value;

use super::claims::{self, Claims, Identity, Names, refuse};
use super::{Person, issuers::keys::Keys};
use crate::caller::{Caller, Grant};
use crate::error::Error;

mod fetch;
mod keys;

/// Seconds by which the clocks of others may be off.
const LEEWAY: u64 = 60;

/// An identity provider as it is configured.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Trusted {
    /// Its name, as the claim `iss` has it.
    pub issuer: String,
    /// For whom its tokens are, when they are for us.
    pub audience: String,
    /// Where its keys are.
    pub jwks: String,
    /// Under which names its tokens have what is asked of them.
    #[serde(default)]
    pub claims: Names,
    /// What its people may do; without it, nothing.
    #[serde(default)]
    pub roles: Option<Roles>,
    /// So long its keys are not asked for again, whatever a token says.
    #[serde(skip, default = "refetch_after")]
    pub refetch_after: Duration,
}

/// Which of its roles is which of ours.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Roles {
    /// The claim that has its roles: a string, or an array of strings.
    pub claim: String,
    /// What each stands for; one that is not here stands for nothing.
    pub grants: BTreeMap<String, Vec<Grant>>,
}

/// Between two fetches of one issuer's keys.
pub const fn refetch_after() -> Duration {
    Duration::from_secs(30)
}

impl Trusted {
    /// Those of a file: a JSON array.
    ///
    /// # Errors
    ///
    /// Why it cannot be used, in a sentence.
    pub fn read(file: &Path) -> Result<Vec<Self>, String> {
        let text = std::fs::read(file).map_err(|error| format!("cannot read {}: {error}", file.display()))?;
        let all: Vec<Self> = serde_json::from_slice(&text).map_err(|error| format!("{}: {error}", file.display()))?;
        for (index, one) in all.iter().enumerate() {
            let refuse = |why: &str| Err(format!("{}: the issuer `{}` {why}", file.display(), one.issuer));
            if one.issuer.is_empty() || one.audience.is_empty() {
                return refuse("needs an `issuer` and an `audience` with something in them");
            }
            if all[..index].iter().any(|other| other.issuer == one.issuer) {
                return refuse("is there twice");
            }
            if !may_fetch(&one.jwks) {
                return refuse("has a `jwks` address that is not `https`: plain `http` is for this machine alone");
            }
        }
        Ok(all)
    }

    /// What its claims allow.
    fn grants(&self, claims: &Claims) -> Vec<Grant> {
        let Some(roles) = &self.roles else { return Vec::new() };
        let named = match claims.get(&roles.claim) {
            Some(Value::String(role)) => vec![role.as_str()],
            Some(Value::Array(names)) => names.iter().filter_map(Value::as_str).collect(),
            _ => Vec::new(),
        };
        named.into_iter().filter_map(|role| roles.grants.get(role)).flatten().cloned().collect()
    }
}

/// `https`, or `http` on this machine; with nobody's name and password in it.
fn may_fetch(address: &str) -> bool {
    let Ok(uri) = address.parse::<Uri>() else { return false };
    let named = uri.authority().is_some_and(|authority| !authority.as_str().contains('@'));
    named && (uri.scheme_str() == Some("https") || uri.scheme_str() == Some("http") && is_loopback(&uri))
}

fn is_loopback(uri: &Uri) -> bool {
    let host = uri.host().unwrap_or_default().trim_matches(['[', ']']);
    host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// One that is trusted, with what is known of its keys.
#[derive(Debug)]
struct Issuer {
    trusted: Trusted,
    keys: Keys,
}

/// All that are trusted.
#[derive(Debug)]
pub(crate) struct Issuers(Vec<Arc<Issuer>>);

impl Issuers {
    pub(crate) fn new(trusted: &[Trusted]) -> Self {
        let issuer = |trusted: &Trusted| {
            let keys = Keys::new(trusted.jwks.clone(), trusted.refetch_after);
            Arc::new(Issuer { trusted: trusted.clone(), keys })
        };
        Self(trusted.iter().map(issuer).collect())
    }

    /// Whose token it is, if one of them gave it: the one that it names, and no key of another.
    ///
    /// # Errors
    ///
    /// `unauthorized`, and why it is not valid.
    pub(super) async fn verify(&self, name: &str, token: &str) -> Result<Person, Error> {
        let issuer = self.0.iter().find(|issuer| issuer.trusted.issuer == name);
        let issuer = issuer.ok_or_else(|| refuse("its issuer is not trusted here"))?;
        issuer.verify(token).await
    }
}

impl Issuer {
    async fn verify(&self, token: &str) -> Result<Person, Error> {
        let Self { trusted, keys } = self;
        let header = claims::header(token)?;
        if !matches!(header.alg, Algorithm::ES256 | Algorithm::RS256) {
            return Err(refuse("it is signed by an algorithm that is not taken here: `RS256` and `ES256` are"));
        }
        let kid = header.kid.ok_or_else(|| refuse("it names no key"))?;
        let key = keys.of(&kid).await.ok_or_else(|| refuse("it names a key that its issuer is not known to have"))?;
        // Each key is for one algorithm, whatever the token says.
        let mut validation = Validation::new(key.algorithm);
        validation.set_issuer(&[&trusted.issuer]);
        validation.set_audience(&[&trusted.audience]);
        validation.set_required_spec_claims(&["exp", "iss", "aud"]);
        validation.validate_nbf = true;
        validation.leeway = LEEWAY;
        let claims = claims::decode(token, &key.public, &validation)?;
        let identity = Identity::read(&claims, &trusted.claims)?;
        // No address of our own people has a space, so nobody outside is taken for one of them.
        let subject = format!("{} of {}", identity.user_id, trusted.issuer);
        Ok(Person { caller: Caller { subject, grants: trusted.grants(&claims) }, identity })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_fetched_by_https_or_from_this_machine() {
        for good in [
            "https://id.example.com/keys",
            "https://127.0.0.1:8443/keys",
            "http://127.0.0.1:1/keys",
            "http://[::1]:1/keys",
            "http://localhost/keys",
        ] {
            assert!(may_fetch(good), "{good}");
        }
        for bad in [
            "http://id.example.com/keys",
            "http://10.0.0.1/keys",
            "http://127.0.0.1.example.com/keys",
            "http://localhost@example.com/keys",
            "https://user:password@id.example.com/keys",
            "file:///etc/passwd",
            "ftp://localhost/keys",
            "/keys",
            "localhost/keys",
            "",
        ] {
            assert!(!may_fetch(bad), "{bad}");
        }
    }

    #[test]
    fn roles_count_only_as_they_are_mapped() {
        let text = r#"{"issuer": "a", "audience": "b", "jwks": "https://c/",
            "roles": {"claim": "groups", "grants": {"ops": [{"role": "operator", "env": "dev"}, {"role": "viewer"}]}}}"#;
        let trusted: Trusted = serde_json::from_str(text).unwrap();
        let grants = |groups: Value| {
            let claims = Claims::from_iter([("groups".to_owned(), groups), ("role".to_owned(), "admin".into())]);
            trusted.grants(&claims).len()
        };
        assert_eq!(grants(Value::from("ops")), 2);
        assert_eq!(grants(serde_json::json!(["admin", "ops", 7])), 2);
        assert_eq!(grants(serde_json::json!(["admin", "Ops"])), 0);
        assert_eq!(grants(serde_json::json!({"ops": true})), 0);
        let unmapped = Trusted { roles: None, ..trusted.clone() };
        assert!(unmapped.grants(&Claims::from_iter([("groups".to_owned(), "ops".into())])).is_empty());
    }
}
