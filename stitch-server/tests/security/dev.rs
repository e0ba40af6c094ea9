//! Dev mode: tokens authorise, and do not say for whom.

use std::time::{Duration, Instant};

use stitch_server::state::Settings;

use crate::common::{PATIENCE, scratch, until};
use crate::injection::contents;
use crate::tour::{Call, Site, Texts, stops};
use crate::{ADMIN, BATCH, EVAL, House, refused};

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
    let file = scratch("insecure").join("stitch.db");
    // What there is was written before.
    let (key, token) = {
        let house = House::in_file(Settings::default(), &file);
        let site = Site::of(&house);
        (site.key, site.token)
    };
    let house = until(PATIENCE, || {
        // The writer of the server before may still be closing the file.
        let open = std::panic::AssertUnwindSafe(|| {
            House::reopen(Settings { insecure_dev_context: true, ..Settings::default() }, &file)
        });
        std::panic::catch_unwind(open).ok()
    });
    let site = Site { address: house.server.address, token, key };
    let before = contents(&file);
    let mut refused = 0;
    for stop in stops() {
        let call = (stop.call)(&site, &Texts::usual());
        let answer = site.send(stop.method, &call);
        if stop.writes {
            assert_eq!(answer.status, 403, "{} {} {}", stop.method, call.path, answer.text());
            assert!(answer.text().contains("refuses all writes"), "{} {}", call.path, answer.text());
            refused += 1;
        } else {
            assert_ne!(answer.status, 403, "{} {} {}", stop.method, call.path, answer.text());
        }
    }
    assert!(refused > 20, "{refused}");
    // A wrong password is not even looked at, and logins that nobody counts leave nothing behind.
    for _ in 0..20 {
        let began = Instant::now();
        let answer = site.send("POST", &Call::login(ADMIN, "wrong password"));
        assert_eq!(answer.status, 403);
        assert!(began.elapsed() < Duration::from_secs(1));
    }
    assert_eq!(contents(&file), before, "not even of denials is anything written");
    house.server.get(&format!("{EVAL}&user=U-1")).data();
}

#[test]
fn every_route_refuses_other_names_and_what_a_proxy_sent() {
    let house = House::dev();
    let site = Site::of(&house);
    let mut asked = 0;
    for stop in stops() {
        let call = (stop.call)(&site, &Texts::usual());
        let before = house.state.load().model.head.clone();
        for (name, value) in [
            ("Host", "flags.example.com"),
            ("Host", "127.0.0.1.example.com"),
            ("Forwarded", "for=127.0.0.1"),
            ("X-Forwarded-For", "127.0.0.1"),
            ("X-Forwarded-Proto", "https"),
            ("X-Forwarded-Anything", ""),
        ] {
            let mut call = call.clone();
            call.headers.push((name, value.to_owned()));
            let answer = site.send(stop.method, &call);
            assert_eq!(answer.status, 403, "{} {} {name}", stop.method, call.path);
            asked += 1;
        }
        assert_eq!(house.state.load().model.head, before, "{} {}", stop.method, call.path);
    }
    assert!(asked > 300, "{asked}");
}
