//! Rules that share conditions answer as each would alone: what is known is not asked again, and nothing else changes.

use proptest::prelude::*;
use stitch_core::{Context, Engine};

/// The conditions that rules are made of, most of them asked again and again.
const TESTS: [&str; 6] = [
    r#"{"attr": "a", "op": "eq", "value": "1"}"#,
    r#"{"attr": "b", "op": "in", "value": ["1", "2"]}"#,
    r#"{"attr": "c", "op": "exists"}"#,
    r#"{"segment": "s"}"#,
    r#"{"flag": "f"}"#,
    r#"{"bucket": {"salt": "x", "from": 0, "to": 50000}}"#,
];

fn condition() -> impl Strategy<Value = String> {
    let test = prop::sample::select(TESTS.as_slice()).prop_map(str::to_owned);
    test.prop_recursive(3, 12, 3, |inner| {
        let many = prop::collection::vec(inner.clone(), 0..4).prop_map(|all| all.join(", "));
        prop_oneof![
            inner.prop_map(|one| format!(r#"{{"not": {one}}}"#)),
            many.clone().prop_map(|all| format!(r#"{{"all": [{all}]}}"#)),
            many.prop_map(|all| format!(r#"{{"any": [{all}]}}"#)),
        ]
    })
}

fn flag(key: &str, rules: &[(usize, &String)]) -> String {
    let rule = |(index, when): &(usize, &String)| format!(r#"{{"id": "{index}", "when": {when}, "serve": "on"}}"#);
    let rules = rules.iter().map(rule).collect::<Vec<_>>().join(", ");
    format!(
        r#"{{"key": "{key}", "default_value": false, "rollout_stage": "full", "serve": "off", "rules": [{rules}]}}"#
    )
}

proptest! {
    #[test]
    fn the_first_rule_that_holds_alone_is_the_one(conditions in prop::collection::vec(condition(), 1..12)) {
        let rules: Vec<(usize, &String)> = conditions.iter().enumerate().collect();
        let mut flags = vec![
            r#"{"key": "f", "default_value": false, "rollout_stage": "staged", "rollout_pct": 50}"#.to_owned(),
            flag("together", &rules),
        ];
        flags.extend(rules.iter().map(|rule| flag(&format!("alone-{}", rule.0), std::slice::from_ref(rule))));
        let segment = r#"{"key": "s", "when": {"attr": "a", "op": "ne", "value": "2"}}"#;
        let registry =
            format!(r#"{{"schema_version": "1.0", "segments": [{segment}], "flags": [{}]}}"#, flags.join(", "));
        let engine = Engine::from_json(&registry).expect("the registry is sound");
        for user in 0..24 {
            let (id, values) = (format!("user-{user}"), ["1", "2", "3"]);
            let mut context = Context::user(&id).with("a", values[user % 3]).with("b", values[user / 3 % 3]);
            if user % 2 == 0 {
                context.set("c", true);
            }
            let first = rules.iter().map(|rule| rule.0.to_string()).find(|rule| {
                engine.bool(&format!("alone-{rule}"), &context, false)
            });
            prop_assert_eq!(engine.evaluate("together", &context).rule_id, first.as_deref(), "{}", registry);
        }
    }
}

#[test]
fn a_number_that_is_written_otherwise_has_its_own_warning() {
    let spellings = ["9007199254740994.0", "9007199254740994"];
    for [first, second] in [[0, 1], [1, 0]] {
        let rule = |number: usize| {
            let value = spellings[number];
            format!(r#"{{"id": "{number}", "when": {{"attr": "a", "op": "in", "value": [{value}]}}, "serve": "on"}}"#)
        };
        let flag =
            |key: &str, number| format!(r#"{{"key": "{key}", "default_value": false, "rules": [{}]}}"#, rule(number));
        let flags = [flag("a", first), flag("b", second)].join(", ");
        let engine = Engine::from_json(&format!(r#"{{"schema_version": "1.0", "flags": [{flags}]}}"#)).unwrap();
        let found: Vec<_> = engine.diagnostics().iter().map(|found| found.pointer.as_str()).collect();
        let place = usize::from(second == 1);
        assert_eq!(found, [format!("/flags/{place}/rules/0/when/value/0")]);
    }
}
