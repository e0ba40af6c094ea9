//! One call of the engine: it answers each flag and each segment at most once, however they refer to each other.

use crate::bucketing::Unit;
use crate::context::attributes::Entry;
use crate::context::{Attribute, AttributeValue, Context};
use crate::engine::Engine;
use crate::evaluation::Evaluation;
use crate::explain::{Observer, Silent, Step};
use crate::flag::{Flag, FlagIndex, Links, Plan, Requirement, SegmentIndex};
use crate::memo::{Answer, Memo};
use crate::steps::decide;

/// Attributes of which a call remembers where it found them; a registry that reads more looks for the others each time.
const SLOTS: usize = 64;

/// One call of the engine: whom it is for, and what it has found out already.
pub(crate) struct Call<'a> {
    pub(crate) engine: &'a Engine,
    pub(crate) context: &'a Context<'a>,
    memo: Memo,
    attributes: &'a [Entry<'a>],
    /// Where each attribute that was asked for stands: its place and 2, or 1 for nowhere; 0 while it was not asked for.
    places: [u8; SLOTS],
    /// Whether every flag will be asked for, so that every answer is worth remembering.
    every_flag: bool,
}

impl<'a> Call<'a> {
    #[inline]
    pub(crate) fn new(engine: &'a Engine, context: &'a Context<'a>) -> Self {
        let attributes = context.attributes.read();
        Self { engine, context, memo: Memo::default(), attributes, places: [0; SLOTS], every_flag: false }
    }

    /// What a condition or a `by` reads.
    #[inline(always)]
    #[expect(clippy::inline_always, reason = "most of the cost of a condition was the call and the copy of its result")]
    pub(crate) fn read(&mut self, attribute: &Attribute) -> Option<AttributeValue<'a>> {
        match attribute {
            Attribute::Custom { name, slot } => match self.places.get(usize::from(*slot)) {
                Some(1) => None,
                Some(place @ 2..) => self.attributes.get(usize::from(*place) - 2).map(|&(_, value)| value),
                _ => self.find(name, *slot),
            },
            field => self.context.field(field),
        }
    }

    /// Looks for an attribute that was not asked for before.
    #[inline(never)]
    fn find(&mut self, name: &str, slot: u8) -> Option<AttributeValue<'a>> {
        let index = self.attributes.iter().position(|(other, _)| *other == name);
        if let Some(place) = self.places.get_mut(usize::from(slot)) {
            *place = index.map_or(1, |index| u8::try_from(index + 2).unwrap_or(0));
        }
        self.attributes.get(index?).map(|&(_, value)| value)
    }

    /// A call for all flags, those referred to before those that refer to them.
    pub(crate) fn for_every_flag(engine: &'a Engine, context: &'a Context<'a>) -> Self {
        Self { every_flag: true, ..Self::new(engine, context) }
    }

    /// Evaluates a flag of the registry, watched.
    #[inline]
    pub(crate) fn evaluate(
        &mut self,
        index: FlagIndex,
        flag: &'a Flag,
        observer: &mut impl Observer,
    ) -> Evaluation<'a> {
        if flag.links.is_tall() {
            self.prepare(index);
        }
        observer.done(Step::Exists, false);
        let decision = decide(flag, self, observer);
        if self.every_flag {
            self.memo.set(index, decision.answer());
        }
        decision.evaluation(flag, self.engine)
    }

    /// Whether another flag is on for this context, or serves the variant that is asked for.
    #[inline]
    pub(crate) fn is_satisfied(&mut self, requirement: &Requirement) -> bool {
        let Some(flag) = self.engine.flag_at(requirement.flag) else { return false };
        let answer = self.flag_answer(requirement.flag, flag);
        match &requirement.variant {
            _ if answer.halted => false,
            None => answer.on,
            Some(name) => flag.variant_name(answer.variant) == Some(name),
        }
    }

    /// Whether the context is in a segment.
    #[inline]
    pub(crate) fn is_member(&mut self, index: SegmentIndex) -> bool {
        let Some(segment) = self.engine.segment_at(index) else { return false };
        let node = self.engine.segment_node(index);
        if let Some(answer) = self.remembered(node, &segment.links) {
            return answer.on;
        }
        let unit = self.read(&segment.by).and_then(Unit::of);
        let unit = unit.as_ref().map(Unit::as_str);
        let on = !unit.is_some_and(|unit| segment.excluded.contains(unit))
            && (unit.is_some_and(|unit| segment.included.contains(unit))
                || segment.when.as_ref().is_some_and(|(program, start)| program.holds(*start, self)));
        self.remember(node, &segment.links, Answer { on, halted: false, variant: None });
        on
    }

    /// Whether the context is in a segment, asked for by itself.
    pub(crate) fn check_segment(&mut self, index: SegmentIndex) -> bool {
        if self.engine.segment_at(index).is_some_and(|segment| segment.links.is_tall()) {
            self.prepare(self.engine.segment_node(index));
        }
        self.is_member(index)
    }

    #[inline]
    fn remembered(&self, node: u32, links: &Links) -> Option<Answer> {
        if links.memoized || self.every_flag { self.memo.get(node) } else { None }
    }

    #[inline]
    fn remember(&mut self, node: u32, links: &Links, answer: Answer) {
        if links.memoized || self.every_flag {
            self.memo.set(node, answer);
        }
    }

    #[inline]
    pub(crate) fn is_in_cohort(&mut self, plan: &Plan) -> bool {
        plan.cohort.iter().any(|&segment| self.is_member(segment))
    }

    fn flag_answer(&mut self, index: FlagIndex, flag: &'a Flag) -> Answer {
        if let Some(answer) = self.remembered(index, &flag.links) {
            return answer;
        }
        let answer = decide(flag, self, &mut Silent).answer();
        self.remember(index, &flag.links, answer);
        answer
    }

    /// Answers what stands at the far end of long chains of references first, so that no chain, however long,
    /// is followed by recursion to its end.
    #[cold]
    fn prepare(&mut self, root: u32) {
        let engine = self.engine;
        let mut pending = vec![(root, false)];
        while let Some((node, expanded)) = pending.pop() {
            if expanded {
                self.answer(node);
            } else if self.memo.get(node).is_none() {
                // The root itself is left to the caller.
                pending.extend((node != root).then_some((node, true)));
                let references = engine.links_of(node).map(|links| &*links.references).unwrap_or_default();
                pending.extend(
                    references
                        .iter()
                        .filter(|&&reference| engine.links_of(reference).is_some_and(Links::is_tall))
                        .map(|&reference| (reference, false)),
                );
            }
        }
    }

    /// Answers a node of the graph into the memo.
    fn answer(&mut self, node: u32) {
        if self.memo.get(node).is_some() {
            return;
        }
        if let Some(flag) = self.engine.flag_at(node) {
            self.flag_answer(node, flag);
        } else if let Some(segment) = self.engine.segment_of_node(node) {
            self.is_member(segment);
        }
    }
}
