//! The store: all or nothing, in order, and there after a restart.

mod common;

use common::scratch;
use stitch_server::store::sqlite::Access;
use stitch_server::store::{Age, AuditQuery, AuditRow, Commit, Event, Head, Row, RowChange, Sqlite, Store, StoreError};

fn row(key: &str, revision: u64) -> Row {
    Row { kind: "thing".to_owned(), key: key.to_owned(), revision, body: format!("\"{revision}\"") }
}

/// A write of rows, with an audit entry that is not in the chain (the chain has tests of its own).
fn commit(seen: &Head, rows: Vec<RowChange>) -> Commit {
    let seq = seen.audit + 1;
    let head = Head { revision: seen.revision + 1, audit: seq, audit_hash: format!("{seq:x}"), ..seen.clone() };
    let audit =
        vec![AuditRow { seq, flag: Some("a".to_owned()), hash: head.audit_hash.clone(), body: "{}".to_owned() }];
    Commit { seen: seen.clone(), head, rows, audit, feed: Vec::new() }
}

fn event(id: Option<&str>, env: &str, received_at: i64) -> Event {
    Event {
        env: env.to_owned(),
        event_id: id.map(str::to_owned),
        metric_key: "clicks".to_owned(),
        context_type: "user".to_owned(),
        context_key: "U-1".to_owned(),
        value: "1".to_owned(),
        timestamp: received_at,
        received_at,
    }
}

/// In a file and in memory.
fn stores() -> Vec<Sqlite> {
    let file = scratch("store").join("deep/stitch.db");
    vec![Sqlite::open(&file, Access::Serve).unwrap(), Sqlite::in_memory().unwrap()]
}

#[tokio::test]
async fn a_commit_is_whole_and_keeps_the_order_of_first_writes() {
    for store in stores() {
        let start = store.load().await.unwrap().head;
        assert_eq!((start.revision, start.audit, start.history.len()), (0, 0, 32));
        let puts = ["b", "a", "c"].map(|key| RowChange::Put(row(key, 1)));
        let first = commit(&start, puts.to_vec());
        store.commit(first.clone()).await.unwrap();
        let remove = RowChange::Remove { kind: "thing".to_owned(), key: "a".to_owned() };
        store.commit(commit(&first.head, vec![RowChange::Put(row("b", 2)), remove])).await.unwrap();
        let contents = store.load().await.unwrap();
        assert_eq!(contents.rows, [row("b", 2), row("c", 1)]);
        assert_eq!((contents.head.revision, contents.head.audit), (2, 2));

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
async fn of_many_writers_at_once_one_wins() {
    for store in stores() {
        let start = store.load().await.unwrap().head;
        let tries =
            (0..50).map(|index| store.commit(commit(&start, vec![RowChange::Put(row(&format!("k{index}"), 1))])));
        let outcomes = futures_util::future::join_all(tries).await;
        assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 1);
        assert_eq!(store.load().await.unwrap().rows.len(), 1);
    }
}

#[tokio::test]
async fn an_event_with_an_id_is_stored_once_in_its_environment_for_as_long_as_ids_are_remembered() {
    for store in stores() {
        let once = [event(Some("e1"), "prod", 10), event(Some("e1"), "prod", 10), event(Some("e1"), "dev", 10)];
        store.append(once.to_vec(), 0).await.unwrap();
        store
            .append(vec![event(None, "prod", 11), event(None, "prod", 11), event(Some("e1"), "prod", 12)], 9)
            .await
            .unwrap();
        let stored = store.events("prod".to_owned(), 0, 10).await.unwrap();
        assert_eq!(stored.iter().map(|stored| stored.event.received_at).collect::<Vec<_>>(), [10, 11, 11]);
        assert_eq!(store.events("dev".to_owned(), 0, 10).await.unwrap().len(), 1);
        assert_eq!(store.events("prod".to_owned(), stored[1].cursor, 10).await.unwrap().len(), 1);
        // Seen at 10, and everything up to 10 is forgotten: it counts as new.
        store.append(vec![event(Some("e1"), "prod", 20)], 10).await.unwrap();
        assert_eq!(store.events("prod".to_owned(), 0, 10).await.unwrap().len(), 4);
        let age = Age { events_before: 12, ids_before: 12 };
        while store.forget(age, 2).await.unwrap() > 0 {}
        assert_eq!(store.events("prod".to_owned(), 0, 10).await.unwrap().len(), 1);
    }
}

#[tokio::test]
async fn a_clock_that_goes_back_stores_nothing_twice_and_loses_nothing() {
    for store in stores() {
        let stored = async || store.events("prod".to_owned(), 0, 10).await.unwrap();
        store.append(vec![event(Some("e1"), "prod", 1_000)], 900).await.unwrap();
        // The clock says less than when it was stored: it is known all the same, and the order is that of storing.
        store.append(vec![event(Some("e1"), "prod", 10), event(Some("e2"), "prod", 10)], -90).await.unwrap();
        store.append(vec![event(Some("e2"), "prod", 5)], -95).await.unwrap();
        let times: Vec<_> = stored().await.iter().map(|stored| stored.event.received_at).collect();
        assert_eq!(times, [1_000, 10]);
        let age = Age { events_before: 10, ids_before: 10 };
        assert_eq!(store.forget(age, 10).await.unwrap(), 0);
        assert_eq!(stored().await.len(), 2);
    }
}

#[tokio::test]
async fn what_is_too_old_goes_in_pieces() {
    for store in stores() {
        let events = (0..10).map(|index| event(Some(&format!("e{index}")), "prod", index)).collect();
        store.append(events, -1).await.unwrap();
        let age = Age { events_before: 7, ids_before: 4 };
        let mut pieces = Vec::new();
        while let rows @ 1.. = store.forget(age, 3).await.unwrap() {
            pieces.push(rows);
        }
        assert!(pieces.iter().all(|rows| *rows <= 3), "{pieces:?}");
        assert_eq!(pieces.iter().sum::<usize>(), 7 + 4);
        assert_eq!(store.events("prod".to_owned(), 0, 10).await.unwrap().len(), 3);
    }
}

#[tokio::test]
async fn what_was_written_is_there_after_a_restart_and_for_its_owner_alone() {
    let file = scratch("restart").join("stitch.db");
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
    store.append((0..100).map(|index| event(None, "prod", index)).collect(), 0).await.unwrap();
    assert_eq!(store.events("prod".to_owned(), 0, 10).await.unwrap().len(), 10);
    drop(store);
    let files: Vec<_> = std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(files, ["stitch.db"]);
}

#[tokio::test]
async fn a_newer_schema_and_what_is_no_database_are_refused() {
    let file = scratch("newer").join("stitch.db");
    drop(Sqlite::open(&file, Access::Serve).unwrap());
    let connection = rusqlite::Connection::open(&file).unwrap();
    connection.pragma_update(None, "user_version", 99).unwrap();
    drop(connection);
    let newer = Sqlite::open(&file, Access::Visit).unwrap_err().to_string();
    assert!(newer.contains("version 99") && newer.contains("newer stitch-server"), "{newer}");

    let file = scratch("text").join("stitch.db");
    std::fs::write(&file, "this is no database at all, but a text of some length".repeat(100)).unwrap();
    let text = Sqlite::open(&file, Access::Serve).unwrap_err();
    assert!(matches!(text, StoreError::Unusable(_)), "{text}");
}
