//! The rows.

use std::fmt;

/// One kind of work.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Row {
    /// A boolean flag, full, no rules.
    Plain,
    /// One rule, matching.
    OneRule,
    /// Half of the users.
    Staged,
    /// Ten rules of three conditions, the last matches.
    TenRules,
    /// A flag that depends on one with a rule.
    Dependent,
    /// All flags of a hundred.
    All100,
    /// All flags of a thousand.
    All1000,
    /// From bytes to a ready engine, of a registry that repeats itself as registries do.
    Load,
    /// The same where no two rules are alike.
    LoadUnlike,
    /// The context and [`Row::Staged`].
    WithContext,
    /// From bytes to an engine with a segment of a million ids.
    SegmentLoad,
    /// An id that the segment has.
    SegmentHit,
    /// An id that it has not.
    SegmentMiss,
}

impl Row {
    /// Those measured round by round.
    pub const ROUNDS: [Self; 10] = [
        Self::Plain,
        Self::OneRule,
        Self::Staged,
        Self::TenRules,
        Self::Dependent,
        Self::All100,
        Self::All1000,
        Self::Load,
        Self::LoadUnlike,
        Self::WithContext,
    ];
    /// Those of the segment.
    pub const SEGMENT: [Self; 3] = [Self::SegmentLoad, Self::SegmentHit, Self::SegmentMiss];

    /// The flag that is asked, where it is one.
    pub fn flag(self) -> Option<&'static str> {
        match self {
            Self::Plain => Some("plain"),
            Self::OneRule => Some("one-rule"),
            Self::Staged | Self::WithContext => Some("staged"),
            Self::TenRules => Some("ten-rules"),
            Self::Dependent => Some("dependent"),
            _ => None,
        }
    }

    /// How many times faster than the fastest peer stitch is to be.
    pub fn bar(self) -> Option<f64> {
        match self {
            Self::Plain | Self::OneRule | Self::Load => Some(2.0),
            Self::Staged | Self::TenRules | Self::Dependent | Self::All100 | Self::All1000 | Self::WithContext => {
                Some(3.0)
            }
            Self::LoadUnlike | Self::SegmentLoad | Self::SegmentHit | Self::SegmentMiss => None,
        }
    }

    /// How many times the floor a handle may cost.
    pub fn floor_bar(self) -> Option<f64> {
        matches!(self, Self::OneRule | Self::Staged).then_some(1.5)
    }
}

impl fmt::Display for Row {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Plain => "A, full, no rules",
            Self::OneRule => "B, one rule",
            Self::Staged => "C, staged 50 %",
            Self::TenRules => "D, ten rules of three",
            Self::Dependent => "E, dependency with a rule",
            Self::All100 => "F, all of 100",
            Self::All1000 => "F, all of 1,000",
            Self::Load => "G, bytes to engine",
            Self::LoadUnlike => "G, no two rules alike",
            Self::WithContext => "H, context and C",
            Self::SegmentLoad => "I, bytes to engine",
            Self::SegmentHit => "I, hit",
            Self::SegmentMiss => "I, miss",
        })
    }
}
