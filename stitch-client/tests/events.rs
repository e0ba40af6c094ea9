//! Events on their way to real servers, through outages.

mod common;

use std::collections::HashSet;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use common::{PATIENCE, Site, until, until_so};
use stitch_client::{Builder, Client, Event, NotRecorded};
use stitch_server::store::StoredEvent;

fn builder(site: &Site) -> Builder {
    site.builder().events_url(format!("http://{}", site.http())).event_pause(Duration::from_millis(20))
}

fn client(site: &Site) -> Client {
    builder(site).connect().unwrap()
}

fn record(client: &Client, numbers: std::ops::Range<i64>) {
    for number in numbers {
        client.record(Event::new("clicks", "U-1", number)).unwrap();
    }
}

/// The values that are stored, each as often as it is.
fn stored(site: &Site) -> Vec<i64> {
    let mut values: Vec<i64> = site.events().iter().map(|stored| stored.event.value.parse().unwrap()).collect();
    values.sort_unstable();
    values
}

#[test]
fn they_arrive_whole_and_once() {
    let site = Site::open();
    let client = client(&site);
    record(&client, 0..2_500);
    assert!(client.flush(PATIENCE));
    assert_eq!(stored(&site), (0..2_500).collect::<Vec<_>>());
    let counts = client.events();
    assert_eq!((counts.queued, counts.accepted, counts.rejected, counts.dropped), (0, 2_500, 0, 0));
    let event = &site.events()[0].event;
    assert_eq!(
        (event.metric_key.as_str(), event.context_type.as_str(), event.context_key.as_str()),
        ("clicks", "user", "U-1")
    );
    let ids: HashSet<_> = site.events().iter().map(|stored| stored.event.event_id.clone().unwrap()).collect();
    assert_eq!(ids.len(), 2_500);
    let soon = |stored: &StoredEvent| stored.event.timestamp.is_some_and(|at| (stored.received_at - at).abs() < 60_000);
    assert!(site.events().iter().all(soon));
}

#[test]
fn they_go_by_themselves_after_a_pause() {
    let site = Site::open();
    let client = client(&site);
    record(&client, 0..3);
    until_so(|| stored(&site) == [0, 1, 2]);
}

#[test]
fn a_server_that_is_away_gets_them_when_it_is_back_and_none_twice() {
    let mut site = Site::open();
    let client = client(&site);
    client.wait_ready(PATIENCE);
    record(&client, 0..10);
    assert!(client.flush(PATIENCE));
    site.stop();
    record(&client, 10..1_510);
    let error = until(|| client.events().last_error);
    assert!(error.contains("cannot be sent") && !error.contains(&site.key), "{error}");
    assert!(!client.flush(Duration::from_millis(50)));
    assert_eq!(client.events().queued, 1_500);
    site.start();
    assert!(client.flush(PATIENCE));
    assert_eq!(stored(&site), (0..1_510).collect::<Vec<_>>());
    assert_eq!(client.events().accepted, 1_510);
}

/// Hands calls on, and keeps the first answers for itself.
fn forgetful(to: std::net::SocketAddr, forgets: usize) -> (String, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let calls = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&calls);
    std::thread::spawn(move || {
        for client in listener.incoming() {
            let mut client = client.unwrap();
            client.set_read_timeout(Some(Duration::from_millis(100))).unwrap();
            let mut server = TcpStream::connect(to).unwrap();
            server.set_read_timeout(Some(PATIENCE)).unwrap();
            let mut buffer = vec![0; 1 << 16];
            // All of the request: until nothing more comes.
            while let Ok(read @ 1..) = client.read(&mut buffer) {
                server.write_all(&buffer[..read]).unwrap();
            }
            let read = server.read(&mut buffer).unwrap();
            if counted.fetch_add(1, Ordering::SeqCst) >= forgets {
                client.write_all(&buffer[..read]).unwrap();
            }
        }
    });
    (url, calls)
}

#[test]
fn an_answer_that_is_lost_doubles_nothing() {
    let site = Site::open();
    let (url, calls) = forgetful(site.http(), 3);
    let client = site.builder().events_url(url).connect().unwrap();
    record(&client, 0..100);
    assert!(client.flush(PATIENCE));
    assert_eq!(calls.load(Ordering::SeqCst), 4, "three answers were lost, and what they were to was sent again");
    assert_eq!(stored(&site), (0..100).collect::<Vec<_>>());
    assert_eq!(client.events().accepted, 100);
}

#[test]
fn what_finds_no_room_is_counted() {
    let mut site = Site::open();
    let client = builder(&site).event_queue(50).connect().unwrap();
    client.wait_ready(PATIENCE);
    site.stop();
    record(&client, 0..50);
    for _ in 0..7 {
        assert_eq!(client.record(Event::new("clicks", "U-1", 99)), Err(NotRecorded::Full));
    }
    let counts = client.events();
    assert_eq!((counts.queued, counts.dropped), (50, 7));
    site.start();
    assert!(client.flush(PATIENCE));
    assert_eq!(stored(&site), (0..50).collect::<Vec<_>>());
    record(&client, 50..100);
    assert!(client.flush(PATIENCE), "there is room again");
}

#[test]
fn what_the_server_rejects_is_counted_and_the_rest_arrives() {
    let site = Site::open();
    let client = client(&site);
    client.record(Event::new("unknown", "U-1", 1)).unwrap();
    client.record(Event::new("clicks", "U-1", true)).unwrap();
    client.record(Event::new("clicks", "U-1", 5)).unwrap();
    client.record(Event::new("seconds", "D-1", 2.5).context_type("device").id("mine")).unwrap();
    client.record(Event::new("seconds", "D-1", 2.5).context_type("device").id("mine")).unwrap();
    assert!(client.flush(PATIENCE));
    let counts = client.events();
    assert_eq!((counts.accepted, counts.rejected), (3, 2));
    assert_eq!(site.events().len(), 2, "one name is one event");
}

#[test]
fn the_end_sends_what_is_left_and_counts_what_is_lost() {
    let mut site = Site::open();
    let client = builder(&site).event_pause(Duration::from_hours(1)).connect().unwrap();
    record(&client, 0..20);
    let counts = client.shutdown(PATIENCE);
    assert_eq!((counts.accepted, counts.queued, counts.dropped), (20, 0, 0));
    assert_eq!(stored(&site), (0..20).collect::<Vec<_>>());
    assert_eq!(client.record(Event::new("clicks", "U-1", 1)), Err(NotRecorded::Ended));

    let client = builder(&site).event_pause(Duration::from_hours(1)).connect().unwrap();
    client.wait_ready(PATIENCE);
    site.stop();
    record(&client, 20..40);
    let begun = Instant::now();
    client.shutdown(Duration::from_millis(300));
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
    until_so(|| client.events().dropped == 20 && client.events().queued == 0);
}

#[test]
fn without_an_address_nothing_is_recorded() {
    let site = Site::open();
    let client = site.client();
    assert_eq!(client.record(Event::new("clicks", "U-1", 1)), Err(NotRecorded::NoEventsUrl));
    assert!(client.flush(Duration::ZERO));
    let unfit = self::client(&site).record(Event::new("clicks", "", 1));
    assert!(matches!(unfit, Err(NotRecorded::Unfit(_))));
}

#[test]
fn many_threads_record_at_once() {
    let site = Site::open();
    let client = client(&site);
    std::thread::scope(|scope| {
        for thread in 0..8 {
            let client = &client;
            scope.spawn(move || record(client, thread * 500..(thread + 1) * 500));
        }
    });
    assert!(client.flush(PATIENCE));
    assert_eq!(stored(&site), (0..4_000).collect::<Vec<_>>());
}
