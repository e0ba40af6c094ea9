//! A commit as one statement: where the store no longer stands where it was decided, nothing of it is done.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::{Answer, signed};
use crate::store::postgres::known;
use crate::store::postgres::link::Session;
use crate::store::postgres::text::keep;
use crate::store::{Commit, FEED_BYTES, FEED_ROWS, Row, RowChange, StoreError};

pub(in crate::store::postgres) async fn commit(session: Arc<Session>, commit: Arc<Commit>) -> Answer<()> {
    let Commit { seen, head, rows, audit, feed } = &*commit;
    let changes = Changes::of(rows);
    let (seqs, flags, hashes, bodies) = (
        audit.iter().map(|row| signed(row.seq)).collect::<Vec<_>>(),
        audit.iter().map(|row| row.flag.as_deref().map(keep)).collect::<Vec<_>>(),
        audit.iter().map(|row| &*row.hash).collect::<Vec<_>>(),
        audit.iter().map(|row| &*row.body).collect::<Vec<_>>(),
    );
    let (envs, numbers, messages) = (
        feed.iter().map(|row| keep(&row.env)).collect::<Vec<_>>(),
        feed.iter().map(|row| signed(row.seq)).collect::<Vec<_>>(),
        feed.iter().map(|row| row.body.as_deref()).collect::<Vec<_>>(),
    );
    let statement = "
        WITH moved AS (
            UPDATE head SET history = $1, revision = $2, audit = $3, audit_hash = $4
            WHERE (version, history, revision, audit, audit_hash) = ($5, $6, $7, $8, $9) RETURNING 1),
        gone AS (
            DELETE FROM rows USING moved, unnest($10::text[], $11::text[]) AS old (kind, key)
            WHERE rows.kind = old.kind AND rows.key = old.key),
        put AS (
            INSERT INTO rows (kind, key, revision, body)
            SELECT kind, key, revision, body
            FROM moved, unnest($12::text[], $13::text[], $14::bigint[], $15::text[]) WITH ORDINALITY
                AS new (kind, key, revision, body, turn) ORDER BY turn
            ON CONFLICT (kind, key) DO UPDATE SET revision = excluded.revision, body = excluded.body,
                place = CASE WHEN rows.kind || '/' || rows.key = ANY ($16::text[]) THEN excluded.place
                             ELSE rows.place END),
        said AS (
            INSERT INTO audit (seq, flag, hash, body)
            SELECT seq, flag, hash, body
            FROM moved, unnest($17::bigint[], $18::text[], $19::text[], $20::text[]) AS new (seq, flag, hash, body)),
        told AS (
            INSERT INTO feed (env, seq, total, body)
            SELECT env, seq, coalesce((SELECT max(total) FROM feed WHERE feed.env = new.env), 0)
                + sum(coalesce(length(body), 0)) OVER (PARTITION BY env ORDER BY seq), body
            FROM moved, unnest($21::text[], $22::bigint[], $23::bytea[]) AS new (env, seq, body)
            RETURNING env, seq, total),
        old AS (
            DELETE FROM feed USING (SELECT env, max(seq) AS seq, max(total) AS total FROM told GROUP BY env) AS last
            WHERE feed.env = last.env AND (feed.seq + $24 <= last.seq OR feed.total + $25 <= last.total))
        SELECT count(*) FROM moved";
    let row = session
        .row(
            statement,
            &[
                &head.history,
                &signed(head.revision),
                &signed(head.audit),
                &head.audit_hash,
                &known(),
                &seen.history,
                &signed(seen.revision),
                &signed(seen.audit),
                &seen.audit_hash,
                &changes.gone.kinds,
                &changes.gone.keys,
                &changes.put.kinds,
                &changes.put.keys,
                &changes.revisions,
                &changes.bodies,
                &changes.anew,
                &seqs,
                &flags,
                &hashes,
                &bodies,
                &envs,
                &numbers,
                &messages,
                &signed(FEED_ROWS),
                &signed(FEED_BYTES),
            ],
        )
        .await?;
    match row.try_get::<_, i64>(0)? {
        1 => Ok(()),
        _ => Err(StoreError::Conflict.into()),
    }
}

/// What becomes of each row in the end, as columns.
#[derive(Default)]
struct Changes<'c> {
    gone: Names<'c>,
    put: Names<'c>,
    revisions: Vec<i64>,
    bodies: Vec<&'c str>,
    /// Rows that go and come again, and so lose their place.
    anew: Vec<String>,
}

#[derive(Default)]
struct Names<'c> {
    kinds: Vec<&'c str>,
    keys: Vec<String>,
}

impl<'c> Names<'c> {
    fn push(&mut self, (kind, key): (&'c str, &str)) {
        self.kinds.push(kind);
        self.keys.push(keep(key));
    }
}

impl<'c> Changes<'c> {
    /// One statement sees each row once: of several changes of one, the last counts.
    fn of(rows: &'c [RowChange]) -> Self {
        let mut last = HashMap::new();
        let mut removed = HashSet::new();
        for (index, change) in rows.iter().enumerate() {
            last.insert(name(change), index);
            if let RowChange::Remove { .. } = change {
                removed.insert(name(change));
            }
        }
        let mut changes = Self::default();
        for (_, change) in rows.iter().enumerate().filter(|(index, change)| last.get(&name(change)) == Some(index)) {
            match change {
                RowChange::Remove { .. } => changes.gone.push(name(change)),
                RowChange::Put(row) => {
                    if removed.contains(&name(change)) {
                        changes.anew.push(format!("{}/{}", row.kind, keep(&row.key)));
                    }
                    changes.put.push(name(change));
                    changes.revisions.push(signed(row.revision));
                    changes.bodies.push(&row.body);
                }
            }
        }
        changes
    }
}

fn name(change: &RowChange) -> (&str, &str) {
    match change {
        RowChange::Put(Row { kind, key, .. }) | RowChange::Remove { kind, key } => (kind, key),
    }
}
