//! "What must hold, always" (section 6 of the contract), of the gate: who is in stays in while a rollout widens.

use proptest::prelude::*;
use serde_json::{Value, json};
use stitch_core::{ContextDocument, Engine, Reason};

mod generate;
use generate::{Scenario, cases, scenario};

/// Answers of one flag for a crowd of contexts, as text, with their reasons.
fn answers(scenario: &Scenario, key: &str, contexts: &[Value]) -> Vec<(Reason, String)> {
    let registry = scenario.registry.to_string();
    let engine = Engine::from_json(&registry).expect("sound");
    let flag = engine.flag(key).expect("the flag is there");
    let answer = |context: &Value| {
        let text = context.to_string();
        let document = ContextDocument::from_json(&text).expect("sound");
        let context = document.context();
        let answer = flag.evaluate(&context);
        (answer.reason, serde_json::to_string(&answer).expect("JSON"))
    };
    contexts.iter().map(answer).collect()
}

/// The flag in that stage, with that percentage, in every environment alike.
fn staged(scenario: &Scenario, key: &str, stage: &str, percentage: &Value) -> Scenario {
    let mut scenario = scenario.clone();
    let flag = scenario.flag_mut(key);
    flag["rollout_stage"] = json!(stage);
    flag["rollout_pct"] = percentage.clone();
    for patch in flag["environments"].as_object_mut().into_iter().flat_map(|patches| patches.values_mut()) {
        let patch = patch.as_object_mut().expect("an object");
        patch.remove("rollout_stage");
        patch.remove("rollout_pct");
    }
    scenario
}

/// A percentage, in every spelling.
fn percentage() -> impl Strategy<Value = Value> {
    prop_oneof![
        (0..=100_u32).prop_map(|percents| json!(percents)),
        (0..=100_000_u32).prop_map(|thousandths| json!(f64::from(thousandths) / 1000.0)),
        (0.0..=100.0_f64).prop_map(|any| json!(any)),
    ]
}

fn as_number(percentage: &Value) -> f64 {
    percentage.as_f64().expect("a number")
}

proptest! {
    #![proptest_config(cases(300))]

    /// Not only does the gate stay open: the answer stays the same, since rules and splits do not look at the percentage.
    #[test]
    fn raising_the_percentage_closes_the_gate_to_nobody(
        scenario in scenario(),
        algorithm in prop::sample::select(vec!["xxh64", "djb2-xor", "murmur3-x64-128"]),
        (low, high) in (percentage(), percentage()),
    ) {
        let (low, high) = if as_number(&low) <= as_number(&high) { (low, high) } else { (high, low) };
        let key = scenario.world.flags.last().expect("there is a flag").key.clone();
        let mut scenario = scenario;
        scenario.flag_mut(&key)["algorithm"] = json!(algorithm);
        let contexts: Vec<Value> = scenario.crowd(60).collect();
        let before = answers(&staged(&scenario, &key, "staged", &low), &key, &contexts);
        let after = answers(&staged(&scenario, &key, "staged", &high), &key, &contexts);
        for ((before, context), after) in before.into_iter().zip(&contexts).zip(after) {
            if before.0 == Reason::StagedIn {
                prop_assert_eq!(before.1, after.1, "{} from {} to {}", context, low, high);
            } else if before.0 != Reason::StagedOut {
                prop_assert_eq!(before.0, after.0);
            }
        }
    }

    #[test]
    fn from_pilot_to_staged_to_full_nobody_falls_out(scenario in scenario(), percentage in percentage()) {
        let key = scenario.world.flags.last().expect("there is a flag").key.clone();
        let contexts: Vec<Value> = scenario.crowd(60).collect();
        let [pilot, staged, full] =
            ["pilot", "staged", "full"].map(|stage| answers(&staged(&scenario, &key, stage, &percentage), &key, &contexts));
        let but_for_the_reason = |(reason, text): &(Reason, String)| text.replace(reason.as_str(), "…");
        for (index, context) in contexts.iter().enumerate() {
            let (pilot, staged, full) = (&pilot[index], &staged[index], &full[index]);
            if pilot.0 == Reason::StagePilot {
                prop_assert_eq!(staged.0, Reason::StagedIn, "{}", context);
                prop_assert_eq!(but_for_the_reason(pilot), but_for_the_reason(staged));
            }
            if staged.0 == Reason::StagedIn {
                prop_assert_eq!(full.0, Reason::StageFull, "{}", context);
                prop_assert_eq!(but_for_the_reason(staged), but_for_the_reason(full));
            }
        }
    }
}
