//! A history of writes and reads on three servers, held against what a single register would allow.
//!
//! Each write adds one to the number on the condition that it is what the writer saw. So the writes that were answered
//! are distinct numbers; no read on a server is older than one before it there, nor than a write that was answered there
//! before it began; and no read is of a write that had not begun when it ended.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use super::cluster::{Asker, Replica, Shared, time_until};
use super::common::Program;
use super::common::services::{self, Schema};
use super::database::verify;

/// Something that was asked of a server, from when until when.
struct Asked {
    server: usize,
    began: Instant,
    ended: Instant,
    number: i64,
}

fn read(server: usize, replica: &Replica, stop: &AtomicBool) -> Vec<Asked> {
    let mut asker = Asker::new(replica.address);
    let mut reads = Vec::new();
    while !stop.load(Ordering::Relaxed) {
        let began = Instant::now();
        let number = asker.number();
        reads.push(Asked { server, began, ended: Instant::now(), number });
        thread::sleep(Duration::from_micros(500));
    }
    reads
}

/// Writes that were tried, and whether they were answered with 200.
fn write(server: usize, replica: &Replica, stop: &AtomicBool) -> Vec<(Asked, bool)> {
    let mut writes = Vec::new();
    while !stop.load(Ordering::Relaxed) {
        let began = Instant::now();
        let from = replica.number();
        let status = replica.write(from, from + 1);
        assert!(status == 200 || status == 409, "{status}");
        writes.push((Asked { server, began, ended: Instant::now(), number: from + 1 }, status == 200));
    }
    writes
}

#[test]
fn no_reader_sees_an_older_revision_after_a_newer_one() {
    let Some(schema) = Schema::make() else { return };
    let shared = Shared::new(schema, services::redis());
    let programs: Vec<Program> = (0..3).map(|_| shared.serve()).collect();
    let replicas: Vec<_> = programs.iter().map(|program| Replica::of(&shared, program)).collect();
    let stop = AtomicBool::new(false);
    let (reads, writes) = thread::scope(|scope| {
        let servers = || replicas.iter().enumerate();
        let stop = &stop;
        // Two readers of each, since one connection is one order of answers by itself.
        let reading: Vec<_> = servers()
            .chain(servers())
            .map(|(server, replica)| scope.spawn(move || read(server, replica, stop)))
            .collect();
        let writing: Vec<_> =
            servers().map(|(server, replica)| scope.spawn(move || write(server, replica, stop))).collect();
        thread::sleep(Duration::from_secs(4));
        stop.store(true, Ordering::Relaxed);
        let reads: Vec<_> = reading.into_iter().flat_map(|thread| thread.join().unwrap()).collect();
        let writes: Vec<_> = writing.into_iter().flat_map(|thread| thread.join().unwrap()).collect();
        (reads, writes)
    });
    let answered: HashMap<i64, &Asked> =
        writes.iter().filter(|(_, done)| *done).map(|(write, _)| (write.number, write)).collect();
    assert_eq!(answered.len(), writes.iter().filter(|(_, done)| *done).count(), "two writes were the same one");
    assert!(answered.len() > 10 && reads.len() > 500, "{} {}", answered.len(), reads.len());
    for server in 0..3 {
        // What was known on this server, and from when on.
        let known = reads.iter().chain(answered.values().copied()).filter(|asked| asked.server == server);
        let mut known: Vec<_> = known.map(|asked| (asked.ended, asked.number)).collect();
        known.sort_unstable();
        let mut newest = i64::MIN;
        for (_, number) in &mut known {
            newest = newest.max(*number);
            *number = newest;
        }
        for read in reads.iter().filter(|read| read.server == server) {
            let before = known.partition_point(|(ended, _)| *ended < read.began);
            let least = before.checked_sub(1).map_or(0, |last| known[last].1);
            assert!(read.number >= least, "server {server} answered {} after {least}", read.number);
            if read.number > 0 {
                let first = writes.iter().map(|(write, _)| write).filter(|write| write.number == read.number);
                let first = first.map(|write| write.began).min().expect("somebody wrote it");
                assert!(first < read.ended, "{} was read before it was written", read.number);
            }
        }
    }
    let last = *replicas[0].written().last().unwrap();
    for replica in &replicas {
        time_until(|| replica.number() == last);
    }
    let answered: Vec<_> = answered.keys().copied().collect();
    assert_eq!(replicas[0].written().len(), usize::try_from(last).unwrap(), "no write is missing in between");
    verify(&shared, &replicas[0], &answered);
}
