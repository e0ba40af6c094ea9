//! Keys of SDK clients.

use axum::http::HeaderMap;
use serde_json::{Value, json};
use stitch_server::auth;
use stitch_server::error::Code;

use crate::common::{Answer, ask};
use crate::{ADMIN, House, OFREP, OPERATOR, VIEWER, refused};

fn ofrep(house: &House, headers: &[(&str, &str)], context: &str) -> Answer {
    let headers = [headers, &[("Content-Type", "application/json")]].concat();
    ask(house.server.address, "POST", OFREP, &headers, format!(r#"{{"context": {context}}}"#).as_bytes())
}

const ANN: &str = r#"{"targetingKey": "U-1", "tier": "staff"}"#;

#[test]
fn a_key_is_shown_once_and_kept_as_a_hash() {
    let house = House::jwt();
    let made = house.ask(ADMIN, "POST", "/v1/keys", r#"{"env": "prod", "name": "web"}"#);
    assert_eq!(made.status, 201);
    let made = made.json();
    let (key, id) = (made["key"].as_str().unwrap(), made["id"].as_str().unwrap());
    let secret = key.strip_prefix(&format!("stitch_{id}_")).unwrap();
    assert_eq!(secret.len(), 64);
    let listed = house.ask(ADMIN, "GET", "/v1/keys", "");
    assert_eq!(listed.json()["keys"][0]["id"], id);
    let read = house.ask(ADMIN, "GET", &format!("/v1/keys/{id}"), "");
    assert_eq!(read.json()["created_by"], ADMIN);
    for answer in [&listed, &read] {
        assert!(!answer.text().contains(secret) && !answer.text().contains("sha256"), "{}", answer.text());
    }
    assert!(!format!("{:?}", house.state.load().model.keys).contains(secret));
    assert!(!serde_json::to_string(&house.audit()).unwrap().contains(secret));
}

#[test]
fn a_key_asks_for_its_own_environment_alone() {
    let house = House::jwt();
    let (key, _) = house.key("prod");
    let with = |env: &str| format!(r#"{{"targetingKey": "U-1", "tier": "staff"{env}}}"#);
    let bearer = format!("Bearer {key}");
    for headers in [[("X-API-Key", key.as_str())], [("Authorization", bearer.as_str())]] {
        assert_eq!(ofrep(&house, &headers, &with("")).status, 200);
        assert_eq!(ofrep(&house, &headers, &with(r#", "env": "prod""#)).status, 200);
        assert_eq!(ofrep(&house, &headers, &with(r#", "env": "dev""#)).status, 403);
    }
    let mut headers = HeaderMap::new();
    headers.insert("x-sdk-key", key.parse().unwrap());
    assert_eq!(auth::sdk_key(&house.state, &headers, "prod").unwrap().env, "prod");
    assert_eq!(auth::sdk_key(&house.state, &headers, "dev").unwrap_err().code, Code::Forbidden);
    headers.insert("x-api-key", key.parse().unwrap());
    assert_eq!(auth::sdk_key(&house.state, &headers, "prod").unwrap_err().code, Code::Unauthorized, "one kind");
}

#[test]
fn an_unknown_or_revoked_key_is_401_in_either_mode() {
    for house in [House::jwt(), House::dev()] {
        let (key, id) = house.key("dev");
        assert_eq!(ofrep(&house, &[("X-API-Key", &key)], ANN).status, 200);
        let last = if key.ends_with('0') { '1' } else { '0' };
        let off_by_one = format!("{}{last}", &key[..key.len() - 1]);
        let other_id = key.replace(&id, "0000000000000000");
        for unknown in [&off_by_one, &other_id, &format!("{key}0"), "stitch__", "stitch_", "dummy", ""] {
            assert_eq!(ofrep(&house, &[("X-API-Key", unknown)], ANN).status, 401, "{unknown}");
        }
        assert_eq!(ofrep(&house, &[("X-SDK-Key", &key)], ANN).status, 401, "another kind of credential");
        let token = format!("Bearer {}", house.token(ADMIN));
        assert_eq!(ofrep(&house, &[("Authorization", &token)], ANN).status, 401, "a token is no key");

        assert_eq!(house.ask(ADMIN, "DELETE", &format!("/v1/keys/{id}"), "").status, 200);
        let first = house.ask(ADMIN, "GET", &format!("/v1/keys/{id}"), "").json()["revoked_at"].clone();
        assert_eq!(ofrep(&house, &[("X-API-Key", &key)], ANN).status, 401, "at once");
        let twice = house.ask(ADMIN, "DELETE", &format!("/v1/keys/{id}"), "").json();
        assert_eq!((twice["revoked_at"].is_string(), &twice["revoked_at"]), (true, &first), "twice is once");
    }
}

#[test]
fn without_a_key_dev_mode_answers_and_jwt_mode_does_not() {
    assert_eq!(ofrep(&House::dev(), &[], ANN).status, 200);
    let house = House::jwt();
    let answer = ofrep(&house, &[], ANN);
    assert_eq!((answer.status, answer.header("www-authenticate")), (401, Some("Bearer")));
    assert_eq!(house.server.get("/ofrep/v1/events").status, 401);
    assert_eq!(house.server.post("/ofrep/v1/evaluate/flags", "{}").status, 401);
}

#[test]
fn keys_are_written_by_whom_it_was_given_in_their_environments() {
    let house = House::dev();
    let (_, prod) = house.key("prod");
    let (_, dev) = house.key("dev");
    let new = r#"{"env": "dev", "name": "x"}"#;
    for who in [VIEWER, OPERATOR] {
        for (method, path, body) in [
            ("GET", "/v1/keys".to_owned(), ""),
            ("POST", "/v1/keys".to_owned(), new),
            ("GET", format!("/v1/keys/{dev}"), ""),
            ("PATCH", format!("/v1/keys/{dev}"), r#"{"name": "y", "revision": 1}"#),
            ("DELETE", format!("/v1/keys/{dev}"), ""),
            ("DELETE", "/v1/keys/none".to_owned(), ""),
        ] {
            let error = refused(&house.ask(who, method, &path, body), 403, "forbidden");
            assert_eq!(error["error"], "insufficient permissions");
        }
    }
    let local =
        r#"{"email": "local@example.com", "password": "long enough", "grants": [{"role": "admin", "env": "dev"}]}"#;
    assert_eq!(house.ask(ADMIN, "POST", "/v1/users", local).status, 201);
    let as_local = |method: &str, path: &str, body: &str| house.ask("local@example.com", method, path, body);
    let listed = as_local("GET", "/v1/keys", "").json();
    let envs: Vec<&Value> = listed["keys"].as_array().unwrap().iter().map(|key| &key["env"]).collect();
    assert_eq!(envs, ["dev"]);
    assert_eq!(as_local("POST", "/v1/keys", new).status, 201);
    refused(&as_local("POST", "/v1/keys", r#"{"env": "prod", "name": "x"}"#), 403, "forbidden");
    refused(&as_local("GET", &format!("/v1/keys/{prod}"), ""), 403, "forbidden");
    refused(&as_local("DELETE", &format!("/v1/keys/{prod}"), ""), 403, "forbidden");
    refused(&as_local("GET", "/v1/users", ""), 403, "forbidden");
    let denied = house.audit().into_iter().filter(|row| row["outcome"] == "denied").count();
    assert!(denied >= 8, "{denied}");
}

#[test]
fn a_key_is_renamed_by_who_saw_it() {
    let house = House::dev();
    let (_, id) = house.key("dev");
    let path = format!("/v1/keys/{id}");
    let revision = house.ask(ADMIN, "GET", &path, "").json()["revision"].as_u64().unwrap();
    refused(&house.ask(ADMIN, "PATCH", &path, r#"{"name": "new"}"#), 400, "invalid_request");
    let stale = json!({"name": "new", "revision": revision + 9}).to_string();
    refused(&house.ask(ADMIN, "PATCH", &path, &stale), 409, "conflict");
    let seen = json!({"name": "new", "revision": revision}).to_string();
    let renamed = house.ask(ADMIN, "PATCH", &path, &seen).json();
    assert_eq!((&renamed["name"], renamed["revision"].as_u64() > Some(revision)), (&json!("new"), true));
    refused(&house.ask(ADMIN, "PATCH", "/v1/keys/none", &seen), 404, "not_found");
    for wrong in [
        r#"{"env": "nowhere", "name": "x"}"#,
        r#"{"env": "dev"}"#,
        r#"{"env": 7, "name": "x"}"#,
        r#"{"env": "dev", "name": ""}"#,
        r#"{"env": "dev", "name": "\u001b[2J"}"#,
        "[]",
        "{",
    ] {
        let error = refused(&house.ask(ADMIN, "POST", "/v1/keys", wrong), 400, "invalid_request");
        assert!(error["details"].is_array() || wrong == "[]", "{error}");
    }
}
