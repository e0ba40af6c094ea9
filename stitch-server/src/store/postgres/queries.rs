//! The statements, one function each.
//!
//! Whatever is written is one statement: it is done whole or not at all, and no lock waits for the network. The one row
//! of `head` is the lock: whoever writes holds it, and so cursors become visible in their order.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use tokio_postgres::Row as Found;

use super::link::{Failed, Session};
use super::text::{keep, kept};
use super::{check_version, known};
use crate::store::{AuditQuery, AuditRow, Contents, Event, FeedRow, Head, Kept, Row, StoredEvent};

mod commit;

pub(super) use commit::commit;

type Answer<T> = Result<T, Failed>;

pub(super) async fn head(session: Arc<Session>) -> Answer<Head> {
    let row = session.row("SELECT version, history, revision, audit, audit_hash FROM head", &[]).await?;
    check_version(row.try_get(0)?)?;
    Ok(Head {
        history: row.try_get(1)?,
        revision: count(&row, 2)?,
        audit: count(&row, 3)?,
        audit_hash: row.try_get(4)?,
    })
}

/// All of one moment, which is that of the statement.
pub(super) async fn load(session: Arc<Session>) -> Answer<Contents> {
    let all = "
        SELECT 'head' AS part, version::bigint AS place, history AS kind, audit_hash AS key, revision AS number,
               audit AS other, NULL AS text, NULL::bytea AS message FROM head
        UNION ALL SELECT 'row', place, kind, key, revision, 0, body, NULL FROM rows
        UNION ALL SELECT 'tell', seq, env, '', seq, 0, NULL, body FROM feed
        ORDER BY part, place";
    let mut contents = Contents::default();
    for row in session.query(all, &[]).await? {
        let (kind, key, number) = (row.try_get(2)?, row.try_get(3)?, count(&row, 4)?);
        match row.try_get(0)? {
            "head" => {
                check_version(i32::try_from(row.try_get::<_, i64>(1)?).unwrap_or(i32::MAX))?;
                contents.head = Head { history: kind, revision: number, audit: count(&row, 5)?, audit_hash: key };
            }
            "row" => {
                contents.rows.push(Row { kind, key: kept(key), revision: number, body: row.try_get(6)? });
            }
            _ => contents.feed.push(FeedRow { env: kept(kind), seq: number, body: row.try_get(7)? }),
        }
    }
    Ok(contents)
}

/// Stores the events of several calls; the clock is the database's, which is the same for all replicas.
pub(super) async fn append(session: Arc<Session>, events: Arc<Vec<Event>>, ids_kept: Duration) -> Answer<()> {
    let events = once(&events);
    let texts = |of: fn(&Event) -> &str| events.iter().map(|event| keep(of(event))).collect::<Vec<_>>();
    let ids: Vec<_> = events.iter().map(|event| event.event_id.as_deref().map(keep)).collect();
    let timestamps: Vec<_> = events.iter().map(|event| event.timestamp).collect();
    let statement = "
        WITH turn AS MATERIALIZED (
            SELECT version, (extract(epoch FROM clock_timestamp()) * 1000)::bigint AS now FROM head FOR UPDATE),
        new AS MATERIALIZED (
            SELECT new.*, turn.now
            FROM turn, unnest($2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::bigint[])
                WITH ORDINALITY AS new (env, event_id, metric_key, context_type, context_key, value, timestamp, place)
            WHERE turn.version = $1),
        fresh AS (
            INSERT INTO event_ids (env, event_id, seen_at)
            SELECT env, event_id, now FROM new WHERE event_id IS NOT NULL
            ON CONFLICT (env, event_id) DO UPDATE SET seen_at = excluded.seen_at
                WHERE event_ids.seen_at <= excluded.seen_at - $9
            RETURNING env, event_id),
        stored AS (
            INSERT INTO events (env, event_id, metric_key, context_type, context_key, value, timestamp, received_at)
            SELECT new.env, new.event_id, metric_key, context_type, context_key, value, coalesce(timestamp, now), now
            FROM new LEFT JOIN fresh ON fresh.env = new.env AND fresh.event_id = new.event_id
            WHERE new.event_id IS NULL OR fresh.event_id IS NOT NULL
            ORDER BY place)
        SELECT version FROM turn";
    let row = session
        .row(
            statement,
            &[
                &known(),
                &texts(|event| &event.env),
                &ids,
                &texts(|event| &event.metric_key),
                &texts(|event| &event.context_type),
                &texts(|event| &event.context_key),
                &texts(|event| &event.value),
                &timestamps,
                &milliseconds(ids_kept),
            ],
        )
        .await?;
    Ok(check_version(row.try_get(0)?)?)
}

/// Without those whose id came before among them: one statement sees each id once.
fn once(events: &[Event]) -> Vec<&Event> {
    let (mut seen, mut once) = (HashSet::new(), Vec::with_capacity(events.len()));
    for event in events {
        if event.event_id.as_deref().is_none_or(|id| seen.insert((event.env.as_str(), id))) {
            once.push(event);
        }
    }
    once
}

pub(super) async fn events(session: Arc<Session>, env: String, after: i64, limit: usize) -> Answer<Vec<StoredEvent>> {
    let statement = "
        SELECT cursor, env, event_id, metric_key, context_type, context_key, value, timestamp, received_at
        FROM events WHERE env = $1 AND cursor > $2 ORDER BY cursor LIMIT $3";
    let rows = session.query(statement, &[&keep(&env), &after, &most(limit)]).await?;
    let stored = |row: &Found| -> Answer<StoredEvent> {
        let event = Event {
            env: kept(row.try_get(1)?),
            event_id: row.try_get::<_, Option<String>>(2)?.map(kept),
            metric_key: kept(row.try_get(3)?),
            context_type: kept(row.try_get(4)?),
            context_key: kept(row.try_get(5)?),
            value: row.try_get(6)?,
            timestamp: Some(row.try_get(7)?),
        };
        Ok(StoredEvent { cursor: row.try_get(0)?, received_at: row.try_get(8)?, event })
    };
    rows.iter().map(stored).collect()
}

pub(super) async fn forget(session: Arc<Session>, kept: Kept, at_most: usize) -> Answer<usize> {
    let statement = "
        WITH turn AS MATERIALIZED (
            SELECT version, (extract(epoch FROM clock_timestamp()) * 1000)::bigint AS now FROM head FOR UPDATE),
        gone AS (
            DELETE FROM events WHERE cursor IN (
                SELECT cursor FROM events
                WHERE received_at < (SELECT now - $2 FROM turn WHERE version = $1) LIMIT $4) RETURNING 1),
        ids AS (
            DELETE FROM event_ids WHERE (env, event_id) IN (
                SELECT env, event_id FROM event_ids
                WHERE seen_at < (SELECT now - $3 FROM turn WHERE version = $1)
                LIMIT $4 - (SELECT count(*) FROM gone)) RETURNING 1)
        SELECT (SELECT version FROM turn), (SELECT count(*) FROM gone) + (SELECT count(*) FROM ids)";
    let values = (milliseconds(kept.events), milliseconds(kept.ids), most(at_most));
    let row = session.row(statement, &[&known(), &values.0, &values.1, &values.2]).await?;
    check_version(row.try_get(0)?)?;
    Ok(usize::try_from(row.try_get::<_, i64>(1)?).unwrap_or_default())
}

/// Writes what is there already.
pub(super) async fn touch(session: Arc<Session>) -> Answer<()> {
    let row = session.row("UPDATE head SET revision = revision RETURNING version", &[]).await?;
    Ok(check_version(row.try_get(0)?)?)
}

pub(super) async fn audit(session: Arc<Session>, query: AuditQuery) -> Answer<Vec<AuditRow>> {
    let AuditQuery { flag, after, limit } = query;
    let statement = match flag {
        Some(_) => "SELECT seq, flag, hash, body FROM audit WHERE seq > $1 AND flag = $3 ORDER BY seq LIMIT $2",
        None => "SELECT seq, flag, hash, body FROM audit WHERE seq > $1 AND $3::text IS NULL ORDER BY seq LIMIT $2",
    };
    let rows = session.query(statement, &[&signed(after), &most(limit), &flag.as_deref().map(keep)]).await?;
    let entry = |row: &Found| -> Answer<AuditRow> {
        let flag = row.try_get::<_, Option<String>>(1)?.map(kept);
        Ok(AuditRow { seq: count(row, 0)?, flag, hash: row.try_get(2)?, body: row.try_get(3)? })
    };
    rows.iter().map(entry).collect()
}

fn count(row: &Found, column: usize) -> Answer<u64> {
    Ok(u64::try_from(row.try_get::<_, i64>(column)?).unwrap_or_default())
}

fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

fn most(number: usize) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

fn milliseconds(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}
