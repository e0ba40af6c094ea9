//! The nine steps of section 5 of the contract: the first that decides wins.

use crate::bucketing::Unit;
use crate::context::attributes::Entry;
use crate::context::{Attribute, AttributeValue, Context, DEFAULT_KIND};
use crate::engine::Engine;
use crate::evaluation::{Evaluation, Reason};
use crate::explain::{Observer, Silent, Step};
use crate::flag::{Flag, FlagIndex, Gate, Links, Outcome, Plan, Requirement, SegmentIndex, Serve, VariantIndex};
use crate::json::Json;
use crate::memo::{Answer, Memo};
use crate::overrides::OverrideRow;
use crate::stage::Stage;
use crate::value::Value;

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

/// How a flag was decided.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Decision<'a> {
    reason: Reason,
    served: Served<'a>,
    rule_id: Option<&'a str>,
    dependency: Option<FlagIndex>,
}

/// What a decision serves.
#[derive(Clone, Copy, Debug)]
enum Served<'a> {
    /// A default, a variant or a stored override.
    Stored(&'a Outcome),
    /// An inline override.
    Inline(Value<'a>, Option<VariantIndex>),
}

/// Runs steps 2 to 9; step 1, whether there is such a flag, is the engine's look-up.
#[inline]
fn decide<'a, O: Observer>(flag: &'a Flag, call: &mut Call<'a>, observer: &mut O) -> Decision<'a> {
    let plan = flag.plan(call.context.env);
    // Where nothing can decide in steps 2 to 6 they are run only to be watched.
    if (O::WATCHES || !plan.is_plain || call.context.overrides.is_some())
        && let Some(decision) = before_the_gate(flag, plan, call, observer)
    {
        return decision;
    }

    let staged = plan.stage == Stage::Staged;
    let gate = if staged {
        staged_gate(flag, plan, call, observer)
    } else {
        observer.done(Step::CohortBucketing, false);
        stage_gate(plan, call, observer)
    };
    match gate {
        Ok(reason) => {
            let decision = open(flag, plan, reason, call, observer);
            observer.done(if staged { Step::CohortBucketing } else { Step::StageMap }, true);
            decision
        }
        Err(reason) => {
            if staged {
                observer.done(Step::CohortBucketing, true);
            } else {
                observer.done(Step::StageMap, false);
                observer.done(Step::Default, true);
            }
            Decision::closed(plan, reason)
        }
    }
}

/// Steps 2 to 6: what keeps the gate from being asked.
fn before_the_gate<'a>(
    flag: &'a Flag,
    plan: &'a Plan,
    call: &mut Call<'a>,
    observer: &mut impl Observer,
) -> Option<Decision<'a>> {
    let context = call.context;
    let halted = match plan.stage {
        Stage::Paused => Some(Reason::Paused),
        Stage::RolledBack => Some(Reason::RolledBack),
        _ => None,
    };
    observer.note("stage", || plan.stage.as_str().into());
    observer.done(Step::Halted, halted.is_some());
    if let Some(reason) = halted {
        return Some(Decision::closed(plan, reason));
    }

    let unsatisfied = flag.dependencies.iter().find(|dependency| !call.is_satisfied(dependency));
    observer.note("unsatisfied", || {
        let flag = unsatisfied.and_then(|unsatisfied| call.engine.flag_at(unsatisfied.flag));
        flag.map_or(Json::Null, |flag| Json::from(String::from(&*flag.key)))
    });
    observer.done(Step::Dependencies, unsatisfied.is_some());
    if let Some(unsatisfied) = unsatisfied {
        let closed = Decision::closed(plan, Reason::DepUnsatisfied);
        return Some(Decision { dependency: Some(unsatisfied.flag), ..closed });
    }

    let unapproved = flag.requires_approval && !plan.approved && !given_approval(flag, context);
    observer.note("required", || flag.requires_approval.into());
    observer.done(Step::Approval, unapproved);
    if unapproved {
        return Some(Decision::closed(plan, Reason::ApprovalMissing));
    }

    let inline_tenant = inline_override(flag, context, Scope::Tenant);
    let user = inline_override(flag, context, Scope::User).or_else(|| match inline_tenant {
        Some(_) => None,
        None => stored_override(flag, context, Scope::User, observer),
    });
    observer.done(Step::UserOverride, user.is_some());
    if let Some(served) = user {
        return Some(Decision::overridden(Reason::UserOverride, served));
    }
    let tenant = inline_tenant.or_else(|| stored_override(flag, context, Scope::Tenant, observer));
    observer.done(Step::TenantOverride, tenant.is_some());
    tenant.map(|served| Decision::overridden(Reason::TenantOverride, served))
}

/// Step 7, for a staged flag: the cohort first, then the bucket. Whether the gate is open, and why.
#[inline]
fn staged_gate<'a>(
    flag: &'a Flag,
    plan: &'a Plan,
    call: &mut Call<'a>,
    observer: &mut impl Observer,
) -> Result<Reason, Reason> {
    if call.is_in_cohort(plan) {
        observer.note("cohort", || true.into());
        return Ok(Reason::StagedIn);
    }
    let Some(unit) = call.read(&flag.bucket_by).and_then(Unit::of) else { return Err(Reason::UnitMissing) };
    let Gate { hasher, threshold } = &plan.gate;
    let bucket = hasher.bucket(unit.as_str());
    observer.note("bucket", || bucket.into());
    observer.note("threshold", || (*threshold).into());
    observer.note("buckets", || hasher.buckets().into());
    if bucket < *threshold { Ok(Reason::StagedIn) } else { Err(Reason::StagedOut) }
}

/// Steps 8 and 9, for the other stages.
#[inline]
fn stage_gate<'a>(plan: &'a Plan, call: &mut Call<'a>, observer: &mut impl Observer) -> Result<Reason, Reason> {
    observer.note("stage", || plan.stage.as_str().into());
    match plan.stage {
        Stage::Full => Ok(Reason::StageFull),
        Stage::Internal if call.engine.is_internal(call.context.tier) => Ok(Reason::StageInternal),
        Stage::Pilot if call.is_in_cohort(plan) => Ok(Reason::StagePilot),
        _ => Err(Reason::Default),
    }
}

/// Gate open: the first rule whose condition holds gives the serve, else the flag's own.
#[inline]
fn open<'a>(
    flag: &'a Flag,
    plan: &'a Plan,
    reason: Reason,
    call: &mut Call<'a>,
    observer: &mut impl Observer,
) -> Decision<'a> {
    let rule = plan.rules.list.iter().find(|rule| {
        let holds = plan.rules.program.holds(rule.when, call);
        observer.note("rule", || {
            Json::Object(vec![("id".into(), Json::from(String::from(&*rule.id))), ("holds".into(), holds.into())])
        });
        holds
    });
    let serve = rule.map_or(&plan.serve, |rule| &rule.serve);
    let rule_id = rule.map(|rule| &*rule.id);
    let variant = match serve {
        Serve::Variant(variant) => Some(*variant),
        Serve::Split(split) => call.read(&split.by).and_then(Unit::of).and_then(|unit| {
            let bucket = split.hasher.bucket(unit.as_str());
            observer.note("split", || {
                Json::Object(vec![("bucket".into(), bucket.into()), ("buckets".into(), split.hasher.buckets().into())])
            });
            split.variant(bucket)
        }),
    };
    match variant.and_then(|index| flag.variants.get(index as usize)) {
        Some(variant) => Decision { reason, served: Served::Stored(variant), rule_id, dependency: None },
        None => Decision { rule_id, ..Decision::closed(plan, Reason::UnitMissing) },
    }
}

fn given_approval(flag: &Flag, context: &Context<'_>) -> bool {
    let reference = context.approvals.and_then(|approvals| approvals.references.get(&*flag.key));
    reference.is_some_and(|reference| !reference.is_empty())
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Scope {
    User,
    Tenant,
}

/// The override that came with the request, where it applies.
fn inline_override<'a>(flag: &'a Flag, context: &'a Context<'a>, scope: Scope) -> Option<Served<'a>> {
    let overrides = context.overrides?;
    let (entries, applies) = match scope {
        Scope::User => (&overrides.user, flag.scopes.user && context.kind == DEFAULT_KIND),
        Scope::Tenant => (&overrides.tenant, flag.scopes.tenant && context.tenant_id.is_some()),
    };
    let json = entries.get(&*flag.key).filter(|_| applies)?;
    let value = flag.value_type.read(json)?;
    Some(Served::Inline(value, flag.variant_of(value)))
}

/// The override of the registry, where one applies.
fn stored_override<'a>(
    flag: &'a Flag,
    context: &Context<'_>,
    scope: Scope,
    observer: &mut impl Observer,
) -> Option<Served<'a>> {
    let stored = flag.overrides.as_ref()?;
    let row: &OverrideRow = match scope {
        Scope::User => stored.for_user(context).filter(|_| context.kind == DEFAULT_KIND),
        Scope::Tenant => stored.for_tenant(context),
    }?;
    observer.note("override", || Json::from(String::from(&*row.id)));
    Some(Served::Stored(&row.outcome))
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
    fn is_in_cohort(&mut self, plan: &Plan) -> bool {
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

impl<'a> Decision<'a> {
    /// The default, for that reason.
    #[inline]
    fn closed(plan: &'a Plan, reason: Reason) -> Self {
        Self { reason, served: Served::Stored(&plan.default), rule_id: None, dependency: None }
    }

    fn overridden(reason: Reason, served: Served<'a>) -> Self {
        Self { reason, served, rule_id: None, dependency: None }
    }

    /// What is served, and which variant it is.
    #[inline]
    fn outcome(&self) -> (Value<'a>, Option<VariantIndex>) {
        match self.served {
            Served::Stored(outcome) => (outcome.value.as_value(), outcome.variant),
            Served::Inline(value, variant) => (value, variant),
        }
    }

    #[inline]
    fn is_enabled(&self, value: Value<'_>) -> bool {
        match value {
            Value::Boolean(boolean) => boolean,
            _ => self.reason.enables(),
        }
    }

    /// What matters of it to whatever depends on the flag.
    #[inline]
    fn answer(&self) -> Answer {
        let (value, variant) = self.outcome();
        let halted = matches!(self.reason, Reason::Paused | Reason::RolledBack);
        Answer { on: self.is_enabled(value), halted, variant }
    }

    #[inline]
    fn evaluation(self, flag: &'a Flag, engine: &'a Engine) -> Evaluation<'a> {
        let (value, variant) = self.outcome();
        Evaluation {
            flag_key: &flag.key,
            value: Some(value),
            variant_key: flag.variant_name(variant),
            is_enabled: self.is_enabled(value),
            reason: self.reason,
            rule_id: self.rule_id,
            dependency: self.dependency.and_then(|index| engine.flag_at(index)).map(|flag| &*flag.key),
        }
    }
}
