//! What section 5 of the contract says of every answer, whatever the registry and the context.

use proptest::prelude::*;
use serde_json::Value;
use stitch_core::{Context, ContextDocument, Engine, Evaluation, Explanation, Json};

mod generate;
use generate::{Scenario, cases, scenario};

/// Each reason and the step that gives it; `unit_missing` has two.
const REASONS: [(&str, &[u8]); 13] = [
    ("paused", &[2]),
    ("rolled_back", &[2]),
    ("dep_unsatisfied", &[3]),
    ("approval_missing", &[4]),
    ("user_override", &[5]),
    ("tenant_override", &[6]),
    ("staged_in", &[7]),
    ("staged_out", &[7]),
    ("unit_missing", &[7, 8]),
    ("stage_internal", &[8]),
    ("stage_pilot", &[8]),
    ("stage_full", &[8]),
    ("default", &[9]),
];
const NAMES: [&str; 9] = [
    "exists",
    "halted",
    "dependencies",
    "approval",
    "user override",
    "tenant override",
    "cohort bucketing",
    "stage map",
    "default",
];
const ENABLING: [&str; 6] =
    ["user_override", "tenant_override", "staged_in", "stage_internal", "stage_pilot", "stage_full"];
const OPEN: [&str; 5] = ["staged_in", "stage_internal", "stage_pilot", "stage_full", "unit_missing"];

/// One step after the other, and the last one decides, with a reason of its own.
fn check_trace(Explanation { evaluation, trace, .. }: &Explanation<'_>) -> Result<(), TestCaseError> {
    for (index, entry) in trace.iter().enumerate() {
        prop_assert_eq!(usize::from(entry.step.number()), index + 1);
        prop_assert_eq!(entry.step.as_str(), NAMES[index]);
        prop_assert_eq!(entry.decided, index + 1 == trace.len());
        prop_assert_eq!(entry.outcome(), if entry.decided { "decided" } else { "pass" });
    }
    let reason = evaluation.reason.as_str();
    let steps = REASONS.iter().find(|(name, _)| *name == reason);
    let (_, steps) = steps.ok_or_else(|| TestCaseError::fail(format!("`{reason}` of a flag that is there")))?;
    let last = trace.last().map(|entry| entry.step.number());
    prop_assert!(last.is_some_and(|last| steps.contains(&last)), "{} at step {:?}", reason, last);
    Ok(())
}

/// A patched key replaces the flag's own, and `null` is no patch.
fn effective<'s>(flag: &'s Value, context: &Value, key: &str) -> &'s Value {
    let patched = context["env"].as_str().map_or(&Value::Null, |env| &flag["environments"][env][key]);
    if patched.is_null() { &flag[key] } else { patched }
}

fn check_answer(scenario: &Scenario, context: &Value, answer: &Evaluation<'_>) -> Result<(), TestCaseError> {
    let flag = scenario.flag(answer.flag_key);
    let reason = answer.reason.as_str();
    // A double flag's values are rounded to doubles when they are read.
    let read = |value: &Value| match value.as_f64() {
        Some(double) if flag["type"] == "double" => Json::from(double),
        _ => Json::parse(&value.to_string()).expect("JSON").into_owned(),
    };
    let value = read(&serde_json::to_value(answer.value).expect("JSON"));

    let is_enabled = if let Json::Boolean(on) = value { on } else { ENABLING.contains(&reason) };
    prop_assert_eq!(answer.is_enabled, is_enabled);

    // A closed gate serves the default.
    if !OPEN.contains(&reason) && !reason.ends_with("_override") || reason == "unit_missing" {
        prop_assert_eq!(&read(effective(flag, context, "default_value")), &value);
    }

    // The variant has the value that is served; where the value came first, it is the smallest name with it.
    let builtin = serde_json::json!({"on": true, "off": false});
    let variants = flag["variants"].as_object().unwrap_or_else(|| builtin.as_object().expect("an object"));
    let same = |variant: &Value| read(variant) == value;
    let by_value = variants.iter().filter(|(_, variant)| same(variant)).map(|(name, _)| name.as_str()).min();
    if OPEN.contains(&reason) && reason != "unit_missing" {
        prop_assert!(answer.variant_key.is_some_and(|name| same(&variants[name])), "an open gate serves a variant");
    } else {
        prop_assert_eq!(answer.variant_key, by_value);
    }

    prop_assert!(answer.rule_id.is_none() || OPEN.contains(&reason), "rules come after the gate");
    if let Some(id) = answer.rule_id {
        let rules = effective(flag, context, "rules").as_array();
        prop_assert!(rules.is_some_and(|rules| rules.iter().any(|rule| rule["id"] == id)), "the flag's own rule");
    }
    prop_assert_eq!(answer.dependency.is_some(), reason == "dep_unsatisfied");
    Ok(())
}

/// The dependency that is named is not satisfied, and those before it are.
fn check_dependencies(
    scenario: &Scenario,
    engine: &Engine,
    context: &Context<'_>,
    answer: &Evaluation<'_>,
) -> Result<(), TestCaseError> {
    let reason = answer.reason.as_str();
    if ["paused", "rolled_back"].contains(&reason) {
        return Ok(());
    }
    let dependencies = scenario.flag(answer.flag_key)["dependencies"].as_array();
    let unsatisfied = dependencies.into_iter().flatten().find_map(|dependency| {
        let key = dependency.as_str().or_else(|| dependency["flag"].as_str()).expect("a key");
        let other = engine.evaluate(key, context);
        let halted = ["paused", "rolled_back"].contains(&other.reason.as_str());
        let serves = match dependency["variant"].as_str() {
            Some(variant) => other.variant_key == Some(variant),
            None => other.is_enabled,
        };
        (halted || !serves).then_some(key)
    });
    prop_assert_eq!(answer.dependency, unsatisfied);
    Ok(())
}

proptest! {
    #![proptest_config(cases(1_000))]

    #[test]
    fn every_answer_keeps_the_contract(scenario in scenario()) {
        let registry = scenario.registry.to_string();
        let engine = Engine::from_json(&registry).expect("sound");
        for context_json in &scenario.contexts {
            let text = context_json.to_string();
            let document = ContextDocument::from_json(&text).expect("sound");
            let context = document.context();
            for key in engine.flag_keys() {
                let explanation = engine.explain(key, &context);
                check_trace(&explanation)?;
                check_answer(&scenario, context_json, &explanation.evaluation)?;
                check_dependencies(&scenario, &engine, &context, &explanation.evaluation)?;
            }
        }
    }
}
