//! `eppo_core`: the configuration compiled, asked without its store's lock, at an instant that the caller has.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use eppo_core::eval::get_assignment;
use eppo_core::ufc::{AssignmentValue, UniversalFlagConfig, VariationType};
use eppo_core::{AttributeValue, Attributes, Configuration, SdkMetadata, Str};
use serde_json::{Map, Value, json};

use super::Engine;
use crate::registry::{Condition, Flag, Registry};
use crate::row::Row;
use crate::user::User;

/// A configuration and the instant of all questions.
#[derive(Debug)]
pub struct Eppo {
    configuration: Configuration,
    now: DateTime<Utc>,
}

impl Engine for Eppo {
    const NAME: &'static str = "eppo_core";
    const CRATE: &'static str = "eppo_core";
    const TELLS_WHY: bool = false;
    const ABSENT: &'static [(Row, &'static str)] = &[
        (Row::Dependent, "no flag depends on another"),
        (Row::SegmentLoad, "no segments: an audience comes as conditions of the flag"),
        (Row::SegmentHit, "no segments: an audience comes as conditions of the flag"),
        (Row::SegmentMiss, "no segments: an audience comes as conditions of the flag"),
    ];
    type Context<'u> = (Str, Arc<Attributes>);
    type Flag = &'static str;
    type Scratch = ();

    fn document(registry: &Registry) -> Vec<u8> {
        let flags: Map<String, Value> = registry.flags.iter().map(|flag| (flag.key.clone(), write(flag))).collect();
        json!({"createdAt": "2026-01-01T00:00:00Z", "format": "SERVER", "environment": {"name": "prod"}, "flags": flags})
            .to_string()
            .into_bytes()
    }

    fn load(document: &[u8]) -> Self {
        let sdk = SdkMetadata { name: "rust", version: "1.0.0" };
        let flags = UniversalFlagConfig::from_json(sdk, document.to_vec()).expect("the flags");
        let now = DateTime::from_timestamp(1_790_000_000, 0).expect("an instant");
        Self { configuration: Configuration::from_server_response(flags, None), now }
    }

    fn flag(&'static self, key: &'static str) -> Self::Flag {
        key
    }

    #[inline]
    fn context(user: &User) -> Self::Context<'_> {
        let attributes = user.attributes().into_iter();
        let attributes = attributes.map(|(name, value)| (Str::from_static_str(name), AttributeValue::from(value)));
        (Str::new(&user.id), Arc::new(attributes.collect()))
    }

    #[inline]
    fn is_on(&self, flag: Self::Flag, (user, attributes): &Self::Context<'_>, (): &mut ()) -> bool {
        let kind = Some(VariationType::Boolean);
        let assignment = get_assignment(Some(&self.configuration), flag, user, attributes, kind, self.now);
        let assignment = assignment.expect("an answer").expect("an assignment");
        matches!(assignment.value, AssignmentValue::Boolean(true))
    }
}

/// In shards of a hundredth of a percent; without events, which nobody would read.
fn write(flag: &Flag) -> Value {
    let to = |variation: &str, shards: Value| json!({"shards": shards, "variationKey": variation});
    let mut allocations: Vec<_> = flag
        .rules
        .iter()
        .map(|rule| {
            let conditions: Vec<_> = rule.conditions.iter().map(condition).collect();
            json!({"key": rule.id, "doLog": false, "rules": [{"conditions": conditions}], "splits": [to("on", json!([]))]})
        })
        .collect();
    let mut splits = Vec::new();
    if let Some(percentage) = flag.staged {
        #[expect(clippy::cast_possible_truncation, reason = "0 to 10,000")]
        let end = (percentage * 100.0).round() as i64;
        splits.push(to("on", json!([{"salt": flag.key, "ranges": [{"start": 0, "end": end}]}])));
        splits.push(to("off", json!([])));
    } else {
        splits.push(to(if flag.otherwise { "on" } else { "off" }, json!([])));
    }
    allocations.push(json!({"key": "default", "doLog": false, "splits": splits}));
    json!({"key": flag.key, "enabled": true, "variationType": "BOOLEAN", "totalShards": 10_000,
        "variations": {"on": {"key": "on", "value": true}, "off": {"key": "off", "value": false}},
        "allocations": allocations})
}

fn condition(condition: &Condition) -> Value {
    let one_of = |attribute, values| json!({"attribute": attribute, "operator": "ONE_OF", "value": values});
    match condition {
        Condition::Is(attribute, value) => one_of(attribute, std::slice::from_ref(value)),
        Condition::In(attribute, values) => one_of(attribute, values),
        Condition::Segment(_) => panic!("it has no segments"),
    }
}
