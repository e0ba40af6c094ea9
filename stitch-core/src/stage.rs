//! Stages, and how a flag moves from one to another (section 7 of the contract). Pure: the caller stores what comes out.

use std::fmt;

use serde::{Serialize, Serializer};

mod change;
mod fields;

pub use change::{
    Approval, AuditRecord, Change, ChangeRefused, Refusal, RefusalCode, StageAndPercentage, Transition, change,
};
pub use fields::{FlagState, StageFields};

/// How far a flag is rolled out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Stage {
    /// Nobody has it yet.
    Draft,
    /// The staff.
    Internal,
    /// A named cohort.
    Pilot,
    /// A percentage, and the cohort.
    Staged,
    /// Everyone.
    Full,
    /// Stopped for now.
    Paused,
    /// Stopped until there is a new approval.
    RolledBack,
}

impl Stage {
    /// The names, in the order of the contract.
    pub(crate) const NAMES: [&str; 7] = ["draft", "internal", "pilot", "staged", "full", "paused", "rolled_back"];

    /// The stage of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        match name {
            "draft" => Some(Self::Draft),
            "internal" => Some(Self::Internal),
            "pilot" => Some(Self::Pilot),
            "staged" => Some(Self::Staged),
            "full" => Some(Self::Full),
            "paused" => Some(Self::Paused),
            "rolled_back" => Some(Self::RolledBack),
            _ => None,
        }
    }

    /// The name in documents.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Draft => "draft",
            Self::Internal => "internal",
            Self::Pilot => "pilot",
            Self::Staged => "staged",
            Self::Full => "full",
            Self::Paused => "paused",
            Self::RolledBack => "rolled_back",
        }
    }

    /// Whether it is one of the four that open the gate for somebody.
    pub fn is_open(self) -> bool {
        matches!(self, Self::Internal | Self::Pilot | Self::Staged | Self::Full)
    }

    /// Its place in the order draft < internal < pilot < staged < full; halted stages have none.
    fn width(self) -> Option<u8> {
        match self {
            Self::Draft => Some(0),
            Self::Internal => Some(1),
            Self::Pilot => Some(2),
            Self::Staged => Some(3),
            Self::Full => Some(4),
            Self::Paused | Self::RolledBack => None,
        }
    }
}

impl fmt::Display for Stage {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

impl Serialize for Stage {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}
