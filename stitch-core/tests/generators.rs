//! The generators' own promise: what they call sound is sound, and they are rich enough to reach everything.

use std::collections::BTreeSet;

use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use stitch_core::{Code, ContextDocument, Definitions, Engine, Severity};

mod generate;
use generate::{cases, from_tape, scenario, wild};

proptest! {
    #![proptest_config(cases(200))]

    #[test]
    fn sound_registries_compile_and_accept_their_contexts(scenario in scenario()) {
        let text = scenario.registry.to_string();
        let engine = Engine::from_json(&text);
        let engine = engine.map_err(|error| TestCaseError::fail(error.to_string()))?;
        prop_assert!(engine.diagnostics().iter().all(|diagnostic| diagnostic.severity == Severity::Warning));
        for context in &scenario.contexts {
            let text = context.to_string();
            let document = ContextDocument::from_json(&text).map_err(|error| TestCaseError::fail(error.to_string()))?;
            engine.check(&document.context()).map_err(|error| TestCaseError::fail(error.to_string()))?;
        }
    }
}

/// A generator that never reaches a reason would prove nothing about it.
#[test]
fn every_reason_of_a_sound_registry_is_reached() {
    let mut runner = TestRunner::deterministic();
    let mut reasons = BTreeSet::new();
    let (mut rules, mut splits) = (0, 0);
    for _ in 0..300 {
        let scenario = scenario().new_tree(&mut runner).expect("nothing is filtered").current();
        let text = scenario.registry.to_string();
        let engine = Engine::from_json(&text).expect("sound");
        for context in &scenario.contexts {
            let text = context.to_string();
            let document = ContextDocument::from_json(&text).expect("sound");
            let context = document.context();
            for key in engine.flag_keys() {
                let explanation = engine.explain(key, &context);
                reasons.insert(explanation.evaluation.reason.as_str());
                rules += usize::from(explanation.evaluation.rule_id.is_some());
                let notes = explanation.trace.iter().flat_map(|entry| &entry.detail);
                splits += notes.filter(|(note, _)| *note == "split").count();
            }
        }
    }
    let expected = BTreeSet::from([
        "paused",
        "rolled_back",
        "dep_unsatisfied",
        "approval_missing",
        "user_override",
        "tenant_override",
        "staged_in",
        "staged_out",
        "unit_missing",
        "stage_internal",
        "stage_pilot",
        "stage_full",
        "default",
    ]);
    assert_eq!(reasons, expected);
    assert!(rules > 100 && splits > 100, "{rules} rules and {splits} splits decided");
}

/// What only text can have, or only much of something.
const OUT_OF_REACH: [Code; 10] = [
    Code::DocumentTooLarge,
    Code::MalformedJson,
    Code::ByteOrderMark,
    Code::NestingTooDeep,
    Code::StringTooLong,
    Code::PatternTooLong,
    Code::TooManyFlags,
    Code::TooManyRules,
    Code::ListTooLong,
    Code::TooManyProblems,
];

#[test]
fn every_diagnostic_of_a_wild_registry_is_reached() {
    let mut runner = TestRunner::deterministic();
    let mut codes = BTreeSet::new();
    let mut served = 0;
    for _ in 0..3_000 {
        let text =
            from_tape(600, wild::registry).new_tree(&mut runner).expect("nothing is filtered").current().to_string();
        let diagnostics = match Definitions::from_json(&text).map(Engine::compile_lenient) {
            Ok(Ok(engine)) => {
                served += engine
                    .flag_keys()
                    .filter(|key| engine.flag(key).is_some_and(|flag| flag.value_type().is_some()))
                    .count();
                engine.diagnostics().to_vec()
            }
            Ok(Err(error)) | Err(error) => error.into_diagnostics(),
        };
        codes.extend(diagnostics.into_iter().map(|diagnostic| diagnostic.code));
    }
    let missed: Vec<_> = Code::ALL.iter().filter(|code| !codes.contains(code)).collect();
    assert_eq!(missed, OUT_OF_REACH.iter().collect::<Vec<_>>());
    assert!(served > 100, "{served} flags were served");
}
