//! Servers that leave something out, say when to come back, or fall silent.

mod common;

use std::time::{Duration, Instant};

use common::fake::{Fake, Step, change, heartbeat, snapshot};
use common::{PATIENCE, number, until, until_so};
use stitch_client::{Client, Status};
use stitch_sync::v1::{Definition, SyncResponse};

const LONG: Duration = Duration::from_hours(1);

fn client(fake: &Fake) -> Client {
    let builder = Client::builder(fake.url(), "key");
    builder.backoff(Duration::from_millis(20), Duration::from_millis(100)).silence(PATIENCE).connect().unwrap()
}

/// What was asked for on the second stream.
fn asked_again(fake: &Fake) -> (String, u64) {
    let again = until(|| fake.asked().get(1).cloned());
    (again.history, again.number)
}

#[test]
fn a_gap_is_asked_for() {
    let fake = Fake::start(vec![
        vec![Step::Say(snapshot(3, 3)), Step::Say(change(4, 4)), Step::Say(change(6, 6)), Step::Fall(LONG)],
        vec![Step::Say(change(5, 5)), Step::Say(change(6, 6)), Step::Fall(LONG)],
    ]);
    let client = client(&fake);
    until_so(|| number(&client) == 6);
    assert_eq!(asked_again(&fake), ("h".to_owned(), 4));
    assert_eq!((fake.asked()[0].history.as_str(), fake.asked()[0].number), ("", 0));
    let state = client.state();
    assert_eq!((state.number, state.status), (6, Status::Ready));
    assert!(state.last_error.unwrap().contains("at number 6 and this client at 4"));
}

#[test]
fn a_heartbeat_of_another_number_is_a_gap() {
    let fake = Fake::start(vec![
        vec![Step::Say(snapshot(3, 3)), Step::Say(heartbeat(5)), Step::Fall(LONG)],
        vec![Step::Say(snapshot(9, 9)), Step::Fall(LONG)],
    ]);
    let client = client(&fake);
    until_so(|| number(&client) == 9);
    assert_eq!(asked_again(&fake), ("h".to_owned(), 3));
}

#[test]
fn another_history_without_a_snapshot_is_asked_for() {
    let other = SyncResponse { history_id: "other".to_owned(), ..change(4, 4) };
    let fake = Fake::start(vec![
        vec![Step::Say(snapshot(3, 3)), Step::Say(other), Step::Fall(LONG)],
        vec![Step::Say(SyncResponse { history_id: "other".to_owned(), ..snapshot(1, 1) }), Step::Fall(LONG)],
    ]);
    let client = client(&fake);
    until_so(|| number(&client) == 1);
    assert_eq!(client.state().history, "other");
}

#[test]
fn a_change_that_cannot_be_made_asks_for_everything() {
    let unsound = SyncResponse { removed_flags: vec!["none".to_owned()], ..change(4, 4) };
    let fake = Fake::start(vec![
        vec![Step::Say(snapshot(3, 3)), Step::Say(unsound), Step::Fall(LONG)],
        vec![Step::Say(snapshot(4, 4)), Step::Fall(LONG)],
    ]);
    let client = client(&fake);
    until_so(|| number(&client) == 4);
    assert_eq!(asked_again(&fake), (String::new(), 0));
}

#[test]
fn definitions_that_make_no_sense_never_serve() {
    let newer = SyncResponse { settings: Some(r#"{"schema_version":"9.0"}"#.to_owned()), ..change(4, 4) };
    let sound = SyncResponse { settings: snapshot(1, 1).settings, ..change(5, 5) };
    let fake = Fake::start(vec![
        vec![
            Step::Say(snapshot(3, 3)),
            Step::Say(newer),
            Step::Say(heartbeat(4)),
            Step::Fall(Duration::from_millis(400)),
        ],
        vec![Step::Say(sound), Step::Fall(LONG)],
    ]);
    let client = client(&fake);
    let state = until(|| Some(client.state()).filter(|state| state.last_error.is_some()));
    assert!(state.last_error.unwrap().contains("cannot be served"));
    std::thread::sleep(Duration::from_millis(50));
    let state = client.state();
    assert_eq!((state.number, number(&client), state.status), (3, 3, Status::Stale), "the heartbeat changes nothing");
    until_so(|| number(&client) == 5 && client.state().status == Status::Ready);
    assert_eq!(asked_again(&fake), ("h".to_owned(), 4));
}

#[test]
fn it_comes_back_when_the_server_says_and_not_before() {
    let fake = Fake::start(vec![
        vec![Step::Say(snapshot(3, 3)), Step::End(14, Some("400"))],
        vec![Step::Say(heartbeat(3)), Step::Fall(LONG)],
    ]);
    let client = client(&fake);
    until_so(|| fake.asked().len() == 2);
    let asked = fake.asked();
    let waited = asked[1].at - asked[0].at;
    assert!((Duration::from_millis(400)..Duration::from_secs(2)).contains(&waited), "{waited:?}");
    until_so(|| client.state().status == Status::Ready);
}

#[test]
fn it_does_not_hammer_a_server_that_fails() {
    let fake = Fake::start(vec![vec![Step::End(13, None)]]);
    let builder = Client::builder(fake.url(), "key");
    let client = builder.backoff(Duration::from_millis(50), Duration::from_millis(800)).connect().unwrap();
    let begun = Instant::now();
    until_so(|| fake.asked().len() == 5);
    // 50 + 100 + 200 + 400 ms at most, half of it on average, and a tenth of it hardly ever.
    assert!(begun.elapsed() > Duration::from_millis(75), "{:?}", begun.elapsed());
    std::thread::sleep(Duration::from_secs(2));
    assert!(fake.asked().len() < 20, "{}", fake.asked().len());
    assert!(client.state().last_error.unwrap().contains("as the test says"));
}

#[test]
fn a_key_that_is_refused_is_tried_again_late() {
    let fake = Fake::start(vec![vec![Step::End(16, None)]]);
    let builder = Client::builder(fake.url(), "key");
    let client = builder.backoff(Duration::from_millis(1), Duration::from_mins(1)).connect().unwrap();
    until_so(|| client.state().last_error.is_some());
    std::thread::sleep(Duration::from_millis(500));
    assert_eq!(fake.asked().len(), 1);
    let begun = Instant::now();
    client.shutdown(Duration::ZERO);
    assert!(begun.elapsed() < Duration::from_secs(2), "it does not wait for its own waiting");
}

#[test]
fn silence_is_taken_for_the_end() {
    let fake = Fake::start(vec![
        vec![Step::Say(snapshot(3, 3)), Step::Fall(LONG)],
        vec![Step::Say(change(4, 4)), Step::Fall(LONG)],
    ]);
    let builder = Client::builder(fake.url(), "key").backoff(Duration::from_millis(20), Duration::from_millis(100));
    let client = builder.silence(Duration::from_millis(200)).connect().unwrap();
    until_so(|| number(&client) == 4);
    let asked = fake.asked();
    assert!(asked[1].at - asked[0].at >= Duration::from_millis(200));
}

#[test]
fn what_came_while_it_compiled_is_compiled_once() {
    let mut whole = snapshot(1, 1);
    let flag = |index| Definition {
        key: format!("f{index}"),
        json: format!(r#"{{"key": "f{index}", "default_value": false, "description": "one of many"}}"#),
    };
    whole.flags.extend((0..3_000).map(flag));
    let changes = (2..=400).map(|index| Step::Say(change(index, i64::try_from(index).unwrap())));
    let fake = Fake::start(vec![[Step::Say(whole)].into_iter().chain(changes).chain([Step::Fall(LONG)]).collect()]);
    let client = client(&fake);
    let (tell, told) = std::sync::mpsc::channel();
    client.on_change(move |change| tell.send(change.number).unwrap());
    until_so(|| number(&client) == 400);
    client.shutdown(Duration::ZERO);
    drop(client);
    let compiled = told.iter().count();
    assert!(compiled < 100, "{compiled} of 400");
}
