//! `PostgreSQL` killed and back, during writes and events; a server killed in the middle of a change.

use std::process::Stdio;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};

use super::cluster::{Replica, Shared};
use super::common::command;
use super::common::services::{Own, Schema};
use super::common::stocked::refused;
use super::evaluations::Evaluations;
use super::events::Events;

/// Adds one to the number again and again, and returns the numbers that were answered with 200, and the last one that
/// was tried.
fn count(replica: &Replica, stop: &AtomicBool) -> (Vec<i64>, i64) {
    let (mut written, mut tried) = (Vec::new(), 0);
    while !stop.load(Ordering::Relaxed) {
        let now = replica.number();
        tried = tried.max(now + 1);
        match replica.write(now, now + 1) {
            200 => written.push(now + 1),
            409 | 503 => {}
            status => panic!("{status}"),
        }
        thread::sleep(Duration::from_millis(5));
    }
    (written, tried)
}

/// The audit log is whole, and has each write that was answered once, and none twice.
#[track_caller]
pub(crate) fn verify(shared: &Shared, replica: &Replica, answered: &[i64]) {
    let written = replica.written();
    assert!(written.is_sorted_by(|before, after| before < after), "each once, and in order: {written:?}");
    for number in answered {
        assert!(written.contains(number), "{number} was answered with 200, and is not in the log: {written:?}");
    }
    let output = command(env!("CARGO_BIN_EXE_stitch-server"), &[("STITCH_STORE", &shared.schema.url)])
        .args(["audit", "verify"])
        .stderr(Stdio::inherit())
        .output()
        .unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success() && said.contains("is whole"), "{said}");
}

#[test]
fn the_database_may_be_killed_and_come_back() {
    let Some(mut database) = Own::postgres() else { return };
    let shared = Shared::new(Schema::within(&database.url()), None);
    let programs = [shared.serve(), shared.serve()];
    let replicas = [0, 1].map(|index| Replica::of(&shared, &programs[index]));
    let evaluations = replicas.each_ref().map(|replica| Evaluations::of(replica.address));
    let events = Events::on(&replicas);
    let stop = AtomicBool::new(false);
    let answered = thread::scope(|scope| {
        let counting = replicas.each_ref().map(|replica| scope.spawn(|| count(replica, &stop)));
        for _ in 0..3 {
            thread::sleep(Duration::from_millis(500));
            database.kill();
            for replica in &replicas {
                let health = replica.wait_for("degraded");
                assert!(health["store"]["away"].is_string(), "{health}");
                refused(
                    &replica.admin("POST", "/v1/metrics", &json!({"key": "m", "type": "double"})),
                    503,
                    "not_ready",
                );
                assert_eq!(replica.report(&["away".to_owned()]), 503);
            }
            database.revive();
            for replica in &replicas {
                replica.wait_for("ready");
            }
        }
        thread::sleep(Duration::from_millis(500));
        stop.store(true, Ordering::Relaxed);
        counting.map(|thread| thread.join().unwrap().0).concat()
    });
    events.end(&replicas[0]);
    evaluations.into_iter().for_each(Evaluations::end);
    assert!(answered.len() > 3);
    verify(&shared, &replicas[0], &answered);
    // All of them converge.
    let last = *replicas[0].written().last().unwrap();
    for replica in &replicas {
        super::cluster::time_until(|| replica.number() == last);
    }
}

#[test]
fn a_server_killed_in_the_middle_of_a_change_holds_up_nobody() {
    let Some(schema) = Schema::make() else { return };
    let shared = Shared::new(schema, None);
    let stays = shared.serve();
    let stayer = Replica::of(&shared, &stays);
    let evaluations = Evaluations::of(stayer.address);
    let mut answered = Vec::new();
    for round in 0..6 {
        let mut program = shared.serve();
        let killed = Replica::of(&shared, &program);
        thread::scope(|scope| {
            let events = scope.spawn(|| {
                // Until the connection ends.
                let report =
                    |call| killed.report(&(0..200).map(|index| format!("{round}-{call}-{index}")).collect::<Vec<_>>());
                (0..).map_while(|call| std::panic::catch_unwind(|| report(call)).ok().map(|_| call)).last()
            });
            let counting = scope.spawn(|| {
                let mut written = Vec::new();
                while let Ok((from, 200)) = std::panic::catch_unwind(|| {
                    let from = killed.number();
                    (from, killed.write(from, from + 1))
                }) {
                    written.push(from + 1);
                }
                written
            });
            thread::sleep(Duration::from_millis(150 + 70 * round));
            program.child.kill().unwrap();
            program.wait();
            answered.extend(counting.join().unwrap());
            events.join().unwrap();
        });
        // Whoever stays writes at once: nothing is locked, and nothing is half done.
        let began = std::time::Instant::now();
        super::cluster::time_until(|| stayer.number() == *stayer.written().last().unwrap_or(&0));
        let now = stayer.number();
        assert_eq!(stayer.write(now, now + 1), 200);
        assert!(began.elapsed() < Duration::from_secs(4), "{:?}", began.elapsed());
        answered.push(now + 1);
    }
    let calls = stayer.stored().into_iter().fold(std::collections::HashMap::new(), |mut calls, id| {
        *calls.entry(id.rsplit_once('-').unwrap().0.to_owned()).or_insert(0) += 1;
        calls
    });
    assert!(!calls.is_empty() && calls.values().all(|count| *count == 200), "each call whole: {calls:?}");
    evaluations.end();
    verify(&shared, &stayer, &answered);
    assert_eq!(stayer.admin("GET", "/v1/flags", &Value::Null).status, 200);
}
