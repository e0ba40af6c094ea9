//! No input makes the core panic, and whatever compiles answers with a documented reason.

use proptest::collection::vec;
use proptest::prelude::*;
use stitch_core::{Context, ContextDocument, Definitions, Engine, Json, Severity};

mod generate;
use generate::{Draw, cases, from_tape, mutate, scenario, wild};

const REASONS: [&str; 15] = [
    "flag_not_found",
    "flag_invalid",
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
];

/// Reads, compiles and evaluates, minding what must hold of any text at all.
fn exercise(text: &[u8], contexts: &[Context<'_>]) -> Result<(), TestCaseError> {
    check_both_readers(text, contexts)?;
    let definitions = match Definitions::from_json(text) {
        Ok(definitions) => definitions,
        Err(error) => {
            prop_assert!(error.diagnostics().iter().any(|diagnostic| diagnostic.severity == Severity::Error));
            return Ok(());
        }
    };
    let strict = Engine::compile(&definitions);
    let lenient = Engine::compile_lenient(&definitions);
    for diagnostics in [&strict, &lenient].map(|result| match result {
        Ok(engine) => engine.diagnostics(),
        Err(error) => error.diagnostics(),
    }) {
        for diagnostic in diagnostics {
            prop_assert!(!diagnostic.message.is_empty());
            prop_assert_eq!(diagnostic.severity, diagnostic.code.severity());
            let located = diagnostic.clone().locate(text);
            prop_assert!(located.position.is_some(), "points at nothing: {}", diagnostic);
        }
    }
    let Ok(lenient) = lenient else {
        prop_assert!(strict.is_err(), "what is refused leniently is refused strictly");
        return Ok(());
    };
    let errors = lenient.diagnostics().iter().any(|diagnostic| diagnostic.severity == Severity::Error);
    prop_assert_eq!(strict.is_err(), errors, "strict refuses what lenient has an error for");
    for engine in [Some(&lenient), strict.as_ref().ok()].into_iter().flatten() {
        for context in contexts {
            let all = engine.evaluate_all(context);
            prop_assert_eq!(all.len(), engine.flag_keys().count());
            for (key, answer) in engine.flag_keys().zip(&all) {
                prop_assert!(REASONS.contains(&answer.reason.as_str()));
                prop_assert_eq!(answer, &engine.evaluate(key, context));
                prop_assert_eq!(answer, &engine.explain(key, context).evaluation);
                prop_assert_eq!(answer.value.is_none(), answer.reason.as_str() == "flag_invalid");
            }
            // Whatever the contract refuses of the context is told, and evaluates all the same.
            let _ = engine.check(context);
        }
    }
    Ok(())
}

/// A text is compiled at once as the definitions are that it holds.
fn check_both_readers(text: &[u8], contexts: &[Context<'_>]) -> Result<(), TestCaseError> {
    match (Engine::from_json(text), Definitions::from_json(text).and_then(Engine::compile)) {
        (Ok(at_once), Ok(in_two_steps)) => {
            prop_assert_eq!(at_once.diagnostics(), in_two_steps.diagnostics());
            let prints = |engine: &Engine| -> Vec<_> {
                engine.flag_keys().map(|key| engine.flag(key).map(|flag| flag.fingerprint())).collect()
            };
            prop_assert_eq!(prints(&at_once), prints(&in_two_steps));
            for context in contexts {
                prop_assert_eq!(at_once.evaluate_all(context), in_two_steps.evaluate_all(context));
            }
        }
        (at_once, in_two_steps) => prop_assert_eq!(at_once.err(), in_two_steps.err()),
    }
    Ok(())
}

fn fixed_contexts() -> [Context<'static>; 2] {
    [
        Context::user("u0").tenant_id("t0").tier("staff").env("prod").now(1_704_067_200_000).with("age", 18),
        Context::anonymous().env("dev").with("country", "TH").with("user_id", "reserved"),
    ]
}

/// Any JSON at all, keys given twice among it.
fn any_json() -> impl Strategy<Value = Json<'static>> {
    let leaf = prop_oneof![
        Just(Json::Null),
        any::<bool>().prop_map(Json::from),
        any::<i64>().prop_map(Json::from),
        any::<f64>().prop_filter("JSON has no other", |double| double.is_finite()).prop_map(Json::from),
        any::<String>().prop_map(Json::from),
    ];
    leaf.prop_recursive(6, 64, 8, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..8).prop_map(Json::from),
            vec((any::<String>(), inner), 0..8).prop_map(|members| {
                Json::Object(members.into_iter().map(|(key, value)| (key.into(), value)).collect())
            }),
        ]
    })
}

/// A sound registry with a few of its nodes spoilt, and a context likewise.
fn spoilt() -> impl Strategy<Value = (String, String)> {
    (scenario(), vec(any::<u32>(), 0..40)).prop_map(|(scenario, tape)| {
        let mut draw = Draw::new(&tape);
        let mut spoil = |text: String| {
            let mut json = Json::parse(&text).expect("sound").into_owned();
            mutate::mutate(&mut json, &mut draw);
            json.to_string()
        };
        (spoil(scenario.registry.to_string()), spoil(scenario.contexts[0].to_string()))
    })
}

proptest! {
    #![proptest_config(cases(1_500))]

    #[test]
    fn arbitrary_bytes(bytes in vec(any::<u8>(), 0..200)) {
        exercise(&bytes, &fixed_contexts())?;
        let _ = ContextDocument::from_json(&bytes);
        let _ = Json::parse(&bytes);
    }

    #[test]
    fn arbitrary_json_text(text in r#"([\[\]{}:,"\\ \n]|[a-z]{1,4}|-?[0-9.eE+-]{1,6}|\\u[0-9a-fD-F]{4}|\PC){0,40}"#) {
        exercise(text.as_bytes(), &fixed_contexts())?;
        let _ = ContextDocument::from_json(&text);
    }

    #[test]
    fn arbitrary_json(json in any_json()) {
        let text = json.to_string();
        exercise(text.as_bytes(), &fixed_contexts())?;
        let _ = ContextDocument::from_json(&text);
        let under_root = format!(r#"{{"schema_version":"1.0","flags":{text},"segments":{text},"overrides":{text}}}"#);
        exercise(under_root.as_bytes(), &fixed_contexts())?;
    }

    #[test]
    fn near_shaped_json(registry in from_tape(600, wild::registry), context in from_tape(60, wild::context)) {
        let (registry, context) = (registry.to_string(), context.to_string());
        let document = ContextDocument::from_json(&context).ok();
        let mut contexts = fixed_contexts().to_vec();
        contexts.extend(document.as_ref().map(ContextDocument::context));
        exercise(registry.as_bytes(), &contexts)?;
    }

    #[test]
    fn spoilt_registries((registry, context) in spoilt()) {
        let document = ContextDocument::from_json(&context).ok();
        let mut contexts = fixed_contexts().to_vec();
        contexts.extend(document.as_ref().map(ContextDocument::context));
        exercise(registry.as_bytes(), &contexts)?;
    }

    #[test]
    fn spoilt_text(scenario in scenario(), spoils in vec((any::<prop::sample::Index>(), any::<u8>()), 1..4)) {
        let mut bytes = scenario.registry.to_string().into_bytes();
        for (index, byte) in spoils {
            let index = index.index(bytes.len());
            bytes[index] = byte;
        }
        exercise(&bytes, &fixed_contexts())?;
        bytes.truncate(bytes.len() / 2);
        exercise(&bytes, &fixed_contexts())?;
    }
}
