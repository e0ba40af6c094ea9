//! Who gets no stream, and how streams end.

use std::time::{Duration, Instant};

use stitch_server::state::Settings;
use tonic::Code;

use crate::client::{Stream, channel};
use crate::common::stocked::{Shop, stocked_file, told};
use crate::common::{Program, scratch};
use crate::{follow, put_number};

#[test]
fn without_a_valid_key_there_is_no_stream() {
    let shop = Shop::open();
    let ask = |key: Option<&str>| Stream::on(channel(shop.server.sync), key, "", 0).err().unwrap();
    let wrong = format!("{}x", shop.stocked.key);
    for key in [None, Some(""), Some("stitch_a_b"), Some(&*wrong), Some(&*shop.stocked.admin)] {
        let status = ask(key);
        assert_eq!(status.code(), Code::Unauthenticated, "{key:?}");
        assert!(!status.message().contains(&shop.stocked.key));
    }
}

#[test]
fn a_revoked_key_ends_its_streams_at_once_and_no_others() {
    let shop = Shop::open();
    let mut streams = [follow(&shop), follow(&shop)];
    let mut other = Stream::open(shop.server.sync, &shop.stocked.dev_key, "", 0).unwrap();
    other.next().unwrap();
    let id = shop.stocked.key.split('_').nth(1).unwrap();
    let begun = Instant::now();
    told(&shop.admin("DELETE", &format!("/v1/keys/{id}"), ""));
    for stream in &mut streams {
        assert_eq!(stream.end().code(), Code::Unauthenticated);
    }
    assert!(begun.elapsed() < Duration::from_secs(1), "{:?}", begun.elapsed());
    assert_eq!(Stream::open(shop.server.sync, &shop.stocked.key, "", 0).err().unwrap().code(), Code::Unauthenticated);
    put_number(&shop, "n", 1);
    assert_eq!(other.news().sequence_number, 2);
}

#[test]
fn heartbeats_say_which_number_is_the_last() {
    let settings = Settings { heartbeat: Duration::from_millis(50), ..Settings::default() };
    let shop = Shop::with(settings, |_| ());
    let mut stream = follow(&shop);
    let begun = Instant::now();
    for _ in 0..4 {
        let message = stream.next().unwrap();
        assert_eq!((message.heartbeat, message.sequence_number, message.flags.len()), (true, 1, 0));
    }
    let took = begun.elapsed();
    assert!((Duration::from_millis(150)..Duration::from_secs(2)).contains(&took), "{took:?}");
    put_number(&shop, "n", 1);
    assert_eq!(stream.news().sequence_number, 2);
    assert_eq!(stream.next().unwrap().sequence_number, 2);
}

#[test]
fn heartbeats_come_though_others_write_all_the_time() {
    let settings = Settings { heartbeat: Duration::from_millis(200), ..Settings::default() };
    let shop = Shop::with(settings, |_| ());
    let mut stream = follow(&shop);
    let begun = Instant::now();
    let mut names = 0..;
    std::thread::scope(|scope| {
        let heard = scope.spawn(move || stream.next().unwrap());
        while !heard.is_finished() {
            assert!(begun.elapsed() < Duration::from_secs(5), "no heartbeat");
            let metric = format!(r#"{{"key": "m{}", "type": "integer"}}"#, names.next().unwrap_or(0));
            told(&shop.admin("POST", "/v1/metrics", &metric));
        }
        assert!(heard.join().unwrap().heartbeat);
    });
}

#[test]
fn only_so_many_streams_are_open_at_once() {
    let shop = Shop::with(Settings { streams: 2, ..Settings::default() }, |_| ());
    let first = follow(&shop);
    let _second = follow(&shop);
    let full = Stream::open(shop.server.sync, &shop.stocked.key, "", 0).err().unwrap();
    assert_eq!(full.code(), Code::ResourceExhausted);
    assert_eq!(full.metadata().get("grpc-retry-pushback-ms").unwrap(), "10000");
    drop(first);
    crate::common::until(crate::common::PATIENCE, || {
        Stream::open(shop.server.sync, &shop.stocked.key, "", 0).ok().map(drop)
    });
}

#[test]
fn a_key_that_asks_too_often_is_told_when_to_come_back() {
    let shop = Shop::with(Settings { sdk_rate_limit: 1, ..Settings::default() }, |_| ());
    follow(&shop);
    let status = Stream::open(shop.server.sync, &shop.stocked.key, "", 0).err().unwrap();
    assert_eq!(status.code(), Code::ResourceExhausted);
    assert!(status.metadata().contains_key("grpc-retry-pushback-ms"));
}

#[cfg(unix)]
#[test]
fn a_stop_ends_streams_with_a_hint_to_come_back() {
    let store = scratch("sync-stop").join("stitch.db");
    let stocked = stocked_file(&store);
    let mut program = Program::start(&["--port", "0", "--store", store.to_str().unwrap()], &[]);
    let mut stream = Stream::open(program.sync(), &stocked.key, "", 0).unwrap();
    assert!(stream.next().unwrap().snapshot);
    let begun = Instant::now();
    program.terminate();
    let end = stream.end();
    assert_eq!(end.code(), Code::Unavailable);
    assert_eq!(end.metadata().get("grpc-retry-pushback-ms").unwrap(), "1000");
    assert!(program.wait().success());
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
}
