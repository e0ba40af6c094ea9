//! growthbook-rust: a feature's own `get_value`, which spares the copy of the attributes that `GrowthBook::check` makes.

use growthbook_rust::dto::{GrowthBookFeature, GrowthBookResponse};
use growthbook_rust::model_public::{GrowthBookAttribute, GrowthBookAttributeValue, SavedGroup};
use serde_json::{Map, Value, json};
use std::collections::HashMap;

use super::Engine;
use crate::registry::{Condition, Flag, Registry};
use crate::row::Row;
use crate::user::User;

/// What its client holds.
#[derive(Debug)]
pub struct GrowthBook {
    features: HashMap<String, GrowthBookFeature>,
    groups: HashMap<String, SavedGroup>,
}

impl GrowthBook {
    fn is_feature_on(&self, key: &str, feature: &GrowthBookFeature, attributes: &Vec<GrowthBookAttribute>) -> bool {
        feature.get_value(key, Vec::new(), attributes, &None, &self.features, &None, &self.groups).on
    }
}

impl Engine for GrowthBook {
    const NAME: &'static str = "growthbook-rust";
    const CRATE: &'static str = "growthbook-rust";
    const TELLS_WHY: bool = true;
    const ABSENT: &'static [(Row, &'static str)] = &[];
    type Context<'u> = Vec<GrowthBookAttribute>;
    type Flag = &'static str;
    type Scratch = ();

    fn document(registry: &Registry) -> Vec<u8> {
        let features: Map<String, Value> = registry.flags.iter().map(|flag| (flag.key.clone(), write(flag))).collect();
        let groups = registry.segments.iter().map(|segment| {
            (segment.key.clone(), json!({"type": "list", "attributeKey": "id", "values": segment.included}))
        });
        json!({"features": features, "savedGroups": groups.collect::<Map<String, Value>>()}).to_string().into_bytes()
    }

    fn load(document: &[u8]) -> Self {
        let response: GrowthBookResponse = serde_json::from_slice(document).expect("the features");
        let groups = response.saved_groups.unwrap_or_default();
        let groups = groups.as_object().expect("groups").iter();
        Self {
            features: response.features.expect("features"),
            groups: groups.map(|(key, group)| (key.clone(), SavedGroup::from(group))).collect(),
        }
    }

    fn flag(&'static self, key: &'static str) -> Self::Flag {
        key
    }

    #[inline]
    fn context(user: &User) -> Self::Context<'_> {
        let attribute = |(name, value): (&str, &str)| {
            GrowthBookAttribute::new(name.to_owned(), GrowthBookAttributeValue::String(value.to_owned()))
        };
        let mut attributes = Vec::with_capacity(9);
        attributes.push(attribute(("id", &user.id)));
        attributes.extend(user.attributes().map(attribute));
        attributes
    }

    #[inline]
    fn is_on(&self, flag: Self::Flag, attributes: &Self::Context<'_>, (): &mut ()) -> bool {
        self.is_feature_on(flag, self.features.get(flag).expect("a feature"), attributes)
    }

    fn count_on(&self, _: &[Self::Flag], attributes: &Self::Context<'_>, (): &mut ()) -> usize {
        self.features.iter().filter(|(key, feature)| self.is_feature_on(key, feature, attributes)).count()
    }
}

fn write(flag: &Flag) -> Value {
    let mut rules: Vec<_> = flag
        .rules
        .iter()
        .map(|rule| {
            let conditions: Map<_, _> = rule.conditions.iter().map(condition).collect();
            json!({"condition": conditions, "force": true})
        })
        .collect();
    if let Some(percentage) = flag.staged {
        let coverage = percentage / 100.0;
        rules.push(json!({"coverage": coverage, "hashAttribute": "id", "hashVersion": 2, "force": true}));
    }
    if !flag.dependencies.is_empty() {
        let parent = |key| json!({"id": key, "condition": {"value": true}, "gate": true});
        let parents: Vec<_> = flag.dependencies.iter().map(parent).collect();
        rules.push(json!({"parentConditions": parents, "force": true}));
    }
    let default = flag.otherwise && flag.staged.is_none() && flag.dependencies.is_empty();
    json!({"defaultValue": default, "rules": rules})
}

fn condition(condition: &Condition) -> (String, Value) {
    match condition {
        Condition::Is(attribute, value) => (attribute.clone(), value.as_str().into()),
        Condition::In(attribute, values) => (attribute.clone(), json!({ "$in": values })),
        Condition::Segment(key) => ("$savedGroup".to_owned(), json!({ "id": key })),
    }
}
