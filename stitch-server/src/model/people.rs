//! People, what they sign, and what their tokens are signed with.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::stored::stored;
use crate::caller::Grant;

/// Somebody who can log in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct User {
    /// Argon2id, in the PHC form.
    pub password_hash: String,
    /// What they may do.
    pub grants: Vec<Grant>,
    /// Of which tenant they are in an evaluation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tenant_id: Option<String>,
    /// Of which tier; the contract's default if there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tier: Option<String>,
    /// In which role, which is not what they may do here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role_key: Option<String>,
    /// When they were added (RFC 3339).
    pub created_at: String,
}

impl User {
    /// Of which tier they are in an evaluation.
    pub fn tier(&self) -> &str {
        self.tier.as_deref().unwrap_or("anonymous")
    }
}

/// A wish for a change, and who signed it. It is for exactly one change, and serves once.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Approval {
    /// The flag.
    pub flag: String,
    /// The environment; none for the base.
    pub env: Option<String>,
    /// The very change, for people: what is different afterwards of all that the flag's answers depend on.
    pub change: Value,
    /// SHA-256 of all that before the change: once anything of it is another, this approval no longer fits.
    pub before: String,
    /// SHA-256 of all that after the change.
    pub after: String,
    /// How many people have to sign.
    pub signatures_needed: usize,
    /// Who asked.
    pub requested_by: String,
    /// When (milliseconds).
    pub requested_at: i64,
    /// From when on it no longer counts (milliseconds).
    pub expires_at: i64,
    /// Who signed, distinct people.
    pub signatures: Vec<Signature>,
    /// When it served (milliseconds): then it serves no more.
    pub used_at: Option<i64>,
}

/// A signature under an approval.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Signature {
    /// Who.
    pub by: String,
    /// When (milliseconds).
    pub at: i64,
}

/// What tokens are signed with.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SigningKey {
    /// The private key on P-256: PKCS#8, in base64.
    pub private_pkcs8: String,
    /// The public half's first coordinate, as a JWK has it.
    pub x: String,
    /// The second.
    pub y: String,
    /// When it was made (milliseconds).
    pub created_at: i64,
}

/// Without the key.
impl std::fmt::Debug for SigningKey {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("SigningKey").field("created_at", &self.created_at).finish_non_exhaustive()
    }
}

stored!(User, "user", users);
stored!(Approval, "approval", approvals);
stored!(SigningKey, "signing_key", signing_keys);
