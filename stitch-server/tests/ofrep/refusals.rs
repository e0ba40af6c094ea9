//! What is not answered, and to whom.

use serde_json::json;
use stitch_server::source::Source;
use stitch_server::state::Settings;

use crate::common::{Answer, Server, ask};
use crate::{FLAGS, fails, registry, server};

#[test]
fn a_body_that_cannot_be_read_is_a_parse_error() {
    let server = server();
    let path = format!("{FLAGS}/open");
    for body in
        ["", "{", "[]", "7", r#"{"context": {"a": 1, "a": 2}}"#, r#"{"context": {"a": 1e400}}"#, "{\"context\": {}} x"]
    {
        let answer = server.post(&path, body);
        fails(&answer, 400, "PARSE_ERROR");
        assert_eq!(answer.json()["key"], "open", "{body}");
        let bulk = server.post(FLAGS, body);
        fails(&bulk, 400, "PARSE_ERROR");
        assert!(bulk.json().get("key").is_none());
    }
    assert!(fails(&server.post(FLAGS, "{\n  x"), 400, "PARSE_ERROR").contains("line 2, column 3"));
}

#[test]
fn every_failure_below_the_prefix_has_the_protocols_form() {
    let settings = Settings { body_limit: 100, ..Settings::default() };
    let server = Server::with(settings, Source::File(registry()));
    let path = format!("{FLAGS}/open");
    let large = json!({"context": {"note": "x".repeat(100)}}).to_string();
    let answer = server.post(&path, large);
    fails(&answer, 413, "GENERAL");
    assert_eq!(answer.json()["key"], "open");
    fails(&ask(server.address, "POST", &path, &[("Content-Type", "text/plain")], b"{}"), 415, "GENERAL");
    fails(&ask(server.address, "POST", &path, &[], b"{}"), 415, "GENERAL");
    let answer = server.get(&path);
    fails(&answer, 405, "GENERAL");
    assert_eq!(answer.header("allow"), Some("POST"));
    fails(&server.get("/ofrep/v1/configuration"), 404, "GENERAL");
    fails(&server.post_with(&path, &[("Host", "example.com")], "{}"), 403, "GENERAL");
    // Others keep theirs.
    server.get("/ofrep").failure(404, "not_found");
    server.get("/ofrepx/v1").failure(404, "not_found");
}

#[test]
fn a_key_that_is_presented_and_is_none_is_refused() {
    let server = server();
    let path = format!("{FLAGS}/open");
    for header in
        [("X-API-Key", "dummy"), ("X-API-Key", ""), ("Authorization", "Bearer dummy"), ("Authorization", "Basic eDp5")]
    {
        let answer = server.post_with(&path, &[header], "{}");
        let details = fails(&answer, 401, "GENERAL");
        assert!(!details.contains("dummy") && !details.contains("eDp5"), "{details}");
        assert_eq!((answer.header("www-authenticate"), &answer.json()["key"]), (Some("Bearer"), &json!("open")));
        fails(&server.post_with(FLAGS, &[header], "{}"), 401, "GENERAL");
        fails(&server.get_with("/ofrep/v1/events", &[header]), 401, "GENERAL");
    }
}

#[test]
fn only_named_origins_may_read() {
    const ORIGIN: (&str, &str) = ("Origin", "https://app.example.com");
    const OTHER: (&str, &str) = ("Origin", "https://evil.example.com");
    let settings = Settings { cors_origins: vec![ORIGIN.1.parse().unwrap()], ..Settings::default() };
    let server = Server::with(settings, Source::File(registry()));
    let path = format!("{FLAGS}/open");
    let allows = |answer: &Answer| answer.header("access-control-allow-origin").map(str::to_owned);

    let answer = server.post_with(&path, &[ORIGIN], "{}");
    assert_eq!(
        (answer.status, allows(&answer).as_deref(), answer.header("vary")),
        (200, Some(ORIGIN.1), Some("Origin"))
    );
    assert_eq!(answer.header("access-control-allow-credentials"), None);
    let exposed = answer.header("access-control-expose-headers").unwrap();
    assert!(exposed.contains("ETag") && exposed.contains("Retry-After"), "{exposed}");
    for answer in [
        server.get_with("/api/flags/health", &[ORIGIN]),
        server.get_with("/api/flags/eval?key=open&user=U-1", &[ORIGIN]),
        server.post_with("/api/flags/eval/batch", &[ORIGIN], r#"{"context": {"user_id": "U-1"}}"#),
        // Failures can be read too.
        server.post_with(&path, &[ORIGIN], "{"),
        server.post_with(&path, &[ORIGIN, ("X-API-Key", "k")], "{}"),
        server.get_with("/ofrep/v2", &[ORIGIN]),
    ] {
        assert_eq!(allows(&answer).as_deref(), Some(ORIGIN.1), "{answer:?}");
    }
    for answer in [
        server.post_with(&path, &[OTHER], "{}"),
        server.post_with(&path, &[("Origin", "null")], "{}"),
        server.post_with(&path, &[("Origin", "https://app.example.com.evil.example.com")], "{}"),
        server.post_with(&path, &[ORIGIN, OTHER], "{}"),
        server.post(&path, "{}"),
    ] {
        assert_eq!((allows(&answer), answer.header("vary")), (None, Some("Origin")));
    }
    assert_eq!(allows(&server.get_with("/api/flags/registry", &[ORIGIN])), None, "not of the registry");

    let asks = ("Access-Control-Request-Method", "POST");
    let headers = ("Access-Control-Request-Headers", "content-type,if-none-match");
    let answer = ask(server.address, "OPTIONS", FLAGS, &[ORIGIN, asks, headers], b"");
    assert_eq!((answer.status, answer.body.len(), allows(&answer).as_deref()), (204, 0, Some(ORIGIN.1)));
    assert!(answer.header("access-control-allow-methods").unwrap().contains("POST"));
    let allowed = answer.header("access-control-allow-headers").unwrap().to_lowercase();
    for name in ["content-type", "if-none-match", "x-api-key", "authorization"] {
        assert!(allowed.split(", ").any(|allowed| allowed == name), "{allowed}");
    }
    assert!(answer.header("access-control-max-age").is_some());
    let answer = ask(server.address, "OPTIONS", FLAGS, &[OTHER, asks], b"");
    assert_eq!((answer.status, allows(&answer)), (405, None));

    let closed = Server::of_file(registry());
    let answer = closed.post_with(&path, &[ORIGIN], "{}");
    assert_eq!((allows(&answer), answer.header("vary")), (None, None));
    assert_eq!(ask(closed.address, "OPTIONS", FLAGS, &[ORIGIN, asks], b"").status, 405);
}
