//! A disk that is full, and one that cannot be written to.

use std::fs;
use std::io::Write;
use std::process::Stdio;
use std::time::Duration;

use serde_json::{Value, json};

use super::common::stocked::{refused, stocked_file, told};
use super::common::{ask, scratch, until, wait};
use super::outside::{Enclosed, enclosed};
use super::{evaluates, health, report, stored};

const SOON: Duration = Duration::from_secs(5);

/// Of half a kilobyte, so that a small disk is full soon.
fn large(ids: &[String]) -> Vec<Value> {
    let event = |id| json!({"metric_key": "clicks", "context_key": "U".repeat(500), "value": 1, "event_id": id});
    ids.iter().map(event).collect()
}

#[test]
fn a_full_disk_is_503_leaves_nothing_half_stored_and_passes() {
    let folder = scratch("full");
    let prepared = scratch("full-prepared").join("stitch.db");
    let stocked = stocked_file(&prepared);
    let store = folder.join("stitch.db");
    let script = format!("cp '{}' '{}'", prepared.display(), store.display());
    let Some(server) = Enclosed::start(&folder, "size=3m", &script, &store) else { return };
    let call = |number: usize| (0..50).map(|event| format!("{number}-{event}")).collect::<Vec<_>>();
    let mut answered = Vec::new();
    let mut refused_calls = Vec::new();
    for number in 0..400 {
        let ids = call(number);
        let answer = report(server.address, &stocked, &large(&ids));
        if answer.status == 200 {
            answered.extend(ids);
        } else {
            refused(&answer, 503, "not_ready");
            refused_calls.push(number);
            if refused_calls.len() == 5 {
                break;
            }
        }
    }
    assert!(!answered.is_empty() && refused_calls.len() == 5, "{} {refused_calls:?}", answered.len());
    assert_eq!(stored(server.address, &stocked), answered, "of the calls that were refused nothing is there");
    // A write of definitions is refused as well, or wholly there.
    let bearer = format!("Bearer {}", stocked.admin);
    let headers = [("Content-Type", "application/json"), ("Authorization", &*bearer)];
    let body = json!({"key": "more", "type": "integer", "description": "x".repeat(4_000)}).to_string();
    let written = ask(server.address, "POST", "/v1/metrics", &headers, body.as_bytes());
    let there = ask(server.address, "GET", "/v1/metrics/more", &headers, b"").status == 200;
    assert_eq!(written.status == 201, there, "{}", written.text());
    // Evaluations go on, and the health says what is wrong.
    for _ in 0..100 {
        assert!(evaluates(server.address));
    }
    until(SOON, || {
        report(server.address, &stocked, &large(&call(1_000)));
        let health = health(server.address);
        let away = health["store"]["away"].as_str().is_some_and(|away| away.contains("full"));
        (health["status"] == "degraded" && away).then_some(())
    });
    // Room again: the same calls are sent again, and the server is itself again.
    let grown = ["mount", "-o", "remount,size=64m"];
    let pid = server.child.id().to_string();
    let enter = ["nsenter", "--mount", "--target", &pid];
    let enter = if is_root() { enter.to_vec() } else { ["nsenter", "--user", "--mount", "--target", &pid].to_vec() };
    let status = std::process::Command::new(enter[0]).args(&enter[1..]).args(grown).arg(&folder).status().unwrap();
    assert!(status.success());
    until(SOON, || (health(server.address)["status"] == "ready").then_some(()));
    for number in refused_calls {
        let ids = call(number);
        let answer = report(server.address, &stocked, &large(&ids));
        assert_eq!(told(&answer)["accepted_count"], 50);
        answered.extend(ids);
    }
    let mut there = stored(server.address, &stocked);
    // The probes of the health above may have found room.
    there.retain(|id| !id.starts_with("1000-"));
    assert_eq!(there, answered);
}

fn is_root() -> bool {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    status.lines().any(|line| line.starts_with("Uid:\t0\t"))
}

#[test]
fn a_file_that_cannot_be_written_to_is_told_at_start() {
    let folder = scratch("read-only");
    let prepared = scratch("read-only-prepared").join("stitch.db");
    stocked_file(&prepared);
    let store = folder.join("stitch.db");
    let (from, to, at) = (prepared.display(), store.display(), folder.display());
    let script = format!("cp '{from}' '{to}'\nmount -o remount,ro '{at}'");
    let Some(mut command) = enclosed(&folder, "size=3m", &script, &store) else { return };
    let log = scratch("read-only-log").join("stderr");
    let mut child = command.stdout(Stdio::piped()).stderr(fs::File::create(&log).unwrap()).spawn().unwrap();
    assert!(!wait(&mut child).success());
    let said = fs::read_to_string(&log).unwrap();
    for part in [store.to_str().unwrap(), "for writing", "Read-only", "--store"] {
        assert!(said.contains(part), "{part}: {said}");
    }
}

#[test]
fn what_its_owner_may_not_write_stays_so() {
    use std::os::unix::fs::PermissionsExt;
    let file = scratch("mode").join("stitch.db");
    stocked_file(&file);
    fs::set_permissions(&file, fs::Permissions::from_mode(0o444)).unwrap();
    // Root writes to it all the same; nobody's mode is widened.
    let _ = stitch_server::store::Sqlite::open(&file, stitch_server::store::sqlite::Access::Visit);
    let mode = || fs::metadata(&file).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(), if is_root() { 0o400 } else { 0o444 });
    fs::set_permissions(&file, fs::Permissions::from_mode(0o666)).unwrap();
    drop(stitch_server::store::Sqlite::open(&file, stitch_server::store::sqlite::Access::Visit).unwrap());
    assert_eq!(mode(), 0o600);
    fs::OpenOptions::new().append(true).open(&file).unwrap().flush().unwrap();
}
