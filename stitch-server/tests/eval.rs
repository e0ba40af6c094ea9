//! `GET /api/flags/eval`.

mod common;

use common::Server;
use serde_json::json;

const FLAG: &str = "/api/flags/eval?key=flags.registry_v1";

#[test]
fn staff_in_prod_gets_the_internal_flag() {
    let answer = Server::start().get(&format!("{FLAG}&user=U-1&tier=staff&env=prod"));
    let data = answer.data();
    assert_eq!((&data["reason"], &data["value"]), (&json!("stage_internal"), &json!(true)));
    assert_eq!(
        data,
        json!({"flag_key": "flags.registry_v1", "value": true, "variant_key": "on", "is_enabled": true,
            "reason": "stage_internal", "rule_id": null})
    );
    assert_eq!(answer.header("cache-control"), Some("private, no-store"));
    let service = &answer.json()["service"];
    assert_eq!(service["name"], "stitch-server");
    assert_eq!(service["version"], env!("CARGO_PKG_VERSION"));
    assert_eq!(service["contract_version"], "1");
    assert_eq!(service["auth_source"], "query");
    assert_eq!(service["warnings"], json!(["dev_mode"]));
}

#[test]
fn an_unsatisfied_dependency_closes_the_gate() {
    let data =
        Server::start().get("/api/flags/eval?key=cases.runtime_v1&user=U-2&tier=admin&env=prod&tenant=pty-zeroth");
    assert_eq!(data.data()["reason"], "dep_unsatisfied");
}

#[test]
fn headers_beat_the_query_field_by_field() {
    let server = Server::start();
    let staff = [("X-PTT-User-Id", "U-1"), ("X-PTT-Tier", "staff"), ("X-PTT-Env", "prod")];
    let answer = server.get_with(FLAG, &staff);
    assert_eq!(answer.data()["reason"], "stage_internal");
    assert_eq!(answer.json()["service"]["auth_source"], "dev_headers");
    let answer = server.get_with(&format!("{FLAG}&user=U-9&tier=anonymous&env=dev"), &staff);
    assert_eq!(answer.data()["reason"], "stage_internal");
    let answer = server.get_with(&format!("{FLAG}&user=U-9&tier=staff"), &[("X-PTT-Tier", "anonymous")]);
    assert_eq!(answer.data()["reason"], "default");
    assert_eq!(answer.json()["service"]["auth_source"], "query");
    let answer = server.get_with(&format!("{FLAG}&user=U-9&tier=staff"), &[("X-PTT-User-Id", "U-1")]);
    assert_eq!(answer.data()["reason"], "stage_internal");
    assert_eq!(answer.json()["service"]["auth_source"], "dev_headers");
}

#[test]
fn a_user_is_required_and_the_hint_says_how_to_give_one() {
    let server = Server::start();
    let error = server.get(FLAG).failure(400, "invalid_request");
    let hint = error["hint"].as_str().unwrap();
    assert!(hint.contains("?user=") && hint.contains("X-PTT-User-Id") && hint.contains("user_id"), "{hint}");
    assert!(hint.contains("stable") && hint.contains("bucketing"), "{hint}");
    let error = server.get(&format!("{FLAG}&user=")).failure(400, "invalid_request");
    assert_eq!(error["details"][0]["query"], "user");
    assert!(error["hint"].as_str().unwrap().contains("stable"));
    let error = server.get_with(&format!("{FLAG}&user=U-1"), &[("X-PTT-User-Id", "")]);
    assert_eq!(error.failure(400, "invalid_request")["details"][0]["header"], "X-PTT-User-Id");
    let long = format!("{FLAG}&user={}", "u".repeat(1025));
    let answer = server.get(&long);
    assert!(!answer.text().contains("uuuu"));
    answer.failure(400, "invalid_request");
    server.get(&format!("{FLAG}&user={}", "u".repeat(1024))).data();
}

#[test]
fn an_empty_tenant_is_none() {
    let server = Server::start();
    let query = format!("{FLAG}&user=U-1&tenant=");
    server.get_with(&query, &[("X-PTT-Tenant-Id", "")]).data();
}

#[test]
fn headers_that_are_not_text_or_not_one_are_refused_by_name() {
    let server = Server::start();
    for name in ["X-PTT-User-Id", "X-PTT-Tenant-Id", "X-PTT-Tier", "X-PTT-Env", "X-PTT-Role-Key"] {
        let mut request = format!("GET {FLAG} HTTP/1.1\r\nHost: localhost\r\n{name}: ").into_bytes();
        request.extend_from_slice(b"caf\xe9\r\n\r\n");
        let error = server.raw(&request).failure(400, "invalid_request");
        assert!(error["message"].as_str().unwrap().contains(name), "{error}");
        let error = server.get_with(FLAG, &[(name, "a"), (name, "b")]).failure(400, "invalid_request");
        assert!(error["message"].as_str().unwrap().contains(name), "{error}");
    }
    let answer = server.get_with(FLAG, &[("X-PTT-User-Id", "ผู้ใช้")]);
    assert_eq!(answer.data()["flag_key"], "flags.registry_v1");
}

#[test]
fn an_environment_that_the_registry_does_not_list_is_refused() {
    let server = Server::start();
    let answer = server.get(&format!("{FLAG}&user=U-1&env=moon"));
    let error = answer.failure(400, "invalid_request");
    assert_eq!(error["details"][0]["query"], "env");
    assert!(error["details"][0]["message"].as_str().unwrap().contains("`prod`, `staging`, `dev`"));
    assert!(!answer.text().contains("moon"));
    let error = server.get_with(&format!("{FLAG}&user=U-1&env=prod"), &[("X-PTT-Env", "moon")]);
    assert_eq!(error.failure(400, "invalid_request")["details"][0]["header"], "X-PTT-Env");
}

#[test]
fn the_default_environment_is_dev_where_the_registry_lists_it() {
    let document = |environments: &str| {
        format!(
            r#"{{"schema_version": "1.0", "environments": [{environments}], "flags": [
                {{"key": "a", "default_value": false, "rollout_stage": "full", "serve": "off", "rules": [
                    {{"id": "has-env", "when": {{"attr": "env", "op": "exists"}}, "serve": "on"}}]}}]}}"#
        )
    };
    for (environments, rule) in [(r#""prod", "dev""#, json!("has-env")), (r#""prod""#, json!(null))] {
        let file = common::scratch("env").join("registry.json");
        std::fs::write(&file, document(environments)).unwrap();
        let server = Server::of_file(file);
        assert_eq!(server.get("/api/flags/eval?key=a&user=U-1").data()["rule_id"], rule, "{environments}");
    }
}

#[test]
fn a_trace_comes_on_request_alone() {
    let server = Server::start();
    let query = format!("{FLAG}&user=U-1&tier=staff");
    let data = server.get(&format!("{query}&trace=true")).data();
    let steps: Vec<_> = data["trace"].as_array().unwrap().iter().map(|entry| entry["step"].as_u64().unwrap()).collect();
    assert_eq!(steps, [1, 2, 3, 4, 5, 6, 7, 8]);
    assert_eq!((&data["trace"][7]["name"], &data["trace"][7]["outcome"]), (&json!("stage map"), &json!("decided")));
    assert_eq!(data["reason"], "stage_internal");
    assert!(server.get(&format!("{query}&trace=false")).data().get("trace").is_none());
    server.get(&format!("{query}&trace=yes")).failure(400, "invalid_request");
}

#[test]
fn flags_that_are_not_there_or_not_named() {
    let server = Server::start();
    let answer = server.get("/api/flags/eval?key=no.such&user=U-1");
    answer.failure(404, "flag_not_found");
    assert_eq!(answer.header("cache-control"), Some("private, no-store"));
    assert_eq!(answer.json()["service"]["auth_source"], "query");
    server.get("/api/flags/eval?user=U-1").failure(400, "invalid_request");
    server.get("/api/flags/eval?key=&user=U-1").failure(400, "invalid_request");
    server.get("/api/flags/eval").failure(400, "invalid_request");
}

#[test]
fn queries_that_could_be_taken_differently_are_refused() {
    let server = Server::start();
    let error = server.get(&format!("{FLAG}&user_id=U-1")).failure(400, "invalid_request");
    assert!(error["hint"].as_str().unwrap().contains("`user`"), "{error}");
    server.get(&format!("{FLAG}&user=U-1&user=U-2")).failure(400, "invalid_request");
    server.get(&format!("{FLAG}&user=%ff")).failure(400, "invalid_request");
    server.get(&format!("{FLAG}&user=U%2D1&tier=a+b&role_key=r&&")).data();
}
