//! People: added, changed and removed by whom that was given.

use serde_json::{Value, json};

use crate::{ADMIN, GUEST, House, OPERATOR, PASSWORD, VIEWER, refused};

const BOB: &str = "/v1/users/bob@example.com";

fn add(house: &House, more: &Value) -> crate::common::Answer {
    let mut body = json!({"email": "Bob@Example.com", "password": "long enough"});
    for (key, value) in more.as_object().unwrap() {
        body[key] = value.clone();
    }
    house.ask(ADMIN, "POST", "/v1/users", &body.to_string())
}

#[test]
fn a_user_is_added_read_changed_and_removed() {
    let house = House::dev();
    let added = add(&house, &json!({"grants": [{"role": "approver", "env": "prod"}], "tier": "staff"}));
    assert_eq!(added.status, 201);
    let bob = added.json();
    assert_eq!((&bob["email"], &bob["tier"]), (&json!("bob@example.com"), &json!("staff")));
    assert_eq!(bob["grants"], json!([{"role": "approver", "env": "prod"}]));
    assert_eq!(house.ask(ADMIN, "GET", BOB, "").json(), bob);
    assert_eq!(house.ask(ADMIN, "GET", "/v1/users", "").json()["users"].as_array().unwrap().len(), 5);
    refused(&add(&house, &json!({})), 409, "conflict");

    refused(&house.ask(ADMIN, "PATCH", BOB, r#"{"tier": null}"#), 400, "invalid_request");
    refused(&house.ask(ADMIN, "PATCH", BOB, r#"{"tier": null, "revision": 1}"#), 409, "conflict");
    let change = json!({"tier": null, "tenant_id": "t-1", "revision": bob["revision"]}).to_string();
    let changed = house.ask(ADMIN, "PATCH", BOB, &change).json();
    assert_eq!((&changed["tier"], &changed["tenant_id"]), (&json!("anonymous"), &json!("t-1")));
    assert_eq!(changed["grants"], bob["grants"], "what is left out stays");
    refused(&house.ask(ADMIN, "DELETE", &format!("{BOB}?revision={}", bob["revision"]), ""), 409, "conflict");
    assert_eq!(house.ask(ADMIN, "DELETE", &format!("{BOB}?revision={}", changed["revision"]), "").status, 204);
    refused(&house.ask(ADMIN, "GET", BOB, ""), 404, "not_found");
    refused(&house.ask(ADMIN, "DELETE", BOB, ""), 404, "not_found");
    refused(&house.ask(ADMIN, "DELETE", &format!("{BOB}?revision=1"), ""), 404, "not_found");
    for odd in ["%ff", "%00", "a%2fb", "..%2f", "a b".replace(' ', "%20").as_str()] {
        refused(&house.ask(ADMIN, "GET", &format!("/v1/users/{odd}"), ""), 404, "not_found");
        refused(&house.server.get(&format!("/v1/users/{odd}")), 401, "unauthorized");
    }
}

#[test]
fn nothing_tells_a_password_or_its_hash() {
    let house = House::dev();
    let answers = [add(&house, &json!({})), house.ask(ADMIN, "GET", BOB, ""), house.ask(ADMIN, "GET", "/v1/users", "")];
    for answer in &answers {
        assert!(!answer.text().contains("argon2") && !answer.text().contains("long enough"), "{}", answer.text());
    }
    let audit = serde_json::to_string(&house.audit()).unwrap();
    assert!(audit.contains("user.add") && !audit.contains("argon2") && !audit.contains("long enough"), "{audit}");
}

#[test]
fn what_makes_no_user_is_refused_and_says_where() {
    let house = House::dev();
    for more in [
        json!({"email": "nobody"}),
        json!({"password": "short"}),
        json!({"password": "x".repeat(1_025)}),
        json!({"grants": [{"role": "king"}]}),
        json!({"grants": [{"role": "admin", "env": "nowhere"}]}),
        json!({"grants": [{"role": "admin", "environment": "dev"}]}),
        json!({"grants": "admin"}),
        json!({"password_hash": "x"}),
        json!({"tier": 7}),
        json!({"tier": ""}),
        json!({"role_key": "\u{1b}[2J"}),
        json!({"tenant_id": "x".repeat(201)}),
    ] {
        refused(&add(&house, &more), 400, "invalid_request");
    }
}

#[test]
fn only_who_may_write_users_reads_or_writes_them() {
    let house = House::dev();
    add(&house, &json!({"grants": [{"role": "admin", "env": "dev"}]}));
    for who in [VIEWER, OPERATOR, "bob@example.com"] {
        for (method, path, body) in [
            ("GET", "/v1/users", ""),
            ("GET", "/v1/users/admin@example.com", ""),
            ("GET", "/v1/users/none@example.com", ""),
            (
                "POST",
                "/v1/users",
                r#"{"email": "eve@example.com", "password": "long enough", "grants": [{"role": "admin"}]}"#,
            ),
            ("PATCH", "/v1/users/viewer@example.com", r#"{"grants": [{"role": "admin"}], "revision": 3}"#),
            ("DELETE", "/v1/users/admin@example.com", ""),
        ] {
            let error = refused(&house.ask(who, method, path, body), 403, "forbidden");
            assert_eq!(error["error"], "insufficient permissions");
        }
    }
    // Every denied write is told, with who tried.
    let denied: Vec<_> = house.audit().into_iter().filter(|row| row["outcome"] == "denied").collect();
    assert_eq!(denied.len(), 9);
    assert!(denied.iter().all(|row| row["code"] == "forbidden" && row["actor"] != ADMIN), "{denied:?}");
}

#[test]
fn a_new_password_takes_the_place_of_the_old_one() {
    let house = House::dev();
    let revision = add(&house, &json!({})).json()["revision"].clone();
    let change = json!({"password": "another password", "revision": revision}).to_string();
    assert_eq!(house.ask(ADMIN, "PATCH", BOB, &change).status, 200);
    let login = |password: &str| {
        let body = json!({"email": "bob@example.com", "password": password}).to_string();
        house.server.post("/v1/auth/login", body).status
    };
    assert_eq!((login("long enough"), login("another password"), login(PASSWORD)), (401, 200, 401));
}

#[test]
fn who_was_given_nothing_gets_nothing_on_any_route_and_each_try_is_told() {
    use crate::tour::{Site, Texts, Who, stops};
    let house = House::jwt();
    let site = Site::of(&house);
    let guest = Site { address: site.address, token: house.token(GUEST), key: site.key.clone() };
    // What asks for no permission: these evaluate for whoever asks, or are for anybody.
    let free = ["/api/flags/eval", "/api/flags/eval/batch", "/v1/auth/login"];
    let (mut reads, mut writes) = (0, 0);
    for stop in stops().into_iter().filter(|stop| !free.contains(&stop.route)) {
        let call = (stop.call)(&site, &Texts::usual());
        if call.who != Who::Person {
            continue;
        }
        let before = house.state.load().model.head.clone();
        let answer = guest.send(stop.method, &call);
        assert_eq!(answer.status, 403, "{} {} {}", stop.method, call.path, answer.text());
        assert!(answer.text().contains("insufficient permissions"), "{} {}", call.path, answer.text());
        let after = house.state.load().model.head.clone();
        let told = after.audit - before.audit;
        assert_eq!((after.revision, told), (before.revision, u64::from(stop.writes)), "{} {}", stop.method, call.path);
        if stop.writes { writes += 1 } else { reads += 1 }
    }
    assert!(reads > 12 && writes > 20, "{reads} {writes}");
    let denied: Vec<_> = house.audit().into_iter().filter(|entry| entry["outcome"] == "denied").collect();
    assert_eq!(denied.len(), writes);
    assert!(denied.iter().all(|entry| entry["actor"] == GUEST && entry["code"] == "forbidden"), "{denied:?}");
}

#[test]
fn a_name_of_a_megabyte_leaves_its_beginning_in_the_audit_log() {
    let house = House::dev();
    let name = "\u{e01}".repeat(300_000);
    let flag = json!({"key": name, "default_value": false}).to_string();
    refused(&house.ask(GUEST, "POST", "/v1/flags", &flag), 403, "forbidden");
    let stop = json!({"reason": "x", "env": name}).to_string();
    house.ask(GUEST, "POST", "/api/flags/flags.registry_v1/rollback", &stop).failure(403, "forbidden");
    let denied: Vec<_> = house.audit().into_iter().filter(|entry| entry["outcome"] == "denied").collect();
    let beginning = "\u{e01}".repeat(256);
    assert_eq!((&denied[0]["target"], &denied[0]["flag"]), (&json!(beginning), &json!(beginning)));
    assert_eq!(denied[1]["env"], json!(beginning));
}
