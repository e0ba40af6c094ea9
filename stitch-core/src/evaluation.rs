//! What an evaluation answers.

use std::fmt;

use serde::{Serialize, Serializer};

use crate::json::Json;
use crate::value::Value;

/// Why a flag answered as it did: the words of section 5 of the contract.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Reason {
    /// The registry has no such flag.
    FlagNotFound,
    /// The flag has an error and was set aside (lenient).
    FlagInvalid,
    /// The flag is paused.
    Paused,
    /// The flag is rolled back.
    RolledBack,
    /// A dependency is not satisfied.
    DepUnsatisfied,
    /// The flag requires an approval and has none.
    ApprovalMissing,
    /// An override for this user.
    UserOverride,
    /// An override for this tenant.
    TenantOverride,
    /// Within the staged rollout.
    StagedIn,
    /// Outside the staged rollout.
    StagedOut,
    /// There is nothing to bucket by.
    UnitMissing,
    /// Open to the staff.
    StageInternal,
    /// Open to the pilot's cohort.
    StagePilot,
    /// Open to all.
    StageFull,
    /// The gate is closed.
    Default,
}

impl Reason {
    /// Every reason there is, in the order of the steps that give them.
    pub const ALL: [Self; 15] = [
        Self::FlagNotFound,
        Self::FlagInvalid,
        Self::Paused,
        Self::RolledBack,
        Self::DepUnsatisfied,
        Self::ApprovalMissing,
        Self::UserOverride,
        Self::TenantOverride,
        Self::StagedIn,
        Self::StagedOut,
        Self::UnitMissing,
        Self::StageInternal,
        Self::StagePilot,
        Self::StageFull,
        Self::Default,
    ];

    /// The word for it in answers.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::FlagNotFound => "flag_not_found",
            Self::FlagInvalid => "flag_invalid",
            Self::Paused => "paused",
            Self::RolledBack => "rolled_back",
            Self::DepUnsatisfied => "dep_unsatisfied",
            Self::ApprovalMissing => "approval_missing",
            Self::UserOverride => "user_override",
            Self::TenantOverride => "tenant_override",
            Self::StagedIn => "staged_in",
            Self::StagedOut => "staged_out",
            Self::UnitMissing => "unit_missing",
            Self::StageInternal => "stage_internal",
            Self::StagePilot => "stage_pilot",
            Self::StageFull => "stage_full",
            Self::Default => "default",
        }
    }

    /// Whether a flag that is not boolean counts as enabled.
    #[inline]
    pub(crate) fn enables(self) -> bool {
        matches!(
            self,
            Self::UserOverride
                | Self::TenantOverride
                | Self::StagedIn
                | Self::StageInternal
                | Self::StagePilot
                | Self::StageFull
        )
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

impl Serialize for Reason {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

/// The answer for one flag and one context; borrows from the engine and the context.
///
/// Serialises to the result of section 5 of the contract.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Evaluation<'a> {
    /// The flag that was asked for.
    pub flag_key: &'a str,
    /// What is served; nothing where there is no such flag.
    pub value: Option<Value<'a>>,
    /// The variant that is served, or that equals what is served.
    pub variant_key: Option<&'a str>,
    /// For a boolean flag its value; for others whether the gate was open or an override applied.
    pub is_enabled: bool,
    /// Why.
    pub reason: Reason,
    /// The rule that gave the serve.
    pub rule_id: Option<&'a str>,
    /// The first dependency that is not satisfied.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dependency: Option<&'a str>,
}

impl<'a> Evaluation<'a> {
    #[inline]
    pub(crate) fn of_no_flag(flag_key: &'a str, reason: Reason) -> Self {
        Self { flag_key, value: None, variant_key: None, is_enabled: false, reason, rule_id: None, dependency: None }
    }

    /// The value of a boolean flag, else `default`.
    #[inline]
    pub fn bool_or(&self, default: bool) -> bool {
        if let Some(Value::Boolean(boolean)) = self.value { boolean } else { default }
    }

    /// The value of a string flag, else `default`.
    #[inline]
    pub fn string_or(&self, default: &'a str) -> &'a str {
        if let Some(Value::String(text)) = self.value { text } else { default }
    }

    /// The value of an integer flag, else `default`.
    #[inline]
    pub fn integer_or(&self, default: i64) -> i64 {
        if let Some(Value::Integer(integer)) = self.value { integer } else { default }
    }

    /// The value of a double flag, else `default`.
    #[inline]
    pub fn double_or(&self, default: f64) -> f64 {
        if let Some(Value::Double(double)) = self.value { double } else { default }
    }

    /// The value of an object flag, else `default`.
    #[inline]
    pub fn object_or(&self, default: &'a Json<'a>) -> &'a Json<'a> {
        if let Some(Value::Object(json)) = self.value { json } else { default }
    }
}
