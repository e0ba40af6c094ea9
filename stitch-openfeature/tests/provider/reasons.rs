//! Every reason of the contract, in the SDK's words and in its own.

use open_feature::{EvaluationContext, EvaluationDetails, EvaluationErrorCode, EvaluationReason, FlagMetadataValue};
use stitch_core::Engine;
use stitch_openfeature::StitchProvider;

use crate::{client, client_of, failure, user};

const REGISTRY: &str = r#"{"schema_version": "1.0",
    "segments": [{"key": "crew", "included": ["ann"]}],
    "overrides": [
        {"id": "1", "scope": "user", "flag_key": "overridden", "value": true, "user_id": "ann"},
        {"id": "2", "scope": "tenant", "flag_key": "overridden", "value": true, "tenant_id": "acme"}],
    "flags": [
        {"key": "draft", "default_value": false},
        {"key": "paused", "default_value": false, "rollout_stage": "paused"},
        {"key": "rolled_back", "default_value": false, "rollout_stage": "rolled_back"},
        {"key": "dependent", "default_value": false, "rollout_stage": "full", "dependencies": ["draft"]},
        {"key": "unapproved", "default_value": false, "rollout_stage": "full", "requires_approval": true},
        {"key": "overridden", "default_value": false},
        {"key": "internal", "default_value": false, "rollout_stage": "internal"},
        {"key": "pilot", "default_value": false, "rollout_stage": "pilot", "cohort": ["crew"]},
        {"key": "all", "default_value": false, "rollout_stage": "staged", "rollout_pct": 100},
        {"key": "none", "default_value": false, "rollout_stage": "staged", "cohort": ["crew"]},
        {"key": "all_by_rule", "default_value": false, "rollout_stage": "staged", "rollout_pct": 100,
         "rules": [{"id": "everyone", "when": {"all": []}, "serve": "off"}]},
        {"key": "full", "default_value": false, "rollout_stage": "full"},
        {"key": "full_by_rule", "type": "string", "default_value": "x", "rollout_stage": "full",
         "variants": {"a": "A", "b": "B"}, "serve": "a",
         "rules": [{"id": "thai", "when": {"attr": "country", "op": "eq", "value": "TH"}, "serve": "b"}]},
        {"key": "split", "default_value": false, "rollout_stage": "full",
         "serve": {"split": [{"variant": "on", "weight": 1}]}}]}"#;

async fn ask(key: &str, context: EvaluationContext) -> EvaluationDetails<bool> {
    let client = client_of(StitchProvider::new(Engine::from_json(REGISTRY).expect("a registry"))).await;
    client.get_bool_details(key, Some(&context), None).await.expect("an answer")
}

/// The value, the variant and both reasons of a flag without `rule_id` and `dependency`.
async fn assert_answer(key: &str, context: EvaluationContext, value: bool, reasons: (EvaluationReason, &str)) {
    let details = ask(key, context).await;
    assert_eq!(details.value, value, "{key}");
    assert_eq!(details.variant.as_deref(), Some(if value { "on" } else { "off" }), "{key}");
    assert_eq!(details.reason, Some(reasons.0), "{key}");
    assert_eq!(metadata(&details), [("reason", reasons.1)], "{key}");
}

fn metadata<T>(details: &EvaluationDetails<T>) -> Vec<(&str, &str)> {
    let mut entries = Vec::new();
    for (key, value) in &details.flag_metadata.values {
        let FlagMetadataValue::String(text) = value else { panic!("`{key}` is no text") };
        entries.push((key.as_str(), text.as_str()));
    }
    entries.sort_unstable();
    entries
}

#[tokio::test]
async fn a_halted_flag_is_disabled() {
    for stage in ["paused", "rolled_back"] {
        assert_answer(stage, user("ann"), false, (EvaluationReason::Disabled, stage)).await;
    }
}

#[tokio::test]
async fn a_closed_gate_is_the_default() {
    let default = EvaluationReason::Default;
    assert_answer("unapproved", user("ann"), false, (default.clone(), "approval_missing")).await;
    assert_answer("none", user("bob"), false, (default.clone(), "staged_out")).await;
    assert_answer("draft", user("ann"), false, (default.clone(), "default")).await;
    assert_answer("internal", user("ann"), false, (default, "default")).await;
}

#[tokio::test]
async fn an_unsatisfied_dependency_is_named() {
    let details = ask("dependent", user("ann")).await;
    assert!(!details.value);
    assert_eq!(details.reason, Some(EvaluationReason::Default));
    assert_eq!(metadata(&details), [("dependency", "draft"), ("reason", "dep_unsatisfied")]);
}

#[tokio::test]
async fn who_was_meant_is_a_match() {
    let hit = EvaluationReason::TargetingMatch;
    assert_answer("overridden", user("ann"), true, (hit.clone(), "user_override")).await;
    let tenant = user("bob").with_custom_field("tenant_id", "acme");
    assert_answer("overridden", tenant, true, (hit.clone(), "tenant_override")).await;
    let staff = EvaluationContext::default().with_custom_field("tier", "staff");
    assert_answer("internal", staff, true, (hit.clone(), "stage_internal")).await;
    assert_answer("pilot", user("ann"), true, (hit, "stage_pilot")).await;
}

#[tokio::test]
async fn buckets_split_and_rules_match() {
    assert_answer("all", user("bob"), true, (EvaluationReason::Split, "staged_in")).await;
    let details = ask("all_by_rule", user("bob")).await;
    assert!(!details.value);
    assert_eq!(details.reason, Some(EvaluationReason::TargetingMatch));
    assert_eq!(metadata(&details), [("reason", "staged_in"), ("rule_id", "everyone")]);
}

#[tokio::test]
async fn full_is_static_but_for_its_rules() {
    assert_answer("full", EvaluationContext::default(), true, (EvaluationReason::Static, "stage_full")).await;
    let client = client_of(StitchProvider::new(Engine::from_json(REGISTRY).expect("a registry"))).await;
    let context = user("ann").with_custom_field("country", "TH");
    let details = client.get_string_details("full_by_rule", Some(&context), None).await.expect("an answer");
    assert_eq!((details.value.as_str(), details.variant.as_deref()), ("B", Some("b")));
    assert_eq!(details.reason, Some(EvaluationReason::TargetingMatch));
    assert_eq!(metadata(&details), [("reason", "stage_full"), ("rule_id", "thai")]);
}

#[tokio::test]
async fn a_value_of_no_variant_has_none() {
    let client =
        client(r#"[{"key": "s", "type": "string", "default_value": "x", "variants": {"a": "A"}, "serve": "a"}]"#).await;
    let details = client.get_string_details("s", None, None).await.expect("an answer");
    assert_eq!((details.value.as_str(), details.variant), ("x", None));
}

#[tokio::test]
async fn a_missing_unit_is_an_error_only_where_nobody_is_named() {
    let client = client_of(StitchProvider::new(Engine::from_json(REGISTRY).expect("a registry"))).await;
    for key in ["all", "split"] {
        let (code, message) = failure(client.get_bool_details(key, None, None).await);
        assert_eq!(code, EvaluationErrorCode::TargetingKeyMissing);
        assert_eq!(message, format!("flag `{key}` has nothing to bucket by: give the context a targeting key"));
    }
    let by_company = r#"[{"key": "c", "default_value": false, "rollout_stage": "staged", "bucket_by": "company"}]"#;
    let client = crate::client(by_company).await;
    let details = client.get_bool_details("c", Some(&user("ann")), None).await.expect("an answer");
    assert_eq!(details.reason, Some(EvaluationReason::Default));
    assert_eq!(metadata(&details), [("reason", "unit_missing")]);
}

#[tokio::test]
async fn a_flag_that_is_not_there_or_not_sound_is_an_error() {
    let client = client(r#"[{"key": "broken", "default_value": "yes"}]"#).await;
    let (code, message) = failure(client.get_bool_details("unknown", None, None).await);
    assert_eq!((code, message.as_str()), (EvaluationErrorCode::FlagNotFound, "there is no flag `unknown`"));
    let (code, message) = failure(client.get_int_details("broken", None, None).await);
    assert_eq!(code, EvaluationErrorCode::ParseError);
    assert_eq!(message, "the definition of flag `broken`, or of what it refers to, has an error");
}
