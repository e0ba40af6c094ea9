//! What was answered is there, whatever happens to the program, its disk or its file; and what is not there was not
//! answered. The real program throughout.

#![cfg(unix)]

#[path = "../common/mod.rs"]
mod common;

mod copies;
mod damage;
mod full_disk;
mod kill;
mod outside;

use std::net::SocketAddr;
use std::path::Path;

use common::stocked::Stocked;
use common::{Answer, Program, ask};
use serde_json::{Value, json};

/// The program with that store.
fn serve(store: &Path) -> Program {
    Program::start(&["--port", "0", "--store", store.to_str().unwrap(), "--sdk-rate-limit", "0"], &[])
}

/// Reports events.
fn report(address: SocketAddr, stocked: &Stocked, events: &[Value]) -> Answer {
    let headers = [("Content-Type", "application/json"), ("x-sdk-key", &*stocked.key)];
    let body = json!({ "events": events }).to_string();
    ask(address, "POST", "/v1/environments/prod/events", &headers, body.as_bytes())
}

fn event(id: &str) -> Value {
    json!({"metric_key": "clicks", "context_key": "U", "value": 1, "event_id": id})
}

/// Everything that is stored for `prod`, by the server's own answers: event ids in order.
fn stored(address: SocketAddr, stocked: &Stocked) -> Vec<String> {
    let bearer = format!("Bearer {}", stocked.admin);
    let (mut after, mut ids) = (0, Vec::new());
    loop {
        let path = format!("/v1/environments/prod/events?after={after}");
        let page = common::stocked::told(&ask(address, "GET", &path, &[("Authorization", &bearer)], b""));
        let events = page["events"].as_array().unwrap();
        if events.is_empty() {
            return ids;
        }
        ids.extend(events.iter().map(|event| event["event_id"].as_str().unwrap_or_default().to_owned()));
        after = page["next"].as_i64().unwrap();
    }
}

fn health(address: SocketAddr) -> Value {
    ask(address, "GET", "/api/flags/health", &[], b"").data()
}

/// Whether flags are evaluated.
fn evaluates(address: SocketAddr) -> bool {
    let answer = ask(address, "GET", "/api/flags/eval?key=checkout&user=U-1&env=prod", &[], b"");
    answer.data()["value"] == true
}
