//! unleash-yggdrasil: the engine under Unleash's clients, its state compiled once.

use std::borrow::Cow;

use serde_json::{Value, json};
use unleash_types::client_features::ClientFeatures;
use unleash_yggdrasil::state::{EnrichedContext, PropertiesCow, PropertiesRef};
use unleash_yggdrasil::{Context, EngineState};

use super::Engine;
use crate::registry::{Condition, Flag, Registry};
use crate::row::Row;
use crate::user::User;

/// Its engine.
pub struct Yggdrasil(EngineState);

impl Engine for Yggdrasil {
    const NAME: &'static str = "unleash-yggdrasil";
    const CRATE: &'static str = "unleash-yggdrasil";
    const TELLS_WHY: bool = false;
    const ABSENT: &'static [(Row, &'static str)] = &[];
    type Context<'u> = Context;
    type Flag = &'static str;
    type Scratch = ();

    fn document(registry: &Registry) -> Vec<u8> {
        let segments = registry.segments.iter().enumerate().map(|(id, segment)| {
            json!({"id": id, "constraints": [{"contextName": "userId", "operator": "IN", "values": segment.included}]})
        });
        let features = registry.flags.iter().map(|flag| write(flag, registry));
        json!({"version": 2, "features": features.collect::<Vec<_>>(), "segments": segments.collect::<Vec<_>>()})
            .to_string()
            .into_bytes()
    }

    fn load(document: &[u8]) -> Self {
        let features: ClientFeatures = serde_json::from_slice(document).expect("the features");
        let engine = EngineState::default();
        assert!(engine.apply_client_features(features).is_none(), "no warnings");
        Self(engine)
    }

    fn flag(&'static self, key: &'static str) -> Self::Flag {
        key
    }

    #[inline]
    fn context(user: &User) -> Self::Context<'_> {
        let properties = user.attributes().into_iter().map(|(name, value)| (name.to_owned(), value.to_owned()));
        Context { user_id: Some(user.id.clone()), properties: Some(properties.collect()), ..Context::default() }
    }

    #[inline]
    fn is_on(&self, flag: Self::Flag, context: &Self::Context<'_>, (): &mut ()) -> bool {
        self.0.is_enabled(flag, context, &None)
    }

    /// The context that borrows, which it also takes.
    #[inline]
    fn is_on_for(&self, flag: Self::Flag, user: &User, (): &mut ()) -> bool {
        let borrow = |(name, value)| (Cow::Borrowed(name), Cow::Borrowed(value));
        let properties: PropertiesCow<'_> = user.attributes().into_iter().map(borrow).collect();
        let context = EnrichedContext {
            user_id: Some(&user.id),
            session_id: None,
            environment: None,
            app_name: None,
            current_time: None,
            remote_address: None,
            properties: Some(PropertiesRef::Cows(&properties)),
            external_results: None,
            toggle_name: flag,
            runtime_hostname: None,
        };
        self.0.check_enabled(&context).expect("a feature")
    }
}

/// A strategy a rule: one is enough.
fn write(flag: &Flag, registry: &Registry) -> Value {
    let mut strategies: Vec<_> = flag
        .rules
        .iter()
        .map(|rule| {
            let mut strategy = json!({"name": "default", "constraints": [], "segments": []});
            for condition in &rule.conditions {
                let (list, entry) = match condition {
                    Condition::Is(attribute, value) => ("constraints", one_of(attribute, std::slice::from_ref(value))),
                    Condition::In(attribute, values) => ("constraints", one_of(attribute, values)),
                    Condition::Segment(key) => {
                        ("segments", registry.segments.iter().position(|segment| segment.key == *key).into())
                    }
                };
                strategy[list].as_array_mut().expect("a list").push(entry);
            }
            strategy
        })
        .collect();
    if let Some(percentage) = flag.staged {
        let parameters = json!({"rollout": percentage.to_string(), "stickiness": "userId", "groupId": flag.key});
        strategies.push(json!({"name": "flexibleRollout", "parameters": parameters}));
    }
    let dependencies = flag.dependencies.iter().map(|key| json!({"feature": key, "enabled": true}));
    json!({"name": flag.key, "enabled": true, "strategies": strategies,
        "dependencies": dependencies.collect::<Vec<_>>()})
}

fn one_of(attribute: &str, values: &[String]) -> Value {
    json!({"contextName": attribute, "operator": "IN", "values": values})
}
