//! `/v1/metrics`.

use serde_json::json;

use crate::common::stocked::{Shop, refused, told};

#[test]
fn metrics_are_made_read_changed_and_removed() {
    let shop = Shop::open();
    let made = shop.admin("POST", "/v1/metrics", r#"{"key": "errors", "type": "integer", "description": "once"}"#);
    assert_eq!(made.status, 201);
    let made = told(&made);
    assert_eq!(
        (&made["key"], &made["type"], &made["description"]),
        (&json!("errors"), &json!("integer"), &json!("once"))
    );
    assert_eq!(told(&shop.admin("GET", "/v1/metrics/errors", "")), made);
    let listed = told(&shop.admin("GET", "/v1/metrics", ""));
    let keys: Vec<_> = listed["metrics"].as_array().unwrap().iter().map(|metric| metric["key"].clone()).collect();
    assert_eq!(keys, ["clicks", "seconds", "bought", "errors"]);

    let event = r#"{"events": [{"metric_key": "errors", "context_key": "U", "value": 1}]}"#;
    assert_eq!(told(&shop.sdk("/v1/environments/prod/events", event))["accepted_count"], 1);

    let change = json!({"description": "twice", "revision": made["revision"]}).to_string();
    let changed = told(&shop.admin("PATCH", "/v1/metrics/errors", &change));
    assert!(changed["revision"].as_u64() > made["revision"].as_u64() && changed["description"] == "twice", "{changed}");
    refused(&shop.admin("PATCH", "/v1/metrics/errors", &change), 409, "conflict");
    refused(&shop.admin("PATCH", "/v1/metrics/errors", r#"{"description": "x"}"#), 400, "invalid_request");
    // Its type stays.
    let other = json!({"type": "double", "revision": changed["revision"]}).to_string();
    refused(&shop.admin("PATCH", "/v1/metrics/errors", &other), 400, "invalid_request");

    refused(&shop.admin("DELETE", "/v1/metrics/errors", ""), 400, "invalid_request");
    refused(&shop.admin("DELETE", "/v1/metrics/errors?revision=1", ""), 409, "conflict");
    refused(&shop.admin("DELETE", "/v1/metrics/errors?revision=x", ""), 400, "invalid_request");
    told(&shop.admin("DELETE", &format!("/v1/metrics/errors?revision={}", changed["revision"]), ""));
    refused(&shop.admin("GET", "/v1/metrics/errors", ""), 404, "not_found");
    let rejected = told(&shop.sdk("/v1/environments/prod/events", event));
    assert_eq!(rejected, json!({"accepted_count": 0, "rejected_keys": ["errors"]}));
}

#[test]
fn what_is_no_definition_is_refused() {
    let shop = Shop::open();
    for body in [
        r#"{"type": "integer"}"#,
        r#"{"key": "a b", "type": "integer"}"#,
        r#"{"key": 1, "type": "integer"}"#,
        r#"{"key": "a", "type": "text"}"#,
        r#"{"key": "a"}"#,
        r#"{"key": "a", "type": "integer", "unit": "s"}"#,
        r#"{"key": "a", "type": "integer", "description": 1}"#,
        "[]",
    ] {
        refused(&shop.admin("POST", "/v1/metrics", body), 400, "invalid_request");
    }
    refused(&shop.admin("POST", "/v1/metrics", r#"{"key": "clicks", "type": "integer"}"#), 409, "conflict");
    refused(&shop.admin("DELETE", "/v1/metrics/none?revision=1", ""), 404, "not_found");
}

#[test]
fn whoever_reads_events_reads_metrics_and_admins_write_them() {
    let shop = Shop::open();
    let viewer = &shop.stocked.viewer;
    told(&shop.person(viewer, "GET", "/v1/metrics", ""));
    let body = r#"{"key": "a", "type": "integer"}"#;
    for (method, path, body) in [
        ("POST", "/v1/metrics", body),
        ("PATCH", "/v1/metrics/clicks", r#"{"description": "x", "revision": 1}"#),
        ("DELETE", "/v1/metrics/clicks?revision=1", ""),
    ] {
        let denied = refused(&shop.person(viewer, method, path, body), 403, "forbidden");
        assert_eq!(denied["error"], "insufficient permissions");
        refused(&shop.person("none", method, path, body), 401, "unauthorized");
    }
}
