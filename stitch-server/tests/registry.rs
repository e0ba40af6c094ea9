//! `GET /api/flags/registry`, `health`, `/healthz`, `/readyz`.

mod common;

use common::Server;
use serde_json::{Value, json};

const REGISTRY: &str = "/api/flags/registry";
const SUMMARY: &str = "/api/flags/registry?summary=true";

#[test]
fn flags_come_as_written_or_as_a_row_each() {
    let server = Server::start();
    let written: Value = serde_json::from_str(include_str!("../registry.json")).unwrap();
    let answer = server.get(REGISTRY);
    assert_eq!(answer.data(), json!({"count": 16, "flags": written["flags"]}));
    assert_eq!(answer.json()["service"]["auth_source"], "none");
    assert_eq!(server.get("/api/flags/registry?summary=false").data()["flags"], written["flags"]);
    let data = server.get(SUMMARY).data();
    assert_eq!(data["count"], 16);
    assert_eq!(
        data["flags"][0],
        json!({"key": "flags.registry_v1", "type": "boolean", "rollout_stage": "internal", "rollout_pct": 100,
            "requires_approval": false, "sensitive_flag": false, "owner": "platform"})
    );
    for flag in data["flags"].as_array().unwrap() {
        assert_eq!(flag.as_object().unwrap().len(), 7);
    }
}

#[test]
fn a_summary_says_what_is_so_where_the_document_says_nothing() {
    let file = common::scratch("summary").join("registry.json");
    std::fs::write(
        &file,
        r#"{"schema_version": "1.0", "flags": [{"key": "a", "default_value": false, "type": null}]}"#,
    )
    .unwrap();
    let server = Server::of_file(file);
    assert_eq!(
        server.get(SUMMARY).data()["flags"],
        json!([{"key": "a", "type": "boolean", "rollout_stage": "draft", "rollout_pct": 0,
            "requires_approval": false, "sensitive_flag": false, "owner": null}])
    );
}

#[test]
fn what_the_client_has_is_not_sent_again() {
    let server = Server::start();
    let tag = |path: &str| {
        let answer = server.get(path);
        assert_eq!(answer.header("cache-control"), Some("private, no-cache"));
        answer.header("etag").unwrap().to_owned()
    };
    let (full, summary) = (tag(REGISTRY), tag(SUMMARY));
    assert!(full.starts_with('"') && full.ends_with('"') && full != summary, "{full} {summary}");
    assert_eq!(full, tag(REGISTRY));
    for list in
        [full.clone(), "*".into(), format!("W/{full}"), format!("\"x\", {full}"), format!("W/\"a,b\" ,W/{full},\"c\"")]
    {
        let answer = server.get_with(REGISTRY, &[("If-None-Match", &list)]);
        assert_eq!((answer.status, answer.body.len(), answer.header("etag")), (304, 0, Some(&*full)), "{list}");
        assert!(answer.header("x-request-id").is_some());
    }
    let answer = server.get_with(REGISTRY, &[("If-None-Match", "\"x\""), ("If-None-Match", &full)]);
    assert_eq!(answer.status, 304);
    for list in [&*summary, "\"x\"", "", full.trim_matches('"')] {
        assert_eq!(server.get_with(REGISTRY, &[("If-None-Match", list)]).data()["count"], 16, "{list}");
    }
    assert_eq!(server.get_with(SUMMARY, &[("If-None-Match", &summary)]).status, 304);
}

#[test]
fn the_query_of_the_registry_is_checked() {
    let server = Server::start();
    server.get("/api/flags/registry?summary=yes").failure(400, "invalid_request");
    server.get("/api/flags/registry?sumary=true").failure(400, "invalid_request");
    server.get("/api/flags/registry?summary=true&summary=true").failure(400, "invalid_request");
}

#[test]
fn health_tells_what_serves() {
    let server = Server::start();
    let answer = server.get("/api/flags/health");
    let data = answer.data();
    assert_eq!(data["status"], "ready");
    assert_eq!(data["registry"]["source"], "embedded");
    assert_eq!(data["registry"]["counts"]["flags"], 16);
    assert_eq!(data["registry"]["counts"]["environments"], 3);
    assert_eq!(data["registry"]["revision"].as_str().unwrap().len(), 16);
    assert_eq!(data["parity"], json!({"passed": 19, "total": 19}));
    assert_eq!((&data["refused"], &data["diagnostics"]), (&Value::Null, &json!([])));
    assert!(data["uptime_seconds"].as_u64().unwrap() < 60);
    let loaded = data["registry"]["loaded_at"].as_str().unwrap();
    assert!(
        loaded.len() == "2026-01-01T00:00:00.000Z".len() && loaded.ends_with('Z') && &loaded[10..11] == "T",
        "{loaded}"
    );
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    assert_eq!(server.get("/api/flags/health?again=1").data()["status"], "ready");
    assert_eq!(server.get("/healthz").data()["status"], "ok");
    assert_eq!(server.get("/readyz").data()["status"], "ready");
}
