//! feature-flag: a list of flags that is walked at every question. The rows' flags stand first in it, its best case.

use ::feature_flag::{FlagEvaluator, FlagSet, Subject};
use serde_json::{Value, json};

use super::Engine;
use crate::registry::{Condition, Flag, Registry};
use crate::row::Row;
use crate::user::User;

/// Its evaluator.
#[derive(Debug)]
pub struct FeatureFlag(FlagEvaluator);

impl Engine for FeatureFlag {
    const NAME: &'static str = "feature-flag";
    const CRATE: &'static str = "feature-flag";
    const TELLS_WHY: bool = true;
    const ABSENT: &'static [(Row, &'static str)] = &[
        (Row::Dependent, "no flag depends on another"),
        (Row::SegmentLoad, "no segments"),
        (Row::SegmentHit, "no segments"),
        (Row::SegmentMiss, "no segments"),
    ];
    type Context<'u> = Subject;
    type Flag = &'static str;
    type Scratch = ();

    fn document(registry: &Registry) -> Vec<u8> {
        let flags: Vec<_> = registry.flags.iter().map(write).collect();
        json!({ "version": "1", "flags": flags }).to_string().into_bytes()
    }

    fn load(document: &[u8]) -> Self {
        let document = std::str::from_utf8(document).expect("the document is text");
        Self(FlagEvaluator::new(FlagSet::from_json(document).expect("the flags")))
    }

    fn flag(&'static self, key: &'static str) -> Self::Flag {
        key
    }

    #[inline]
    fn context(user: &User) -> Self::Context<'_> {
        let subject = Subject::new(&user.id);
        user.attributes().into_iter().fold(subject, |subject, (name, value)| subject.with_attr(name, value))
    }

    #[inline]
    fn is_on(&self, flag: Self::Flag, subject: &Self::Context<'_>, (): &mut ()) -> bool {
        self.0.evaluate(flag, subject).expect("a flag").variant == "on"
    }
}

fn write(flag: &Flag) -> Value {
    let mut rules: Vec<_> = flag
        .rules
        .iter()
        .map(|rule| {
            let mut matchers: Vec<_> = rule.conditions.iter().map(condition).collect();
            let one = matchers.len() == 1;
            let when = if one { matchers.remove(0) } else { json!({"kind": "all_of", "matchers": matchers}) };
            json!({"id": rule.id, "when": when, "outcome": {"kind": "variant", "variant": "on"}})
        })
        .collect();
    if let Some(percentage) = flag.staged {
        #[expect(clippy::cast_possible_truncation, reason = "0 to 100")]
        let on = percentage.round() as i64;
        let variants = json!([{"variant": "on", "weight": on}, {"variant": "off", "weight": 100 - on}]);
        let outcome = json!({"kind": "rollout", "variants": variants});
        rules.push(json!({"id": "staged", "when": {"kind": "always"}, "outcome": outcome}));
    }
    let default = if flag.otherwise { "on" } else { "off" };
    json!({"id": flag.key, "variants": ["on", "off"], "default_variant": default, "rules": rules})
}

fn condition(condition: &Condition) -> Value {
    match condition {
        Condition::Is(attribute, value) => json!({"kind": "compare", "attr": attribute, "op": "eq", "value": value}),
        Condition::In(attribute, values) => json!({"kind": "compare", "attr": attribute, "op": "in", "value": values}),
        Condition::Segment(_) => panic!("it has no segments"),
    }
}
