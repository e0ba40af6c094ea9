//! Whom the client asks for.

use serde_json::{Value, json};

use crate::{FLAGS, all, among, fails, one, server, with};

#[test]
fn a_targeting_key_is_asked_for_only_where_the_answer_needs_it() {
    let server = server();
    let answer = one(&server, "experiment", &json!({"country": "TH"}));
    assert!(fails(&answer, 400, "TARGETING_KEY_MISSING").contains("`targetingKey`"));
    let json = answer.json();
    assert_eq!((json["key"].as_str(), &json["metadata"]), (Some("experiment"), &json!({"reason": "unit_missing"})));
    for named in [json!({"targetingKey": "U-1"}), json!({"user_id": "U-1"})] {
        assert_eq!(one(&server, "experiment", &named).status, 200);
    }
    for body in [r#"{"context": {}}"#, r#"{"context": null}"#, "{}", r#"{"context": {"targetingKey": null}}"#] {
        assert_eq!(server.post(&format!("{FLAGS}/open"), body).json()["value"], true);
        let bulk = server.post(FLAGS, body);
        assert_eq!(bulk.status, 200);
        let failed = among(&bulk, "experiment");
        assert_eq!(failed["errorCode"], "TARGETING_KEY_MISSING");
        assert!(failed["errorDetails"].is_string() && failed.get("value").is_none() && failed.get("reason").is_none());
        assert_eq!(among(&bulk, "open")["value"], true);
    }
    // There is a key, but not what this flag buckets by.
    let server = with(
        r#"{"schema_version": "1.0", "flags": [{"key": "a", "default_value": true, "rollout_stage": "staged",
            "rollout_pct": 100, "bucket_by": "company"}]}"#,
    );
    assert_eq!(one(&server, "a", &json!({"targetingKey": "U-1"})).json()["reason"], "DEFAULT");
}

#[test]
fn the_context_is_read_as_the_mapping_says() {
    let server = with(
        r#"{"schema_version": "1.0", "flags": [
        {"key": "a", "default_value": false, "rollout_stage": "full", "serve": "off", "rules": [
            {"id": "yes", "when": {"any": [
                {"attr": "user_id", "op": "eq", "value": "U-key"},
                {"attr": "kind", "op": "eq", "value": "device"},
                {"attr": "tenant_id", "op": "eq", "value": "acme"},
                {"attr": "tier", "op": "eq", "value": "gold"},
                {"attr": "env", "op": "eq", "value": "staging"},
                {"attr": "role_key", "op": "eq", "value": "owner"},
                {"attr": "now", "op": "eq", "value": 1767225600123},
                {"attr": "count", "op": "eq", "value": 9007199254740993},
                {"attr": "share", "op": "eq", "value": 0.1},
                {"attr": "tags", "op": "contains", "value": 2},
                {"attr": "since", "op": "before", "value": "2026-01-01T00:00:00Z"},
                {"attr": "flag", "op": "eq", "value": true}]}, "serve": "on"}]}]}"#,
    );
    for (context, matches) in [
        (json!({"targetingKey": "U-key"}), true),
        (json!({"user_id": "U-key"}), true),
        (json!({"targetingKey": "U-key", "user_id": "U-other"}), true),
        (json!({"targetingKey": "U-other", "user_id": "U-key"}), false),
        (json!({"kind": "device"}), true),
        (json!({"tenant_id": "acme"}), true),
        (json!({"tier": "gold"}), true),
        (json!({"env": "staging"}), true),
        (json!({"env": "prod"}), false),
        (json!({"role_key": "owner"}), true),
        (json!({"now": 1_767_225_600_123_i64}), true),
        (json!({"now": "2026-01-01T07:00:00.1239+07:00"}), true),
        (json!({"now": 1_767_225_600_123.0}), true),
        (json!({"count": 9_007_199_254_740_993_i64}), true),
        (json!({"count": 9_007_199_254_740_992_i64}), false),
        (json!({"share": 0.1}), true),
        (json!({"tags": ["x", 2.0]}), true),
        (json!({"since": "2025-12-31T23:59:59.999Z"}), true),
        (json!({"flag": true}), true),
        (json!({"flag": null}), false),
        (json!({"X-PTT-Tier": "gold"}), false),
    ] {
        assert_eq!(one(&server, "a", &context).json()["value"], matches, "{context}");
    }
    // Headers of dev mode are for `/api/flags`.
    let path = format!("{FLAGS}/a");
    assert_eq!(server.post_with(&path, &[("X-PTT-Tier", "gold")], "{}").json()["value"], false);
}

#[test]
fn the_environment_is_dev_unless_it_is_said() {
    let server = server();
    for (context, value) in
        [(json!({}), "dev"), (json!({"env": "staging"}), "staging"), (json!({"env": "prod"}), "base")]
    {
        assert_eq!(one(&server, "patched", &context).json()["value"], value);
    }
    let details = fails(&one(&server, "patched", &json!({"env": "production"})), 400, "INVALID_CONTEXT");
    assert_eq!(details, "`env` is no environment of this registry: it lists `prod`, `staging`, `dev`");
    let elsewhere = with(
        r#"{"schema_version": "1.0", "environments": ["live"], "flags": [
            {"key": "a", "default_value": false, "rollout_stage": "full", "environments": {"live": {"serve": "off"}}}]}"#,
    );
    assert_eq!(one(&elsewhere, "a", &json!({})).json()["value"], true);
}

#[test]
fn a_context_is_refused_with_all_that_is_wrong_with_it_and_none_of_its_values() {
    let server = server();
    let context = json!({"targetingKey": "", "tier": 7, "now": "secret", "attributes": {}, "overrides": {"user": {}},
        "approvals": {}, "nested": {"secret": 1}, "tags": ["secret", true], "env": "secret", "country": "TH"});
    let answer = one(&server, "open", &context);
    let details = fails(&answer, 400, "INVALID_CONTEXT");
    assert_eq!(answer.json()["key"], "open");
    let fields: Vec<&str> = details.split("; ").map(|line| line.split('`').nth(1).unwrap()).collect();
    assert_eq!(
        fields,
        ["approvals", "attributes", "env", "nested", "now", "overrides", "tags", "targetingKey", "tier"]
    );
    assert!(!details.contains("secret"), "{details}");
    let bulk = all(&server, &context);
    assert_eq!(fails(&bulk, 400, "INVALID_CONTEXT"), details);
    assert!(bulk.json().get("key").is_none() && bulk.header("etag").is_none());
    // Before anything about the flag.
    fails(&one(&server, "nothing", &json!({"tier": 7})), 400, "INVALID_CONTEXT");
    fails(&server.post(FLAGS, r#"{"context": "U-1"}"#), 400, "INVALID_CONTEXT");
    assert!(fails(&one(&server, "open", &json!({"user_id": ""})), 400, "INVALID_CONTEXT").starts_with("`user_id`"));
    let many: serde_json::Map<_, _> = (0..257).map(|index| (format!("a{index}"), json!(1))).collect();
    assert!(fails(&all(&server, &Value::Object(many)), 400, "INVALID_CONTEXT").contains("at most 256"));
    let odd: serde_json::Map<_, _> = (0..30).map(|index| (format!("a{index}"), json!({}))).collect();
    assert!(fails(&all(&server, &Value::Object(odd)), 400, "INVALID_CONTEXT").ends_with("; and 10 more"));
}
