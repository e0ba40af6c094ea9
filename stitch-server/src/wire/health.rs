//! How this server says how it is.

use schemars::JsonSchema;
use serde::Serialize;
use stitch_core::Diagnostic;

use crate::gate::Tally;
use crate::openapi::schemas;
use crate::source::Counts;

/// The answer of `health`.
#[derive(Serialize, JsonSchema)]
pub struct Health<'a> {
    /// `ready`, or `degraded` while the newest registry is refused and the last good one serves, or the store is away.
    pub status: &'static str,
    /// The registry that serves.
    pub registry: RegistryInfo<'a>,
    /// Why the newest registry is refused.
    pub refused: Option<RefusedInfo<'a>>,
    /// What outlives the process.
    pub store: StoreInfo<'a>,
    /// Where servers tell each other what they wrote, if they do.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub redis: Option<RedisInfo<'a>>,
    /// What is wrong with the newest registry: errors if it is refused, else warnings.
    #[schemars(with = "Vec<schemas::Diagnostic>")]
    pub diagnostics: &'a [Diagnostic],
    /// The nineteen cases at start-up.
    pub parity: Tally,
    /// Since the state was made.
    pub uptime_seconds: u64,
}

/// The registry that serves.
#[derive(Serialize, JsonSchema)]
pub struct RegistryInfo<'a> {
    /// `embedded`, `file` or `store`.
    pub source: &'static str,
    /// The file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// Names the content.
    pub revision: &'a str,
    /// When it was loaded (RFC 3339).
    pub loaded_at: String,
    /// How much is in it.
    pub counts: &'a Counts,
}

/// Where the store stands.
#[derive(Serialize, JsonSchema)]
pub struct StoreInfo<'a> {
    /// Of its last write.
    pub revision: u64,
    /// Names its history: a restored backup is another one.
    pub history: &'a str,
    /// Why it does not answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub away: Option<&'a str>,
}

/// How servers that share a store tell each other.
#[derive(Serialize, JsonSchema)]
pub struct RedisInfo<'a> {
    /// On which channel.
    pub channel: &'a str,
    /// Why nothing is heard.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub away: Option<&'a str>,
}

/// Why the newest registry is refused.
#[derive(Serialize, JsonSchema)]
pub struct RefusedInfo<'a> {
    /// When that was noticed (RFC 3339).
    pub at: String,
    /// A sentence.
    pub message: &'a str,
    /// How many diagnostics there are beyond those listed.
    pub more_diagnostics: usize,
}

/// The answer of `/healthz` and `/readyz`.
#[derive(Serialize, JsonSchema)]
pub struct Probe {
    /// `ok` or `ready`.
    pub status: &'static str,
}
