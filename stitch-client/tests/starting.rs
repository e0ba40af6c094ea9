//! From a file, with the server away.

mod common;

use std::fs;
use std::path::Path;
use std::time::{Duration, SystemTime};

use common::{PATIENCE, Site, number, scratch, until, until_so};
use stitch_client::{Client, Status};

/// Nobody listens there.
const AWAY: &str = "http://127.0.0.1:1";

fn away(site: &Site, file: &Path) -> Client {
    Client::builder(AWAY, &site.key).cache_file(file).connect().unwrap()
}

/// A file that a client has left behind which answered with that number.
fn left(site: &Site, file: &Path, value: i64) {
    let client = site.builder().cache_file(file).connect().unwrap();
    client.wait_ready(PATIENCE);
    site.put_number(value);
    until_so(|| number(&client) == value);
    client.shutdown(PATIENCE);
}

#[test]
fn it_answers_at_once_what_was_served_last() {
    let site = Site::open();
    let file = scratch("start").join("flags.cache");
    left(&site, &file, 7);
    let begun = SystemTime::now();
    let client = away(&site, &file);
    assert_eq!(number(&client), 7);
    let state = client.state();
    assert_eq!((state.status, state.number, state.environment.as_deref()), (Status::Stale, 2, Some("prod")));
    assert!(state.since < begun && state.since > begun - Duration::from_mins(1), "since it was saved");
    assert_eq!(client.wait_ready(Duration::from_millis(50)), Status::Stale);
}

#[test]
fn with_the_server_back_it_gets_what_it_missed() {
    let mut site = Site::open();
    let file = scratch("back").join("flags.cache");
    left(&site, &file, 7);
    site.stop();
    let client = site.builder().cache_file(&file).connect().unwrap();
    assert_eq!((number(&client), client.state().status), (7, Status::Stale));
    site.start();
    assert_eq!(client.wait_ready(PATIENCE), Status::Ready);
    assert_eq!(client.state().number, 2, "it lacked nothing");
    site.put_number(8);
    until_so(|| number(&client) == 8);
}

#[test]
fn listeners_hear_what_changed_since_the_file() {
    let site = Site::open();
    let file = scratch("heard").join("flags.cache");
    left(&site, &file, 7);
    site.put_number(8);
    let client = site.builder().cache_file(&file).connect().unwrap();
    let (tell, told) = std::sync::mpsc::channel();
    client.on_change(move |change| tell.send(change.flags.clone()).unwrap());
    // It may have heard of it before anybody listened.
    until_so(|| number(&client) == 8);
    if let Ok(flags) = told.recv_timeout(Duration::from_millis(200)) {
        assert_eq!(flags, ["n"]);
    }
}

#[test]
fn a_torn_file_is_told_of_and_the_one_before_it_serves() {
    let site = Site::open();
    let file = scratch("torn").join("flags.cache");
    left(&site, &file, 7);
    left(&site, &file, 8);
    let whole = fs::read(&file).unwrap();
    for length in [0, 1, whole.len() / 2, whole.len() - 1] {
        fs::write(&file, &whole[..length]).unwrap();
        let client = away(&site, &file);
        assert_eq!((number(&client), client.state().status), (7, Status::Stale), "{length} bytes");
        assert!(client.state().last_error.unwrap().contains("is not used"));
    }
    for generation in ["", ".1", ".2"] {
        fs::write(format!("{}{generation}", file.display()), &whole[..whole.len() / 2]).unwrap();
    }
    let client = away(&site, &file);
    assert_eq!((number(&client), client.state().status), (-1, Status::Starting));
    // And the next good definitions are put there.
    let client = site.builder().cache_file(&file).connect().unwrap();
    client.wait_ready(PATIENCE);
    client.shutdown(PATIENCE);
    assert_eq!(number(&away(&site, &file)), 8);
}

#[test]
fn it_is_saved_soon_without_an_end() {
    let site = Site::open();
    let file = scratch("soon").join("flags.cache");
    let client = site.builder().cache_file(&file).connect().unwrap();
    until_so(|| file.exists());
    for value in 1..=20 {
        site.put_number(value);
    }
    until_so(|| number(&client) == 20);
    until_so(|| number(&away(&site, &file)) == 20);
}

#[test]
fn a_file_of_another_key_is_not_used() {
    let (site, other) = (Site::open(), Site::open());
    let file = scratch("key").join("flags.cache");
    left(&site, &file, 7);
    let client = away(&other, &file);
    assert_eq!(number(&client), -1);
    let error = client.state().last_error.unwrap();
    assert!(error.contains("another SDK key") && !error.contains(&other.key), "{error}");
}

#[test]
fn a_place_that_cannot_be_written_to_is_told_of_and_harms_nothing() {
    let site = Site::open();
    let file = scratch("nowhere").join("no-folder").join("flags.cache");
    let client = site.builder().cache_file(&file).connect().unwrap();
    assert_eq!(client.wait_ready(PATIENCE), Status::Ready);
    let error = until(|| client.state().last_error);
    assert!(error.contains("cannot be written"), "{error}");
    assert_eq!(client.state().status, Status::Ready);
}

#[test]
fn many_clients_share_a_file() {
    let site = Site::open();
    let file = scratch("shared").join("flags.cache");
    let clients: Vec<_> = (0..8).map(|_| site.builder().cache_file(&file).connect().unwrap()).collect();
    for value in 1..=5 {
        site.put_number(value);
        until_so(|| clients.iter().all(|client| number(client) == value));
        std::thread::sleep(Duration::from_millis(300));
        let (found, state) = {
            let client = away(&site, &file);
            (number(&client), client.state())
        };
        assert!((-1..=value).contains(&found) && state.last_error.is_none_or(|error| error.contains("connect")));
    }
    for client in &clients {
        client.shutdown(PATIENCE);
    }
    assert_eq!(number(&away(&site, &file)), 5);
}

#[test]
fn a_child_starts_with_what_its_parent_served() {
    let site = Site::open();
    let parent = site.client();
    parent.wait_ready(PATIENCE);
    site.put_number(7);
    until_so(|| number(&parent) == 7);
    let child = Client::builder(AWAY, &site.key).starting_with(parent.engine()).connect().unwrap();
    assert_eq!(number(&child), 7);
    let state = child.state();
    assert_eq!((state.status, state.number, state.environment.as_deref()), (Status::Stale, 2, Some("prod")));
    let child = site.builder().starting_with(parent.engine()).connect().unwrap();
    assert_eq!(child.wait_ready(PATIENCE), Status::Ready);
    site.put_number(8);
    until_so(|| number(&child) == 8);
}
