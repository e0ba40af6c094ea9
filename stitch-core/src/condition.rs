//! Conditions as a program of tests: each says which test comes next if it holds and if it does not.
//!
//! `all`, `any` and `not` leave no trace but these two arrows, so that evaluating is a loop without recursion, and
//! what cannot change the answer is never asked.

#![expect(
    clippy::inline_always,
    reason = "the way of a plain flag is a few dozen instructions: as calls with their results in memory it took twice as many"
)]

use std::slice;
use std::sync::Arc;

use crate::bucketing::Hasher;
use crate::call::Call;
use crate::context::{Attribute, AttributeValue, Custom, Field};
use crate::flag::{Requirement, SegmentIndex};
use crate::operator::Operator;
use crate::text::equal;

/// The tests of one or more conditions.
#[derive(Clone, Debug, Default)]
pub(crate) struct Program {
    pub(crate) steps: Arc<[Step]>,
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
    /// Set in answers, so that they are no place of any program.
    const ANSWER: u32 = 1 << 31;
    /// A condition holds.
    pub(crate) const HOLDS: Self = Self::answer_of(0);
    /// A condition fails; of many, each does.
    pub(crate) const FAILS: Self = Self(u32::MAX);

    pub(crate) fn step(index: u32) -> Self {
        Self(index)
    }

    /// Of many conditions, that one holds.
    pub(crate) const fn answer_of(condition: u32) -> Self {
        Self(Self::ANSWER | condition)
    }

    /// Which condition holds; where each fails, one that is not there.
    #[inline]
    pub(crate) fn answer(self) -> usize {
        (self.0 & !Self::ANSWER) as usize
    }

    #[inline]
    pub(crate) fn index(self) -> usize {
        self.0 as usize
    }
}

/// What can be asked about a context.
///
/// Which one it is takes a whole word. Told by a byte, the rest would be moved in words that begin at odd places, and to
/// read across what was just written is to wait for it: that was a tenth of what compiling a rule took.
#[derive(Clone, Debug)]
#[repr(u64)]
pub(crate) enum Test {
    /// A field of the context is that text. This and the next are nearly all that is asked in practice: they go
    /// straight to the comparison, at a third of the cost of the general way.
    FieldIs(Field, Arc<str>),
    /// An attribute is that text.
    AttributeIs(Custom, Arc<str>),
    Attribute(Arc<AttributeTest>),
    Segment(SegmentIndex),
    Flag(Requirement),
    Bucket(Box<BucketTest>),
}

/// What is asked of an attribute.
#[derive(Debug)]
pub(crate) struct AttributeTest {
    attribute: Attribute,
    operator: Operator,
}

/// Whether the unit's bucket lies within bounds, in units of 1/100,000.
#[derive(Clone, Debug)]
pub(crate) struct BucketTest {
    pub(crate) by: Attribute,
    pub(crate) hasher: Hasher,
    pub(crate) from: u32,
    pub(crate) to: u32,
}

impl Step {
    /// Where it leads on.
    #[inline]
    pub(crate) fn arrow(&self, holds: bool) -> Target {
        if holds { self.then } else { self.otherwise }
    }
}

impl Program {
    /// The answer of what starts there.
    #[inline(always)]
    pub(crate) fn run<'a>(&'a self, start: Target, call: &mut Call<'a>) -> Target {
        let mut target = start;
        while let Some(step) = self.steps.get(target.index()) {
            target = step.arrow(step.test.holds(call));
        }
        target
    }
}

impl Test {
    /// The test of an attribute.
    pub(crate) fn of(attribute: Attribute, operator: Operator) -> Self {
        match (attribute, operator.plain_text()) {
            (Attribute::Field(field), Some(text)) => Self::FieldIs(field, Arc::clone(text)),
            (Attribute::Custom(custom), Some(text)) => Self::AttributeIs(custom, Arc::clone(text)),
            (attribute, _) => Self::Attribute(Arc::new(AttributeTest { attribute, operator })),
        }
    }

    #[inline(always)]
    fn holds<'a>(&'a self, call: &mut Call<'a>) -> bool {
        match self {
            Self::FieldIs(field, text) => call.context.field(*field).is_some_and(|value| equal(value, text)),
            Self::AttributeIs(custom, text) => {
                matches!(call.custom(custom), Some(AttributeValue::Text(value)) if equal(value, text))
            }
            _ => self.holds_otherwise(call),
        }
    }

    /// Whatever is not so common that it should stand in every caller.
    #[inline(never)]
    fn holds_otherwise<'a>(&'a self, call: &mut Call<'a>) -> bool {
        match self {
            Self::Attribute(test) => match &test.attribute {
                Attribute::Custom(custom) => call.custom(custom).is_some_and(|value| test.operator.holds(value)),
                attribute => call.read(attribute).is_some_and(|value| test.operator.holds(&value)),
            },
            Self::Segment(segment) => call.is_member(*segment),
            Self::Flag(requirement) => call.unsatisfied(slice::from_ref(requirement)).is_none(),
            Self::Bucket(bucket) => call.unit(&bucket.by, |unit| bucket.holds(unit)) == Some(true),
            Self::FieldIs(..) | Self::AttributeIs(..) => self.holds(call),
        }
    }
}

impl BucketTest {
    fn holds(&self, unit: &str) -> bool {
        (self.from..self.to).contains(&(self.hasher.bucket(unit) * self.hasher.scale()))
    }
}
