//! What the registry that the server carries must be.

use serde_json::Value;
use stitch_core::{Context, Engine, Evaluation, Reason};

const REGISTRY: &str = include_str!("../registry.json");

fn document() -> Value {
    serde_json::from_str(REGISTRY).unwrap()
}

fn flags() -> Vec<Value> {
    document()["flags"].as_array().unwrap().clone()
}

fn flag(key: &str) -> Value {
    flags().into_iter().find(|flag| flag["key"] == key).unwrap()
}

/// How many flags have that value at that key.
fn count(key: &str, value: impl Into<Value>) -> usize {
    let value = value.into();
    flags().iter().filter(|flag| flag[key] == value).count()
}

fn dependencies(key: &str) -> Vec<String> {
    serde_json::from_value(flag(key)["dependencies"].clone()).unwrap()
}

#[test]
fn it_compiles_without_any_warning() {
    let engine = Engine::from_json(REGISTRY).unwrap();
    assert_eq!(engine.diagnostics(), []);
    assert_eq!(engine.flag_keys().count(), 16);
}

#[test]
fn it_buckets_as_the_older_system_did() {
    assert_eq!(document()["bucketing"], serde_json::json!({"algorithm": "djb2-xor"}));
}

#[test]
fn its_counts_are_right() {
    assert_eq!(flags().len(), 16);
    assert_eq!(count("type", "boolean"), 16);
    assert_eq!((count("rollout_stage", "draft"), count("rollout_stage", "internal")), (15, 1));
    assert_eq!((count("requires_approval", true), count("requires_approval", false)), (14, 2));
    assert_eq!((count("sensitive_flag", true), count("sensitive_flag", false)), (7, 9));
    assert_eq!((count("default_value", false), count("default_value", true)), (15, 1));
}

#[test]
fn every_flag_says_whose_it_is_and_what_for() {
    for flag in flags() {
        for key in ["owner", "description"] {
            assert!(flag[key].as_str().is_some_and(|text| !text.is_empty()), "{key} of {}", flag["key"]);
        }
    }
}

#[test]
fn the_registry_flag_is_on_and_open_to_the_staff() {
    let flag = flag("flags.registry_v1");
    assert_eq!(flag["rollout_stage"], "internal");
    assert_eq!(flag["default_value"], true);
    assert_eq!(flag["rollout_pct"], 100);
    assert_eq!(flag["allowed_scopes"], serde_json::json!(["global"]));
    assert_eq!(flag["requires_approval"], false);
    assert!(dependencies("flags.registry_v1").is_empty());
}

#[test]
fn the_runtimes_depend_on_it() {
    for key in ["dashboard.runtime_v1", "generate.runtime_v1", "tenant.runtime_v1", "wizard.runtime_v1"] {
        assert_eq!(dependencies(key), ["flags.registry_v1"], "{key}");
    }
    assert_eq!(dependencies("cases.runtime_v1"), ["flags.registry_v1", "dashboard.runtime_v1"]);
}

#[test]
fn the_control_plane_is_guarded() {
    let flag = flag("admin.control_plane_v1");
    assert_eq!((&flag["sensitive_flag"], &flag["requires_approval"]), (&Value::Bool(true), &Value::Bool(true)));
}

#[test]
fn the_hints_are_overridden_for_one_tenant_and_one_user() {
    let flag = flag("hints.registry_v1");
    assert_eq!(flag["requires_approval"], false);
    assert_eq!(flag["allowed_scopes"], serde_json::json!(["global", "tenant", "user"]));
    let document = document();
    let rows = document["overrides"].as_array().unwrap();
    assert_eq!(rows.len(), 2);
    assert!(rows.iter().all(|row| row["id"].is_string() && row["flag_key"] == "hints.registry_v1"));

    let engine = Engine::from_json(REGISTRY).unwrap();
    let hints = |context: Context<'_>| {
        let evaluation = engine.evaluate("hints.registry_v1", &context);
        (evaluation.bool_or(false), evaluation.reason)
    };
    assert_eq!(hints(Context::user("U-1").tenant_id("pty-zeroth")), (true, Reason::TenantOverride));
    assert_eq!(hints(Context::user("U-42").tenant_id("pty-zeroth")), (false, Reason::UserOverride));
    assert_eq!(hints(Context::user("U-1").tenant_id("other")), (false, Reason::Default));
}

#[test]
fn the_staff_get_the_registry_flag_and_the_others_its_default() {
    let engine = Engine::from_json(REGISTRY).unwrap();
    for (tier, reason) in
        [("staff", Reason::StageInternal), ("admin", Reason::StageInternal), ("anonymous", Reason::Default)]
    {
        let context = Context::user("U-1").tier(tier);
        let evaluation = engine.evaluate("flags.registry_v1", &context);
        assert_eq!((evaluation.bool_or(false), evaluation.reason), (true, reason), "{tier}");
    }
}

#[test]
fn cases_wait_for_the_dashboard() {
    let engine = Engine::from_json(REGISTRY).unwrap();
    let context = Context::user("U-1").tier("admin").tenant_id("pty-zeroth").env("prod");
    let Evaluation { reason, dependency, is_enabled, .. } = engine.evaluate("cases.runtime_v1", &context);
    assert_eq!((reason, dependency, is_enabled), (Reason::DepUnsatisfied, Some("dashboard.runtime_v1"), false));
}
