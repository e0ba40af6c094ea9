//! However many attributes a registry asks for and a context has, each is read as what it is.

use std::collections::BTreeMap;

use proptest::prelude::*;
use serde_json::json;
use stitch_core::{AttributeValue, Context, ContextDocument, Engine, limits};

mod generate;
use generate::cases;

const NAMES: usize = 300;

fn name(index: usize) -> String {
    format!("attribute {index}")
}

/// A flag for each name, on where the attribute is 1; and one with a rule for each, that says which is the first to be 1.
fn engine() -> Engine {
    let condition = |index: usize| json!({"attr": name(index), "op": "eq", "value": 1});
    let mut flags: Vec<_> = (0..NAMES)
        .map(|index| {
            json!({"key": format!("f{index}"), "default_value": false, "rollout_stage": "full", "serve": "off",
                "rules": [{"id": "r", "when": {"all": [condition(index), {"not": {"not": condition(index)}}]}, "serve": "on"}]})
        })
        .collect();
    let rules: Vec<_> = (0..NAMES)
        .map(|index| json!({"id": name(index), "when": {"any": [condition(index), condition(index)]}, "serve": "on"}))
        .collect();
    flags.push(json!({"key": "first", "default_value": false, "rollout_stage": "full", "rules": rules}));
    Engine::from_json(&json!({"schema_version": "1.0", "flags": flags}).to_string()).expect("sound")
}

proptest! {
    #![proptest_config(cases(60))]

    #[test]
    fn each_attribute_is_read_as_what_it_is(
        given in prop::collection::vec((0..NAMES, 0..3_i64), 0..=limits::ATTRIBUTES),
        few in any::<bool>(),
    ) {
        let given = &given[..if few { given.len().min(9) } else { given.len() }];
        let engine = engine();
        let names: Vec<String> = (0..NAMES).map(name).collect();
        // The last one of a name counts.
        let last: BTreeMap<usize, i64> = given.iter().copied().collect();
        let context = given.iter().fold(Context::user("u"), |context, &(index, value)| context.with(&names[index], value));
        let attributes: serde_json::Map<_, _> =
            last.iter().map(|(&index, &value)| (name(index), json!(value))).collect();
        let text = json!({"user_id": "u", "attributes": attributes}).to_string();
        let document = ContextDocument::from_json(&text).expect("sound");
        let pairs: Vec<(&str, AttributeValue<'_>)> =
            given.iter().map(|&(index, value)| (&*names[index], value.into())).collect();
        let borrowed = Context::user("u").attributes(&pairs);
        let (some, others) = pairs.split_at(pairs.len() / 2);
        let begun = Context::user("u").with("replaced", 1).attributes(some);
        let completed = others.iter().fold(begun, |context, &(name, value)| context.with(name, value));
        for context in [&context, &document.context(), &borrowed, &completed] {
            engine.check(context).map_err(|error| TestCaseError::fail(error.to_string()))?;
            let all = engine.evaluate_all(context);
            for (index, of_all) in (0..NAMES).zip(&all) {
                let expected = last.get(&index) == Some(&1);
                prop_assert_eq!(of_all.is_enabled, expected, "{} among all", name(index));
                prop_assert_eq!(engine.bool(&format!("f{index}"), context, !expected), expected, "{}", name(index));
            }
            let first = last.iter().find(|(_, value)| **value == 1).map(|(&index, _)| name(index));
            prop_assert_eq!(engine.evaluate("first", context).rule_id, first.as_deref());
        }
    }
}
