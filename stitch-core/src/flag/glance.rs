//! Flags that one question about the context decides, as most do: their two answers are known when the registry is
//! compiled, so that evaluating one is the question and no step of section 5 of the contract is run.

use std::sync::Arc;

use crate::bucketing::is_unit;
use crate::condition::{Step, Target, Test};
use crate::context::{Attribute, Context, Field, PreparedUser};
use crate::evaluation::{Evaluation, Reason};
use crate::flag::{Before, Flag, FlagIndex, Gate, Outcome, Serve, VariantIndex};
use crate::memo::Answer;
use crate::stage::Stage;
use crate::text::equal;
use crate::value::{StoredValue, Value};

/// A boolean flag's question and its answers, for contexts without overrides of their own.
#[derive(Debug)]
pub(crate) struct Glance {
    question: Question,
    /// For no and for yes.
    sights: [Sight; 2],
}

#[derive(Clone, Debug)]
enum Question {
    /// None: it is always yes.
    None,
    /// Whether a field is that text.
    FieldIs(Field, Arc<str>),
    /// Whether the bucket of a field is in the rollout; nothing where there is no unit.
    IsIn(Field, Gate),
}

/// What is served, and why; its texts with it, so that they need not be looked for.
#[derive(Clone, Debug)]
pub(crate) struct Sight {
    pub(crate) value: bool,
    reason: Reason,
    variant: Option<VariantIndex>,
    variant_key: Option<Arc<str>>,
    /// The rule that gave the serve; or the flag that is not satisfied, where that is the reason.
    cause: Option<Arc<str>>,
}

impl Glance {
    /// The glance of a flag, if it has one; once its rows of overrides are there, and `other` gives the flags that it
    /// depends on with theirs.
    pub(crate) fn of<'a>(flag: &Flag, other: impl Fn(FlagIndex) -> Option<(&'a Flag, &'a Self)>) -> Option<Self> {
        if !flag.patches.is_empty() {
            return None;
        }
        match flag.base.before {
            Before::Nothing => Self::of_the_gate(flag),
            Before::Dependencies => Self::of_the_gate(flag)?.after_dependencies(flag, other),
            Before::Anything => None,
        }
    }

    /// What is left to ask where other flags must be satisfied first; nothing, where that is more than one question.
    fn after_dependencies<'a>(
        self,
        flag: &Flag,
        other: impl Fn(FlagIndex) -> Option<(&'a Flag, &'a Self)>,
    ) -> Option<Self> {
        let others = flag.dependencies.iter().map(|requirement| Some((requirement, other(requirement.flag)?)));
        let others: Vec<_> = others.collect::<Option<_>>()?;
        let questions = others.iter().map(|(_, (_, glance))| &glance.question).chain([&self.question]);
        let mut questions = questions.filter(|question| !matches!(question, Question::None));
        let question = questions.next().cloned().unwrap_or(Question::None);
        if questions.next().is_some() {
            return None;
        }
        let sight = |own: &Sight, yes: bool| {
            let unsatisfied = others.iter().find(|(requirement, (flag, glance))| {
                let [if_not, if_so] = &glance.sights;
                !requirement.is_met(flag, if yes { if_so } else { if_not }.answer())
            });
            match unsatisfied {
                None => Some(own.clone()),
                Some((_, (other, _))) => {
                    Some(Sight { cause: Some(Arc::clone(&other.key)), ..Sight::closed(flag, Reason::DepUnsatisfied)? })
                }
            }
        };
        let [no, yes] = &self.sights;
        Some(Self { question, sights: [sight(no, false)?, sight(yes, true)?] })
    }

    /// What decides once nothing before the gate has.
    fn of_the_gate(flag: &Flag) -> Option<Self> {
        let plan = &flag.base;
        let start = plan.rules.start;
        let steps = &*plan.rules.program.steps;
        let asks = steps.get(start.index()).is_some();
        match (plan.stage, &flag.bucket_by, steps) {
            (Stage::Full, ..) if !asks => Self::certain(Sight::open(flag, start, Reason::StageFull)?),
            (Stage::Full, _, [Step { test: Test::FieldIs(field, text), then, otherwise }]) => Some(Self {
                question: Question::FieldIs(*field, Arc::clone(text)),
                sights: [
                    Sight::open(flag, *otherwise, Reason::StageFull)?,
                    Sight::open(flag, *then, Reason::StageFull)?,
                ],
            }),
            (Stage::Staged, Attribute::Field(field), _) if !asks && plan.cohort.is_empty() => Some(Self {
                question: Question::IsIn(*field, plan.gate.clone()),
                sights: [Sight::closed(flag, Reason::StagedOut)?, Sight::open(flag, start, Reason::StagedIn)?],
            }),
            (Stage::Draft, ..) => Self::certain(Sight::closed(flag, Reason::Default)?),
            _ => None,
        }
    }

    #[expect(clippy::unnecessary_wraps, reason = "beside the others of its match")]
    fn certain(sight: Sight) -> Option<Self> {
        Some(Self { question: Question::None, sights: [sight.clone(), sight] })
    }

    /// What this context gets; nothing where the steps must be run.
    #[inline]
    pub(crate) fn sight(&self, context: &Context<'_>) -> Option<&Sight> {
        if context.overrides.is_some() {
            return None;
        }
        let [no, yes] = &self.sights;
        match &self.question {
            Question::None => Some(yes),
            Question::FieldIs(field, text) => {
                let is_it = context.field(*field).is_some_and(|value| equal(value, text));
                Some(if is_it { yes } else { no })
            }
            // Chosen without a branch: no processor foresees who is in a rollout.
            Question::IsIn(field, gate) => {
                let unit = context.field(*field).filter(|text| is_unit(text))?;
                self.sights.get(usize::from(gate.lets_in(unit)))
            }
        }
    }

    /// The value for a user whom nothing else has to be known of; nothing where it has.
    #[inline]
    pub(crate) fn value_for(&self, user: &PreparedUser) -> Option<bool> {
        // Both values are read before it is known who is in, which takes longest.
        let [no, yes] = &self.sights;
        let values = u8::from(no.value) | u8::from(yes.value) << 1;
        match &self.question {
            Question::None => Some(yes.value),
            Question::IsIn(Field::UserId, gate) => {
                let is_in = gate.lets_in_prepared(user.unit())?;
                Some(values >> u8::from(is_in) & 1 == 1)
            }
            Question::FieldIs(..) | Question::IsIn(..) => None,
        }
    }
}

impl Sight {
    /// What the gate's being open gives to whom the rules give that answer, if it is the same boolean for all of them.
    fn open(flag: &Flag, answer: Target, reason: Reason) -> Option<Self> {
        let plan = &flag.base;
        let rule = plan.rules.list.get(answer.answer());
        let Serve::Variant(variant) = rule.map_or(&plan.serve, |rule| &rule.serve) else { return None };
        let cause = rule.and_then(|rule| plan.rules.own_id(rule.id));
        Some(Self { cause, ..Self::of(flag, &flag.variants.get(*variant as usize)?.outcome, reason)? })
    }

    fn closed(flag: &Flag, reason: Reason) -> Option<Self> {
        Self::of(flag, &flag.base.default, reason)
    }

    fn of(flag: &Flag, outcome: &Outcome, reason: Reason) -> Option<Self> {
        let StoredValue::Boolean(value) = outcome.value else { return None };
        let variant = outcome.variant.and_then(|index| flag.variants.get(index as usize));
        let variant_key = variant.map(|variant| Arc::clone(&variant.name));
        Some(Self { value, reason, variant: outcome.variant, variant_key, cause: None })
    }

    /// What matters of it to whatever depends on the flag: one that is halted has no glance.
    #[inline]
    pub(crate) fn answer(&self) -> Answer {
        Answer { on: self.value, halted: false, variant: self.variant }
    }

    /// The whole of it.
    #[inline]
    pub(crate) fn evaluation<'a>(&'a self, flag_key: &'a str) -> Evaluation<'a> {
        let is_rule = self.reason != Reason::DepUnsatisfied;
        let cause = self.cause.as_deref();
        Evaluation {
            flag_key,
            value: Some(Value::Boolean(self.value)),
            variant_key: self.variant_key.as_deref(),
            is_enabled: self.value,
            reason: self.reason,
            rule_id: cause.filter(|_| is_rule),
            dependency: cause.filter(|_| !is_rule),
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::{Context, Engine, InlineOverrides, PreparedUser};

    /// Flags that one question decides, and flags that ask more.
    const REGISTRY: &str = r#"{"schema_version": "1.0", "segments": [{"key": "beta", "included": ["U-1"]}], "flags": [
        {"key": "draft", "default_value": true, "rollout_stage": "draft"},
        {"key": "full", "default_value": false, "rollout_stage": "full"},
        {"key": "rule", "default_value": false, "rollout_stage": "full", "serve": "off", "rules": [
            {"id": "staff", "when": {"attr": "tier", "op": "eq", "value": "staff"}, "serve": "on"}]},
        {"key": "staged", "default_value": false, "rollout_stage": "staged", "rollout_pct": 50},
        {"key": "tenants", "default_value": false, "rollout_stage": "staged", "rollout_pct": 50, "bucket_by": "tenant_id"},
        {"key": "cohort", "default_value": false, "rollout_stage": "staged", "rollout_pct": 50, "cohort": ["beta"]},
        {"key": "two", "default_value": false, "rollout_stage": "full", "rules": [
            {"id": "r", "when": {"all": [{"attr": "tier", "op": "eq", "value": "staff"}, {"attr": "plan", "op": "eq", "value": "pro"}]}, "serve": "off"}]},
        {"key": "needs", "default_value": false, "rollout_stage": "full", "dependencies": ["full"]},
        {"key": "needs-rule", "default_value": true, "rollout_stage": "full", "serve": "off", "dependencies": ["needs", "rule"]},
        {"key": "needs-off", "default_value": false, "rollout_stage": "full", "dependencies": [{"flag": "rule", "variant": "off"}]},
        {"key": "in-if-on", "default_value": false, "rollout_stage": "staged", "rollout_pct": 50, "dependencies": ["full"]},
        {"key": "never", "default_value": false, "rollout_stage": "full", "dependencies": ["rule", "draft-off"]},
        {"key": "draft-off", "default_value": false, "rollout_stage": "draft", "dependencies": ["in-if-on"]},
        {"key": "both", "default_value": false, "rollout_stage": "full", "dependencies": ["rule", "staged"]},
        {"key": "own-too", "default_value": false, "rollout_stage": "staged", "rollout_pct": 50, "dependencies": ["rule"]},
        {"key": "twice", "default_value": false, "rollout_stage": "full", "dependencies": ["rule", {"flag": "rule", "variant": "off"}]},
        {"key": "needs-two", "default_value": false, "rollout_stage": "full", "dependencies": ["two"]},
        {"key": "paused", "default_value": true, "rollout_stage": "paused"},
        {"key": "needs-paused", "default_value": false, "rollout_stage": "full", "dependencies": ["paused"]},
        {"key": "patched", "default_value": false, "rollout_stage": "full", "environments": {"prod": {"rollout_stage": "draft"}}},
        {"key": "text", "type": "string", "default_value": "a", "variants": {"a": "a"}, "serve": "a"}
    ]}"#;

    #[test]
    fn those_that_one_question_decides_have_one() {
        let engine = Engine::from_json(REGISTRY).unwrap();
        let has_one = |slot: &&crate::engine::Slot| slot.glance.is_some();
        let keys: Vec<_> = engine.flags.iter().filter(has_one).filter_map(|slot| slot.key.as_deref()).collect();
        let after_others = ["needs", "needs-rule", "needs-off", "in-if-on", "draft-off"];
        assert_eq!(keys, [&["draft", "full", "rule", "staged", "tenants"][..], &after_others].concat());
    }

    #[test]
    fn a_user_alone_decides_where_no_field_is_asked_but_the_id() {
        let engine = Engine::from_json(REGISTRY).unwrap();
        let decided = |context: &Context<'_>| {
            let user = PreparedUser::of(context)?;
            Some(
                engine
                    .flag_keys()
                    .filter(|key| engine.flag(key).unwrap().bool_for(&user).is_some())
                    .collect::<Vec<_>>(),
            )
        };
        assert_eq!(
            decided(&Context::user("U-1").tenant_id("t")).unwrap(),
            ["draft", "full", "staged", "needs", "in-if-on", "draft-off"]
        );
        let long = "x".repeat(32);
        assert!(decided(&Context::user(&long[1..])).is_some());
        let overrides = InlineOverrides::default().user("full", false);
        for nobody in
            [Context::anonymous(), Context::user(""), Context::user(&long), Context::user("U-1").overrides(&overrides)]
        {
            assert_eq!(decided(&nobody), None);
        }
    }

    #[test]
    fn it_is_what_the_steps_say() {
        let engine = Engine::from_json(REGISTRY).unwrap();
        let ids: Vec<String> = (0..50).map(|index| format!("U-{index}")).collect();
        let long = "x".repeat(2_000);
        let overrides = InlineOverrides::default().user("full", false).tenant("staged", true);
        let users = ids.iter().map(|id| Context::user(id).tenant_id(id));
        let odd = [Context::anonymous(), Context::user("").tenant_id(&long), Context::user(&long).env("prod")];
        for context in users.chain(odd) {
            for context in [context.clone(), context.clone().tier("staff"), context.overrides(&overrides)] {
                for key in engine.flag_keys() {
                    let steps = engine.explain(key, &context).evaluation;
                    assert_eq!(engine.evaluate(key, &context), steps);
                    assert_eq!(engine.bool(key, &context, true), steps.bool_or(true));
                    let flag = engine.flag(key).unwrap();
                    let value = PreparedUser::of(&context).and_then(|user| flag.bool_for(&user));
                    assert!(value.is_none_or(|value| value == steps.bool_or(true)));
                }
                assert!(
                    engine.evaluations(&context).all(|one| one == engine.explain(one.flag_key, &context).evaluation)
                );
            }
        }
    }
}
