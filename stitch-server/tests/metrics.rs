//! What is counted, as Prometheus reads it from the management address.

mod common;

use common::{Answer, Server, ask, scratch, until};
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
        ("stitch_evaluations_total", "counter"),
        ("stitch_http_requests_total", "counter"),
        ("stitch_http_request_duration_seconds", "histogram"),
    ] {
        assert!(text.contains(&format!("# TYPE {name} {kind}\n")), "{name}: {text}");
        assert!(text.contains(&format!("# HELP {name} ")), "{name}: {text}");
    }
    assert_eq!(text.matches("# TYPE").count(), 10, "{text}");
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
    // Whoever collects numbers is another machine, and may come through a proxy.
    let collector = [("Host", "flags.example.com:9464"), ("X-Forwarded-For", "10.0.0.1"), ("X-Request-Id", "scrape-1")];
    let answer = ask("GET", "/metrics", &collector);
    assert_eq!((answer.status, answer.header("x-request-id")), (200, Some("scrape-1")));
}
