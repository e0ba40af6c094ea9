//! Opening a database: who may, how durable it is, and which version its tables have.

use std::fs::{self, OpenOptions};
use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, OpenFlags, TransactionBehavior};

use crate::chance;
use crate::store::StoreError;

/// Where the store is unless it is said otherwise.
pub const DATABASE: &str = "stitch-data/stitch.db";
/// In order; the number of those that were applied is the database's `user_version`.
const MIGRATIONS: [&str; 2] = [include_str!("migrations/0001_start.sql"), include_str!("migrations/0002_feed.sql")];
/// Of pages in memory, at most.
const CACHE_KIB: i64 = 64 << 10;
/// Pages of the write-ahead log that are put into the file together: 16 MiB.
const CHECKPOINT_PAGES: i64 = 4_000;
/// Bytes that the write-ahead log keeps when it is empty.
const JOURNAL_BYTES: i64 = 64 << 20;
/// How long to wait for another process's write.
const PATIENCE: Duration = Duration::from_secs(5);

/// Why a store is opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// To serve: nobody else may.
    Serve,
    /// For one piece of work beside whoever serves.
    Visit,
}

/// A connection that writes.
pub(super) fn file(path: &Path) -> Result<Connection, StoreError> {
    let connection = Connection::open(path)?;
    // What was answered as stored is on the disk, and readers never wait for a writer.
    connection.pragma_update(None, "journal_mode", "WAL")?;
    ready(connection)
}

pub(super) fn memory() -> Result<Connection, StoreError> {
    ready(Connection::open_in_memory()?)
}

/// A connection that reads, beside the one that writes.
pub(super) fn reader(path: &Path) -> Result<Connection, StoreError> {
    let connection = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    connection.busy_timeout(PATIENCE)?;
    Ok(connection)
}

/// Makes the file, for its owner alone: it holds a private key and the hashes of passwords.
pub(super) fn prepare(path: &Path) -> Result<(), StoreError> {
    make(path).map_err(|error| {
        let path = path.display();
        StoreError::Away(format!(
            "cannot open {path} for writing: {error}; let this user write to the file and its folder, \
             or choose another with `--store`"
        ))
    })
}

fn make(path: &Path) -> std::io::Result<()> {
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        fs::create_dir_all(folder)?;
    }
    let mut options = OpenOptions::new();
    options.create(true).append(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = fs::metadata(path)?.permissions().mode();
        // What its owner took from themselves stays taken.
        fs::set_permissions(path, PermissionsExt::from_mode(mode & 0o600))?;
    }
    Ok(())
}

fn ready(mut connection: Connection) -> Result<Connection, StoreError> {
    connection.busy_timeout(PATIENCE)?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    // Ids of events come in no order, so that their index is written all over: the more of it is at hand, and the more
    // of its changes reach the file together, the less each costs (a fifth less with both).
    connection.pragma_update(None, "cache_size", -CACHE_KIB)?;
    connection.pragma_update(None, "wal_autocheckpoint", CHECKPOINT_PAGES)?;
    // What one large write left behind is given back.
    connection.pragma_update(None, "journal_size_limit", JOURNAL_BYTES)?;
    connection.set_prepared_statement_cache_capacity(64);
    migrate(&mut connection)?;
    Ok(connection)
}

/// Forward only, under the database's own lock.
fn migrate(connection: &mut Connection) -> Result<(), StoreError> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let version = version(&transaction)?;
    if version > MIGRATIONS.len() {
        return Err(newer(version));
    }
    for migration in MIGRATIONS.iter().skip(version) {
        transaction.execute_batch(migration)?;
    }
    if version == 0 {
        let history = chance::token(16)?;
        transaction.execute("INSERT INTO head VALUES (1, ?1, 0, 0, '')", [history])?;
    }
    transaction.pragma_update(None, "user_version", MIGRATIONS.len())?;
    Ok(transaction.commit()?)
}

/// The version of the tables; 0 where there are none.
pub(super) fn version(connection: &Connection) -> rusqlite::Result<usize> {
    connection.prepare_cached("PRAGMA user_version")?.query_row([], |row| row.get(0))
}

/// Refuses tables of another version than when they were opened: a program of another version may have been here since.
pub(super) fn check_version(connection: &Connection) -> Result<(), StoreError> {
    let known = MIGRATIONS.len();
    match version(connection)? {
        version if version == known => Ok(()),
        version if version > known => Err(newer(version)),
        version => Err(StoreError::Unusable(format!(
            "its tables have version {version} and this program needs {known}: start it anew, which migrates them"
        ))),
    }
}

fn newer(version: usize) -> StoreError {
    let known = MIGRATIONS.len();
    StoreError::Unusable(format!(
        "its tables have version {version} and this program knows {known}: use a newer stitch-server"
    ))
}
