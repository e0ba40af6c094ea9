//! `POST /api/flags/eval/batch`.

mod common;

use common::{Server, scratch};
use serde_json::{Value, json};

const BATCH: &str = "/api/flags/eval/batch";

/// A server with a registry of its own.
fn with(registry: &str) -> Server {
    let file = scratch("batch").join("registry.json");
    std::fs::write(&file, registry).unwrap();
    Server::of_file(file)
}

#[test]
fn results_come_in_order_and_an_item_has_its_own_context() {
    let body = json!({
        "context": {"user_id": "U-batch", "tier": "staff", "env": "prod", "tenant_id": "pty-zeroth"},
        "flags": ["flags.registry_v1", "cases.runtime_v1", {"flag_key": "wizard.runtime_v1", "tier": "platinum"}]
    });
    let answer = Server::start().post(BATCH, body.to_string());
    let data = answer.data();
    assert_eq!(data["count"], 3);
    let keys: Vec<_> = data["results"].as_array().unwrap().iter().map(|result| &result["flag_key"]).collect();
    assert_eq!(keys, ["flags.registry_v1", "cases.runtime_v1", "wizard.runtime_v1"]);
    assert_eq!(data["results"][0]["reason"], "stage_internal");
    assert_eq!(data["results"][1]["reason"], "dep_unsatisfied");
    assert_eq!(answer.json()["service"]["auth_source"], "body");
    assert_eq!(answer.header("cache-control"), Some("private, no-store"));
}

#[test]
fn each_field_comes_from_the_highest_source_that_has_it() {
    let server = with(
        r#"{"schema_version": "1.0", "flags": [
            {"key": "who", "type": "string", "default_value": "nobody", "rollout_stage": "full",
             "variants": {"nobody": "nobody", "item": "item", "headers": "headers", "body": "body", "query": "query"},
             "serve": "nobody",
             "rules": [
                {"id": "i", "when": {"attr": "tier", "op": "eq", "value": "item"}, "serve": "item"},
                {"id": "h", "when": {"attr": "tier", "op": "eq", "value": "headers"}, "serve": "headers"},
                {"id": "b", "when": {"attr": "tier", "op": "eq", "value": "body"}, "serve": "body"},
                {"id": "q", "when": {"attr": "tier", "op": "eq", "value": "query"}, "serve": "query"}]}]}"#,
    );
    for (item, header, body, query, expected) in [
        (true, true, true, true, "item"),
        (false, true, true, true, "headers"),
        (false, false, true, true, "body"),
        (false, false, false, true, "query"),
        (false, false, false, false, "nobody"),
    ] {
        let mut asked = json!({"context": {"user_id": "U-1"}, "flags": [{"flag_key": "who"}]});
        if item {
            asked["flags"][0]["tier"] = json!("item");
        }
        if body {
            asked["context"]["tier"] = json!("body");
        }
        let headers: &[(&str, &str)] = if header { &[("X-PTT-Tier", "headers")] } else { &[] };
        let path = if query { format!("{BATCH}?tier=query") } else { BATCH.to_owned() };
        let data = server.post_with(&path, headers, asked.to_string()).data();
        assert_eq!(data["results"][0]["value"], expected);
    }
}

#[test]
fn the_source_of_the_user_id_is_told() {
    let server = Server::start();
    let source = |path: &str, headers: &[(&str, &str)], body: Value| {
        let answer = server.post_with(path, headers, body.to_string());
        answer.data();
        answer.json()["service"]["auth_source"].as_str().unwrap().to_owned()
    };
    let key = "flags.registry_v1";
    let (query, header) = (format!("{BATCH}?user=Q"), [("X-PTT-User-Id", "H")]);
    assert_eq!(source(&query, &[], json!({"flags": [key]})), "query");
    assert_eq!(source(&query, &[], json!({"flags": [key], "context": {"user_id": "B"}})), "body");
    assert_eq!(source(&query, &header, json!({"flags": [key], "context": {"user_id": "B"}})), "dev_headers");
    assert_eq!(source(&query, &header, json!({"flags": [key, {"flag_key": key, "user_id": "I"}]})), "item");
    assert_eq!(source(BATCH, &[], json!({"flags": [{"flag_key": key, "user_id": "I"}]})), "item");
    assert_eq!(source(&query, &[], json!({"flags": []})), "query");
    let refused = server.post(BATCH, r#"{"flags": []}"#).failure(400, "invalid_request");
    assert!(refused["hint"].is_string(), "{refused}");
}

#[test]
fn no_flags_means_all_of_them() {
    let server = Server::start();
    for body in [json!({}), json!({"flags": null}), json!({"context": null})] {
        let data = server.post(&format!("{BATCH}?user=U-1"), body.to_string()).data();
        assert_eq!(data["count"], 16);
        assert_eq!(data["results"][0]["flag_key"], "flags.registry_v1");
    }
    let data = server.post(&format!("{BATCH}?user=U-1"), r#"{"flags": []}"#).data();
    assert_eq!(data, json!({"count": 0, "results": []}));
    let data = server.post(BATCH, r#"{"context": {"user_id": "U-1"}, "trace": true}"#).data();
    assert!(data["results"].as_array().unwrap().iter().all(|result| result["trace"].is_array()));
    let data = server.post(&format!("{BATCH}?trace=true"), r#"{"flags": [{"flag_key": "x", "user_id": "U"}]}"#).data();
    assert_eq!(data["results"][0]["trace"][0]["name"], "exists");
}

#[test]
fn an_unknown_flag_is_a_result() {
    let body = r#"{"context": {"user_id": "U-1"}, "flags": ["no.such", "flags.registry_v1", ""]}"#;
    let data = Server::start().post(BATCH, body).data();
    assert_eq!(
        data["results"][0],
        json!({"flag_key": "no.such", "value": null, "variant_key": null, "is_enabled": false,
            "reason": "flag_not_found", "rule_id": null})
    );
    assert_eq!(data["results"][1]["reason"], "default");
    assert_eq!(data["results"][2]["reason"], "flag_not_found");
}

#[test]
fn a_thousand_items_and_no_more() {
    let server = Server::start();
    let body =
        |count: usize| json!({"context": {"user_id": "U-1"}, "flags": vec!["flags.registry_v1"; count]}).to_string();
    assert_eq!(server.post(BATCH, body(1000)).data()["count"], 1000);
    let error = server.post(BATCH, body(1001)).failure(400, "invalid_request");
    assert!(error["message"].as_str().unwrap().contains("1000"), "{error}");
}

#[test]
fn every_item_needs_a_user() {
    let body = r#"{"flags": [{"flag_key": "a", "user_id": "U-1"}, {"flag_key": "a"}]}"#;
    let error = Server::start().post(BATCH, body).failure(400, "invalid_request");
    assert_eq!(error["details"][0]["pointer"], "/flags/1");
    assert!(error["hint"].as_str().unwrap().contains("stable"));
    Server::start().post(BATCH, "{}").failure(400, "invalid_request");
}

#[test]
fn numbers_stay_exact_all_the_way() {
    let server = with(
        r#"{"schema_version": "1.0", "flags": [
            {"key": "big", "type": "integer", "default_value": 0, "variants": {"a": 0, "b": 9007199254740993},
             "rollout_stage": "full", "serve": "a", "rules": [
                {"id": "exact", "when": {"attr": "n", "op": "eq", "value": 9007199254740993}, "serve": "b"}]},
            {"key": "fine", "type": "double", "default_value": 0.1, "variants": {"a": 0.1}, "serve": "a"}]}"#,
    );
    let ask = |context: &str| {
        server.post(BATCH, format!(r#"{{"context": {context}, "flags": ["big", "fine"]}}"#)).text().to_owned()
    };
    assert!(ask(r#"{"user_id": "U", "attributes": {"n": 9007199254740993}}"#).contains(r#""value":9007199254740993,"#));
    assert!(ask(r#"{"user_id": "U", "attributes": {"n": 9007199254740992}}"#).contains(r#""value":0,"#));
    let answer = ask(
        r#"{"user_id": "U", "overrides": {"user": {"big": -9223372036854775808, "fine": 2.2250738585072014e-308}}}"#,
    );
    assert!(answer.contains(r#""value":-9223372036854775808,"#), "{answer}");
    assert!(answer.contains(r#""value":2.2250738585072014e-308,"#), "{answer}");
}

#[test]
fn the_body_gives_every_field_of_the_context() {
    let server = with(
        r#"{"schema_version": "1.0", "flags": [
            {"key": "approved", "default_value": false, "rollout_stage": "full", "requires_approval": true},
            {"key": "kind", "default_value": false, "rollout_stage": "full", "serve": "off", "rules": [
                {"id": "org", "when": {"attr": "kind", "op": "eq", "value": "org"}, "serve": "on"}]},
            {"key": "role", "default_value": false, "rollout_stage": "full", "serve": "off", "rules": [
                {"id": "r", "when": {"attr": "role_key", "op": "eq", "value": "boss"}, "serve": "on"}]},
            {"key": "late", "default_value": false, "rollout_stage": "full", "serve": "off", "rules": [
                {"id": "l", "when": {"attr": "now", "op": "after", "value": "2020-01-01T00:00:00Z"}, "serve": "on"}]},
            {"key": "tagged", "default_value": false, "rollout_stage": "full", "serve": "off", "rules": [
                {"id": "t", "when": {"attr": "tags", "op": "contains", "value": 2}, "serve": "on"}]}]}"#,
    );
    let body = json!({
        "context": {"user_id": "U-1", "kind": "org", "role_key": "boss", "attributes": {"tags": ["a", 2]},
            "approvals": {"approved": "CHG-1"}, "overrides": {"tenant": {"nothing": 1}}},
        "flags": ["approved", "kind", "role", "late", "tagged", {"flag_key": "late", "now": 0},
            {"flag_key": "tagged", "attributes": {}}, {"flag_key": "approved", "approvals": {}}, {"flag_key": "kind", "kind": "user"}]
    });
    let data = server.post(BATCH, body.to_string()).data();
    let values: Vec<_> =
        data["results"].as_array().unwrap().iter().map(|result| result["value"].as_bool().unwrap()).collect();
    assert_eq!(values, [true, true, true, true, true, false, false, false, false]);
}

#[test]
fn what_is_wrong_is_said_with_its_place_and_never_with_its_value() {
    let server = Server::start();
    for (body, place) in [
        (r#"{"context": {"user_id": "", "tier": "secret"}}"#, "/context/user_id"),
        (r#"{"context": {"user_id": "U", "teir": "secret"}}"#, "/context/teir"),
        (r#"{"context": {"user_id": "U", "attributes": {"tier": "secret"}}}"#, "/context/attributes/tier"),
        (r#"{"context": {"user_id": "U", "attributes": {"a": {"b": "secret"}}}}"#, "/context/attributes/a"),
        (r#"{"context": {"user_id": "U", "now": "secret"}}"#, "/context/now"),
        (r#"{"context": {"user_id": "U", "env": "secret"}}"#, "/context/env"),
        (
            r#"{"context": {"user_id": "U", "overrides": {"user": {"flags.registry_v1": "secret"}}}}"#,
            "/context/overrides/user/flags.registry_v1",
        ),
        (r#"{"context": "secret"}"#, "/context"),
        (r#"{"context": {"user_id": "U"}, "flags": "secret"}"#, "/flags"),
        (r#"{"context": {"user_id": "U"}, "flags": [7]}"#, "/flags/0"),
        (r#"{"context": {"user_id": "U"}, "flags": [null]}"#, "/flags/0"),
        (r#"{"context": {"user_id": "U"}, "flags": ["a", {"tier": "secret"}]}"#, "/flags/1"),
        (r#"{"context": {"user_id": "U"}, "flags": [{"flag_key": 7}]}"#, "/flags/0/flag_key"),
        (r#"{"context": {"user_id": "U"}, "flags": [{"flag_key": "a", "user_id": ""}]}"#, "/flags/0/user_id"),
        (r#"{"context": {"user_id": "U"}, "flags": [{"flag_key": "a", "env": "secret"}]}"#, "/flags/0/env"),
        (r#"{"context": {"user_id": "U"}, "flags": [{"flag_key": "a", "role": "secret"}]}"#, "/flags/0/role"),
        (
            r#"{"context": {"user_id": "U"}, "flags": [{"flag_key": "a", "attributes": {"now": "secret"}}]}"#,
            "/flags/0/attributes/now",
        ),
        (r#"{"context": {"user_id": "U"}, "trace": "secret"}"#, "/trace"),
        (r#"{"context": {"user_id": "U"}, "flag": "secret"}"#, "/flag"),
    ] {
        let answer = server.post(BATCH, body);
        assert_eq!(answer.failure(400, "invalid_request")["details"][0]["pointer"], place, "{body}");
        assert!(!answer.text().contains("secret"), "{}", answer.text());
    }
    for body in ["[]", "null", "7", r#""secret""#] {
        server.post(BATCH, body).failure(400, "invalid_request");
    }
}

#[test]
fn bad_json_is_refused_with_its_line_and_column() {
    let server = Server::start();
    let at = |body: &str| {
        let error = server.post(BATCH, body).failure(400, "invalid_request");
        let detail = &error["details"][0];
        let (line, column) = (detail["line"].as_u64().unwrap(), detail["column"].as_u64().unwrap());
        assert!(error["message"].as_str().unwrap().contains(&format!("line {line}, column {column}")), "{error}");
        (line, column)
    };
    assert_eq!(at("{\"flags\":\n  [,]}"), (2, 4));
    assert_eq!(at("{\"context\": {\"user_id\": \"U\",\n\"user_id\": \"V\"}}").0, 2);
    assert_eq!(at("{} x"), (1, 4));
    assert_eq!(at("{\"context\": {\"attributes\": {\"a\": 1e400}}}").0, 1);
    assert_eq!(at(r#"{"context": {"user_id": "\ud800"}}"#).0, 1);
    assert_eq!(at("\u{feff}{}"), (1, 1));
    at("");
    let deep = |levels: usize| format!(r#"{{"context": {}1{}}}"#, "[".repeat(levels), "]".repeat(levels));
    assert_eq!(at(&deep(70)).0, 1);
    server.post(BATCH, deep(100_000)).failure(400, "invalid_request");
    let mut request = format!(
        "POST {BATCH} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 3\r\n\r\n"
    )
    .into_bytes();
    request.extend_from_slice(b"\"\xff\"");
    server.raw(request).failure(400, "invalid_request");
    // Many mistakes cost no more than a few.
    let many: Vec<_> = (0..60_000).map(|_| "\"a\":1").collect();
    let started = std::time::Instant::now();
    let error = server.post(BATCH, format!("{{{}}}", many.join(","))).failure(400, "invalid_request");
    assert_eq!(error["details"].as_array().unwrap().len(), 20);
    assert!(started.elapsed() < std::time::Duration::from_secs(5), "{:?}", started.elapsed());
}

#[test]
fn only_json_is_read() {
    let server = Server::start();
    let post =
        |headers: &[(&str, &str)]| common::ask(server.address, "POST", &format!("{BATCH}?user=U"), headers, b"{}");
    for good in ["application/json", "Application/JSON; charset=UTF-8", "application/json;charset=\"utf-8\""] {
        post(&[("Content-Type", good)]).data();
    }
    for bad in ["text/plain", "application/x-www-form-urlencoded", "application/json; charset=utf-16", "json", ""] {
        post(&[("Content-Type", bad)]).failure(415, "unsupported_media_type");
    }
    post(&[]).failure(415, "unsupported_media_type");
    post(&[("Content-Type", "application/json"), ("Content-Encoding", "gzip")]).failure(415, "unsupported_media_type");
}
