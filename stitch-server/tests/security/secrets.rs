//! Whatever is asked and however it fails: nothing of it is in the log, nor among the numbers.

#![cfg(unix)]

use std::io::Write;
use std::process::Stdio;

use serde_json::json;
use stitch_sync::v1::SyncRequest;
use stitch_sync::v1::flag_sync_service_client::FlagSyncServiceClient;
use tonic::Request;

use crate::common::{Program, ask, command, raw, scratch};
use crate::streams::{block_on, channel};
use crate::tour::{Site, Texts, Who, stops};
use crate::{ADMIN, PASSWORD};

/// In every text that is put anywhere.
const MARK: &str = "qzq";
/// Lines that a log has at least; fewer would mean that there was no log.
const LINES: usize = 500;

/// A program with an administrator, all of whose log is written.
fn start(json: bool, mode: &str, level: &str) -> (Program, Site) {
    let store = scratch("secrets").join("stitch.db");
    let store = store.to_str().unwrap();
    let add = ["users", "add", "--email", ADMIN, "--role", "admin", "--store", store];
    let mut child = command(env!("CARGO_BIN_EXE_stitch-server"), &[]).args(add).stdin(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(PASSWORD.as_bytes()).unwrap();
    assert!(child.wait().unwrap().success());
    let arguments = ["--port", "0", "--store", store, "--auth", mode, "--log-level", level, "--access-log", "1"];
    let program = if json { Program::start_with_json(&arguments) } else { Program::start(&arguments, &[]) };
    let body = json!({"email": ADMIN, "password": PASSWORD}).to_string();
    let login =
        ask(program.address, "POST", "/v1/auth/login", &[("Content-Type", "application/json")], body.as_bytes());
    let site = Site::new(program.address, login.json()["token"].as_str().unwrap().to_owned());
    (program, site)
}

fn marked(place: &str) -> String {
    format!("{MARK}-{}", place.replace(' ', "-"))
}

/// All but the request's id, which is the caller's to say and is in the log for them to find.
fn may_mark(place: &str) -> bool {
    place != "header id"
}

/// Goes everywhere, with a marked text in every place at once and in each alone, and with bodies that are none.
fn tour(site: &Site) {
    for stop in stops() {
        let usual = Texts::usual();
        site.send(stop.method, &(stop.call)(site, &usual));
        let mut call = (stop.call)(site, &Texts::new(|place| may_mark(place).then(|| marked(place))));
        site.send(stop.method, &call);
        if !call.body.is_null() {
            let text = call.body.to_string();
            let bearer = format!("Bearer {}", site.token);
            let headers = [
                ("Content-Type", "application/json"),
                match call.who {
                    Who::Nobody | Who::Person => ("Authorization", bearer.as_str()),
                    Who::Client => ("x-sdk-key", site.key.as_str()),
                    Who::Ofrep => ("X-API-Key", site.key.as_str()),
                },
            ];
            for broken in [&text[..text.len() - 2], &text[1..], &format!("{text}{text}"), &text.replace(':', " ")] {
                let answer = ask(site.address, stop.method, &call.path, &headers, broken.as_bytes());
                assert!((400..500).contains(&answer.status), "{} {} {broken}", stop.method, call.path);
            }
        }
        // As anybody, and with what is no credential.
        call.who = Who::Nobody;
        site.send(stop.method, &call);
        for (name, value) in [
            ("Authorization", format!("Bearer {MARK}.{MARK}.{MARK}")),
            ("Authorization", format!("Basic {MARK}")),
            ("Authorization", format!("Bearer stitch_{MARK}_{MARK}")),
            ("x-sdk-key", format!("stitch_{MARK}_{MARK}")),
            ("X-API-Key", format!("stitch_{MARK}_{MARK}")),
        ] {
            let refused = crate::tour::Call {
                who: Who::Nobody,
                path: call.path.clone(),
                headers: vec![(name, value)],
                body: call.body.clone(),
                kept: None,
            };
            site.send(stop.method, &refused);
        }
        for place in usual.places().into_iter().filter(|place| may_mark(place)) {
            let alone = Texts::new(move |other| (other == place).then(|| marked(place)));
            site.send(stop.method, &(stop.call)(site, &alone));
        }
    }
}

/// What no route is, and what is no request.
fn nowhere(site: &Site, program: &Program) {
    for path in
        [format!("/{MARK}"), format!("/v1/{MARK}/{MARK}"), format!("/ofrep/{MARK}"), format!("/healthz?key={MARK}")]
    {
        for method in ["GET", "POST", "DELETE"] {
            ask(site.address, method, &path, &[("Cookie", MARK), ("Referer", MARK), ("User-Agent", MARK)], b"");
            ask(program.management(), method, &path, &[("Authorization", MARK)], b"");
        }
    }
    for request in [
        format!("{MARK} /{MARK} HTTP/1.1\r\nHost: {MARK}\r\n\r\n"),
        format!("GET /healthz HTTP/1.1\r\nHost: {MARK}.example.com\r\nX-Forwarded-For: {MARK}\r\n\r\n"),
        format!("GET /{MARK} HTTP/9.9\r\n{MARK}\r\n\r\n"),
        format!(
            "POST /v1/auth/login HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{MARK}"
        ),
    ] {
        raw(site.address, request.as_bytes());
    }
}

/// Streams of definitions, with keys that count and keys that do not.
fn streams(site: &Site, program: &Program) {
    for key in [site.key.clone(), format!("stitch_{MARK}_{MARK}"), MARK.to_owned()] {
        let mut client = FlagSyncServiceClient::new(channel(program.sync(), "localhost"));
        let mut request = Request::new(SyncRequest { history_id: marked("history"), ..SyncRequest::default() });
        let metadata = request.metadata_mut();
        metadata.insert("x-sdk-key", key.parse().unwrap());
        metadata.insert("x-more", marked("metadata").parse().unwrap());
        let opened = block_on(client.sync_definitions(request));
        assert_eq!(opened.is_ok(), key == site.key);
        if let Ok(stream) = opened {
            block_on(stream.into_inner().message()).unwrap();
        }
    }
}

fn nothing_is_told(json: bool, mode: &str, level: &str) {
    let (mut program, site) = start(json, mode, level);
    tour(&site);
    nowhere(&site, &program);
    streams(&site, &program);
    let numbers = raw(program.management(), b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n");
    assert_eq!(numbers.status, 200);
    program.terminate();
    assert!(program.wait().success());
    let (log, banner) = (program.log(), program.banner.join("\n"));
    assert!(log.lines().count() > LINES && log.contains("/v1/users/{email}"), "{log}");
    let secret = site.key.rsplit('_').next().unwrap();
    let signature = site.token.rsplit('.').next().unwrap();
    let claims = site.token.split('.').nth(1).unwrap();
    // Each header that makes a token begins so.
    let known = [MARK, PASSWORD, secret, signature, claims, "eyJ", "argon2", "tour@example.com", ADMIN, "U-1"];
    for (what, text) in [("the log", log.as_str()), ("standard output", &banner), ("the numbers", numbers.text())] {
        for secret in known {
            let line = text.lines().find(|line| line.contains(secret));
            assert!(line.is_none(), "{what} has {secret}: {}", line.unwrap_or_default());
        }
    }
}

#[test]
fn no_secret_and_nothing_of_anybody_is_in_the_log_for_people() {
    nothing_is_told(false, "dev", "trace");
}

#[test]
fn no_secret_and_nothing_of_anybody_is_in_the_log_for_programs() {
    nothing_is_told(true, "jwt", "debug");
}
