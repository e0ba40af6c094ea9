//! One flag, one context, one answer: whichever way it is asked for.

use proptest::prelude::*;
use serde::Serialize;
use stitch_core::{
    AttributeDocument, AttributeValue, Context, ContextDocument, Definitions, Engine, Json, Value, ValueType,
};

mod generate;
use generate::{Scenario, cases, scenario};

fn text(answer: &impl Serialize) -> String {
    serde_json::to_string(answer).expect("answers are JSON")
}

fn borrowed<'a>(value: &'a AttributeDocument<'_>) -> AttributeValue<'a> {
    match value {
        AttributeDocument::Text(text) => AttributeValue::Text(text),
        AttributeDocument::Number(number) => AttributeValue::Number(*number),
        AttributeDocument::Boolean(boolean) => AttributeValue::Boolean(*boolean),
        AttributeDocument::List(elements) => AttributeValue::List(elements),
    }
}

/// Runs a check on each context of a scenario.
fn each_context(
    scenario: &Scenario,
    mut check: impl FnMut(&Context<'_>) -> Result<(), TestCaseError>,
) -> Result<(), TestCaseError> {
    scenario.contexts.iter().try_for_each(|context| {
        let context = context.to_string();
        let document = ContextDocument::from_json(&context).expect("sound");
        check(&document.context())
    })
}

proptest! {
    #![proptest_config(cases(600))]

    #[test]
    fn name_handle_all_and_explain_agree(scenario in scenario()) {
        let registry = scenario.registry.to_string();
        let engine = Engine::from_json(&registry).expect("sound");
        each_context(&scenario, |context| {
            let all = engine.evaluate_all(context);
            let keys: Vec<&str> = engine.flag_keys().collect();
            prop_assert_eq!(&all.iter().map(|answer| answer.flag_key).collect::<Vec<_>>(), &keys);
            for (key, of_all) in keys.into_iter().zip(&all) {
                let by_name = engine.evaluate(key, context);
                let handle = engine.flag(key).expect("listed");
                prop_assert_eq!(handle.key(), key);
                prop_assert_eq!(&by_name, of_all);
                prop_assert_eq!(&by_name, &handle.evaluate(context));
                prop_assert_eq!(&by_name, &engine.explain(key, context).evaluation);
                prop_assert_eq!(&by_name, &handle.explain(context).evaluation);
                prop_assert_eq!(text(&by_name), text(of_all));
                prop_assert_eq!(&by_name, &engine.evaluate(key, context), "asked again");
            }
            Ok(())
        })?;
    }

    #[test]
    fn strict_lenient_and_written_back_agree(scenario in scenario()) {
        let registry = scenario.registry.to_string();
        let definitions = Definitions::from_json(&registry).expect("sound");
        let written = definitions.document().to_string();
        let owned = definitions.clone().into_owned();
        let strict = Engine::compile(&definitions).expect("sound");
        let others = [
            Engine::compile_lenient(&definitions).expect("sound"),
            Engine::compile(owned).expect("sound"),
            Engine::from_json(&written).expect("written back"),
        ];
        for other in &others {
            prop_assert_eq!(strict.diagnostics(), other.diagnostics());
            prop_assert!(strict.flag_keys().eq(other.flag_keys()));
        }
        each_context(&scenario, |context| {
            let answers = text(&strict.evaluate_all(context));
            for other in &others {
                prop_assert_eq!(&answers, &text(&other.evaluate_all(context)));
            }
            Ok(())
        })?;
    }

    #[test]
    fn a_context_that_borrows_its_attributes_gets_the_same_answers(scenario in scenario()) {
        let registry = scenario.registry.to_string();
        let engine = Engine::from_json(&registry).expect("sound");
        for context in &scenario.contexts {
            let context = context.to_string();
            let document = ContextDocument::from_json(&context).expect("sound");
            let own = document.context();
            // Each name twice, and the last one counts.
            let given = document.attributes.iter().flatten();
            let early = given.clone().map(|(name, _)| (&**name, AttributeValue::from("not this one")));
            let pairs: Vec<_> = early.chain(given.map(|(name, value)| (&**name, borrowed(value)))).collect();
            let borrowing = own.clone().attributes(&pairs);
            prop_assert_eq!(engine.check(&own), engine.check(&borrowing));
            prop_assert_eq!(engine.evaluate_all(&own), engine.evaluate_all(&borrowing));
            for key in engine.flag_keys() {
                prop_assert_eq!(engine.evaluate(key, &own), engine.evaluate(key, &borrowing));
                prop_assert_eq!(engine.bool(key, &own, true), engine.bool(key, &borrowing, true));
                prop_assert_eq!(text(&engine.explain(key, &own)), text(&engine.explain(key, &borrowing)));
            }
        }
    }

    #[test]
    fn typed_readers_agree_with_the_value(scenario in scenario()) {
        let registry = scenario.registry.to_string();
        let engine = Engine::from_json(&registry).expect("sound");
        let default = Json::from("no object");
        each_context(&scenario, |context| {
            for key in engine.flag_keys() {
                let answer = engine.evaluate(key, context);
                let value = answer.value.expect("the flag is there");
                let (boolean, string, integer, double, object) = match value {
                    Value::Boolean(boolean) => (Some(boolean), None, None, None, None),
                    Value::String(string) => (None, Some(string), None, None, None),
                    Value::Integer(integer) => (None, None, Some(integer), None, None),
                    Value::Double(double) => (None, None, None, Some(double), None),
                    Value::Object(object) => (None, None, None, None, Some(object)),
                };
                for fallback in [false, true] {
                    let expected = boolean.unwrap_or(fallback);
                    prop_assert_eq!(answer.bool_or(fallback), expected);
                    prop_assert_eq!(engine.bool(key, context, fallback), expected);
                }
                let expected = string.unwrap_or("fallback");
                prop_assert_eq!(answer.string_or("fallback"), expected);
                prop_assert_eq!(engine.string(key, context, "fallback"), expected);
                let expected = integer.unwrap_or(-7);
                prop_assert_eq!(answer.integer_or(-7), expected);
                prop_assert_eq!(engine.integer(key, context, -7), expected);
                let expected = double.unwrap_or(-7.5).to_bits();
                prop_assert_eq!(answer.double_or(-7.5).to_bits(), expected);
                prop_assert_eq!(engine.double(key, context, -7.5).to_bits(), expected);
                let expected = object.unwrap_or(&default);
                prop_assert_eq!(answer.object_or(&default), expected);
                prop_assert_eq!(engine.object(key, context, &default), expected);

                let value_type = match value {
                    Value::Boolean(_) => ValueType::Boolean,
                    Value::String(_) => ValueType::String,
                    Value::Integer(_) => ValueType::Integer,
                    Value::Double(_) => ValueType::Double,
                    Value::Object(_) => ValueType::Object,
                };
                prop_assert_eq!(engine.flag(key).and_then(|handle| handle.value_type()), Some(value_type));
            }
            Ok(())
        })?;
    }

    #[test]
    fn an_unknown_flag_is_not_found_by_any_way(scenario in scenario(), key in "\\PC{0,12}") {
        let registry = scenario.registry.to_string();
        let engine = Engine::from_json(&registry).expect("sound");
        prop_assume!(engine.flag_keys().all(|other| other != key));
        let context = Context::user("u0");
        prop_assert!(engine.flag(&key).is_none());
        let answer = engine.evaluate(&key, &context);
        prop_assert_eq!(answer, engine.explain(&key, &context).evaluation);
        prop_assert_eq!(text(&answer), format!(
            r#"{{"flag_key":{},"value":null,"variant_key":null,"is_enabled":false,"reason":"flag_not_found","rule_id":null}}"#,
            Json::from(&*key),
        ));
        prop_assert!(engine.bool(&key, &context, true));
    }
}
