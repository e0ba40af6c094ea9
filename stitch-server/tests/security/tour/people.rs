//! People, keys, and what may be measured.

use serde_json::json;

use super::Who::{Nobody, Person};
use super::{Call, METRIC, SOMEBODY, Stop};
use crate::{ADMIN, PASSWORD};

pub(super) fn stops() -> Vec<Stop> {
    let read = |method, route, call| Stop { method, route, writes: false, call };
    let write = |method, route, call| Stop { method, route, writes: true, call };
    vec![
        read("GET", "/v1/metrics", |_, _| Call::of(Person, "/v1/metrics")),
        write("POST", "/v1/metrics", |_, t| {
            let body = json!({"key": t.at("key", t.unique()), "type": t.at("type", "integer"),
                "description": t.at("description", "a tour")});
            let kept = format!("/v1/metrics/{}", t.unique());
            Call::of(Person, "/v1/metrics").body(body).keeps(Person, kept, &["description"])
        }),
        read("GET", "/v1/metrics/{key}", |_, t| Call::of(Person, format!("/v1/metrics/{}", t.part("key", METRIC)))),
        write("PATCH", "/v1/metrics/{key}", |site, t| {
            let path = format!("/v1/metrics/{METRIC}");
            let body = json!({"description": t.at("description", "a tour"), "revision": site.revision(&path)});
            Call::of(Person, format!("/v1/metrics/{}", t.part("key", METRIC))).body(body).keeps(
                Person,
                path,
                &["description"],
            )
        }),
        write("DELETE", "/v1/metrics/{key}", |site, t| {
            let made = site.made("POST", "/v1/metrics", json!({"key": t.unique(), "type": "integer"}));
            let (key, revision) = (t.part("key", t.unique()), t.part("revision", &made));
            Call::of(Person, format!("/v1/metrics/{key}?revision={revision}"))
        }),
        write("POST", "/v1/auth/login", |_, t| {
            let body = json!({"email": t.at("email", ADMIN), "password": t.at("password", PASSWORD)});
            Call::of(Nobody, "/v1/auth/login").body(body)
        }),
        read("GET", "/v1/keys", |_, t| {
            Call::of(Person, "/v1/keys").header("Accept-Language", t.at("header language", "en"))
        }),
        write("POST", "/v1/keys", |_, t| {
            let body = json!({"env": t.at("env", "dev"), "name": t.at("name", "a tour")});
            Call::of(Person, "/v1/keys").body(body).keeps(Person, "/v1/keys", &["name"])
        }),
        read("GET", "/v1/keys/{id}", |site, t| {
            Call::of(Person, format!("/v1/keys/{}", t.part("id", site.key.split('_').nth(1).unwrap())))
        }),
        write("PATCH", "/v1/keys/{id}", |site, t| {
            let id = site.key.split('_').nth(1).unwrap();
            let path = format!("/v1/keys/{id}");
            let body = json!({"name": t.at("name", "a tour"), "revision": site.revision(&path)});
            Call::of(Person, format!("/v1/keys/{}", t.part("id", id))).body(body).keeps(Person, path, &["name"])
        }),
        write("DELETE", "/v1/keys/{id}", |site, t| {
            let id = site.id("/v1/keys", json!({"env": "dev", "name": t.unique()}));
            Call::of(Person, format!("/v1/keys/{}", t.part("id", &id)))
        }),
        read("GET", "/v1/users", |_, _| Call::of(Person, "/v1/users")),
        write("POST", "/v1/users", |_, t| {
            let email = t.at("email", &format!("{}@example.com", t.unique()));
            let grant = json!({"role": t.at("role", "viewer"), "env": t.at("grant env", "dev")});
            let body = json!({"email": email, "password": t.at("password", PASSWORD), "grants": [grant],
                "tenant_id": t.at("tenant_id", "t"), "tier": t.at("tier", "staff"), "role_key": t.at("role_key", "r")});
            Call::of(Person, "/v1/users").body(body).keeps(Person, "/v1/users", &["tenant_id", "tier", "role_key"])
        }),
        read("GET", "/v1/users/{email}", |_, t| Call::of(Person, format!("/v1/users/{}", t.part("email", SOMEBODY)))),
        write("PATCH", "/v1/users/{email}", |site, t| {
            let path = format!("/v1/users/{SOMEBODY}");
            let body = json!({"tenant_id": t.at("tenant_id", "t"), "tier": t.at("tier", "staff"),
                "role_key": t.at("role_key", "r"),
                "revision": site.revision(&path)});
            let call = Call::of(Person, format!("/v1/users/{}", t.part("email", SOMEBODY))).body(body);
            call.keeps(Person, path, &["tenant_id", "tier", "role_key"])
        }),
        write("DELETE", "/v1/users/{email}", |site, t| {
            let email = format!("{}@example.com", t.unique());
            let made = site.made("POST", "/v1/users", json!({"email": email, "password": PASSWORD}));
            let (email, revision) = (t.part("email", &email), t.part("revision", &made));
            Call::of(Person, format!("/v1/users/{email}?revision={revision}"))
        }),
    ]
}
