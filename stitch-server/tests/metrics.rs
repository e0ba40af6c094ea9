//! What is counted, as Prometheus reads it from the management address.

mod common;

use common::stocked::{Shop, refused, told};
use common::{Answer, Server, ask, scratch, until};
use serde_json::json;
use stitch_server::source::Source;
use stitch_server::state::Settings;

const EVAL: &str = "/api/flags/eval?key=flags.registry_v1&tier=staff&env=prod";
const OFREP: &str = "/ofrep/v1/evaluate/flags/";

fn scrape(server: &Server) -> String {
    let answer = ask(server.management, "GET", "/metrics", &[], b"");
    assert_eq!((answer.status, answer.header("content-type")), (200, Some("text/plain; version=0.0.4; charset=utf-8")));
    answer.text().to_owned()
}

/// The value of a sample; its labels exactly as they are written.
#[track_caller]
fn value<'t>(text: &'t str, sample: &str) -> &'t str {
    let value = text.lines().find_map(|line| line.strip_prefix(sample)?.strip_prefix(' '));
    value.unwrap_or_else(|| panic!("no {sample} in {text}"))
}

#[track_caller]
fn number(text: &str, sample: &str) -> f64 {
    value(text, sample).parse().unwrap()
}

#[test]
fn requests_and_evaluations_are_counted() {
    let server = Server::start();
    for user in ["U-1", "U-2", "U-3"] {
        server.get(&format!("{EVAL}&user={user}")).data();
    }
    server.get(&format!("{EVAL}&user=U-1&trace=true")).data();
    server.get("/api/flags/eval?key=secret-flag&user=U-1").failure(404, "flag_not_found");
    server.get("/api/flags/eval").failure(400, "invalid_request");
    server.post("/api/flags/eval", "{}").failure(405, "method_not_allowed");
    server.post("/api/flags/eval/batch", r#"{"context": {"user_id": "U-1"}, "flags": ["no-1", "no-2"]}"#).data();
    assert_eq!(server.post(&format!("{OFREP}flags.registry_v1"), r#"{"context": {"tier": "staff"}}"#).status, 200);
    assert_eq!(server.post(&format!("{OFREP}a/b"), "{}").status, 404);
    assert_eq!(server.post(OFREP.trim_end_matches('/'), "{}").status, 200);
    server.get("/secret-address").failure(404, "not_found");
    let text = scrape(&server);
    let requests = |route: &str, method: &str, status: u16| {
        let labels = format!(r#"route="{route}",method="{method}",status="{status}""#);
        value(&text, &format!("stitch_http_requests_total{{{labels}}}"))
    };
    assert_eq!(requests("/api/flags/eval", "GET", 200), "4");
    for (route, method, status) in [
        ("/api/flags/eval", "GET", 404),
        ("/api/flags/eval", "GET", 400),
        ("/api/flags/eval", "POST", 405),
        ("/api/flags/eval/batch", "POST", 200),
        ("/ofrep/v1/evaluate/flags/{*key}", "POST", 200),
        ("/ofrep/v1/evaluate/flags/{*key}", "POST", 404),
        ("/ofrep/v1/evaluate/flags", "POST", 200),
        ("none", "GET", 404),
    ] {
        assert_eq!(requests(route, method, status), "1", "{route} {method} {status}");
    }
    let reason = |reason: &str| value(&text, &format!("stitch_evaluations_total{{reason=\"{reason}\"}}"));
    // Four by `eval` and one over OFREP; of all flags, asked for by nobody, those that are not open.
    assert_eq!([reason("stage_internal"), reason("flag_not_found"), reason("flag_invalid")], ["5", "3", "0"]);
    assert_ne!(reason("default"), "0");
    let histogram = "stitch_http_request_duration_seconds";
    let route = r#"route="/api/flags/eval""#;
    assert_eq!(value(&text, &format!("{histogram}_count{{{route}}}")), "7");
    assert_eq!(value(&text, &format!("{histogram}_bucket{{{route},le=\"+Inf\"}}")), "7");
    assert_eq!(value(&text, &format!("{histogram}_bucket{{{route},le=\"10\"}}")), "7");
    assert!(number(&text, &format!("{histogram}_sum{{{route}}}")) > 0.0);
    for hidden in ["U-1", "secret", "staff", "registry_v1", "no-1"] {
        assert!(!text.contains(hidden), "{hidden}: {text}");
    }
}

#[test]
fn what_clients_report_and_people_do_is_counted() {
    let shop = Shop::open();
    let before = scrape(&shop.server);
    told(&shop.sdk("/v1/environments/prod/evaluate", r#"{"flag_key": "checkout", "context_key": "U-1"}"#));
    told(&shop.sdk("/v1/environments/prod/segments/beta/check", r#"{"context_key": "U-1"}"#));
    let event = |key: &str| json!({"metric_key": key, "context_key": "U-1", "value": 1});
    let events = json!({"events": [event("clicks"), event("clicks"), event("no-metric")]}).to_string();
    told(&shop.sdk("/v1/environments/prod/events", &events));
    refused(&shop.sdk("/v1/environments/prod/events", r#"{"events": [7]}"#), 400, "invalid_request");
    let login = r#"{"email": "nobody@example.com", "password": "hunter-two"}"#;
    refused(&shop.server.post("/v1/auth/login", login), 401, "unauthorized");
    refused(&shop.server.post("/v1/auth/login", "{}"), 400, "invalid_request");
    told(&shop.admin("POST", "/v1/metrics", r#"{"key": "more", "type": "integer"}"#));
    let text = scrape(&shop.server);
    for (sample, expected) in [
        (r#"stitch_evaluations_total{reason="stage_full"}"#, "1"),
        (r#"stitch_events_total{outcome="accepted"}"#, "2"),
        (r#"stitch_events_total{outcome="rejected"}"#, "1"),
        ("stitch_logins_failed_total", "1"),
        // The denial of the login, and the metric.
        ("stitch_store_commit_duration_seconds_count", "2"),
        ("stitch_store_away", "0"),
        (r#"stitch_http_requests_total{route="/v1/environments/{env}/evaluate",method="POST",status="200"}"#, "1"),
        (r#"stitch_http_requests_total{route="/v1/environments/{env}/events",method="POST",status="400"}"#, "1"),
        (r#"stitch_http_requests_total{route="/v1/auth/login",method="POST",status="401"}"#, "1"),
        (r#"stitch_http_requests_total{route="/v1/metrics",method="POST",status="201"}"#, "1"),
    ] {
        assert_eq!(value(&text, sample), expected, "{sample}");
    }
    assert!((number(&text, "stitch_store_revision") - number(&before, "stitch_store_revision") - 1.0).abs() < 0.5);
    for hidden in ["U-1", "checkout", "clicks", "no-metric", "nobody", "hunter", &shop.stocked.key] {
        assert!(!text.contains(hidden), "{hidden}: {text}");
    }
}

#[test]
fn names_types_and_units_are_those_of_prometheus() {
    let server = Server::start();
    server.get("/healthz").data();
    let text = scrape(&server);
    for (name, kind) in [
        ("stitch_build_info", "gauge"),
        ("stitch_uptime_seconds", "gauge"),
        ("stitch_registry_info", "gauge"),
        ("stitch_registry_loaded_timestamp_seconds", "gauge"),
        ("stitch_registry_age_seconds", "gauge"),
        ("stitch_registry_refused", "gauge"),
        ("stitch_registry_flags", "gauge"),
        ("stitch_store_revision", "gauge"),
        ("stitch_store_away", "gauge"),
        ("stitch_store_commit_duration_seconds", "histogram"),
        ("stitch_evaluations_total", "counter"),
        ("stitch_events_total", "counter"),
        ("stitch_logins_failed_total", "counter"),
        ("stitch_http_requests_total", "counter"),
        ("stitch_http_request_duration_seconds", "histogram"),
    ] {
        assert!(text.contains(&format!("# TYPE {name} {kind}\n")), "{name}: {text}");
        assert!(text.contains(&format!("# HELP {name} ")), "{name}: {text}");
    }
    assert_eq!(text.matches("# TYPE").count(), 15, "{text}");
}

#[test]
fn the_registry_that_serves_is_told() {
    let folder = scratch("metrics");
    let file = folder.join("registry.json");
    std::fs::write(&file, r#"{"schema_version": "1.0", "flags": [{"key": "a", "default_value": true}]}"#).unwrap();
    let server = Server::of_file(&file);
    let revision = server.get("/api/flags/health").data()["registry"]["revision"].as_str().unwrap().to_owned();
    let info = format!(r#"stitch_registry_info{{revision="{revision}",source="file"}}"#);
    let text = scrape(&server);
    assert_eq!(value(&text, &info), "1");
    assert_eq!([value(&text, "stitch_registry_flags"), value(&text, "stitch_registry_refused")], ["1", "0"]);
    let loaded = number(&text, "stitch_registry_loaded_timestamp_seconds");
    assert!(loaded > 1.6e9 && number(&text, "stitch_registry_age_seconds") < 60.0, "{text}");
    std::fs::write(&file, "{").unwrap();
    until(common::PATIENCE, || (value(&scrape(&server), "stitch_registry_refused") == "1").then_some(()));
    assert_eq!(value(&scrape(&server), &info), "1");
}

#[test]
fn the_two_addresses_have_nothing_in_common() {
    let server = Server::with(Settings::default(), Source::Embedded);
    server.get("/metrics").failure(404, "not_found");
    let ask = |method, path, headers: &[(&str, &str)]| -> Answer { ask(server.management, method, path, headers, b"") };
    for path in ["/", "/healthz", "/api/flags/eval?key=a&user=b"] {
        ask("GET", path, &[]).failure(404, "not_found");
    }
    ask("POST", "/metrics", &[]).failure(405, "method_not_allowed");
    // What is at neither address is one number.
    let nowhere = r#"stitch_http_requests_total{route="none",method="GET",status="404"} 4"#;
    assert_eq!(scrape(&server).matches(r#"route="none",method="GET",status="404""#).count(), 1);
    assert!(scrape(&server).lines().any(|line| line == nowhere), "{}", scrape(&server));
    // Whoever collects numbers is another machine, and may come through a proxy.
    let collector = [("Host", "flags.example.com:9464"), ("X-Forwarded-For", "10.0.0.1"), ("X-Request-Id", "scrape-1")];
    let answer = ask("GET", "/metrics", &collector);
    assert_eq!((answer.status, answer.header("x-request-id")), (200, Some("scrape-1")));
}
