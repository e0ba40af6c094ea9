//! What tells how it is, and what evaluates.

use serde_json::json;

use super::Who::{Client, Nobody, Ofrep, Person};
use super::{Call, FLAG, METRIC, SEGMENT, Stop};

pub(super) fn stops() -> Vec<Stop> {
    let stop = |method, route, call| Stop { method, route, writes: false, call };
    vec![
        stop("GET", "/healthz", |_, t| {
            Call::of(Nobody, format!("/healthz?{}=1", t.part("parameter", "any")))
                .header("X-Request-Id", t.at("header id", "r-1"))
        }),
        stop("GET", "/readyz", |_, t| Call::of(Nobody, "/readyz").header("Accept", t.at("header accept", "*/*"))),
        stop("GET", "/api/flags/health", |_, t| {
            Call::of(Nobody, "/api/flags/health").header("Origin", t.at("header origin", "http://localhost"))
        }),
        stop("GET", "/.well-known/jwks.json", |_, t| {
            Call::of(Nobody, "/.well-known/jwks.json").header("If-None-Match", t.at("header etag", "\"x\""))
        }),
        stop("GET", "/openapi.json", |_, t| {
            Call::of(Nobody, "/openapi.json").header("If-None-Match", t.at("header etag", "\"x\""))
        }),
        stop("GET", "/api/flags/eval", |_, t| {
            let [key, user, tenant] = [t.part("key", FLAG), t.part("user", "U-1"), t.part("tenant", "t-1")];
            let [tier, env, role] = [t.part("tier", "staff"), t.part("env", "dev"), t.part("role_key", "r")];
            let query = format!("key={key}&user={user}&tenant={tenant}&tier={tier}&env={env}&role_key={role}");
            let trace = t.part("trace", "true");
            Call::of(Person, format!("/api/flags/eval?{query}&trace={trace}"))
        }),
        stop("GET", "/api/flags/eval", |_, t| {
            Call::of(Person, format!("/api/flags/eval?key={FLAG}"))
                .header("X-PTT-User-Id", t.at("header user", "U-1"))
                .header("X-PTT-Tenant-Id", t.at("header tenant", "t-1"))
                .header("X-PTT-Tier", t.at("header tier", "staff"))
                .header("X-PTT-Env", t.at("header env", "dev"))
                .header("X-PTT-Role-Key", t.at("header role", "r"))
        }),
        stop("POST", "/api/flags/eval/batch", |_, t| {
            let context = json!({
                "user_id": t.at("user_id", "U-1"), "kind": t.at("kind", "user"), "tenant_id": t.at("tenant_id", "t-1"),
                "tier": t.at("tier", "staff"), "env": t.at("env", "dev"), "role_key": t.at("role_key", "r"),
                "attributes": {t.at("attribute name", "country"): t.at("attribute", "TH"), "list": [t.at("element", "a")]},
                "approvals": {t.at("approval flag", FLAG): t.at("approval", "a-1")},
                "overrides": {"user": {t.at("override flag", FLAG): true}}});
            let item = json!({"flag_key": t.at("item flag", FLAG), "user_id": t.at("item user", "U-2"),
                "attributes": {"country": t.at("item attribute", "TH")}});
            let body = json!({"context": context, "flags": [t.at("flag", FLAG), item], "trace": true});
            Call::of(Person, "/api/flags/eval/batch").body(body)
        }),
        stop("POST", "/v1/environments/{env}/evaluate", |_, t| {
            let body = json!({"flag_key": t.at("flag_key", FLAG), "context_type": t.at("context_type", "user"),
                "context_key": t.at("context_key", "U-1"), "tenant_id": t.at("tenant_id", "t-1"),
                "attributes": {t.at("attribute name", "country"): t.at("attribute", "TH"), "list": [t.at("element", "a")]}});
            Call::of(Client, format!("/v1/environments/{}/evaluate", t.part("env", "dev"))).body(body)
        }),
        stop("POST", "/v1/environments/{env}/segments/{key}/check", |_, t| {
            let body = json!({"context_type": t.at("context_type", "user"), "context_key": t.at("context_key", "U-1"),
                "attributes": {t.at("attribute name", "country"): t.at("attribute", "TH")}});
            let (env, key) = (t.part("env", "dev"), t.part("segment", SEGMENT));
            Call::of(Client, format!("/v1/environments/{env}/segments/{key}/check")).body(body)
        }),
        Stop {
            method: "POST",
            route: "/v1/environments/{env}/events",
            writes: true,
            call: |_, t| {
                let event = json!({"metric_key": t.at("metric_key", METRIC), "context_type": t.at("context_type", "user"),
                    "context_key": t.at("context_key", "U-1"), "event_id": t.at("event_id", t.unique()), "value": 1});
                let odd = json!({"metric_key": METRIC, "context_key": "U-1", "value": t.at("value", "x"),
                    "timestamp": t.at("timestamp", "x")});
                let path = format!("/v1/environments/{}/events", t.part("env", "dev"));
                Call::of(Client, path).body(json!({"events": [event, odd]})).keeps(
                    Person,
                    "/v1/environments/dev/events",
                    &["context_type", "context_key", "event_id"],
                )
            },
        },
        stop("GET", "/v1/environments/{env}/events", |_, t| {
            let (after, limit) = (t.part("after", "0"), t.part("limit", "1000"));
            Call::of(Person, format!("/v1/environments/{}/events?after={after}&limit={limit}", t.part("env", "dev")))
        }),
        stop("POST", "/ofrep/v1/evaluate/flags/{*key}", |_, t| {
            let context = json!({"targetingKey": t.at("targetingKey", "U-1"), "tier": t.at("tier", "staff"),
                "env": t.at("env", "dev"), t.at("attribute name", "country"): t.at("attribute", "TH"),
                "list": [t.at("element", "a")]});
            Call::of(Ofrep, format!("/ofrep/v1/evaluate/flags/{}", t.part("key", FLAG)))
                .body(json!({"context": context}))
        }),
        stop("POST", "/ofrep/v1/evaluate/flags/", |_, t| {
            Call::of(Ofrep, "/ofrep/v1/evaluate/flags/")
                .body(json!({"context": {"targetingKey": t.at("targetingKey", "U-1")}}))
        }),
        stop("POST", "/ofrep/v1/evaluate/flags", |_, t| {
            let context = json!({"targetingKey": t.at("targetingKey", "U-1"), "country": t.at("attribute", "TH"),
                "now": t.at("now", "2026-01-01T00:00:00Z")});
            Call::of(Ofrep, format!("/ofrep/v1/evaluate/flags?{}=1", t.part("parameter", "any")))
                .header("If-None-Match", t.at("header etag", "\"x\""))
                .body(json!({"context": context, "more": t.at("more", "x")}))
        }),
        stop("GET", "/ofrep/v1/events", |_, t| {
            Call::of(Ofrep, format!("/ofrep/v1/events?since={}", t.part("since", "x")))
                .header("Last-Event-ID", t.at("header last event", "x"))
        }),
    ]
}
