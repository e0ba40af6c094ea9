//! `stitch-server users` and `stitch-server keys`, beside a server that serves the same store.

#![cfg(unix)]

use std::io::Write;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use serde_json::json;

use crate::common::{Answer, Program, ask, command, scratch, until};

const PROGRAM: &str = env!("CARGO_BIN_EXE_stitch-server");

/// Runs a command on a store, and tells its status, what it printed and what it complained of.
fn run(store: &Path, arguments: &[&str], input: &str) -> (i32, String, String) {
    let mut child = command(PROGRAM, &[("STITCH_STORE", store.to_str().unwrap())])
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    let output = child.wait_with_output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}

fn login(program: &Program, password: &str) -> Answer {
    let body = json!({"email": "ann@example.com", "password": password}).to_string();
    ask(program.address, "POST", "/v1/auth/login", &[("Content-Type", "application/json")], body.as_bytes())
}

#[test]
fn people_are_added_changed_and_removed_while_the_server_serves() {
    let store = scratch("users").join("stitch.db");
    let program = Program::start(&["--port", "0", "--auth", "jwt", "--store", store.to_str().unwrap()], &[]);
    let run = |arguments: &[&str], input: &str| run(&store, arguments, input);
    let add = ["users", "add", "--email", "Ann@example.com", "--role", "operator", "--env", "dev"];
    assert_eq!(run(&add, "short\n").0, 1);
    assert_eq!(run(&add, "correct horse\n"), (0, "added ann@example.com\n".into(), String::new()));
    assert!(run(&add, "correct horse\n").2.contains("already"));
    assert!(run(&["users", "list"], "").1.contains("ann@example.com  operator for dev"));
    let token = until(Duration::from_secs(5), || {
        let answer = login(&program, "correct horse");
        (answer.status == 200).then(|| answer.json()["token"].as_str().unwrap().to_owned())
    });
    let bearer = format!("Bearer {token}");
    let users = || ask(program.address, "GET", "/v1/users", &[("Authorization", &bearer)], b"").status;
    assert_eq!(users(), 403);
    assert_eq!(run(&["users", "role", "--email", "ann@example.com", "--role", "admin"], "").0, 0);
    until(Duration::from_secs(5), || (users() == 401).then_some(()));
    assert_eq!(run(&["users", "password", "--email", "ann@example.com"], "another one\r\n").0, 0);
    until(Duration::from_secs(5), || (login(&program, "another one").status == 200).then_some(()));
    assert_eq!(run(&["users", "remove", "--email", "ann@example.com"], "").1, "removed ann@example.com\n");
    until(Duration::from_secs(5), || (login(&program, "another one").status == 401).then_some(()));
    for (arguments, status) in [
        (&["users", "remove", "--email", "ann@example.com"][..], 1),
        (&["users", "role", "--email", "ann@example.com", "--role", "viewer"], 1),
        (&["users", "add", "--email", "ann", "--role", "viewer"], 1),
        (&["users", "add", "--email", "ann@example.com", "--role", "king"], 2),
        (&["users", "add", "--email", "ann@example.com"], 2),
        (&["users", "list", "--store", "memory"], 2),
    ] {
        let (code, stdout, stderr) = run(arguments, "correct horse\n");
        assert_eq!((code, stdout.as_str()), (status, ""), "{arguments:?} {stderr}");
        assert!(stderr.contains("error: ") && !stderr.contains("correct horse"), "{stderr}");
    }
}

#[test]
fn keys_are_made_listed_and_revoked_while_the_server_serves() {
    let store = scratch("keys").join("stitch.db");
    let program = Program::start(&["--port", "0", "--store", store.to_str().unwrap()], &[]);
    let run = |arguments: &[&str]| run(&store, arguments, "");
    let (status, made, _) = run(&["keys", "create", "--env", "prod", "--name", "web"]);
    let key = made.trim_end();
    assert!(status == 0 && key.starts_with("stitch_"), "{made}");
    let id = key.split('_').nth(1).unwrap();
    let evaluate = || {
        let headers = [("Content-Type", "application/json"), ("X-API-Key", key)];
        ask(program.address, "POST", crate::OFREP, &headers, br#"{"context": {"targetingKey": "U-1"}}"#).status
    };
    until(Duration::from_secs(5), || (evaluate() == 200).then_some(()));
    let (_, listed, _) = run(&["keys", "list"]);
    assert!(listed.contains(id) && listed.contains("web") && listed.contains("valid") && !listed.contains(key));
    assert_eq!(run(&["keys", "revoke", id]).0, 0);
    until(Duration::from_secs(5), || (evaluate() == 401).then_some(()));
    assert!(run(&["keys", "list"]).1.contains("revoked"));
    assert_eq!(run(&["keys", "revoke", "none"]).0, 1);
    let (status, _, complaint) = run(&["keys", "create", "--env", "nowhere", "--name", "x"]);
    assert!(status == 1 && complaint.contains("`prod`"), "{complaint}");
}

/// The ids of the keys that anybody may check tokens with.
fn kids(program: &Program) -> Vec<String> {
    let keys = ask(program.address, "GET", "/.well-known/jwks.json", &[], b"").json()["keys"].clone();
    keys.as_array().unwrap().iter().map(|key| key["kid"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn signing_keys_are_rotated_while_the_server_serves() {
    let store = scratch("signing-keys").join("stitch.db");
    let program = Program::start(&["--port", "0", "--auth", "jwt", "--store", store.to_str().unwrap()], &[]);
    let run = |arguments: &[&str], input: &str| run(&store, arguments, input);
    assert_eq!(run(&["users", "add", "--email", "ann@example.com", "--role", "admin"], "correct horse").0, 0);
    let token = || {
        let answer = until(Duration::from_secs(5), || {
            Some(login(&program, "correct horse")).filter(|answer| answer.status == 200)
        });
        answer.json()["token"].as_str().unwrap().to_owned()
    };
    let works = |token: &str| {
        let bearer = format!("Bearer {token}");
        ask(program.address, "GET", "/v1/users", &[("Authorization", &bearer)], b"").status == 200
    };
    let old = token();
    let first = kids(&program);
    assert_eq!(first.len(), 1);

    let (status, said, _) = run(&["signing-keys", "rotate"], "");
    assert!(status == 0 && said.contains("nobody has to log in again"), "{said}");
    // Both are told at once, and the old one signs for a while yet.
    let both = until(Duration::from_secs(5), || Some(kids(&program)).filter(|kids| kids.len() == 2));
    assert!(both.contains(&first[0]) && said.starts_with(both.iter().find(|kid| **kid != first[0]).unwrap()));
    assert!(works(&old) && works(&token()));
    let (_, listed, _) = run(&["signing-keys", "list"], "");
    let state = |kid: &str| listed.lines().find(|line| line.starts_with(kid)).unwrap().to_owned();
    assert!(state(&first[0]).ends_with("  signs") && listed.contains("signs from "), "{listed}");
    assert!(!listed.contains("MIGH") && listed.lines().count() == 4, "{listed}");

    // Somebody else may know them all.
    let (status, said, _) = run(&["signing-keys", "rotate", "--at-once"], "");
    assert!(status == 0 && said.contains("everybody has to log in again"), "{said}");
    let last = until(Duration::from_secs(5), || Some(kids(&program)).filter(|kids| kids.len() == 1));
    assert!(!both.contains(&last[0]));
    assert!(!works(&old), "at once");
    let new = token();
    assert!(works(&new));

    let bearer = format!("Bearer {new}");
    let log = ask(program.address, "GET", "/api/flags/audit?limit=1000", &[("Authorization", &bearer)], b"").data();
    let told = log["entries"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|entry| entry["action"].as_str().unwrap().starts_with("signing_key"));
    let told: Vec<_> =
        told.map(|entry| (entry["action"].as_str().unwrap(), entry["actor"].as_str().unwrap())).collect();
    let (rotate, remove) = (("signing_key.rotate", "command line"), ("signing_key.remove", "command line"));
    assert_eq!(told, [("signing_key.create", "command line"), rotate, rotate, remove, remove]);
    assert_eq!(run(&["audit", "verify"], "").0, 0);
    let all = log.to_string();
    assert!(!all.contains("pkcs8") && !all.contains("MIGH"), "{all}");
}

#[test]
fn a_store_that_never_served_gets_its_first_signing_key_by_a_rotation_too() {
    let store = scratch("signing-first").join("stitch.db");
    let (status, said, _) = run(&store, &["signing-keys", "rotate"], "");
    assert!(status == 0 && said.contains("signs from now on"), "{said}");
    let program = Program::start(&["--port", "0", "--store", store.to_str().unwrap()], &[]);
    assert!(said.starts_with(&kids(&program)[0]) && kids(&program).len() == 1, "{said}");
}
