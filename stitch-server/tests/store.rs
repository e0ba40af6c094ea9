//! The store: all or nothing, in order, and there after a restart. The same tests for each medium.

mod common;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use common::scratch;
use common::services::{self, Schema};
use common::stocked::older;
use stitch_server::start::store::Place;
use stitch_server::store::sqlite::Access;
use stitch_server::store::{
    AuditQuery, AuditRow, Commit, Event, FEED_ROWS, FeedRow, Head, Kept, Row, RowChange, Sqlite, Store, StoreError,
};

const DAY: i64 = 24 * 60 * 60 * 1_000;
const DAYS: fn(u64) -> Duration = |days| Duration::from_hours(24 * days);

fn row(key: &str, revision: u64) -> Row {
    Row { kind: "thing".to_owned(), key: key.to_owned(), revision, body: format!("\"{revision}\"") }
}

fn remove(key: &str) -> RowChange {
    RowChange::Remove { kind: "thing".to_owned(), key: key.to_owned() }
}

/// A write of rows, with an audit entry that is not in the chain (the chain has tests of its own).
fn commit(seen: &Head, rows: Vec<RowChange>) -> Commit {
    let seq = seen.audit + 1;
    let head = Head { revision: seen.revision + 1, audit: seq, audit_hash: format!("{seq:x}"), ..seen.clone() };
    let audit =
        vec![AuditRow { seq, flag: Some("a".to_owned()), hash: head.audit_hash.clone(), body: "{}".to_owned() }];
    Commit { seen: seen.clone(), head, rows, audit, feed: Vec::new() }
}

fn event(id: Option<&str>, env: &str) -> Event {
    Event {
        env: env.to_owned(),
        event_id: id.map(str::to_owned),
        metric_key: "clicks".to_owned(),
        context_type: "user".to_owned(),
        context_key: "U-1".to_owned(),
        value: "1".to_owned(),
        timestamp: None,
    }
}

/// A store, and the way round it.
struct Medium {
    store: Arc<dyn Store>,
    place: Place,
    schema: Option<Schema>,
}

impl Medium {
    /// Everything that happened, happened so much earlier (milliseconds).
    async fn older(&self, by: i64) {
        match &self.place {
            Place::File(file) => rusqlite::Connection::open(file).unwrap().execute_batch(&older(by)).unwrap(),
            Place::Postgres(_) => {
                let client = services::client(&self.schema.as_ref().unwrap().url).await.unwrap();
                client.batch_execute(&older(by)).await.unwrap();
            }
            Place::Memory => panic!("nobody else reaches what is in memory"),
        }
    }
}

fn schema() -> Option<Schema> {
    std::thread::spawn(Schema::make).join().unwrap()
}

async fn medium(place: &str, schema: Option<Schema>) -> Medium {
    let place: Place = place.parse().unwrap();
    Medium { store: place.open(Access::Serve).await.unwrap(), place, schema }
}

/// Those that are kept somewhere: in a file, and in `PostgreSQL`.
async fn kept() -> Vec<Medium> {
    let file = scratch("store").join("deep/stitch.db");
    let mut media = vec![medium(file.to_str().unwrap(), None).await];
    if let Some(schema) = schema() {
        media.push(medium(&schema.url.clone(), Some(schema)).await);
    }
    media
}

/// All of them.
async fn stores() -> Vec<Medium> {
    let mut media = kept().await;
    media.push(medium("memory", None).await);
    media
}

#[tokio::test]
async fn a_commit_is_whole_and_keeps_the_order_of_first_writes() {
    for Medium { store, schema: _schema, .. } in stores().await {
        let start = store.load().await.unwrap().head;
        assert_eq!((start.revision, start.audit, start.history.len()), (0, 0, 32));
        let puts = ["b", "a", "c"].map(|key| RowChange::Put(row(key, 1)));
        let first = commit(&start, puts.to_vec());
        store.commit(first.clone()).await.unwrap();
        store.commit(commit(&first.head, vec![RowChange::Put(row("b", 2)), remove("a")])).await.unwrap();
        let contents = store.load().await.unwrap();
        assert_eq!(contents.rows, [row("b", 2), row("c", 1)]);
        assert_eq!((contents.head.revision, contents.head.audit), (2, 2));
        assert_eq!(store.head().await.unwrap(), contents.head);

        let late = store.commit(commit(&start, vec![RowChange::Put(row("z", 9))])).await;
        assert!(matches!(late, Err(StoreError::Conflict)), "{late:?}");
        assert_eq!(store.load().await.unwrap().rows.len(), 2);
        let about = |flag: Option<&str>| AuditQuery { flag: flag.map(str::to_owned), after: 0, limit: 10 };
        assert_eq!(store.audit(about(Some("a"))).await.unwrap().len(), 2);
        assert_eq!(store.audit(about(None)).await.unwrap().len(), 2);
        assert_eq!(store.audit(about(Some("b"))).await.unwrap().len(), 0);
    }
}

#[tokio::test]
async fn of_several_changes_of_one_row_the_last_counts_and_what_comes_again_comes_last() {
    for Medium { store, schema: _schema, .. } in stores().await {
        let start = store.load().await.unwrap().head;
        let first = commit(&start, ["a", "b", "c"].map(|key| RowChange::Put(row(key, 1))).to_vec());
        store.commit(first.clone()).await.unwrap();
        let changes = vec![
            remove("a"),
            RowChange::Put(row("b", 2)),
            RowChange::Put(row("b", 3)),
            RowChange::Put(row("d", 2)),
            remove("d"),
            RowChange::Put(row("a", 4)),
            remove("nowhere"),
        ];
        store.commit(commit(&first.head, changes)).await.unwrap();
        assert_eq!(store.load().await.unwrap().rows, [row("b", 3), row("c", 1), row("a", 4)]);
    }
}

#[tokio::test]
async fn of_many_writers_at_once_one_wins() {
    for Medium { store, schema: _schema, .. } in stores().await {
        let start = store.load().await.unwrap().head;
        let tries =
            (0..50).map(|index| store.commit(commit(&start, vec![RowChange::Put(row(&format!("k{index}"), 1))])));
        let outcomes = futures_util::future::join_all(tries).await;
        assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 1);
        assert_eq!(store.load().await.unwrap().rows.len(), 1);
    }
}

#[tokio::test]
async fn the_last_messages_of_each_environment_are_kept() {
    for Medium { store, schema: _schema, .. } in stores().await {
        let mut head = store.load().await.unwrap().head;
        let message = |env: &str, seq, body: Option<Vec<u8>>| FeedRow { env: env.to_owned(), seq, body };
        let mut tell = async |feed| {
            let commit = Commit { feed, ..commit(&head, Vec::new()) };
            head = commit.head.clone();
            store.commit(commit).await.unwrap();
            store.load().await.unwrap().feed
        };
        let told = tell(vec![message("prod", 2, Some(vec![0, 255])), message("dev", 2, None)]).await;
        assert_eq!(told.len(), 2);
        assert!(told.contains(&message("prod", 2, Some(vec![0, 255]))) && told.contains(&message("dev", 2, None)));
        // Those that are too many, and those before too many bytes.
        let told = tell(vec![message("prod", FEED_ROWS + 2, Some(vec![1]))]).await;
        assert_eq!(told.iter().filter(|row| row.env == "prod").count(), 1);
        for seq in 3..6 {
            tell(vec![message("dev", seq, Some(vec![1; 3 << 20]))]).await;
        }
        let told = tell(vec![message("dev", 6, Some(vec![1]))]).await;
        let kept: Vec<_> = told.iter().filter(|row| row.env == "dev").map(|row| row.seq).collect();
        assert_eq!(kept, [4, 5, 6]);
    }
}

#[tokio::test]
async fn every_text_comes_back_as_it_was() {
    for Medium { store, schema: _schema, .. } in stores().await {
        let odd = "a\0b\u{1a}0\u{1F600}'\"\\";
        let start = store.load().await.unwrap().head;
        let mut change = commit(&start, vec![RowChange::Put(row(odd, 1))]);
        change.audit[0].flag = Some(odd.to_owned());
        change.feed = vec![FeedRow { env: odd.to_owned(), seq: 2, body: None }];
        store.commit(change.clone()).await.unwrap();
        let contents = store.load().await.unwrap();
        assert_eq!((contents.rows, contents.feed), (vec![row(odd, 1)], change.feed));
        let query = AuditQuery { flag: Some(odd.to_owned()), after: 0, limit: 10 };
        assert_eq!(store.audit(query).await.unwrap(), change.audit);
        let event = Event { context_type: odd.to_owned(), context_key: odd.to_owned(), ..event(Some(odd), odd) };
        store.append(vec![event.clone()], DAYS(30)).await.unwrap();
        store.append(vec![event.clone()], DAYS(30)).await.unwrap();
        let stored = store.events(odd.to_owned(), 0, 10).await.unwrap();
        assert_eq!(stored.len(), 1);
        assert_eq!(stored[0].event, Event { timestamp: Some(stored[0].received_at), ..event });
    }
}

#[tokio::test]
async fn an_event_with_an_id_is_stored_once_in_its_environment_for_as_long_as_ids_are_remembered() {
    for medium in kept().await {
        let store = &medium.store;
        let keys = async || {
            let stored = store.events("prod".to_owned(), 0, 10).await.unwrap();
            stored.into_iter().map(|stored| stored.event.context_key).collect::<Vec<_>>().concat()
        };
        let named = |id, env, key: &str| Event { context_key: key.to_owned(), ..event(id, env) };
        let once = [named(Some("e1"), "prod", "a"), named(Some("e1"), "prod", "b"), named(Some("e1"), "dev", "c")];
        store.append(once.to_vec(), DAYS(30)).await.unwrap();
        let more = [named(None, "prod", "d"), named(None, "prod", "e"), named(Some("e1"), "prod", "f")];
        store.append(more.to_vec(), DAYS(30)).await.unwrap();
        assert_eq!(keys().await, "ade");
        let stored = store.events("prod".to_owned(), 0, 10).await.unwrap();
        assert_eq!(store.events("dev".to_owned(), 0, 10).await.unwrap().len(), 1);
        assert_eq!(store.events("prod".to_owned(), stored[1].cursor, 10).await.unwrap().len(), 1);
        medium.older(29 * DAY).await;
        store.append(vec![named(Some("e1"), "prod", "g")], DAYS(30)).await.unwrap();
        medium.older(DAY).await;
        // What came again meanwhile did not make it longer.
        store.append(vec![named(Some("e1"), "prod", "h")], DAYS(30)).await.unwrap();
        assert_eq!(keys().await, "adeh");
        let kept = Kept { events: DAYS(7), ids: DAYS(30) };
        while store.forget(kept, 2).await.unwrap() > 0 {}
        assert_eq!(keys().await, "h");
    }
}

#[tokio::test]
async fn a_clock_that_goes_back_stores_nothing_twice_and_loses_nothing() {
    for medium in kept().await {
        let store = &medium.store;
        store.append(vec![event(Some("e1"), "prod")], DAYS(30)).await.unwrap();
        // The clock says less than when it was stored: it is known all the same, and the order is that of storing.
        medium.older(-100 * DAY).await;
        store.append(vec![event(Some("e1"), "prod"), event(Some("e2"), "prod")], DAYS(30)).await.unwrap();
        store.append(vec![event(Some("e2"), "prod")], DAYS(30)).await.unwrap();
        let stored = store.events("prod".to_owned(), 0, 10).await.unwrap();
        let ids: Vec<_> = stored.iter().map(|stored| stored.event.event_id.as_deref().unwrap()).collect();
        assert_eq!(ids, ["e1", "e2"]);
        assert!(stored[0].received_at > stored[1].received_at);
        assert_eq!(store.forget(Kept { events: DAYS(1), ids: DAYS(1) }, 10).await.unwrap(), 0);
    }
}

#[tokio::test]
async fn what_is_too_old_goes_in_pieces() {
    for medium in kept().await {
        let store = &medium.store;
        let events = |from: u64, to| (from..to).map(|index| event(Some(&format!("e{index}")), "prod")).collect();
        store.append(events(0, 4), DAYS(30)).await.unwrap();
        medium.older(3 * DAY).await;
        store.append(events(4, 7), DAYS(30)).await.unwrap();
        medium.older(3 * DAY).await;
        store.append(events(7, 10), DAYS(30)).await.unwrap();
        let kept = Kept { events: DAYS(2), ids: DAYS(5) };
        let mut pieces = Vec::new();
        while let rows @ 1.. = store.forget(kept, 3).await.unwrap() {
            pieces.push(rows);
        }
        assert!(pieces.iter().all(|rows| *rows <= 3), "{pieces:?}");
        assert_eq!(pieces.iter().sum::<usize>(), 7 + 4);
        assert_eq!(store.events("prod".to_owned(), 0, 10).await.unwrap().len(), 3);
    }
}

#[tokio::test]
async fn many_calls_at_once_are_each_whole_and_in_order() {
    for Medium { store, schema: _schema, .. } in stores().await {
        let calls = (0..100).map(|call| {
            let name = |index| format!("{call}-{index}");
            store.append((0..5).map(|index| event(Some(&name(index)), "prod")).collect(), DAYS(30))
        });
        assert!(futures_util::future::join_all(calls).await.iter().all(Result::is_ok));
        let stored = store.events("prod".to_owned(), 0, 1_000).await.unwrap();
        let ids: Vec<_> = stored.iter().map(|stored| stored.event.event_id.clone().unwrap()).collect();
        assert_eq!(ids.len(), 500);
        for call in ids.chunks(5) {
            let number = call[0].split('-').next().unwrap();
            assert!((0..5).all(|index| call[index] == format!("{number}-{index}")), "{call:?}");
        }
        assert!(stored.is_sorted_by(|before, after| before.cursor < after.cursor));
        store.probe().await.unwrap();
    }
}

fn file(name: &str) -> PathBuf {
    scratch(name).join("stitch.db")
}

#[tokio::test]
async fn what_was_written_is_there_after_a_restart_and_for_its_owner_alone() {
    let file = file("restart");
    let store = Sqlite::open(&file, Access::Serve).unwrap();
    let start = store.load().await.unwrap().head;
    store.commit(commit(&start, vec![RowChange::Put(row("a", 1))])).await.unwrap();

    let second = Sqlite::open(&file, Access::Serve).unwrap_err().to_string();
    assert!(second.contains("another server serves"), "{second}");
    let visitor = Sqlite::open(&file, Access::Visit).unwrap();
    assert_eq!(visitor.load().await.unwrap().rows.len(), 1);
    drop((store, visitor));

    let again = Sqlite::open(&file, Access::Serve).unwrap().load().await.unwrap();
    assert_eq!((again.rows, again.head.history), (vec![row("a", 1)], start.history));
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    }
}

#[tokio::test]
async fn a_store_that_is_closed_is_one_file() {
    let folder = scratch("closed");
    let store = Sqlite::open(&folder.join("stitch.db"), Access::Visit).unwrap();
    store.append((0..100).map(|_| event(None, "prod")).collect(), DAYS(30)).await.unwrap();
    assert_eq!(store.events("prod".to_owned(), 0, 10).await.unwrap().len(), 10);
    drop(store);
    let files: Vec<_> = std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(files, ["stitch.db"]);
}

#[tokio::test]
async fn a_newer_schema_and_what_is_no_database_are_refused() {
    let newer = file("newer");
    drop(Sqlite::open(&newer, Access::Serve).unwrap());
    let connection = rusqlite::Connection::open(&newer).unwrap();
    connection.pragma_update(None, "user_version", 99).unwrap();
    drop(connection);
    let newer = Sqlite::open(&newer, Access::Visit).unwrap_err().to_string();
    assert!(newer.contains("version 99") && newer.contains("newer stitch-server"), "{newer}");

    let text = file("text");
    std::fs::write(&text, "this is no database at all, but a text of some length".repeat(100)).unwrap();
    let text = Sqlite::open(&text, Access::Serve).unwrap_err();
    assert!(matches!(text, StoreError::Unusable(_)), "{text}");
}
