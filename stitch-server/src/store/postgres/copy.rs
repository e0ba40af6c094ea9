//! Copies of a store in `PostgreSQL` are backups like those of any store: one `SQLite` file. So a backup of the one can be
//! restored into the other, which is also the way from a file to a database.

use std::path::Path;

use futures_util::{TryStreamExt, pin_mut};
use rusqlite::types::Value;
use rusqlite::{Connection, params_from_iter};
use tokio_postgres::binary_copy::BinaryCopyInWriter;
use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::{Row, Transaction};

use super::address::{Address, Reach};
use super::check_version;
use super::link::{Failed, Session};
use super::migrate::migrate;
use super::text::{keep, kept};
use crate::chance;
use crate::store::StoreError;
use crate::store::sqlite::copy::{self, Restoring};

/// What a column holds.
#[derive(Clone, Copy)]
enum Column {
    Text,
    Number,
    Bytes,
}

/// All tables but `head`; both kinds of store have them.
const TABLES: [(&str, &[(&str, Column)]); 5] = {
    use Column::{Bytes, Number, Text};
    [
        ("rows", &[("place", Number), ("kind", Text), ("key", Text), ("revision", Number), ("body", Text)]),
        ("audit", &[("seq", Number), ("flag", Text), ("hash", Text), ("body", Text)]),
        ("feed", &[("env", Text), ("seq", Number), ("total", Number), ("body", Bytes)]),
        (
            "events",
            &[
                ("cursor", Number),
                ("env", Text),
                ("event_id", Text),
                ("metric_key", Text),
                ("context_type", Text),
                ("context_key", Text),
                ("value", Text),
                ("timestamp", Number),
                ("received_at", Number),
            ],
        ),
        ("event_ids", &[("env", Text), ("event_id", Text), ("seen_at", Number)]),
    ]
};
/// The copy of a large store takes as long as it takes.
const PATIENCE: &str = "SET LOCAL statement_timeout = 0; SET LOCAL idle_in_transaction_session_timeout = 0";

/// Writes a copy of the store into a new file: all of one moment, however much is written meanwhile.
///
/// # Errors
///
/// If there is no store, the file exists already, or cannot be written.
pub async fn backup(address: &Address, file: &Path) -> Result<(), StoreError> {
    let reach = address.reach()?;
    let partial = copy::Partial::of(file)?;
    let written = read_into(&reach, &partial.open()?).await;
    written.map_err(|failed| StoreError::from(failed).at(&reach.place))?;
    partial.finish()
}

async fn read_into(reach: &Reach, copy: &Connection) -> Result<(), Failed> {
    let session = Session::open(reach).await?;
    let begin = format!("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; {PATIENCE}");
    session.client.batch_execute(&begin).await?;
    let head = session.client.query_one("SELECT version, history, revision, audit, audit_hash FROM head", &[]).await?;
    check_version(head.try_get(0)?)?;
    copy.execute_batch("BEGIN").map_err(StoreError::from)?;
    copy.execute(
        "UPDATE head SET history = ?1, revision = ?2, audit = ?3, audit_hash = ?4",
        (
            head.try_get::<_, String>(1)?,
            head.try_get::<_, i64>(2)?,
            head.try_get::<_, i64>(3)?,
            head.try_get::<_, String>(4)?,
        ),
    )
    .map_err(StoreError::from)?;
    for (table, columns) in TABLES {
        let names: Vec<_> = columns.iter().map(|(name, _)| *name).collect();
        let names = names.join(", ");
        let marks = vec!["?"; columns.len()].join(", ");
        let insert = format!("INSERT INTO {table} ({names}) VALUES ({marks})");
        let mut insert = copy.prepare(&insert).map_err(StoreError::from)?;
        let none: [&(dyn ToSql + Sync); 0] = [];
        let rows = session.client.query_raw(&format!("SELECT {names} FROM {table}"), none).await?;
        pin_mut!(rows);
        while let Some(row) = rows.try_next().await? {
            let values = columns.iter().enumerate().map(|(index, (_, column))| value(&row, index, *column));
            let values = values.collect::<Result<Vec<_>, _>>()?;
            insert.execute(params_from_iter(values)).map_err(StoreError::from)?;
        }
    }
    // Also those that were removed: no cursor is given twice.
    let cursor: i64 = session.client.query_one(LAST_SEQUENCE, &[]).await?.try_get(0)?;
    copy::set_last_cursor(copy, cursor)?;
    Ok(copy.execute_batch("COMMIT").map_err(StoreError::from)?)
}

/// The last cursor that was ever given.
const LAST_SEQUENCE: &str = "\
    SELECT coalesce(pg_sequence_last_value(pg_get_serial_sequence('events', 'cursor')::regclass), 0)";

/// A cell as `SQLite` keeps it.
fn value(row: &Row, index: usize, column: Column) -> Result<Value, tokio_postgres::Error> {
    Ok(match column {
        Column::Text => row.try_get::<_, Option<String>>(index)?.map(kept).into(),
        Column::Number => row.try_get::<_, i64>(index)?.into(),
        Column::Bytes => row.try_get::<_, Option<Vec<u8>>>(index)?.into(),
    })
}

/// Puts a backup in the store's place, in one transaction: whoever serves it sees either all of the one or all of the
/// other. As [`Restoring::take_over`] it is another history from now on.
///
/// # Errors
///
/// If what is there cannot be written to.
pub async fn take_over(restoring: Restoring, address: &Address) -> Result<(), StoreError> {
    let reach = address.reach()?;
    let copy = restoring.open()?;
    let restored = async {
        let mut session = Session::open(&reach).await?;
        migrate(&mut session).await?;
        let transaction = session.client.transaction().await?;
        replace(&copy, &transaction).await?;
        Ok(transaction.commit().await?)
    };
    restored.await.map_err(|failed: Failed| StoreError::from(failed).at(&reach.place))
}

async fn replace(copy: &Connection, transaction: &Transaction<'_>) -> Result<(), Failed> {
    transaction.batch_execute(PATIENCE).await?;
    // From here on nobody else writes.
    let before: i64 = transaction.query_one("SELECT revision FROM head FOR UPDATE", &[]).await?.try_get(0)?;
    let given: i64 = transaction.query_one(LAST_SEQUENCE, &[]).await?.try_get(0)?;
    for (table, columns) in TABLES {
        transaction.execute(&format!("DELETE FROM {table}"), &[]).await?;
        // Numbers of streams begin anew.
        if table != "feed" {
            fill(copy, transaction, table, columns).await?;
        }
    }
    let head = "SELECT revision, audit, audit_hash FROM head";
    let head = copy.query_row(head, [], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)));
    let (revision, audit, audit_hash): (i64, i64, String) = head.map_err(StoreError::from)?;
    let history = chance::token(16).map_err(StoreError::from)?;
    let update = "UPDATE head SET history = $1, revision = $2, audit = $3, audit_hash = $4";
    transaction.execute(update, &[&history, &revision.max(before), &audit, &audit_hash]).await?;
    let cursor = given.max(copy::last_cursor(copy)?);
    let next = "SELECT setval(pg_get_serial_sequence('events', 'cursor'), greatest($1::bigint, 1), $1 > 0), \
                setval(pg_get_serial_sequence('rows', 'place'), (SELECT coalesce(max(place), 0) + 1 FROM rows), false)";
    transaction.query_one(next, &[&cursor]).await?;
    Ok(())
}

/// Copies a table of the backup.
async fn fill(
    copy: &Connection,
    transaction: &Transaction<'_>,
    table: &str,
    columns: &[(&str, Column)],
) -> Result<(), Failed> {
    let names: Vec<_> = columns.iter().map(|(name, _)| *name).collect();
    let names = names.join(", ");
    let types: Vec<_> = columns.iter().map(|(_, column)| column.of_postgres()).collect();
    let sink = transaction.copy_in(&format!("COPY {table} ({names}) FROM STDIN (FORMAT binary)")).await?;
    let writer = BinaryCopyInWriter::new(sink, &types);
    pin_mut!(writer);
    let mut rows = copy.prepare(&format!("SELECT {names} FROM {table}")).map_err(StoreError::from)?;
    let mut rows = rows.query([]).map_err(StoreError::from)?;
    while let Some(row) = rows.next().map_err(StoreError::from)? {
        let cells = columns.iter().enumerate().map(|(index, (_, column))| cell(row, index, *column));
        let cells = cells.collect::<Result<Vec<_>, _>>().map_err(StoreError::from)?;
        let cells: Vec<_> = cells.iter().map(|cell| &**cell).collect();
        writer.as_mut().write(&cells).await?;
    }
    writer.finish().await?;
    Ok(())
}

/// A cell as `PostgreSQL` keeps it.
fn cell(row: &rusqlite::Row<'_>, index: usize, column: Column) -> rusqlite::Result<Box<dyn ToSql + Sync>> {
    Ok(match column {
        Column::Text => Box::new(row.get::<_, Option<String>>(index)?.as_deref().map(keep)),
        Column::Number => Box::new(row.get::<_, i64>(index)?),
        Column::Bytes => Box::new(row.get::<_, Option<Vec<u8>>>(index)?),
    })
}

impl Column {
    fn of_postgres(self) -> Type {
        match self {
            Self::Text => Type::TEXT,
            Self::Number => Type::INT8,
            Self::Bytes => Type::BYTEA,
        }
    }
}
