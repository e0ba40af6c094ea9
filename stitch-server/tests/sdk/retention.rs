//! Old events are forgotten, while others are written.

use std::time::{Duration, Instant};

use stitch_server::state::Settings;
use stitch_server::store::sqlite::Access;
use stitch_server::store::{Event, Sqlite, Store};

use crate::common::stocked::{Shop, block_on, older, told};
use crate::common::{scratch, until};

const TEN_DAYS: i64 = 10 * 24 * 60 * 60 * 1_000;
const OLD: i64 = 20_000;

fn old(store: &dyn Store) {
    let event = |index| Event {
        env: "prod".to_owned(),
        event_id: Some(format!("e-{index}")),
        metric_key: "clicks".to_owned(),
        context_type: "user".to_owned(),
        context_key: "U".to_owned(),
        value: "1".to_owned(),
        timestamp: None,
    };
    for piece in 0..OLD / 1_000 {
        let events = (0..1_000).map(|index| event(piece * 1_000 + index)).collect();
        block_on(store.append(events, Duration::from_hours(1))).unwrap();
    }
}

#[test]
fn what_is_too_old_goes_little_by_little_and_holds_up_nobody() {
    let days = Duration::from_hours(7 * 24);
    let file = scratch("retention").join("stitch.db");
    let store = Sqlite::open(&file, Access::Serve).unwrap();
    let shop = Shop::on(store, Settings { event_retention: days, ..Settings::default() }, |store| {
        old(store);
        rusqlite::Connection::open(&file).unwrap().execute_batch(&older(TEN_DAYS)).unwrap();
    });
    let event = r#"{"events": [{"metric_key": "clicks", "context_key": "NEW", "value": 1}]}"#;
    let left = || block_on(shop.store.events("prod".to_owned(), 0, 100_000)).unwrap();
    let mut sent = 0;
    let mut slowest = Duration::ZERO;
    until(Duration::from_secs(20), || {
        let started = Instant::now();
        told(&shop.sdk("/v1/environments/prod/events", event));
        slowest = slowest.max(started.elapsed());
        sent += 1;
        left().iter().all(|stored| stored.event.context_key == "NEW").then_some(())
    });
    assert_eq!(left().len(), sent);
    // All at once would take as long as all the pieces together.
    assert!(slowest < Duration::from_secs(2), "{slowest:?}");
    // The ids are remembered longer: what comes again is still known.
    let again = r#"{"events": [{"metric_key": "clicks", "context_key": "U", "value": 1, "event_id": "e-0"}]}"#;
    told(&shop.sdk("/v1/environments/prod/events", again));
    assert_eq!(left().len(), sent);
}
