//! launchdarkly-server-sdk-evaluation: `evaluate` with a flag by reference. What a flag refers to comes from the store
//! as a copy; the trait of the store leaves no other way.

use std::collections::HashMap;

use launchdarkly_server_sdk_evaluation::{
    Context, ContextBuilder, Flag as Evaluated, FlagValue, Segment, Store, evaluate,
};
use serde_json::{Map, Value, json};

use super::{ByName, Engine};
use crate::registry::{Condition, Flag, Registry};
use crate::row::Row;
use crate::user::User;

/// Flags and segments by name.
#[derive(Debug)]
pub struct LaunchDarkly {
    flags: ByName<Evaluated>,
    segments: ByName<Segment>,
}

#[derive(serde::Deserialize)]
struct Document {
    flags: HashMap<String, Evaluated>,
    segments: HashMap<String, Segment>,
}

impl Store for LaunchDarkly {
    fn flag(&self, flag_key: &str) -> Option<Evaluated> {
        self.flags.get(flag_key).cloned()
    }

    fn segment(&self, segment_key: &str) -> Option<Segment> {
        self.segments.get(segment_key).cloned()
    }
}

impl Engine for LaunchDarkly {
    const NAME: &'static str = "launchdarkly-server-sdk-evaluation";
    const CRATE: &'static str = "launchdarkly-server-sdk-evaluation";
    const TELLS_WHY: bool = true;
    const ABSENT: &'static [(Row, &'static str)] = &[];
    type Context<'u> = Context;
    type Flag = &'static str;
    type Scratch = ();

    fn document(registry: &Registry) -> Vec<u8> {
        let flags: Map<String, Value> = registry.flags.iter().map(|flag| (flag.key.clone(), write(flag))).collect();
        let segments = registry.segments.iter().map(|segment| {
            let json = json!({"key": segment.key, "included": segment.included, "excluded": [], "rules": [],
                "salt": segment.key, "version": 1});
            (segment.key.clone(), json)
        });
        json!({"flags": flags, "segments": segments.collect::<Map<String, Value>>()}).to_string().into_bytes()
    }

    fn load(document: &[u8]) -> Self {
        let Document { flags, segments } = serde_json::from_slice(document).expect("the flags");
        Self {
            flags: flags.into_iter().map(|(key, flag)| (key.into(), flag)).collect(),
            segments: segments.into_iter().map(|(key, segment)| (key.into(), segment)).collect(),
        }
    }

    fn flag(&'static self, key: &'static str) -> Self::Flag {
        key
    }

    #[inline]
    fn context(user: &User) -> Self::Context<'_> {
        let mut builder = ContextBuilder::new(&*user.id);
        for (name, value) in user.attributes() {
            builder.set_string(name, value);
        }
        builder.build().expect("a context")
    }

    #[inline]
    fn is_on(&self, flag: Self::Flag, context: &Self::Context<'_>, (): &mut ()) -> bool {
        let flag = self.flags.get(flag).expect("a flag");
        evaluate(self, flag, context, None).value.and_then(FlagValue::as_bool).expect("a boolean")
    }

    fn count_on(&self, _: &[Self::Flag], context: &Self::Context<'_>, (): &mut ()) -> usize {
        let on = |flag: &&Evaluated| evaluate(self, flag, context, None).value.and_then(FlagValue::as_bool);
        self.flags.values().filter(|flag| on(flag).expect("a boolean")).count()
    }
}

const ON: usize = 0;
const OFF: usize = 1;

fn write(flag: &Flag) -> Value {
    let rules = flag.rules.iter().map(|rule| {
        json!({"id": rule.id, "clauses": rule.conditions.iter().map(clause).collect::<Vec<_>>(), "variation": ON, "trackEvents": false})
    });
    let fallthrough = if let Some(percentage) = flag.staged {
        #[expect(clippy::cast_possible_truncation, reason = "0 to 100,000")]
        let on = (percentage * 1_000.0).round() as i64;
        let shares = json!([{"variation": ON, "weight": on}, {"variation": OFF, "weight": 100_000 - on}]);
        json!({"rollout": {"variations": shares}})
    } else {
        json!({"variation": if flag.otherwise { ON } else { OFF }})
    };
    let prerequisites = flag.dependencies.iter().map(|key| json!({"key": key, "variation": ON}));
    json!({"key": flag.key, "version": 1, "on": true, "targets": [], "rules": rules.collect::<Vec<_>>(),
        "prerequisites": prerequisites.collect::<Vec<_>>(), "fallthrough": fallthrough, "offVariation": OFF,
        "variations": [true, false], "salt": flag.key})
}

fn clause(condition: &Condition) -> Value {
    let clause = |attribute: &str, op, values| json!({"contextKind": "user", "attribute": attribute, "op": op, "values": values, "negate": false});
    match condition {
        Condition::Is(attribute, value) => clause(attribute, "in", json!([value])),
        Condition::In(attribute, values) => clause(attribute, "in", json!(values)),
        Condition::Segment(key) => clause("", "segmentMatch", json!([key])),
    }
}
