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
