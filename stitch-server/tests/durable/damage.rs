//! Files that are damaged, of a newer version, or in use.

use std::fs::{self, OpenOptions};
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use super::common::stocked::{refused, settle, stocked_file, told};
use super::common::{command, scratch, until, wait};
use super::{evaluates, event, health, report, serve, stored};

const PROGRAM: &str = env!("CARGO_BIN_EXE_stitch-server");
const SOON: Duration = Duration::from_secs(5);

/// A start that fails, and what it says.
#[track_caller]
fn fails(store: &Path) -> String {
    let log = scratch("fails").join("stderr");
    let mut command = command(PROGRAM, &[]);
    let command = command.args(["--port", "0", "--store"]).arg(store);
    let mut child = command.stdout(Stdio::null()).stderr(fs::File::create(&log).unwrap()).spawn().unwrap();
    assert!(!wait(&mut child).success());
    let said = fs::read_to_string(&log).unwrap();
    assert!(said.contains(store.to_str().unwrap()), "{said}");
    said
}

/// Writes garbage over all pages but the first; what the write-ahead log has is put into the file before.
fn damage(store: &Path) {
    settle(store);
    let length = fs::metadata(store).unwrap().len();
    let file = OpenOptions::new().write(true).open(store).unwrap();
    file.write_all_at(&vec![0xa5; usize::try_from(length).unwrap() - 4_096], 4_096).unwrap();
}

#[test]
fn a_damaged_file_is_refused_at_start() {
    let store = scratch("damaged").join("stitch.db");
    stocked_file(&store);
    damage(&store);
    let said = fails(&store);
    assert!(said.contains("malformed") && said.contains("restore"), "{said}");
    let store = scratch("text").join("stitch.db");
    fs::write(&store, "this is no database, but a text of some length ".repeat(200)).unwrap();
    let said = fails(&store);
    assert!(said.contains("not a database"), "{said}");
}

#[test]
fn a_file_that_is_damaged_meanwhile_degrades_and_evaluations_go_on() {
    let store = scratch("meanwhile").join("stitch.db");
    let stocked = stocked_file(&store);
    let program = serve(&store);
    told(&report(program.address, &stocked, &[event("e-1")]));
    damage(&store);
    let health = until(SOON, || {
        let answer = report(program.address, &stocked, &[event("e-2")]);
        if answer.status != 200 {
            refused(&answer, 503, "not_ready");
        }
        Some(health(program.address)).filter(|health| health["status"] == "degraded")
    });
    assert!(health["store"]["away"].is_string(), "{health}");
    assert!((0..50).all(|_| evaluates(program.address)));
}

#[test]
fn tables_of_a_newer_version_are_left_alone() {
    let store = scratch("newer").join("stitch.db");
    let stocked = stocked_file(&store);
    let program = serve(&store);
    told(&report(program.address, &stocked, &[event("e-1")]));
    let visitor = rusqlite::Connection::open(&store).unwrap();
    let version: i64 = visitor.query_row("PRAGMA user_version", [], |row| row.get(0)).unwrap();
    // As a newer program beside this one might.
    visitor.pragma_update(None, "user_version", 99).unwrap();
    let health = until(SOON, || Some(health(program.address)).filter(|health| health["status"] == "degraded"));
    let away = health["store"]["away"].as_str().unwrap();
    assert!(away.contains("version 99") && away.contains("newer stitch-server"), "{away}");
    refused(&report(program.address, &stocked, &[event("e-2")]), 503, "not_ready");
    assert!((0..50).all(|_| evaluates(program.address)));
    let events: i64 = visitor.query_row("SELECT count(*) FROM events", [], |row| row.get(0)).unwrap();
    assert_eq!(events, 1, "nothing was written to them");
    let said = fails(&store);
    assert!(said.contains("another server serves"), "{said}");
    drop(program);
    let said = fails(&store);
    assert!(said.contains("version 99"), "{said}");
    visitor.pragma_update(None, "user_version", version).unwrap();
    drop(visitor);
    let program = serve(&store);
    assert_eq!(stored(program.address, &stocked), ["e-1"]);
}

#[test]
fn a_second_server_is_refused_and_the_first_goes_on() {
    let store = scratch("second").join("stitch.db");
    let stocked = stocked_file(&store);
    let program = serve(&store);
    for _ in 0..3 {
        let said = fails(&store);
        assert!(said.contains("another server serves") && said.contains("--store"), "{said}");
        told(&report(program.address, &stocked, &[event("e")]));
    }
    drop(program);
    // The lock goes with its server, however that ended.
    let program = serve(&store);
    assert_eq!(stored(program.address, &stocked), ["e"]);
    assert_eq!(health(program.address)["status"], "ready");
}
