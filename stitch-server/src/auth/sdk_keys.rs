//! Keys of SDK clients: `stitch_<id>_<secret>`, shown once and kept as a hash.

use std::sync::Arc;

use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use super::label;
use crate::caller::Permission;
use crate::chance::{self, hex};
use crate::error::{Code, Error};
use crate::instant;
use crate::model::{Model, Object, SdkKey, Stored};
use crate::writes::Draft;

/// Who asks with a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyHolder {
    /// The key's id.
    pub id: String,
    /// Where it may ask.
    pub env: String,
}

impl KeyHolder {
    /// Whether the key still counts.
    pub fn holds(&self, model: &Model) -> bool {
        model.keys.get(&self.id).is_some_and(|key| key.body.revoked_at.is_none())
    }
}

/// A key as it is shown, once.
pub struct Fresh {
    /// Its id, which is no secret.
    pub id: String,
    /// The key.
    pub key: String,
}

impl Fresh {
    /// A key that nobody can guess.
    ///
    /// # Errors
    ///
    /// If the system gives no randomness.
    pub fn make() -> std::io::Result<Self> {
        let id = chance::token(8)?;
        let key = format!("stitch_{id}_{}", chance::token(32)?);
        Ok(Self { id, key })
    }
}

fn hash(key: &str) -> String {
    hex(&Sha256::digest(key.as_bytes()))
}

/// Whose key it is.
///
/// # Errors
///
/// `unauthorized`, in the same words whether it was never known or was revoked.
pub(super) fn holder(model: &Model, key: &str) -> Result<KeyHolder, Error> {
    let id = key.strip_prefix("stitch_").and_then(|rest| rest.split_once('_')).map_or("", |(id, _)| id);
    let known = model.keys.get(id);
    // Hashed and compared whether or not the id is known.
    let same = hash(key).as_bytes().ct_eq(known.map_or("", |known| &known.body.sha256).as_bytes());
    match known {
        Some(known) if bool::from(same) && known.body.revoked_at.is_none() => {
            Ok(KeyHolder { id: id.to_owned(), env: known.body.env.clone() })
        }
        _ => Err(invalid_key()),
    }
}

/// What is said to whoever has a key that was never known, or was revoked.
pub(crate) fn invalid_key() -> Error {
    Error::new(Code::Unauthorized, "this key is not valid")
        .hint("see that it is whole, and was not revoked; `stitch-server keys list` has their ids")
}

impl Draft {
    /// Makes a key for an environment.
    ///
    /// # Errors
    ///
    /// `forbidden` to who may not.
    pub fn create_key(&mut self, fresh: &Fresh, env: &str, name: &str) -> Result<Arc<Object<SdkKey>>, Error> {
        self.caller().require(Permission::KeysWrite, Some(env))?;
        label(name, "/name")?;
        let body = SdkKey {
            env: env.to_owned(),
            name: name.to_owned(),
            sha256: hash(&fresh.key),
            created_at: instant::text(self.now()),
            created_by: self.caller().subject.clone(),
            revoked_at: None,
        };
        self.record(Value::Null, told(&body), None);
        self.put(&fresh.id, body);
        self.seen(&fresh.id, Some(self.revision()))
    }

    /// Revokes a key, for good; twice is once.
    ///
    /// # Errors
    ///
    /// `not_found`, or `forbidden` to who may not.
    pub fn revoke_key(&mut self, id: &str) -> Result<Arc<Object<SdkKey>>, Error> {
        let before = self.key(id)?;
        let revoked_at = before.body.revoked_at.clone().or_else(|| Some(instant::text(self.now())));
        self.rewrite_key(id, &before, SdkKey { revoked_at, ..before.body.clone() })
    }

    /// Names a key otherwise.
    ///
    /// # Errors
    ///
    /// As [`Draft::seen`]; `forbidden` to who may not.
    pub fn rename_key(&mut self, id: &str, name: &str, revision: Option<u64>) -> Result<Arc<Object<SdkKey>>, Error> {
        self.key(id)?;
        label(name, "/name")?;
        let before = self.seen::<SdkKey>(id, revision)?;
        self.rewrite_key(id, &before, SdkKey { name: name.to_owned(), ..before.body.clone() })
    }

    /// A key that the caller may write.
    fn key(&self, id: &str) -> Result<Arc<Object<SdkKey>>, Error> {
        let Some(key) = SdkKey::among(self.model()).get(id) else {
            // Who may write no key is not told which there are.
            self.caller().require(Permission::KeysWrite, None)?;
            return Err(Error::new(Code::NotFound, "there is no SDK key of this id"));
        };
        self.caller().require(Permission::KeysWrite, Some(&key.body.env))?;
        Ok(Arc::clone(key))
    }

    fn rewrite_key(&mut self, id: &str, before: &Object<SdkKey>, after: SdkKey) -> Result<Arc<Object<SdkKey>>, Error> {
        self.record(told(&before.body), told(&after), None);
        if after != before.body {
            self.put(id, after);
        }
        SdkKey::among(self.model()).get(id).cloned().ok_or_else(Error::internal)
    }
}

/// What the audit log has of a key: nothing of the key itself.
fn told(key: &SdkKey) -> Value {
    json!({"env": key.env, "name": key.name, "revoked_at": key.revoked_at})
}
