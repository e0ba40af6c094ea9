//! Conditions as a program of tests: each says which test comes next if it holds and if it does not.
//!
//! `all`, `any` and `not` leave no trace but these two arrows, so that evaluating is a loop without recursion, and
//! what cannot change the answer is never asked.

use crate::bucketing::{Hasher, Unit};
use crate::call::Call;
use crate::context::Attribute;
use crate::flag::{Requirement, SegmentIndex};
use crate::operator::Operator;

/// The tests of one or more conditions.
#[derive(Debug, Default)]
pub(crate) struct Program {
    pub(crate) steps: Box<[Step]>,
}

/// A test and its two arrows.
#[derive(Debug)]
pub(crate) struct Step {
    pub(crate) test: Test,
    pub(crate) then: Target,
    pub(crate) otherwise: Target,
}

/// Where an arrow leads: to a later step, or to an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Target(u32);

impl Target {
    pub(crate) const HOLDS: Self = Self(u32::MAX);
    pub(crate) const FAILS: Self = Self(u32::MAX - 1);

    pub(crate) fn step(index: u32) -> Self {
        Self(index)
    }

    #[inline]
    pub(crate) fn index(self) -> usize {
        self.0 as usize
    }
}

/// What can be asked about a context.
#[derive(Debug)]
pub(crate) enum Test {
    Attribute { attribute: Attribute, operator: Operator },
    Segment(SegmentIndex),
    Flag(Requirement),
    Bucket(Box<BucketTest>),
}

/// Whether the unit's bucket lies within bounds, in units of 1/100,000.
#[derive(Debug)]
pub(crate) struct BucketTest {
    pub(crate) by: Attribute,
    pub(crate) hasher: Hasher,
    pub(crate) from: u32,
    pub(crate) to: u32,
}

impl Program {
    /// Whether the condition that starts there holds.
    #[inline]
    pub(crate) fn holds<'a>(&'a self, start: Target, call: &mut Call<'a>) -> bool {
        let mut target = start;
        while let Some(step) = self.steps.get(target.index()) {
            target = if step.test.holds(call) { step.then } else { step.otherwise };
        }
        target == Target::HOLDS
    }
}

impl Test {
    #[inline]
    fn holds<'a>(&'a self, call: &mut Call<'a>) -> bool {
        match self {
            Self::Attribute { attribute, operator } => call.read(attribute).is_some_and(|value| operator.holds(value)),
            Self::Segment(segment) => call.is_member(*segment),
            Self::Flag(requirement) => call.is_satisfied(requirement),
            Self::Bucket(bucket) => {
                call.read(&bucket.by).and_then(Unit::of).is_some_and(|unit| bucket.holds(unit.as_str()))
            }
        }
    }
}

impl BucketTest {
    fn holds(&self, unit: &str) -> bool {
        (self.from..self.to).contains(&(self.hasher.bucket(unit) * self.hasher.scale()))
    }
}
