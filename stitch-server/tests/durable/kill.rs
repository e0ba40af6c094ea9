//! SIGKILL while events come in, twenty times.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufReader, Write};
use std::net::TcpStream;
use std::sync::Mutex;
use std::thread;
use std::time::Duration;

use serde_json::json;

use super::common::stocked::{Stocked, stocked_file};
use super::common::{connect, read, scratch};
use super::{serve, stored};

const ROUNDS: usize = 20;
const CLIENTS: usize = 8;
const LOAD: Duration = Duration::from_millis(300);

/// What the clients know.
#[derive(Default)]
struct Known {
    /// Ids of events that were sent and not answered.
    open: BTreeSet<String>,
    /// Ids of events that were answered with 200.
    answered: BTreeSet<String>,
}

#[test]
fn every_event_that_was_answered_is_there_once() {
    let file = scratch("kill").join("stitch.db");
    let stocked = stocked_file(&file);
    let known = Mutex::new(Known::default());
    let mut killed_with_calls_open = 0;
    for round in 0..ROUNDS {
        let mut program = serve(&file);
        let address = program.address;
        thread::scope(|scope| {
            for client in 0..CLIENTS {
                let (stocked, known) = (&stocked, &known);
                scope.spawn(move || {
                    report_until_it_dies(&mut connect(address), stocked, &format!("{round}-{client}"), known);
                });
            }
            thread::sleep(LOAD);
            // SIGKILL.
            program.child.kill().unwrap();
            program.child.wait().unwrap();
        });
        let known = known.lock().unwrap();
        killed_with_calls_open += usize::from(!known.open.is_empty());
        drop(program);
        // Right away, by whatever a crash left behind.
        let program = serve(&file);
        let there = counted(stored(program.address, &stocked));
        let lost: Vec<_> = known.answered.iter().filter(|id| !there.contains_key(*id)).collect();
        assert!(lost.is_empty(), "round {round}: answered and not there: {lost:?}");
        let twice: Vec<_> = there.iter().filter(|(_, count)| **count > 1).collect();
        assert!(twice.is_empty(), "round {round}: there more than once: {twice:?}");
        let unknown = there.keys().find(|id| !known.answered.contains(*id) && !known.open.contains(*id));
        assert_eq!(unknown, None, "round {round}: there and never sent");
    }
    // What was not answered is sent again under its id, as a client does; whether it was stored before or not.
    let program = serve(&file);
    let known = known.into_inner().unwrap();
    let again: Vec<_> = known.open.iter().map(|id| super::event(id)).collect();
    for events in again.chunks(1_000) {
        let told = super::common::stocked::told(&super::report(program.address, &stocked, events));
        assert_eq!(told["accepted_count"], events.len());
    }
    let there = counted(stored(program.address, &stocked));
    assert!(there.values().all(|count| *count == 1));
    assert_eq!(there.len(), known.answered.len() + known.open.len());
    // Else it was no load, and nothing was shown.
    assert!(known.answered.len() > ROUNDS * 100, "{}", known.answered.len());
    assert!(killed_with_calls_open > ROUNDS / 2, "{killed_with_calls_open}");
}

fn counted(ids: Vec<String>) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for id in ids {
        *counts.entry(id).or_default() += 1;
    }
    counts
}

/// Calls of one, two, … events one after the other, until the connection ends.
fn report_until_it_dies(stream: &mut TcpStream, stocked: &Stocked, name: &str, known: &Mutex<Known>) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    for call in 0_usize.. {
        let ids: Vec<_> = (0..=call % 7).map(|event| format!("{name}-{call}-{event}")).collect();
        let events: Vec<_> = ids.iter().map(|id| super::event(id)).collect();
        let body = json!({ "events": events }).to_string();
        let head = format!(
            "POST /v1/environments/prod/events HTTP/1.1\r\nHost: localhost\r\nx-sdk-key: {}\r\n\
             Content-Type: application/json\r\nContent-Length: {}\r\n\r\n",
            stocked.key,
            body.len()
        );
        known.lock().unwrap().open.extend(ids.iter().cloned());
        let answer = stream.write_all((head + &body).as_bytes()).ok().and_then(|()| read(&mut reader));
        let Some(answer) = answer else { return };
        assert_eq!(answer.status, 200, "{}", answer.text());
        let mut known = known.lock().unwrap();
        for id in ids {
            known.open.remove(&id);
            known.answered.insert(id);
        }
    }
}
