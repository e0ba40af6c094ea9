//! Dev mode: tokens authorise, and do not say for whom.

use stitch_server::state::Settings;

use crate::{ADMIN, BATCH, EVAL, House, PASSWORD, refused};

#[test]
fn a_token_does_not_set_the_context_and_one_that_is_not_valid_is_401() {
    let house = House::dev();
    let path = format!("{EVAL}&user=U-1");
    let token = house.token(ADMIN);
    let answer = house.ask_as(&token, "GET", &path, "");
    assert_eq!(answer.json()["service"]["auth_source"], "query");
    assert_eq!(answer.json()["service"]["warnings"], serde_json::json!(["dev_mode"]));
    assert_eq!(answer.data(), house.server.get(&path).data());
    house.ask_as(&token, "GET", EVAL, "").failure(400, "invalid_request");
    for path in [path.as_str(), "/api/flags/registry"] {
        for (header, value) in [
            ("Authorization", "Bearer nonsense"),
            ("Authorization", "Basic eDp5"),
            ("x-sdk-key", "stitch_a_b"),
            ("x-api-key", "stitch_a_b"),
        ] {
            house.server.get_with(path, &[(header, value)]).failure(401, "unauthorized");
        }
    }
    let body = r#"{"context": {"user_id": "U-1"}}"#;
    house.server.post_with(BATCH, &[("Authorization", "Bearer nonsense")], body).failure(401, "unauthorized");
    house.ask_as(&token, "POST", BATCH, body).data();
}

#[test]
fn writes_need_a_token() {
    let house = House::dev();
    let key = r#"{"env": "dev", "name": "x"}"#;
    refused(&house.server.post("/v1/keys", key), 401, "unauthorized");
    assert_eq!(house.ask(ADMIN, "POST", "/v1/keys", key).status, 201);
}

#[test]
fn told_to_serve_other_machines_it_refuses_all_writes() {
    let house = House::with(Settings { insecure_dev_context: true, ..Settings::default() });
    house.server.get(&format!("{EVAL}&user=U-1")).data();
    let revision = house.state.load().model.head.revision;
    let login = format!(r#"{{"email": "{ADMIN}", "password": "{PASSWORD}"}}"#);
    for (method, path, body) in [
        ("POST", "/v1/keys", r#"{"env": "dev", "name": "x"}"#),
        ("POST", "/v1/users", r#"{"email": "a@b", "password": "long enough"}"#),
        ("PATCH", "/v1/users/viewer@example.com", r#"{"grants": [], "revision": 1}"#),
        ("DELETE", "/v1/users/viewer@example.com", ""),
    ] {
        let error = refused(&house.ask(ADMIN, method, path, body), 403, "forbidden");
        assert!(error["error"].as_str().unwrap().contains("refuses all writes"), "{error}");
    }
    refused(&house.server.post("/v1/auth/login", login), 403, "forbidden");
    assert_eq!(house.state.load().model.head.revision, revision);
    assert_eq!(house.ask(ADMIN, "GET", "/v1/users", "").status, 200);
}
