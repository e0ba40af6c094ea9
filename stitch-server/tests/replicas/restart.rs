//! Servers that are replaced one by one, while clients go on.

use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use super::cluster::{Replica, Shared};
use super::common::services::{self, Schema};
use super::common::{Program, until};
use super::database::verify;

/// Those that are to be asked now, as a balancer knows them.
type Listed = Mutex<Vec<Replica>>;

fn listed(all: &Listed) -> Vec<Replica> {
    all.lock().unwrap_or_else(PoisonError::into_inner).clone()
}

/// Asks one after the other until one answers; a server that ends may refuse a connection or close it.
fn any<T>(all: &Listed, turn: usize, ask: impl Fn(&Replica) -> T + std::panic::RefUnwindSafe) -> T {
    until(Duration::from_secs(5), || {
        let replicas = listed(all);
        let replica = &replicas[turn % replicas.len()];
        std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| ask(replica))).ok()
    })
}

#[test]
fn a_rolling_restart_loses_nothing_and_stops_nothing() {
    let Some(schema) = Schema::make() else { return };
    let shared = Shared::new(schema, services::redis());
    let mut programs: Vec<Program> = (0..3).map(|_| shared.serve()).collect();
    let all: Listed = Mutex::new(programs.iter().map(|program| Replica::of(&shared, program)).collect());
    let ends = Instant::now() + Duration::from_secs(8);
    let (written, reported) = thread::scope(|scope| {
        let evaluating = scope.spawn(|| {
            let (mut windows, mut last) = (vec![0_u64; 20], 0);
            let began = Instant::now();
            for turn in 0.. {
                if Instant::now() > ends {
                    break;
                }
                let number = any(&all, turn, Replica::number);
                // Each server by itself never goes back; among several, one may be a message behind another.
                assert!(number >= 0);
                last = last.max(number);
                let window = usize::try_from(began.elapsed().as_secs()).unwrap();
                windows[window] += 1;
            }
            assert!(windows[..8].iter().all(|count| *count > 0), "{windows:?}");
            last
        });
        let writing = scope.spawn(|| {
            let mut written = Vec::new();
            for turn in 0.. {
                if Instant::now() > ends {
                    break;
                }
                let (from, status) = any(&all, turn, |replica| {
                    let from = replica.number();
                    (from, replica.write(from, from + 1))
                });
                if status == 200 {
                    written.push(from + 1);
                }
                thread::sleep(Duration::from_millis(5));
            }
            written
        });
        let reporting = scope.spawn(|| {
            let mut reported = Vec::new();
            for turn in 0.. {
                if Instant::now() > ends {
                    break;
                }
                let ids: Vec<_> = (0..3).map(|index| format!("{turn}-{index}")).collect();
                assert_eq!(any(&all, turn, |replica| replica.report(&ids)), 200);
                reported.extend(ids);
                thread::sleep(Duration::from_millis(3));
            }
            reported
        });
        for program in &mut programs {
            thread::sleep(Duration::from_millis(700));
            let fresh = shared.serve();
            {
                let mut all = all.lock().unwrap();
                all.retain(|replica| replica.address != program.address);
                all.push(Replica::of(&shared, &fresh));
            }
            let mut old = std::mem::replace(program, fresh);
            old.terminate();
            assert_eq!(old.wait().code(), Some(0));
        }
        evaluating.join().unwrap();
        (writing.join().unwrap(), reporting.join().unwrap())
    });
    assert!(written.len() > 10 && reported.len() > 100, "{} {}", written.len(), reported.len());
    let replicas = listed(&all);
    let stored = replicas[0].stored();
    assert_eq!(stored.len(), reported.len(), "each once");
    let stored: std::collections::HashSet<_> = stored.into_iter().collect();
    assert!(reported.iter().all(|id| stored.contains(id)));
    verify(&shared, &replicas[0], &written);
}
