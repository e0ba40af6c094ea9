//! A flag as the engine holds it: everything resolved, nothing left to parse.

use std::sync::Arc;

use crate::bucketing::{Hasher, PreparedUnit};
use crate::call::Call;
use crate::condition::{Program, Target};
use crate::context::Attribute;
use crate::memo::Answer;
use crate::overrides::StoredOverrides;
use crate::stage::Stage;
use crate::value::{StoredValue, Value, ValueType};

mod glance;

pub(crate) use glance::{Glance, Sight};

/// A flag's place among the registry's flags.
pub(crate) type FlagIndex = u32;
/// A segment's place among the registry's segments.
pub(crate) type SegmentIndex = u32;
/// A variant's place among its flag's variants.
pub(crate) type VariantIndex = u32;

/// A compiled flag.
#[derive(Debug)]
pub(crate) struct Flag {
    pub(crate) key: Arc<str>,
    pub(crate) value_type: ValueType,
    /// What contexts without a patched environment get.
    pub(crate) base: Plan,
    /// What contexts of an environment with a patch get.
    pub(crate) patches: Box<[(Box<str>, Plan)]>,
    /// By name, in the order of their UTF-8 bytes. Shared by all that have `on` and `off` only.
    pub(crate) variants: Arc<[Variant]>,
    pub(crate) bucket_by: Attribute,
    pub(crate) dependencies: Box<[Requirement]>,
    pub(crate) requires_approval: bool,
    pub(crate) scopes: Scopes,
    pub(crate) overrides: Option<Box<StoredOverrides>>,
}

/// What a flag can serve by name.
#[derive(Debug)]
pub(crate) struct Variant {
    pub(crate) name: Arc<str>,
    /// Its value, which is its own variant.
    pub(crate) outcome: Outcome,
}

/// The part of a flag that an environment can patch.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) stage: Stage,
    /// `audit.last_approval_ref` is a non-empty text.
    pub(crate) approved: bool,
    pub(crate) before: Before,
    pub(crate) default: Outcome,
    pub(crate) gate: Gate,
    pub(crate) cohort: Box<[SegmentIndex]>,
    /// What is in them is shared by the patches that leave them as they are.
    pub(crate) rules: Rules,
    pub(crate) serve: Serve,
}

/// What of the registry can decide before the gate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Before {
    /// Nothing: not halted, no dependencies, no approval wanting, no overrides.
    Nothing,
    /// The flag's dependencies alone.
    Dependencies,
    /// Any of the steps.
    Anything,
}

/// A value and the variant that it is.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) value: StoredValue,
    pub(crate) variant: Option<VariantIndex>,
}

/// Who is in a staged rollout.
#[derive(Clone, Debug)]
pub(crate) struct Gate {
    pub(crate) hasher: Hasher,
    /// The first bucket that is out.
    pub(crate) threshold: u32,
}

/// A plan's rules, in order.
#[derive(Clone, Debug)]
pub(crate) struct Rules {
    /// The conditions of all of them, one after the other: its answer is the place of the first rule that holds.
    pub(crate) program: Program,
    pub(crate) start: Target,
    pub(crate) list: Arc<[Rule]>,
    /// Their ids, one after the other: a block of memory for each took longer than all else that a rule has.
    pub(crate) ids: Arc<str>,
}

impl Default for Rules {
    fn default() -> Self {
        Self { program: Program::default(), start: Target::FAILS, list: Arc::default(), ids: Arc::default() }
    }
}

#[derive(Debug)]
pub(crate) struct Rule {
    /// Where its id begins and ends among those of all.
    pub(crate) id: [u32; 2],
    pub(crate) serve: Serve,
}

#[derive(Debug)]
pub(crate) enum Serve {
    Variant(VariantIndex),
    Split(Box<Split>),
}

#[derive(Debug)]
pub(crate) struct Split {
    pub(crate) by: Attribute,
    pub(crate) hasher: Hasher,
    /// Each variant with the first bucket that is no longer its own, ascending.
    pub(crate) bounds: Box<[(u32, VariantIndex)]>,
}

/// Another flag that must be satisfied.
#[derive(Clone, Debug)]
pub(crate) struct Requirement {
    pub(crate) flag: FlagIndex,
    pub(crate) variant: Option<Box<str>>,
}

/// The scopes at which a flag may be overridden.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Scopes {
    pub(crate) user: bool,
    pub(crate) tenant: bool,
}

/// How a flag or segment hangs together with others.
#[derive(Debug, Default)]
pub(crate) struct Links {
    /// What it refers to: flags by index, then segments.
    pub(crate) references: Box<[u32]>,
    /// Whether a chain of references from here is too long to be followed by recursion.
    pub(crate) is_tall: bool,
    /// Referred to at all: worth remembering where every flag is asked for.
    pub(crate) is_referred_to: bool,
    /// Referred to more than once, or from a higher storey: worth remembering within a call.
    pub(crate) memoized: bool,
}

impl Flag {
    /// What contexts of that environment get.
    #[inline]
    pub(crate) fn plan(&self, env: Option<&str>) -> &Plan {
        match env {
            Some(env) if !self.patches.is_empty() => {
                self.patches.iter().find(|(name, _)| **name == *env).map_or(&self.base, |(_, plan)| plan)
            }
            _ => &self.base,
        }
    }

    /// Notes that rows of overrides may decide before the gate.
    pub(crate) fn note_overrides(&mut self) {
        let patches = self.patches.iter_mut().map(|(_, plan)| plan);
        patches.chain([&mut self.base]).for_each(|plan| plan.before = Before::Anything);
    }

    #[inline]
    pub(crate) fn variant_name(&self, index: Option<VariantIndex>) -> Option<&str> {
        self.variants.get(index? as usize).map(|variant| &*variant.name)
    }

    /// The smallest name whose value equals this one.
    pub(crate) fn variant_of(&self, value: Value<'_>) -> Option<VariantIndex> {
        (0..)
            .zip(&*self.variants)
            .find(|(_, variant)| variant.outcome.value.as_value() == value)
            .map(|(index, _)| index)
    }
}

impl Gate {
    /// Whether a unit is in.
    #[inline]
    pub(crate) fn lets_in(&self, unit: &str) -> bool {
        self.hasher.bucket(unit) < self.threshold
    }

    /// Whether a prepared unit is in; nothing where the gate has another algorithm than it was prepared for.
    #[inline]
    pub(crate) fn lets_in_prepared(&self, unit: &PreparedUnit) -> Option<bool> {
        Some(self.hasher.bucket_of_prepared(unit)? < self.threshold)
    }
}

impl Split {
    /// The variant of a bucket.
    #[inline]
    pub(crate) fn variant(&self, bucket: u32) -> Option<VariantIndex> {
        let index = self.bounds.partition_point(|&(bound, _)| bound <= bucket);
        self.bounds.get(index).map(|&(_, variant)| variant)
    }
}

impl Requirement {
    /// Whether that flag's answer is what is asked for.
    #[inline(always)]
    #[expect(clippy::inline_always, reason = "asked for at each reference of a chain")]
    pub(crate) fn is_met(&self, flag: &Flag, answer: Answer) -> bool {
        match &self.variant {
            _ if answer.halted => false,
            None => answer.on,
            Some(name) => flag.variant_name(answer.variant) == Some(name),
        }
    }
}

impl Rule {
    /// Whether both have the same id and serve the same variant.
    pub(crate) fn is_like(&self, other: &Self) -> bool {
        self.id == other.id
            && matches!((&self.serve, &other.serve), (Serve::Variant(own), Serve::Variant(others)) if own == others)
    }
}

impl Rules {
    /// A rule's id, by what the rule has of it.
    #[inline]
    pub(crate) fn id(&self, [start, end]: [u32; 2]) -> Option<&str> {
        self.ids.get(start as usize..end as usize)
    }

    /// The same, to be kept: the very block where it is the only one, as of flags that are decided at a glance.
    pub(crate) fn own_id(&self, id: [u32; 2]) -> Option<Arc<str>> {
        let id = self.id(id)?;
        Some(if id.len() == self.ids.len() { Arc::clone(&self.ids) } else { id.into() })
    }

    /// The first rule that holds.
    #[inline(always)]
    #[expect(clippy::inline_always, reason = "see `Program::run`")]
    pub(crate) fn first<'a>(&'a self, call: &mut Call<'a>) -> Option<&'a Rule> {
        self.list.get(self.program.run(self.start, call).answer())
    }
}

/// A segment as the engine holds it.
#[derive(Debug)]
pub(crate) struct Segment {
    pub(crate) by: Attribute,
    pub(crate) included: crate::operator::TextSet,
    pub(crate) excluded: crate::operator::TextSet,
    /// The condition's program and where it starts.
    pub(crate) when: Option<(Program, Target)>,
}

impl Segment {
    /// Whether its lists take a unit in or keep it out; nothing where they do not name it.
    #[inline]
    pub(crate) fn lists(&self, unit: &str) -> Option<bool> {
        if self.excluded.contains(unit) { Some(false) } else { self.included.contains(unit).then_some(true) }
    }
}
