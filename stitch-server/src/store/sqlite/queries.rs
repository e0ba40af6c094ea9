//! The statements, one function each.

use rusqlite::{Connection, Result, params};

use crate::store::{
    AuditQuery, AuditRow, Commit, Contents, Event, FEED_BYTES, FEED_ROWS, FeedRow, Head, Row, RowChange, StoreError,
    StoredEvent,
};

pub(super) fn head(connection: &Connection) -> Result<Head> {
    let mut statement = connection.prepare_cached("SELECT history, revision, audit, audit_hash FROM head")?;
    statement.query_row([], |row| {
        Ok(Head { history: row.get(0)?, revision: row.get(1)?, audit: row.get(2)?, audit_hash: row.get(3)? })
    })
}

/// All of one moment.
pub(super) fn load(connection: &Connection) -> std::result::Result<Contents, StoreError> {
    // A savepoint, since the writer calls this within a transaction.
    connection.execute_batch("SAVEPOINT load")?;
    let contents =
        head(connection).and_then(|head| Ok(Contents { head, rows: rows(connection)?, feed: feed(connection)? }));
    connection.execute_batch("RELEASE load")?;
    Ok(contents?)
}

fn rows(connection: &Connection) -> Result<Vec<Row>> {
    let mut statement = connection.prepare_cached("SELECT kind, key, revision, body FROM rows ORDER BY place")?;
    let rows = statement.query_map([], |row| {
        Ok(Row { kind: row.get(0)?, key: row.get(1)?, revision: row.get(2)?, body: row.get(3)? })
    })?;
    rows.collect()
}

pub(super) fn commit(connection: &Connection, commit: &Commit) -> std::result::Result<(), StoreError> {
    if head(connection)? != commit.seen {
        return Err(StoreError::Conflict);
    }
    for change in &commit.rows {
        match change {
            RowChange::Put(Row { kind, key, revision, body }) => connection
                .prepare_cached(
                    "INSERT INTO rows (kind, key, revision, body) VALUES (?1, ?2, ?3, ?4) \
                     ON CONFLICT (kind, key) DO UPDATE SET revision = excluded.revision, body = excluded.body",
                )?
                .execute(params![kind, key, revision, body])?,
            RowChange::Remove { kind, key } => connection
                .prepare_cached("DELETE FROM rows WHERE kind = ?1 AND key = ?2")?
                .execute(params![kind, key])?,
        };
    }
    for AuditRow { seq, flag, hash, body } in &commit.audit {
        connection
            .prepare_cached("INSERT INTO audit (seq, flag, hash, body) VALUES (?1, ?2, ?3, ?4)")?
            .execute(params![seq, flag, hash, body])?;
    }
    commit.feed.iter().try_for_each(|row| tell(connection, row))?;
    let Head { history, revision, audit, audit_hash } = &commit.head;
    connection
        .prepare_cached("UPDATE head SET history = ?1, revision = ?2, audit = ?3, audit_hash = ?4")?
        .execute(params![history, revision, audit, audit_hash])?;
    Ok(())
}

fn feed(connection: &Connection) -> Result<Vec<FeedRow>> {
    let mut statement = connection.prepare_cached("SELECT env, seq, body FROM feed ORDER BY env, seq")?;
    let rows = statement.query_map([], |row| Ok(FeedRow { env: row.get(0)?, seq: row.get(1)?, body: row.get(2)? }))?;
    rows.collect()
}

fn tell(connection: &Connection, FeedRow { env, seq, body }: &FeedRow) -> Result<()> {
    connection
        .prepare_cached(
            "INSERT INTO feed (env, seq, total, body) VALUES \
             (?1, ?2, coalesce((SELECT max(total) FROM feed WHERE env = ?1), 0) + coalesce(length(?3), 0), ?3)",
        )?
        .execute(params![env, seq, body])?;
    connection
        .prepare_cached(
            "DELETE FROM feed WHERE env = ?1 AND seq < ?2 AND \
             (seq + ?3 <= ?2 OR total + ?4 <= (SELECT total FROM feed WHERE env = ?1 AND seq = ?2))",
        )?
        .execute(params![env, seq, FEED_ROWS, FEED_BYTES])
        .map(|_| ())
}

/// Of the instant `now`; ids last seen at `forgotten` or before are new again.
pub(super) fn append(connection: &Connection, events: &[Event], now: i64, forgotten: i64) -> Result<()> {
    let mut remember = connection.prepare_cached(
        "INSERT INTO event_ids (env, event_id, seen_at) VALUES (?1, ?2, ?3) \
         ON CONFLICT (env, event_id) DO UPDATE SET seen_at = excluded.seen_at WHERE seen_at <= ?4",
    )?;
    let mut insert = connection.prepare_cached(
        "INSERT INTO events (env, event_id, metric_key, context_type, context_key, value, timestamp, received_at) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
    )?;
    for event in events {
        let Event { env, event_id, metric_key, context_type, context_key, value, timestamp } = event;
        if event_id.is_some() && remember.execute(params![env, event_id, now, forgotten])? == 0 {
            continue;
        }
        let timestamp = timestamp.unwrap_or(now);
        insert.execute(params![env, event_id, metric_key, context_type, context_key, value, timestamp, now])?;
    }
    Ok(())
}

pub(super) fn events(connection: &Connection, env: &str, after: i64, limit: usize) -> Result<Vec<StoredEvent>> {
    let mut statement = connection.prepare_cached(
        "SELECT cursor, env, event_id, metric_key, context_type, context_key, value, timestamp, received_at \
         FROM events WHERE env = ?1 AND cursor > ?2 ORDER BY cursor LIMIT ?3",
    )?;
    let events = statement.query_map(params![env, after, limit], |row| {
        let event = Event {
            env: row.get(1)?,
            event_id: row.get(2)?,
            metric_key: row.get(3)?,
            context_type: row.get(4)?,
            context_key: row.get(5)?,
            value: row.get(6)?,
            timestamp: row.get(7)?,
        };
        Ok(StoredEvent { cursor: row.get(0)?, received_at: row.get(8)?, event })
    })?;
    events.collect()
}

/// Removes events that came before an instant, and ids last seen before another.
pub(super) fn forget(connection: &Connection, came: i64, seen: i64, at_most: usize) -> Result<usize> {
    let events = connection
        .prepare_cached(
            "DELETE FROM events WHERE cursor IN (SELECT cursor FROM events WHERE received_at < ?1 LIMIT ?2)",
        )?
        .execute(params![came, at_most])?;
    let ids = connection
        .prepare_cached(
            "DELETE FROM event_ids WHERE (env, event_id) IN \
             (SELECT env, event_id FROM event_ids WHERE seen_at < ?1 LIMIT ?2)",
        )?
        .execute(params![seen, at_most - events.min(at_most)])?;
    Ok(events + ids)
}

/// Writes what is there already.
pub(super) fn touch(connection: &Connection) -> Result<()> {
    connection.prepare_cached("UPDATE head SET revision = revision")?.execute([]).map(|_| ())
}

/// Makes a copy another history, which goes on where another store was: no revision and no cursor is given twice.
pub(super) fn begin_history(connection: &Connection, history: &str, revision: u64, cursor: i64) -> Result<()> {
    connection.execute("UPDATE head SET history = ?1, revision = max(revision, ?2)", params![history, revision])?;
    // Its numbers begin anew.
    connection.execute("DELETE FROM feed", [])?;
    set_last_cursor(connection, cursor.max(last_cursor(connection)?))
}

/// Has events go on after a cursor.
pub(super) fn set_last_cursor(connection: &Connection, cursor: i64) -> Result<()> {
    connection.execute("DELETE FROM sqlite_sequence WHERE name = 'events'", [])?;
    connection.execute("INSERT INTO sqlite_sequence (name, seq) VALUES ('events', ?1)", [cursor])?;
    Ok(())
}

/// The cursor of the last event that was ever stored.
pub(super) fn last_cursor(connection: &Connection) -> Result<i64> {
    connection
        .query_row("SELECT coalesce(max(seq), 0) FROM sqlite_sequence WHERE name = 'events'", [], |row| row.get(0))
}

pub(super) fn audit(connection: &Connection, query: &AuditQuery) -> Result<Vec<AuditRow>> {
    let AuditQuery { flag, after, limit } = query;
    let mut statement = connection.prepare_cached(match flag {
        Some(_) => "SELECT seq, flag, hash, body FROM audit WHERE seq > ?1 AND flag = ?3 ORDER BY seq LIMIT ?2",
        None => "SELECT seq, flag, hash, body FROM audit WHERE seq > ?1 AND ?3 IS NULL ORDER BY seq LIMIT ?2",
    })?;
    let rows = statement.query_map(params![after, limit, flag], |row| {
        Ok(AuditRow { seq: row.get(0)?, flag: row.get(1)?, hash: row.get(2)?, body: row.get(3)? })
    })?;
    rows.collect()
}
