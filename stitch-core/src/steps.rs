//! The nine steps of section 5 of the contract: the first that decides wins.

#![expect(
    clippy::inline_always,
    reason = "the way of a plain flag is a few dozen instructions: as calls with their results in memory it took twice as many"
)]

use crate::call::Call;
use crate::context::{Context, Field};
use crate::engine::Engine;
use crate::evaluation::{Evaluation, Reason};
use crate::explain::{Observer, Step};
use crate::flag::{Before, Flag, FlagIndex, Gate, Outcome, Plan, Rule, Rules, Serve, Split, VariantIndex};
use crate::json::Json;
use crate::memo::Answer;
use crate::overrides::OverrideRow;
use crate::stage::Stage;
use crate::value::{StoredValue, Value};

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
#[inline(always)]
pub(crate) fn decide<'a, O: Observer>(flag: &'a Flag, call: &mut Call<'a>, observer: &mut O) -> Decision<'a> {
    let plan = flag.plan(call.context.field(Field::Env));
    // What cannot decide in steps 2 to 6 is run only to be watched.
    let before = if O::WATCHES || call.context.overrides.is_some() { Before::Anything } else { plan.before };
    let decided = match before {
        Before::Nothing => None,
        Before::Dependencies => {
            call.unsatisfied(&flag.dependencies).map(|dependency| Decision::unsatisfied(plan, dependency))
        }
        Before::Anything => before_the_gate(flag, plan, call, observer),
    };
    if let Some(decision) = decided {
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

/// Steps 2 to 6: what keeps the gate from being asked. Apart, so that plain flags do not pay for its registers.
#[inline(never)]
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

    let unsatisfied = call.unsatisfied(&flag.dependencies);
    observer.note("unsatisfied", || {
        let flag = unsatisfied.and_then(|dependency| call.engine.flag_at(dependency));
        flag.map_or(Json::Null, |flag| Json::from(String::from(&*flag.key)))
    });
    observer.done(Step::Dependencies, unsatisfied.is_some());
    if let Some(dependency) = unsatisfied {
        return Some(Decision::unsatisfied(plan, dependency));
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
#[inline(always)]
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
    let Gate { hasher, threshold } = &plan.gate;
    let Some(bucket) = call.unit(&flag.bucket_by, |unit| hasher.bucket(unit)) else { return Err(Reason::UnitMissing) };
    observer.note("bucket", || bucket.into());
    observer.note("threshold", || (*threshold).into());
    observer.note("buckets", || hasher.buckets().into());
    if bucket < *threshold { Ok(Reason::StagedIn) } else { Err(Reason::StagedOut) }
}

/// Steps 8 and 9, for the other stages.
#[inline(always)]
fn stage_gate<'a>(plan: &'a Plan, call: &mut Call<'a>, observer: &mut impl Observer) -> Result<Reason, Reason> {
    observer.note("stage", || plan.stage.as_str().into());
    match plan.stage {
        Stage::Full => Ok(Reason::StageFull),
        Stage::Internal if call.context.field(Field::Tier).is_some_and(|tier| call.engine.is_internal(tier)) => {
            Ok(Reason::StageInternal)
        }
        Stage::Pilot if call.is_in_cohort(plan) => Ok(Reason::StagePilot),
        _ => Err(Reason::Default),
    }
}

/// Gate open: the first rule whose condition holds gives the serve, else the flag's own.
#[inline(always)]
fn open<'a, O: Observer>(
    flag: &'a Flag,
    plan: &'a Plan,
    reason: Reason,
    call: &mut Call<'a>,
    observer: &mut O,
) -> Decision<'a> {
    let rule = plan.rules.first(call);
    if O::WATCHES {
        note_rules(&plan.rules, rule, observer);
    }
    let serve = rule.map_or(&plan.serve, |rule| &rule.serve);
    let rule_id = rule.and_then(|rule| plan.rules.id(rule.id));
    let variant = match serve {
        Serve::Variant(variant) => Some(*variant),
        Serve::Split(split) => split_variant(split, call, observer),
    };
    match variant.and_then(|index| flag.variants.get(index as usize)) {
        Some(variant) => Decision { reason, served: Served::Stored(&variant.outcome), rule_id, dependency: None },
        None => Decision { rule_id, ..Decision::closed(plan, Reason::UnitMissing) },
    }
}

/// The variant that a split gives, if there is a unit.
#[inline(never)]
fn split_variant<'a>(split: &'a Split, call: &mut Call<'a>, observer: &mut impl Observer) -> Option<VariantIndex> {
    let bucket = call.unit(&split.by, |unit| split.hasher.bucket(unit))?;
    observer.note("split", || {
        Json::Object(vec![("bucket".into(), bucket.into()), ("buckets".into(), split.hasher.buckets().into())])
    });
    split.variant(bucket)
}

/// Tells of each rule up to the first one that holds.
fn note_rules(rules: &Rules, first: Option<&Rule>, observer: &mut impl Observer) {
    for rule in &*rules.list {
        let holds = first.is_some_and(|first| std::ptr::eq(first, rule));
        observer.note("rule", || {
            Json::Object(vec![
                ("id".into(), Json::from(rules.id(rule.id).unwrap_or_default().to_owned())),
                ("holds".into(), holds.into()),
            ])
        });
        if holds {
            return;
        }
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
        Scope::User => (&overrides.user, flag.scopes.user && context.is_user()),
        Scope::Tenant => (&overrides.tenant, flag.scopes.tenant && context.field(Field::TenantId).is_some()),
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
        Scope::User => stored.for_user(context).filter(|_| context.is_user()),
        Scope::Tenant => stored.for_tenant(context),
    }?;
    observer.note("override", || Json::from(String::from(&*row.id)));
    Some(Served::Stored(&row.outcome))
}

impl<'a> Decision<'a> {
    /// The default, for that reason.
    #[inline]
    fn closed(plan: &'a Plan, reason: Reason) -> Self {
        Self { reason, served: Served::Stored(&plan.default), rule_id: None, dependency: None }
    }

    /// The default, since that dependency is not satisfied.
    fn unsatisfied(plan: &'a Plan, dependency: FlagIndex) -> Self {
        Self { dependency: Some(dependency), ..Self::closed(plan, Reason::DepUnsatisfied) }
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

    /// What is served.
    #[inline]
    pub(crate) fn value(&self) -> Value<'a> {
        self.outcome().0
    }

    /// What is served, if it is a boolean; without a look at what else it could be.
    #[inline]
    pub(crate) fn boolean(&self) -> Option<bool> {
        match self.served {
            Served::Stored(Outcome { value: StoredValue::Boolean(boolean), .. }) => Some(*boolean),
            Served::Inline(Value::Boolean(boolean), _) => Some(boolean),
            _ => None,
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
    pub(crate) fn answer(&self) -> Answer {
        let (value, variant) = self.outcome();
        let halted = matches!(self.reason, Reason::Paused | Reason::RolledBack);
        Answer { on: self.is_enabled(value), halted, variant }
    }

    #[inline]
    pub(crate) fn evaluation(self, flag: &'a Flag, engine: &'a Engine) -> Evaluation<'a> {
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
