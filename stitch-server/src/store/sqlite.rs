//! The embedded store: one file, one thread that writes, and readers that never wait for it.
//!
//! Writes that arrive while the disk is busy are committed together, each in a savepoint of its own, so that many
//! small ones cost few waits for the disk and none can spoil another.

use std::fmt;
use std::fs::{File, OpenOptions, TryLockError};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use rusqlite::{Connection, ErrorCode};
use tokio::sync::oneshot;

use super::{AuditQuery, AuditRow, Commit, Contents, Event, Head, Kept, Store, StoreError, StoredEvent};

use crate::instant::of_the_clock;

pub mod copy;
mod open;
mod queries;
mod writer;

pub use open::{Access, DATABASE};
use writer::{Job, Writer};

/// A command beside a server is noticed so soon.
const LOOKS_EVERY: Duration = Duration::from_millis(250);

/// A store in one file, or in memory.
pub struct Sqlite {
    // Dropped in this order: who closes a database last puts the write-ahead log into it, which a reader cannot.
    reader: Reader,
    writer: Writer,
    path: Option<PathBuf>,
    /// Held as long as this serves: a second server is refused.
    _lock: Option<File>,
}

/// Who reads.
#[derive(Clone)]
enum Reader {
    /// A connection of its own.
    Connection(Arc<Mutex<Connection>>),
    /// The writer: what is in memory has one connection.
    Writer,
}

impl Sqlite {
    /// Opens the store in a file, makes it where there is none, and brings it up to this version.
    ///
    /// # Errors
    ///
    /// If the file is in use by another server, is no store, or of a newer version.
    pub fn open(path: &Path, access: Access) -> Result<Self, StoreError> {
        open::prepare(path)?;
        let lock = match access {
            Access::Serve => Some(lock(path)?),
            Access::Visit => None,
        };
        let open = || Ok((open::file(path)?, open::reader(path)?));
        let (writer, reader) = open().map_err(|error: StoreError| error.at(&path.display()))?;
        let reader = Reader::Connection(Arc::new(Mutex::new(reader)));
        Ok(Self { reader, writer: Writer::start(writer)?, path: Some(path.to_owned()), _lock: lock })
    }

    /// A store that is gone with the process.
    ///
    /// # Errors
    ///
    /// If the system gives no thread.
    pub fn in_memory() -> Result<Self, StoreError> {
        Ok(Self { reader: Reader::Writer, writer: Writer::start(open::memory()?)?, path: None, _lock: None })
    }

    /// Does a piece of work in a transaction of the writer, and answers once it is durable.
    async fn write<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (tell, told) = oneshot::channel();
        self.writer.send(Job::new(work, tell)).ok_or_else(gone)?;
        told.await.unwrap_or_else(|_| Err(gone())).map_err(|error| self.at(error))
    }

    async fn read<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        match self.reader.clone() {
            Reader::Writer => self.write(work).await,
            Reader::Connection(connection) => {
                let work = move || work(&connection.lock().unwrap_or_else(PoisonError::into_inner));
                let read = tokio::task::spawn_blocking(work).await;
                read.unwrap_or_else(|_| Err(gone())).map_err(|error| self.at(error))
            }
        }
    }
}

impl Sqlite {
    /// Says in which file something went wrong.
    fn at(&self, error: StoreError) -> StoreError {
        if let Some(path) = &self.path { error.at(&path.display()) } else { error }
    }
}

impl Store for Sqlite {
    fn place(&self) -> String {
        self.path.as_ref().map_or_else(|| "memory".to_owned(), |path| path.display().to_string())
    }

    fn looks_every(&self) -> Duration {
        LOOKS_EVERY
    }

    fn load(&self) -> BoxFuture<'_, Result<Contents, StoreError>> {
        self.read(queries::load).boxed()
    }

    fn head(&self) -> BoxFuture<'_, Result<Head, StoreError>> {
        let head = |connection: &Connection| {
            open::check_version(connection)?;
            Ok(queries::head(connection)?)
        };
        self.read(head).boxed()
    }

    fn commit(&self, commit: Commit) -> BoxFuture<'_, Result<(), StoreError>> {
        self.write(move |connection| queries::commit(connection, &commit)).boxed()
    }

    fn append(&self, events: Vec<Event>, ids_kept: Duration) -> BoxFuture<'_, Result<(), StoreError>> {
        let now = of_the_clock();
        self.write(move |connection| Ok(queries::append(connection, &events, now, before(now, ids_kept))?)).boxed()
    }

    fn events(&self, env: String, after: i64, limit: usize) -> BoxFuture<'_, Result<Vec<StoredEvent>, StoreError>> {
        self.read(move |connection| Ok(queries::events(connection, &env, after, limit)?)).boxed()
    }

    fn forget(&self, kept: Kept, at_most: usize) -> BoxFuture<'_, Result<usize, StoreError>> {
        let now = of_the_clock();
        let (events, ids) = (before(now, kept.events), before(now, kept.ids));
        self.write(move |connection| Ok(queries::forget(connection, events, ids, at_most)?)).boxed()
    }

    fn probe(&self) -> BoxFuture<'_, Result<(), StoreError>> {
        self.write(|connection| Ok(queries::touch(connection)?)).boxed()
    }

    fn audit(&self, query: AuditQuery) -> BoxFuture<'_, Result<Vec<AuditRow>, StoreError>> {
        self.read(move |connection| Ok(queries::audit(connection, &query)?)).boxed()
    }
}

impl fmt::Debug for Sqlite {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Sqlite").field("path", &self.path).finish_non_exhaustive()
    }
}

/// The instant so long before another one, in milliseconds.
fn before(now: i64, kept: Duration) -> i64 {
    now.saturating_sub(i64::try_from(kept.as_millis()).unwrap_or(i64::MAX))
}

fn gone() -> StoreError {
    StoreError::Away("its thread has ended".to_owned())
}

/// A lock beside the database: closing a second handle on the database itself would drop `SQLite`'s own locks.
fn lock(path: &Path) -> Result<File, StoreError> {
    let mut beside = path.as_os_str().to_owned();
    beside.push(".lock");
    let away = |error: &dyn fmt::Display| StoreError::Away(format!("cannot lock {}: {error}", path.display()));
    let file = OpenOptions::new().create(true).truncate(false).write(true).open(&beside);
    let file = file.map_err(|error| away(&error))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(StoreError::Unusable(format!(
            "another server serves {}: stop it, or choose another file with `--store`",
            path.display()
        ))),
        Err(TryLockError::Error(error)) => Err(away(&error)),
    }
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        match error.sqlite_error_code() {
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase | ErrorCode::TypeMismatch) => {
                Self::Unusable(format!("{error}; `stitch-server restore` puts a backup in its place"))
            }
            _ => Self::Away(error.to_string()),
        }
    }
}
