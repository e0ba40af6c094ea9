//! datalogic-rs: rules compiled once, a context parsed once, an arena that is kept. It has no flags: the lookup by name
//! is written around it.

use std::collections::HashMap;

use datalogic_rs::bumpalo::Bump;
use datalogic_rs::{ArenaExt, DataValue, Engine as Datalogic, Logic, ParsedData};
use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::{ByName, Engine};
use crate::registry::{Condition, Flag, Registry, Rule};
use crate::row::Row;
use crate::user::User;

/// Rules by the name of the flag.
#[derive(Debug)]
pub struct Rules {
    engine: Datalogic,
    rules: ByName<Logic>,
}

impl Engine for Rules {
    const NAME: &'static str = "datalogic-rs";
    const CRATE: &'static str = "datalogic-rs";
    const TELLS_WHY: bool = false;
    const ABSENT: &'static [(Row, &'static str)] = &[
        (Row::Plain, "no flags: one without a rule is the look-up alone, which its caller writes, as the floor's is"),
        (Row::Dependent, "a rule knows no other rule"),
        (Row::SegmentLoad, "no segments"),
        (Row::SegmentHit, "no segments"),
        (Row::SegmentMiss, "no segments"),
    ];
    type Context<'u> = ParsedData;
    type Flag = &'static str;
    type Scratch = Bump;

    fn document(registry: &Registry) -> Vec<u8> {
        let rules: HashMap<_, _> = registry.flags.iter().map(|flag| (&flag.key, write(flag))).collect();
        serde_json::to_vec(&rules).expect("JSON")
    }

    fn load(document: &[u8]) -> Self {
        let engine = Datalogic::new();
        let document: HashMap<&str, &RawValue> = serde_json::from_slice(document).expect("the rules");
        let rules = document.iter().map(|(&key, rule)| (key.into(), engine.compile(rule.get()).expect("a rule")));
        let rules = rules.collect();
        Self { engine, rules }
    }

    fn flag(&'static self, key: &'static str) -> Self::Flag {
        key
    }

    fn context(user: &User) -> Self::Context<'_> {
        let mut document = json!({ "targetingKey": user.id });
        for (name, value) in user.attributes() {
            document[name] = value.into();
        }
        ParsedData::from_json(&document.to_string()).expect("a context")
    }

    #[inline]
    fn is_on(&self, flag: Self::Flag, context: &Self::Context<'_>, arena: &mut Bump) -> bool {
        let rule = self.rules.get(flag).expect("a rule");
        let on = is_on(self.engine.evaluate(rule, context, arena).expect("an answer"));
        arena.reset();
        on
    }

    /// Its own context borrows as well as ours does, where it is not kept.
    #[inline]
    fn is_on_for(&self, flag: Self::Flag, user: &User, arena: &mut Bump) -> bool {
        let rule = self.rules.get(flag).expect("a rule");
        let text = |(name, value)| (name, DataValue::String(value));
        let [tier, country, device, plan, language, app_version, channel, currency] = user.attributes().map(text);
        let id = text(("targetingKey", &user.id));
        let context =
            ArenaExt::object(&*arena, &[id, tier, country, device, plan, language, app_version, channel, currency]);
        let on = is_on(self.engine.evaluate(rule, context, arena).expect("an answer"));
        arena.reset();
        on
    }

    fn count_on(&self, _: &[Self::Flag], context: &Self::Context<'_>, arena: &mut Bump) -> usize {
        let mut count = 0;
        for rule in self.rules.values() {
            count += usize::from(is_on(self.engine.evaluate(rule, context, arena).expect("an answer")));
            arena.reset();
        }
        count
    }
}

/// A rule's answer is a boolean, a split's the name of a variant.
#[inline]
fn is_on(answer: &DataValue<'_>) -> bool {
    answer.as_bool().unwrap_or_else(|| answer.as_str() == Some(ON))
}

/// The variant of a flag that is on.
pub(super) const ON: &str = "on";
/// And of one that is off.
pub(super) const OFF: &str = "off";

/// The flag as one rule, whose answer is the flag's wherever it can be.
fn write(flag: &Flag) -> Value {
    if let Some(percentage) = flag.staged {
        return split(flag, percentage);
    }
    if flag.rules.is_empty() {
        return flag.otherwise.into();
    }
    let mut rules: Vec<_> = flag.rules.iter().map(all_of).collect();
    if rules.len() == 1 { rules.remove(0) } else { json!({ "or": rules }) }
}

/// A split among the users.
pub(super) fn split(flag: &Flag, percentage: f64) -> Value {
    // Salted with the flag's name, as ours is: else every flag would be open to the same users.
    let unit = json!({"cat": [flag.key, {"var": "targetingKey"}]});
    assert!(percentage.fract() == 0.0, "whole weights, which it need not convert");
    #[expect(clippy::cast_possible_truncation, reason = "0 to 100")]
    let on = percentage as i64;
    json!({"fractional": [unit, [ON, on], [OFF, 100 - on]]})
}

/// Whether each condition of a rule holds.
pub(super) fn all_of(rule: &Rule) -> Value {
    let mut conditions: Vec<_> = rule.conditions.iter().map(condition).collect();
    if conditions.len() == 1 { conditions.remove(0) } else { json!({ "and": conditions }) }
}

fn condition(condition: &Condition) -> Value {
    match condition {
        Condition::Is(attribute, value) => json!({"===": [{"var": attribute}, value]}),
        Condition::In(attribute, values) => json!({"in": [{"var": attribute}, values]}),
        Condition::Segment(_) => panic!("it has no segments"),
    }
}
