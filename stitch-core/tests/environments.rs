//! What one environment sees answers, for that environment, as the whole registry does.

use proptest::prelude::*;
use serde_json::json;
use stitch_core::{ContextDocument, Definitions, Engine};

mod generate;
use generate::{cases, scenario};

proptest! {
    #![proptest_config(cases(300))]

    #[test]
    fn the_view_of_an_environment_answers_as_the_whole_does(scenario in scenario()) {
        let text = scenario.registry.to_string();
        let whole = Definitions::from_json(&text).expect("sound");
        let engine = Engine::compile(&whole).expect("sound");
        for environment in engine.environments() {
            let view = whole.for_environment(environment);
            let seen = Engine::compile(&view).expect("the view is sound");
            for context in &scenario.contexts {
                let mut context = context.clone();
                context["env"] = json!(environment);
                let text = context.to_string();
                let document = ContextDocument::from_json(&text).expect("sound");
                let context = document.context();
                let answers = |engine: &Engine| serde_json::to_string(&engine.evaluate_all(&context)).expect("JSON");
                prop_assert_eq!(answers(&engine), answers(&seen), "{} {}", environment, text);
            }
        }
    }

    #[test]
    fn nothing_of_another_environment_is_in_the_view(scenario in scenario()) {
        let mut registry = scenario.registry;
        let environments = registry.get("environments").cloned().unwrap_or_else(|| json!(["prod", "staging", "dev"]));
        let environments: Vec<&str> =
            environments.as_array().into_iter().flatten().filter_map(serde_json::Value::as_str).collect();
        for flag in registry["flags"].as_array_mut().into_iter().flatten() {
            for name in &environments {
                flag["environments"][name] = json!({"audit": {"created_by": format!("secret of {name}")}});
            }
        }
        let text = registry.to_string();
        let whole = Definitions::from_json(&text).expect("sound");
        for own in &environments {
            let view = whole.for_environment(own).document().to_string();
            for other in environments.iter().filter(|other| *other != own) {
                prop_assert!(!view.contains(&format!("secret of {other}")), "{}", other);
            }
        }
    }
}
