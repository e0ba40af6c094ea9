//! What defines flags, and what guards them.

use serde_json::{Value, json};

use super::Who::Person;
use super::{Call, FLAG, GUARDED, ROW, SEGMENT, Site, Stop, Texts};

const AUDIT: &str = "/api/flags/audit?limit=1000&flag=tour-flag";

pub(super) fn stops() -> Vec<Stop> {
    let read = |method, route, call| Stop { method, route, writes: false, call };
    let write = |method, route, call| Stop { method, route, writes: true, call };
    vec![
        read("GET", "/api/flags/registry", |_, t| {
            Call::of(Person, format!("/api/flags/registry?summary={}", t.part("summary", "true")))
        }),
        read("GET", "/api/flags/overrides/by-flag/{key}", |_, t| {
            Call::of(Person, format!("/api/flags/overrides/by-flag/{}", t.part("key", FLAG)))
        }),
        write("PUT", "/api/flags/overrides/{id}", |_, t| {
            let id = t.at("id", t.unique());
            let row = json!({"id": &id, "flag_key": t.at("flag_key", FLAG), "scope": t.at("scope", "user"),
                "user_id": t.at("user_id", t.unique()), "value": true, "rationale": t.at("rationale", "a tour"),
                "expires_at": t.at("expires_at", "2099-01-01T00:00:00Z"), "approval_id": t.at("approval_id", "none")});
            let rows = format!("/api/flags/overrides/by-flag/{FLAG}");
            let path = format!("/api/flags/overrides/{}", super::encoded(&id));
            Call::of(Person, path).body(row).keeps(Person, rows, &["id", "user_id", "rationale"])
        }),
        write("DELETE", "/api/flags/overrides/{id}", |site, t| {
            let row = json!({"flag_key": FLAG, "scope": "user", "user_id": t.unique(), "value": true});
            let made = site.made("PUT", &format!("/api/flags/overrides/{}", t.unique()), row);
            let revision = t.part("revision", &made);
            let (id, approval) = (t.part("id", t.unique()), t.part("approval_id", "none"));
            Call::of(Person, format!("/api/flags/overrides/{id}?revision={revision}&approval_id={approval}"))
        }),
        write("PATCH", "/api/flags/{key}/stage", |site, t| {
            let key = made(site, t);
            let body = json!({"rollout_stage": t.at("rollout_stage", "internal"), "env": t.at("env", "dev"),
                "approval_id": [t.at("approval_id", "none")], "revision": site.revision(&format!("/v1/flags/{key}"))});
            Call::of(Person, format!("/api/flags/{}/stage", t.part("key", &key))).body(body)
        }),
        write("POST", "/api/flags/{key}/rollback", |_, t| {
            let body = json!({"reason": t.at("reason", "a tour"), "env": t.at("env", "dev")});
            let path = format!("/api/flags/{}/rollback", t.part("key", FLAG));
            Call::of(Person, path).body(body).keeps(Person, AUDIT, &["reason"])
        }),
        read("GET", "/api/flags/audit", |_, t| {
            let [flag, after, limit] = [t.part("flag", FLAG), t.part("after", "0"), t.part("limit", "10")];
            Call::of(Person, format!("/api/flags/audit?flag={flag}&after={after}&limit={limit}"))
        }),
        read("GET", "/v1/flags", |_, _| Call::of(Person, "/v1/flags")),
        write("POST", "/v1/flags", |_, t| {
            let body = flag(t, &t.at("key", t.unique()));
            Call::of(Person, "/v1/flags").body(body).keeps(Person, format!("/v1/flags/{}", t.unique()), KEPT)
        }),
        read("GET", "/v1/flags/{key}", |_, t| Call::of(Person, format!("/v1/flags/{}", t.part("key", FLAG)))),
        write("PUT", "/v1/flags/{key}", |site, t| {
            let key = made(site, t);
            let path = format!("/v1/flags/{key}");
            let mut body = flag(t, &t.at("key", &key));
            body["revision"] = site.revision(&path);
            body["approval_id"] = t.at("approval_id", "none").into();
            Call::of(Person, format!("/v1/flags/{}", t.part("address", &key))).body(body).keeps(Person, path, KEPT)
        }),
        write("DELETE", "/v1/flags/{key}", |site, t| {
            let key = made(site, t);
            let revision = t.part("revision", &site.revision(&format!("/v1/flags/{key}")).to_string());
            let approval = t.part("approval_id", "none");
            Call::of(Person, format!("/v1/flags/{}?revision={revision}&approval_id={approval}", t.part("key", &key)))
        }),
        read("GET", "/v1/environments/{env}/flags", |_, t| {
            Call::of(Person, format!("/v1/environments/{}/flags", t.part("env", "dev")))
        }),
    ]
}

/// Segments, the whole document, and approvals.
pub(super) fn more() -> Vec<Stop> {
    let read = |method, route, call| Stop { method, route, writes: false, call };
    let write = |method, route, call| Stop { method, route, writes: true, call };
    vec![
        read("GET", "/v1/segments", |_, _| Call::of(Person, "/v1/segments")),
        write("POST", "/v1/segments", |_, t| {
            let body = segment(t, &t.at("key", t.unique()));
            let kept = format!("/v1/segments/{}", t.unique());
            Call::of(Person, "/v1/segments").body(body).keeps(Person, kept, &["included", "condition"])
        }),
        read("GET", "/v1/segments/{key}", |_, t| Call::of(Person, format!("/v1/segments/{}", t.part("key", SEGMENT)))),
        write("PUT", "/v1/segments/{key}", |site, t| {
            let path = format!("/v1/segments/{SEGMENT}");
            let mut body = segment(t, &t.at("key", SEGMENT));
            body["revision"] = site.revision(&path);
            Call::of(Person, format!("/v1/segments/{}", t.part("address", SEGMENT))).body(body).keeps(
                Person,
                path,
                &["included", "condition"],
            )
        }),
        write("DELETE", "/v1/segments/{key}", |site, t| {
            let made = site.made("POST", "/v1/segments", json!({"key": t.unique()}));
            let (key, revision) = (t.part("key", t.unique()), t.part("revision", &made));
            Call::of(Person, format!("/v1/segments/{key}?revision={revision}"))
        }),
        read("GET", "/v1/registry", |_, _| Call::of(Person, "/v1/registry")),
        write("PUT", "/v1/registry", |site, t| {
            let mut document = site.read("/v1/registry");
            let flags = document["flags"].as_array_mut().unwrap();
            let own = flags.iter_mut().find(|flag| flag["key"] == FLAG).unwrap();
            own["description"] = t.at("description", "a tour").into();
            document["approval_id"] = t.at("approval_id", "none").into();
            let kept = format!("/v1/flags/{FLAG}");
            Call::of(Person, "/v1/registry").body(document).keeps(Person, kept, &["description"])
        }),
        read("GET", "/v1/approvals", |_, t| {
            Call::of(Person, format!("/v1/approvals?flag={}", t.part("flag", GUARDED)))
        }),
        write("POST", "/v1/approvals", |_, t| {
            let row = json!({"id": t.at("id", t.unique()), "flag_key": t.at("flag_key", GUARDED), "scope": "user",
                "user_id": t.at("user_id", "U-5"), "value": true, "rationale": t.at("rationale", "a tour")});
            let kept = format!("/v1/approvals?flag={GUARDED}");
            let body = json!({"flag": t.at("flag", GUARDED), "change": {"override": row}});
            Call::of(Person, "/v1/approvals").body(body).keeps(Person, kept, &["user_id"])
        }),
        read("GET", "/v1/approvals/{key}", |site, t| {
            Call::of(Person, format!("/v1/approvals/{}", t.part("id", &asked(site, t))))
        }),
        write("POST", "/v1/approvals/{key}/sign", |site, t| {
            Call::of(Person, format!("/v1/approvals/{}/sign", t.part("id", &asked(site, t))))
        }),
        read("GET", "/api/flags/overrides/by-flag/{key}", |_, _| {
            Call::of(Person, format!("/api/flags/overrides/by-flag/{GUARDED}"))
        }),
        read("GET", "/api/flags/audit", |_, _| Call::of(Person, format!("/api/flags/audit?flag={ROW}"))),
    ]
}

const KEPT: &[&str] = &["description", "owner", "salt", "variant", "condition", "tag"];

fn flag(t: &Texts, key: &str) -> Value {
    json!({"key": key, "type": "string", "variants": {"on": t.at("variant", "new"), "off": "old"},
        "default_value": "old", "serve": "on", "description": t.at("description", "a tour"), "owner": t.at("owner", "us"),
        "salt": t.at("salt", "salt"), "tags": [t.at("tag", "a")],
        "rules": [{"id": t.at("rule", "r"), "serve": t.at("serve", "on"),
            "when": {"attr": t.at("attr", "country"), "op": t.at("op", "eq"), "value": t.at("condition", "TH")}}]})
}

fn segment(t: &Texts, key: &str) -> Value {
    let when = json!({"attr": t.at("attr", "country"), "op": t.at("op", "eq"), "value": t.at("condition", "TH")});
    json!({"key": key, "included": [t.at("included", "U-1")], "when": when})
}

/// A flag of this call's own; its key, whether or not it could be made.
fn made(site: &Site, t: &Texts) -> String {
    let body = json!({"key": t.unique(), "default_value": false});
    let answer = site.send("POST", &Call::of(Person, "/v1/flags").body(body));
    if answer.status == 201 { t.unique().to_owned() } else { FLAG.to_owned() }
}

/// An approval that was asked for; its id.
fn asked(site: &Site, t: &Texts) -> String {
    let row = json!({"id": t.unique(), "flag_key": GUARDED, "scope": "user", "user_id": t.unique(), "value": true});
    site.id("/v1/approvals", json!({"flag": GUARDED, "change": {"override": row}}))
}
