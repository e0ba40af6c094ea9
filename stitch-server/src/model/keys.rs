//! What SDK clients need: their keys, and the metrics that they may report.

use clap::ValueEnum;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::stored::stored;
use crate::events::LONGEST_DESCRIPTION;

/// A key of an SDK client; the key itself is shown once and kept nowhere.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SdkKey {
    /// Where it may ask.
    pub env: String,
    /// What it is for, in its maker's words.
    pub name: String,
    /// SHA-256 of the key, in hexadecimal.
    pub sha256: String,
    /// When it was made (RFC 3339).
    pub created_at: String,
    /// By whom.
    pub created_by: String,
    /// Since when it is no longer valid (RFC 3339).
    pub revoked_at: Option<String>,
}

/// What may be reported.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Metric {
    /// The type of its values.
    #[serde(rename = "type")]
    pub value_type: MetricType,
    /// In its maker's words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = LONGEST_DESCRIPTION))]
    pub description: Option<String>,
}

/// The type of a metric's values.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema, ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum MetricType {
    /// `true` or `false`.
    Boolean,
    /// A whole number of 64 bits.
    Integer,
    /// Any finite number.
    Double,
}

impl MetricType {
    /// The contract's word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Boolean => "boolean",
            Self::Integer => "integer",
            Self::Double => "double",
        }
    }
}

stored!(SdkKey, "sdk_key", keys);
stored!(Metric, "metric", metrics);
