//! Logging in, and guessing.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use stitch_server::config::Auth;
use stitch_server::state::Settings;

use crate::common::{Answer, ask};
use crate::{ADMIN, EVAL, House, PASSWORD, VIEWER, refused};

const LOGIN: &str = "/v1/auth/login";

fn login(house: &House, email: &str, password: &str, headers: &[(&str, &str)]) -> Answer {
    let body = json!({"email": email, "password": password}).to_string();
    let headers = [&[("Content-Type", "application/json")], headers].concat();
    ask(house.server.address, "POST", LOGIN, &headers, body.as_bytes())
}

fn behind_proxy() -> House {
    House::with(Settings { auth: Auth::Jwt, behind_proxy: true, ..Settings::default() })
}

#[test]
fn a_password_gives_a_token_for_an_hour() {
    let house = House::jwt();
    let answer = login(&house, "Admin@Example.com", PASSWORD, &[]);
    assert_eq!((answer.status, answer.header("cache-control")), (200, Some("private, no-store")));
    let token = answer.json()["token"].as_str().unwrap().to_owned();
    assert_eq!(house.ask_as(&token, "GET", "/v1/users", "").status, 200);
    let expires = answer.json()["expires_at"].as_str().unwrap().to_owned();
    let (_, claims) = crate::forge::parts(&token);
    let left = claims["exp"].as_i64().unwrap() - crate::now() / 1_000;
    assert!((3_590..=3_600).contains(&left) && expires.ends_with('Z'), "{left} {expires}");
    assert_eq!(house.ask_as(&token, "GET", EVAL, "").json()["service"]["auth_source"], "token");
}

#[test]
fn known_and_unknown_accounts_fail_in_the_same_words() {
    let house = House::jwt();
    let answers = [login(&house, ADMIN, "wrong password", &[]), login(&house, "nobody@example.com", PASSWORD, &[])];
    let said = answers.each_ref().map(|answer| refused(answer, 401, "unauthorized"));
    assert_eq!(said[0], said[1]);
    let names = answers.each_ref().map(|answer| {
        answer.headers.iter().filter(|(name, _)| name != "x-request-id" && name != "date").cloned().collect::<Vec<_>>()
    });
    assert_eq!(names[0], names[1]);
}

#[test]
fn known_and_unknown_accounts_fail_in_the_same_time() {
    let house = behind_proxy();
    let mut times: [Vec<Duration>; 2] = Default::default();
    // Interleaved, each from an address of its own, so that noise and limits meet both alike.
    for round in 0..15 {
        for (index, email) in [ADMIN, "nobody@example.com"].into_iter().enumerate() {
            let from = format!("192.0.2.{}", 2 * round + index);
            let started = Instant::now();
            let answer = login(&house, email, "wrong password", &[("X-Forwarded-For", &from)]);
            times[index].push(started.elapsed());
            assert_eq!(answer.status, 401);
        }
    }
    let [known, unknown] = times.map(|mut times| {
        times.sort_unstable();
        times[times.len() / 2]
    });
    // Without the same work for both, one takes a fraction of the other: a hash is most of the time.
    let (fast, slow) = (known.min(unknown), known.max(unknown));
    assert!(slow < fast * 2, "known {known:?}, unknown {unknown:?}");
}

#[test]
fn the_sixth_failure_in_a_minute_is_429_whatever_account_and_password() {
    let house = House::jwt();
    for index in 0..5 {
        // Different accounts: the address counts too.
        let email = if index % 2 == 0 { ADMIN.to_owned() } else { format!("nobody{index}@example.com") };
        refused(&login(&house, &email, "wrong password", &[]), 401, "unauthorized");
    }
    for (email, password) in [(ADMIN, "wrong password"), (ADMIN, PASSWORD), (VIEWER, PASSWORD)] {
        let answer = login(&house, email, password, &[]);
        refused(&answer, 429, "rate_limited");
        let wait: u64 = answer.header("retry-after").unwrap().parse().unwrap();
        assert!((1..=60).contains(&wait), "{wait}");
    }
    // A forged hop is no other address.
    for forged in [("X-Forwarded-For", "192.0.2.77"), ("Forwarded", "for=192.0.2.77"), ("X-Real-IP", "192.0.2.77")] {
        refused(&login(&house, ADMIN, PASSWORD, &[forged]), 429, "rate_limited");
    }
}

#[test]
fn many_failures_at_once_are_not_one() {
    let house = House::jwt();
    let statuses: Vec<u16> = std::thread::scope(|scope| {
        let tries: Vec<_> =
            (0..12).map(|_| scope.spawn(|| login(&house, ADMIN, "wrong password", &[]).status)).collect();
        tries.into_iter().map(|one| one.join().unwrap()).collect()
    });
    let count = |status: u16| statuses.iter().filter(|other| **other == status).count();
    assert_eq!((count(401), count(429)), (5, 7), "{statuses:?}");
}

#[test]
fn good_logins_do_not_count() {
    let house = House::jwt();
    for _ in 0..8 {
        assert_eq!(login(&house, ADMIN, PASSWORD, &[]).status, 200);
    }
}

#[test]
fn behind_a_proxy_the_last_hop_is_the_address_and_the_rest_is_hearsay() {
    let house = behind_proxy();
    for index in 0..5 {
        let hops = format!("10.0.0.{index}, 192.0.2.1");
        refused(&login(&house, ADMIN, "wrong password", &[("X-Forwarded-For", &hops)]), 401, "unauthorized");
    }
    let from = |hops: &str| login(&house, ADMIN, PASSWORD, &[("X-Forwarded-For", hops)]).status;
    assert_eq!(from("10.0.0.77, 192.0.2.1"), 429);
    assert_eq!(from("192.0.2.1"), 429);
    assert_eq!(from("192.0.2.1, 192.0.2.2"), 200, "another client of the proxy");
}

#[test]
fn dev_mode_takes_no_word_of_proxies_at_all() {
    let house = House::dev();
    let answer = login(&house, ADMIN, PASSWORD, &[("X-Forwarded-For", "192.0.2.1")]);
    refused(&answer, 403, "forbidden");
    assert_eq!(login(&house, ADMIN, PASSWORD, &[]).status, 200);
}

#[test]
fn a_body_that_is_none_is_400_and_quotes_nothing() {
    let house = House::jwt();
    for body in [
        r#"{"email": "admin@example.com"}"#,
        r#"{"email": "admin@example.com", "password": ["hunter2hunter2"]}"#,
        r#"{"email": "hunter2hunter2", "password": "x"}"#,
        r#"{"email": "admin@example.com", "password": "hunter2hunter2", "more": 1}"#,
        "hunter2hunter2",
        "",
    ] {
        let answer = house.server.post(LOGIN, body);
        refused(&answer, 400, "invalid_request");
        assert!(!answer.text().contains("hunter2"), "{}", answer.text());
    }
    let long = json!({"email": ADMIN, "password": "x".repeat(2_000)}).to_string();
    refused(&house.server.post(LOGIN, long), 400, "invalid_request");
    refused(&ask(house.server.address, "POST", LOGIN, &[], b"{}"), 415, "unsupported_media_type");
    let answer = house.server.get(LOGIN);
    refused(&answer, 405, "method_not_allowed");
    refused(&house.server.get("/v1/nowhere"), 404, "not_found");
}

#[test]
fn logins_are_in_the_audit_log_and_what_was_typed_is_not() {
    let house = House::jwt();
    assert_eq!(login(&house, ADMIN, PASSWORD, &[]).status, 200);
    login(&house, ADMIN, "hunter2hunter2", &[]);
    login(&house, "hunter2@example.com", "hunter2hunter2", &[]);
    let audit = house.audit();
    let told: Vec<_> = audit.iter().filter(|row| row["action"] == "login").collect();
    let fields = |row: &Value| (row["actor"].clone(), row["outcome"].clone(), row["code"].clone());
    assert_eq!(
        told.into_iter().map(fields).collect::<Vec<_>>(),
        [
            (json!(ADMIN), json!("done"), Value::Null),
            (json!(ADMIN), json!("denied"), json!("unauthorized")),
            (json!("unknown account"), json!("denied"), json!("unauthorized")),
        ]
    );
    let text = serde_json::to_string(&audit).unwrap();
    assert!(!text.contains("hunter2") && !text.contains(PASSWORD) && !text.contains("argon2"), "{text}");
}
