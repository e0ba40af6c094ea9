//! `POST /v1/environments/{env}/evaluate` and `…/segments/{key}/check`.

use serde_json::json;

use crate::common::stocked::{Shop, refused, told};

const EVALUATE: &str = "/v1/environments/prod/evaluate";

#[test]
fn a_flag_is_evaluated_in_the_environment_of_the_path() {
    let shop = Shop::open();
    let body =
        r#"{"flag_key": "checkout", "context_type": "user", "context_key": "U-9", "attributes": {"country": "TH"}}"#;
    let answer = told(&shop.sdk(EVALUATE, body));
    assert_eq!(answer, json!({"variant_key": "on", "is_enabled": true, "value": true, "reason": "stage_full"}));
    let dev = shop.server.post_with("/v1/environments/dev/evaluate", &[("x-sdk-key", &shop.stocked.dev_key)], body);
    assert_eq!(told(&dev)["reason"], "paused");
    // What is not said is as in every context.
    let short = told(&shop.sdk(EVALUATE, r#"{"flag_key": "checkout", "context_key": "U-9", "attributes": null}"#));
    assert_eq!((&short["value"], &short["variant_key"]), (&json!(false), &json!("off")));
}

#[test]
fn tier_and_role_key_among_the_attributes_are_those_fields() {
    let shop = Shop::open();
    let with = |attributes: &str| {
        let body = format!(r#"{{"flag_key": "checkout", "context_key": "U-9", "attributes": {attributes}}}"#);
        told(&shop.sdk(EVALUATE, body))["value"].clone()
    };
    assert_eq!(with(r#"{"tier": "gold", "role_key": "buyer"}"#), true);
    assert_eq!(with(r#"{"tier": "gold"}"#), false);
    assert_eq!(with(r#"{"tier": "gold", "role_key": null}"#), false);
    let body = r#"{"flag_key": "internal", "context_key": "U-9", "attributes": {"tier": "staff"}}"#;
    assert_eq!(told(&shop.sdk(EVALUATE, body))["reason"], "stage_internal");
}

#[test]
fn membership_is_that_of_the_segments_conditions() {
    let shop = Shop::open();
    let member = |key: &str, body: &str| {
        told(&shop.sdk(&format!("/v1/environments/prod/segments/{key}/check"), body))["is_member"].clone()
    };
    assert_eq!(member("beta", r#"{"context_type": "user", "context_key": "U-1", "attributes": {}}"#), true);
    assert_eq!(member("b%65ta", r#"{"context_key": "U-2"}"#), false);
    assert_eq!(member("beta", r#"{"context_key": "U-2", "attributes": {"tier": "gold", "role_key": "buyer"}}"#), true);
    assert_eq!(member("devices", r#"{"context_key": "D-1", "context_type": "device"}"#), true);
    assert_eq!(member("devices", r#"{"context_key": "D-1"}"#), false);
    refused(&shop.sdk("/v1/environments/prod/segments/gamma/check", r#"{"context_key": "U"}"#), 404, "not_found");
    refused(&shop.sdk("/v1/environments/prod/segments/%ff/check", r#"{"context_key": "U"}"#), 404, "not_found");
}

#[test]
fn what_cannot_be_read_is_refused_with_its_place() {
    let shop = Shop::open();
    let place = |body: &str| {
        let json = refused(&shop.sdk(EVALUATE, body), 400, "invalid_request");
        json["details"][0]["pointer"].as_str().unwrap().to_owned()
    };
    for (body, pointer) in [
        (r#"{"context_key": "U"}"#, ""),
        (r#"{"flag_key": 7, "context_key": "U"}"#, "/flag_key"),
        (r#"{"flag_key": "checkout"}"#, ""),
        (r#"{"flag_key": "checkout", "context_key": ""}"#, "/context_key"),
        (r#"{"flag_key": "checkout", "context_key": 1}"#, "/context_key"),
        (r#"{"flag_key": "checkout", "context_key": "U", "context_type": 1}"#, "/context_type"),
        (r#"{"flag_key": "checkout", "context_key": "U", "tenant_id": 1}"#, "/tenant_id"),
        (r#"{"flag_key": "checkout", "context_key": "U", "attributes": []}"#, "/attributes"),
        (r#"{"flag_key": "checkout", "context_key": "U", "attributes": {"tier": 1}}"#, "/attributes/tier"),
        (r#"{"flag_key": "checkout", "context_key": "U", "attributes": {"x": {}}}"#, "/attributes/x"),
        (r#"{"flag_key": "checkout", "context_key": "U", "attributes": {"env": "dev"}}"#, "/attributes/env"),
        (r#"{"flag_key": "checkout", "context_key": "U", "env": "dev"}"#, "/env"),
    ] {
        assert_eq!(place(body), pointer, "{body}");
    }
    refused(&shop.sdk(EVALUATE, r#"{"flag_key": "nothing", "context_key": "U"}"#), 404, "flag_not_found");
    let broken = refused(&shop.sdk(EVALUATE, "{\n  \"flag_key\": }"), 400, "invalid_request");
    assert_eq!(broken["details"][0]["line"], 2);
    let text =
        shop.server.post_with(EVALUATE, &[("x-sdk-key", &shop.stocked.key), ("Content-Type", "text/plain")], "{}");
    refused(&text, 415, "unsupported_media_type");
}

#[test]
fn only_a_key_of_the_environment_may_ask() {
    let shop = Shop::open();
    let body = r#"{"flag_key": "checkout", "context_key": "U"}"#;
    for path in [EVALUATE, "/v1/environments/prod/segments/beta/check", "/v1/environments/prod/events"] {
        refused(&shop.server.post(path, body), 401, "unauthorized");
        refused(&shop.server.post_with(path, &[("x-sdk-key", "stitch_0_0")], body), 401, "unauthorized");
        refused(&shop.server.post_with(path, &[("x-sdk-key", &shop.stocked.dev_key)], body), 403, "forbidden");
        refused(&shop.admin("POST", path, body), 401, "unauthorized");
    }
}
