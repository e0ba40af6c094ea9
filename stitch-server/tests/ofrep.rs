//! OFREP over a real socket. The published clients have their own tests in `clients/`, on the same registry.

mod common;
#[path = "ofrep/contexts.rs"]
mod contexts;
#[path = "ofrep/refusals.rs"]
mod refusals;
#[path = "ofrep/streams.rs"]
mod streams;

use std::path::PathBuf;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use common::{Answer, Server, scratch};
use serde_json::{Value, json};

const FLAGS: &str = "/ofrep/v1/evaluate/flags";

fn registry() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../clients/registry.json"))
}

fn server() -> Server {
    Server::of_file(registry())
}

/// A server with a registry of its own.
fn with(registry: &str) -> Server {
    let file = scratch("ofrep").join("registry.json");
    std::fs::write(&file, registry).unwrap();
    Server::of_file(file)
}

fn one(server: &Server, key: &str, context: &Value) -> Answer {
    server.post(&format!("{FLAGS}/{key}"), json!({"context": context}).to_string())
}

fn all(server: &Server, context: &Value) -> Answer {
    server.post(FLAGS, json!({"context": context}).to_string())
}

/// The flag of a bulk answer.
fn among(answer: &Answer, key: &str) -> Value {
    let flags = answer.json()["flags"].as_array().unwrap().clone();
    flags.into_iter().find(|flag| flag["key"] == key).unwrap()
}

#[track_caller]
fn fails(answer: &Answer, status: u16, code: &str) -> String {
    let json = answer.json();
    assert_eq!((answer.status, json["errorCode"].as_str()), (status, Some(code)), "{json}");
    assert!(answer.header("x-request-id").is_some());
    assert_eq!(answer.header("cache-control"), Some("private, no-store"));
    assert!(json.get("value").is_none());
    json["errorDetails"].as_str().expect("every failure has details").to_owned()
}

#[test]
fn each_reason_is_told_in_openfeatures_words() {
    let server = server();
    for (key, context, value, reason, variant, metadata) in [
        ("open", json!({}), json!(true), "STATIC", "on", json!({"reason": "stage_full"})),
        (
            "by-country",
            json!({"country": "TH"}),
            json!("th"),
            "TARGETING_MATCH",
            "thai",
            json!({"reason": "stage_full", "rule_id": "thai"}),
        ),
        (
            "experiment",
            json!({"targetingKey": "U-1"}),
            json!("treatment"),
            "SPLIT",
            "treatment",
            json!({"reason": "staged_in"}),
        ),
        (
            "closed",
            json!({"targetingKey": "U-1"}),
            json!("control"),
            "DEFAULT",
            "control",
            json!({"reason": "staged_out"}),
        ),
        ("halted", json!({}), json!(false), "DISABLED", "off", json!({"reason": "paused"})),
        ("reverted", json!({}), json!(false), "DISABLED", "off", json!({"reason": "rolled_back"})),
        ("unborn", json!({}), json!(false), "DEFAULT", "off", json!({"reason": "default"})),
        (
            "waiting",
            json!({}),
            json!(false),
            "DEFAULT",
            "off",
            json!({"reason": "dep_unsatisfied", "dependency": "unborn"}),
        ),
        ("guarded", json!({}), json!(false), "DEFAULT", "off", json!({"reason": "approval_missing"})),
        (
            "staff-only",
            json!({"tier": "staff"}),
            json!(true),
            "TARGETING_MATCH",
            "on",
            json!({"reason": "stage_internal"}),
        ),
        (
            "pilot-only",
            json!({"targetingKey": "U-pilot"}),
            json!(true),
            "TARGETING_MATCH",
            "on",
            json!({"reason": "stage_pilot"}),
        ),
        (
            "count",
            json!({"tenant_id": "acme"}),
            json!(1000),
            "TARGETING_MATCH",
            "",
            json!({"reason": "tenant_override"}),
        ),
        (
            "tuned",
            json!({"targetingKey": "U-tuned"}),
            json!(7.5),
            "TARGETING_MATCH",
            "",
            json!({"reason": "user_override"}),
        ),
    ] {
        let expected = json!({"key": key, "value": value, "reason": reason, "variant": variant, "metadata": metadata});
        let answer = one(&server, key, &context);
        let got = answer.json();
        if key == "experiment" {
            // Which of the two is the contract's affair.
            assert_eq!((got["reason"].as_str(), &got["metadata"]), (Some("SPLIT"), &metadata), "{got}");
        } else {
            assert_eq!((answer.status, &got), (200, &expected));
        }
        assert_eq!(answer.header("cache-control"), Some("private, no-store"));
        assert_eq!(among(&all(&server, &context), key), got);
    }
}

#[test]
fn values_are_written_exactly() {
    let server = server();
    for (key, written) in [
        ("ratio", r#""value":1.0,"#),
        ("exact", r#""value":9007199254740993,"#),
        ("list", r#""value":[1,"two"],"#),
        ("shape", r#""share":2.5,"whole":3.0}"#),
        ("greeting", r#""value":"สวัสดี \"you\"","#),
    ] {
        for answer in [one(&server, key, &json!({})), all(&server, &json!({}))] {
            assert!(answer.text().contains(written), "{}", answer.text());
        }
    }
    assert!(!all(&server, &json!({})).text().contains(r#""value":null"#));
}

#[test]
fn a_key_is_the_rest_of_the_path() {
    let server = server();
    for (path, key) in [
        ("a/b/c", "a/b/c"),
        ("a%2Fb", "a/b"),
        ("a//b", "a//b"),
        ("%E0%B8%81%20x", "ก x"),
        ("nothing", "nothing"),
        ("", ""),
        ("open/", "open/"),
        ("%ff", "\u{fffd}"),
        ("{key}", "{key}"),
    ] {
        let answer = one(&server, path, &json!({}));
        fails(&answer, 404, "FLAG_NOT_FOUND");
        let json = answer.json();
        assert_eq!((json["key"].as_str(), &json["metadata"]), (Some(key), &json!({"reason": "flag_not_found"})));
    }
    assert_eq!(one(&server, "o%70en", &json!({})).json()["value"], true);
    assert_eq!(one(&server, "open?anything=goes", &json!({})).json()["value"], true);
}

#[test]
fn a_bulk_answer_has_every_flag_and_the_stream() {
    let server = server();
    let answer = all(&server, &json!({"targetingKey": "U-1"}));
    let json = answer.json();
    let keys: Vec<&str> = json["flags"].as_array().unwrap().iter().map(|flag| flag["key"].as_str().unwrap()).collect();
    assert_eq!((answer.status, keys.len(), keys[0]), (200, 20, "open"));
    let stream = &json["eventStreams"][0];
    assert_eq!((&stream["type"], stream.get("url")), (&json!("sse"), None));
    assert!(stream["endpoint"]["requestUri"].as_str().unwrap().starts_with("/ofrep/v1/events?since="));
    assert_eq!(answer.header("cache-control"), Some("private, no-store"));
}

#[test]
fn a_tag_stands_for_the_answer_and_all_that_it_depends_on() {
    let server = server();
    let context = json!({"targetingKey": "U-1", "country": "TH"});
    let first = all(&server, &context);
    let etag = first.header("etag").unwrap().to_owned();
    assert!(etag.starts_with('"') && etag.ends_with('"'), "{etag} is strong");
    assert_eq!(all(&server, &context).header("etag"), Some(etag.as_str()), "the clock alone changes nothing");
    let body = json!({"context": context}).to_string();
    let path = format!("{FLAGS}?flagConfigEtag=x&flagConfigLastModified=1771622898");
    for tag in [etag.clone(), format!("W/{etag}"), format!("\"other\", {etag}")] {
        for path in [FLAGS, &path] {
            let answer = server.post_with(path, &[("If-None-Match", &tag)], &body);
            assert_eq!((answer.status, answer.body.len(), answer.header("etag")), (304, 0, Some(etag.as_str())));
            assert_eq!(answer.header("content-type"), None);
        }
    }
    // The client sends its old tag with its new context.
    for other in [json!({"targetingKey": "U-1"}), json!({"targetingKey": "U-1", "country": "TH", "unread": 1})] {
        let body = json!({"context": other}).to_string();
        let answer = server.post_with(FLAGS, &[("If-None-Match", &etag)], body);
        assert_eq!(answer.status, 200);
        assert_ne!(answer.header("etag"), Some(etag.as_str()));
    }
    assert!(one(&server, "open", &json!({})).header("etag").is_none());
}

#[test]
fn the_clock_ends_what_a_tag_stands_for() {
    // In whole milliseconds, as the row says it; late enough that a busy machine has asked twice by then.
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis();
    let soon = UNIX_EPOCH + Duration::from_millis(u64::try_from(now).unwrap() + 5_000);
    let server = with(&format!(
        r#"{{"schema_version": "1.0", "flags": [{{"key": "a", "default_value": false}}], "overrides": [
            {{"id": "1", "flag_key": "a", "scope": "user", "user_id": "U-1", "value": true, "expires_at": "{}"}}]}}"#,
        humantime::format_rfc3339_millis(soon)
    ));
    let context = json!({"targetingKey": "U-1"});
    let first = all(&server, &context);
    assert_eq!(among(&first, "a")["value"], true);
    let etag = first.header("etag").unwrap();
    let body = json!({"context": context}).to_string();
    let again = || server.post_with(FLAGS, &[("If-None-Match", etag)], &body);
    assert_eq!(again().status, 304);
    let changed = common::until(common::PATIENCE, || Some(again()).filter(|answer| answer.status != 304));
    assert_eq!((changed.status, &among(&changed, "a")["value"]), (200, &json!(false)));
    assert!(SystemTime::now() >= soon);
}
