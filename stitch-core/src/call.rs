//! One call of the engine: it answers each flag and each segment at most once, however they refer to each other.

#![expect(
    clippy::inline_always,
    reason = "the way of a plain flag is a few dozen instructions: as calls with their results in memory it took twice as many"
)]

use crate::bucketing::{Unit, is_unit};
use crate::condition::Target;
use crate::context::{Attribute, AttributeValue, Context, Custom};
use crate::engine::Engine;
use crate::evaluation::Evaluation;
use crate::explain::{Observer, Silent, Step};
use crate::flag::{Flag, FlagIndex, Links, Plan, Requirement, SegmentIndex};
use crate::memo::{Answer, Memo};
use crate::number::Number;
use crate::steps::{Decision, decide};

/// Attributes of which a call remembers where it found them; a registry that reads more looks for the others each time.
pub(crate) const SLOTS: usize = 64;

/// One call of the engine: whom it is for, and what it has found out already.
#[derive(Debug)]
pub(crate) struct Call<'a> {
    pub(crate) engine: &'a Engine,
    pub(crate) context: &'a Context<'a>,
    memo: Memo,
    /// Where each attribute that was asked for stands: its place and 2, or 1 for nowhere; 0 while it was not asked for.
    places: [u8; SLOTS],
    /// Whether every flag will be asked for, so that more answers are worth remembering.
    every_flag: bool,
}

impl<'a> Call<'a> {
    #[inline(always)]
    pub(crate) fn new(engine: &'a Engine, context: &'a Context<'a>) -> Self {
        Self { engine, context, memo: Memo::default(), places: [0; SLOTS], every_flag: false }
    }

    /// What a condition or a `by` reads.
    #[inline]
    pub(crate) fn read(&mut self, attribute: &Attribute) -> Option<AttributeValue<'a>> {
        match attribute {
            Attribute::Field(field) => self.context.field(*field).map(AttributeValue::Text),
            Attribute::Custom(custom) => self.custom(custom).copied(),
            Attribute::Now => self.context.now.map(|now| AttributeValue::Number(Number::Integer(now))),
            Attribute::Unreadable => None,
        }
    }

    /// Hands over the unit that an attribute gives, if it gives one.
    #[inline(always)]
    pub(crate) fn unit<T>(&mut self, by: &Attribute, take: impl FnOnce(&str) -> T) -> Option<T> {
        let other;
        // Nearly always the user's id: past the copies that other attributes need.
        let unit = if let Attribute::Field(field) = by {
            self.context.field(*field).filter(|text| is_unit(text))?
        } else {
            other = self.unit_of(by)?;
            other.as_str()
        };
        Some(take(unit))
    }

    #[inline(never)]
    fn unit_of(&mut self, by: &Attribute) -> Option<Unit<'a>> {
        self.read(by).and_then(Unit::of)
    }

    /// The value of an attribute that is no field. By reference: copying it was a tenth of a condition's cost.
    #[inline(always)]
    pub(crate) fn custom(&mut self, custom: &Custom) -> Option<&'a AttributeValue<'a>> {
        match self.places.get(usize::from(custom.slot)) {
            Some(1) => None,
            Some(place @ 2..) => self.context.attributes.read().get(usize::from(*place) - 2).map(|(_, value)| value),
            _ => self.find(custom),
        }
    }

    /// Looks for an attribute that was not asked for before.
    #[inline(never)]
    fn find(&mut self, custom: &Custom) -> Option<&'a AttributeValue<'a>> {
        let attributes = &self.context.attributes;
        let index = attributes.position(&custom.name);
        if let Some(place) = self.places.get_mut(usize::from(custom.slot)) {
            *place = index.map_or(1, |index| u8::try_from(index + 2).unwrap_or(0));
        }
        attributes.read().get(index?).map(|(_, value)| value)
    }

    /// A call for all flags.
    pub(crate) fn for_every_flag(engine: &'a Engine, context: &'a Context<'a>) -> Self {
        Self { every_flag: true, ..Self::new(engine, context) }
    }

    /// Decides a flag of the registry, watched.
    #[inline(always)]
    pub(crate) fn decide(
        &mut self,
        index: FlagIndex,
        flag: &'a Flag,
        links: &Links,
        observer: &mut impl Observer,
    ) -> Decision<'a> {
        if links.is_tall {
            self.prepare(index);
        }
        observer.done(Step::Exists, false);
        decide(flag, self, observer)
    }

    /// Evaluates a flag of the registry, watched.
    #[inline(always)]
    pub(crate) fn evaluate(
        &mut self,
        index: FlagIndex,
        flag: &'a Flag,
        links: &Links,
        observer: &mut impl Observer,
    ) -> Evaluation<'a> {
        let decision = self.decide(index, flag, links, observer);
        if self.every_flag && links.is_referred_to && self.memo.get(index).is_none() {
            self.memo.set(index, decision.answer());
        }
        decision.evaluation(flag, self.engine)
    }

    /// The first of these flags that is not satisfied.
    #[inline(never)]
    pub(crate) fn unsatisfied(&mut self, requirements: &[Requirement]) -> Option<FlagIndex> {
        let unsatisfied = requirements.iter().find(|requirement| !self.is_satisfied(requirement));
        unsatisfied.map(|requirement| requirement.flag)
    }

    /// Whether another flag is on for this context, or serves the variant that is asked for.
    #[inline(always)]
    fn is_satisfied(&mut self, requirement: &Requirement) -> bool {
        let Some(slot) = self.engine.slot(requirement.flag) else { return false };
        let Some(flag) = &slot.flag else { return false };
        let answer = match slot.sight(self.context) {
            Some(sight) => sight.answer(),
            None => self.flag_answer(requirement.flag, flag, &slot.links),
        };
        requirement.is_met(flag, answer)
    }

    /// Whether the context is in a segment.
    #[inline(never)]
    pub(crate) fn is_member(&mut self, index: SegmentIndex) -> bool {
        let Some(slot) = self.engine.segment_slot(index) else { return false };
        let Some(segment) = slot.segment.as_deref() else { return false };
        let node = self.engine.segment_node(index);
        if let Some(answer) = self.remembered(node, &slot.links) {
            return answer.on;
        }
        let listed = self.unit(&segment.by, |unit| segment.lists(unit)).flatten();
        let on = listed.unwrap_or_else(|| {
            segment.when.as_ref().is_some_and(|(program, start)| program.run(*start, self) == Target::HOLDS)
        });
        self.remember(node, &slot.links, Answer { on, halted: false, variant: None });
        on
    }

    /// Whether the context is in a segment, asked for by itself.
    pub(crate) fn check_segment(&mut self, index: SegmentIndex) -> bool {
        if self.engine.segment_slot(index).is_some_and(|slot| slot.links.is_tall) {
            self.prepare(self.engine.segment_node(index));
        }
        self.is_member(index)
    }

    #[inline]
    fn remembered(&self, node: u32, links: &Links) -> Option<Answer> {
        if self.is_worth_remembering(links) { self.memo.get(node) } else { None }
    }

    #[inline]
    fn remember(&mut self, node: u32, links: &Links, answer: Answer) {
        if self.is_worth_remembering(links) {
            self.memo.set(node, answer);
        }
    }

    #[inline]
    fn is_worth_remembering(&self, links: &Links) -> bool {
        links.memoized || (self.every_flag && links.is_referred_to)
    }

    #[inline(always)]
    pub(crate) fn is_in_cohort(&mut self, plan: &Plan) -> bool {
        !plan.cohort.is_empty() && self.is_in_any(&plan.cohort)
    }

    #[inline(never)]
    fn is_in_any(&mut self, segments: &[SegmentIndex]) -> bool {
        segments.iter().any(|&segment| self.is_member(segment))
    }

    #[inline(always)]
    fn flag_answer(&mut self, index: FlagIndex, flag: &'a Flag, links: &Links) -> Answer {
        if let Some(answer) = self.remembered(index, links) {
            return answer;
        }
        let answer = decide(flag, self, &mut Silent).answer();
        self.remember(index, links, answer);
        answer
    }

    /// Answers where chains of references come down to another storey, the far ends first, so that no chain, however
    /// long, is followed by recursion to its end.
    #[cold]
    fn prepare(&mut self, root: u32) {
        let mut pending = vec![(root, false)];
        while let Some((node, expanded)) = pending.pop() {
            if expanded {
                self.answer(node);
            } else if self.memo.get(node).is_none() {
                // The root itself is left to the caller.
                pending.extend((node != root).then_some((node, true)));
                let landings = self.engine.landings.get(&node).into_iter().flatten();
                pending.extend(landings.map(|&landing| (landing, false)));
            }
        }
    }

    /// Answers a node of the graph into the memo.
    fn answer(&mut self, node: u32) {
        if self.memo.get(node).is_some() {
            return;
        }
        if let Some(slot) = self.engine.slot(node) {
            if let Some(flag) = &slot.flag {
                self.flag_answer(node, flag, &slot.links);
            }
        } else if let Some(segment) = self.engine.segment_of_node(node) {
            self.is_member(segment);
        }
    }
}
