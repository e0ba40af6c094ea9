//! Copies of a store: taken while it is written to, and put in its place while it is served.

use std::ffi::OsString;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use rusqlite::backup::{Backup, StepResult};
use rusqlite::{Connection, OpenFlags};

use super::{open, queries};
use crate::chance;
use crate::store::StoreError;

/// How long to wait for whoever writes.
const PATIENCE: Duration = Duration::from_secs(10);
/// Until the next try.
const PAUSE: Duration = Duration::from_millis(20);
/// For [`Backup::step`].
const ALL_PAGES: i32 = -1;

/// Writes a copy of the store into a new file: all of one moment, however much is written meanwhile.
///
/// # Errors
///
/// If there is no store, the file exists already, or cannot be written.
pub fn backup(store: &Path, file: &Path) -> Result<(), StoreError> {
    let partial = Partial::of(file)?;
    let source = existing(store, "there is no store: `--store` says where it is")?;
    open::check_version(&source).map_err(|error| error.at(&store.display()))?;
    copy(&source, &partial.scratch.0)?;
    partial.finish()
}

/// A backup that is being written, under another name until all of it is there.
pub(crate) struct Partial<'f> {
    scratch: Scratch,
    file: &'f Path,
}

impl<'f> Partial<'f> {
    /// Of that name, which nothing has yet.
    pub(crate) fn of(file: &'f Path) -> Result<Self, StoreError> {
        free(file)?;
        Ok(Self { scratch: Scratch::beside(file, ".partial")?, file })
    }

    /// An empty store, to be filled.
    pub(crate) fn open(&self) -> Result<Connection, StoreError> {
        let connection = open::file(&self.scratch.0)?;
        // It stands for itself, and is gone unless all of it is there.
        connection.pragma_update(None, "journal_mode", "DELETE")?;
        Ok(connection)
    }

    /// Gives it its name, once it is on the disk.
    pub(crate) fn finish(self) -> Result<(), StoreError> {
        File::open(&self.scratch.0)?.sync_all()?;
        // Looked at again: a backup is never written over.
        free(self.file)?;
        fs::rename(&self.scratch.0, self.file)?;
        sync_folder(self.file)
    }
}

fn free(file: &Path) -> Result<(), StoreError> {
    if file.exists() {
        let message = "it is there already, and no backup is written over: choose another name";
        return Err(StoreError::Unusable(message.to_owned()).at(&file.display()));
    }
    Ok(())
}

/// The cursor of the last event that was ever stored.
pub(crate) fn last_cursor(connection: &Connection) -> Result<i64, StoreError> {
    Ok(queries::last_cursor(connection)?)
}

/// Has events go on after a cursor.
pub(crate) fn set_last_cursor(connection: &Connection, cursor: i64) -> Result<(), StoreError> {
    Ok(queries::set_last_cursor(connection, cursor)?)
}

/// A backup that is to be put in a store's place: a copy of it, checked and brought up to this version, that lies beside
/// the store and is gone when this is dropped.
#[derive(Debug)]
pub struct Restoring {
    copy: Scratch,
    store: PathBuf,
}

impl Restoring {
    /// Of the backup in a file.
    ///
    /// # Errors
    ///
    /// If it is no sound backup, or of a newer version.
    pub fn of(file: &Path, store: &Path) -> Result<Self, StoreError> {
        let at = |error: StoreError| error.at(&file.display());
        let source = existing(file, "there is no such file")?;
        let version = open::version(&source).map_err(|error| at(error.into()))?;
        if version == 0 {
            return Err(at(StoreError::Unusable("this is no backup of a store".to_owned())));
        }
        open::prepare(store)?;
        let copy = Scratch::beside(store, ".restoring")?;
        self::copy(&source, &copy.0).map_err(at)?;
        let connection = open::file(&copy.0).map_err(at)?;
        let verdict: String = connection.pragma_query_value(None, "integrity_check", |row| row.get(0))?;
        if verdict != "ok" {
            return Err(at(StoreError::Unusable(format!("this backup is damaged: {verdict}"))));
        }
        Ok(Self { copy, store: store.to_owned() })
    }

    /// What the copy holds.
    pub(crate) fn open(&self) -> Result<Connection, StoreError> {
        existing(&self.copy.0, "the copy of the backup is gone")
    }

    /// The copy, a store of its own until it takes over.
    pub fn copy(&self) -> &Path {
        &self.copy.0
    }

    /// Puts the copy in the store's place: whoever serves it sees either all of the one or all of the other.
    ///
    /// It is another history from now on. The store's revision and its cursors go on from where they were, so that none
    /// that somebody saw means something else.
    ///
    /// # Errors
    ///
    /// If what is there cannot be written to.
    pub fn take_over(self) -> Result<(), StoreError> {
        let at = |error: StoreError| match error.at(&self.store.display()) {
            StoreError::Unusable(message) => StoreError::Unusable(format!(
                "{message}; if it is damaged, stop the server, move the file away together with its `-wal` and `-shm`, \
                 and restore again"
            )),
            error => error,
        };
        let source = open::file(&self.copy.0)?;
        let mut store = open::file(&self.store).map_err(at)?;
        let before = open::reader(&self.store).map_err(at)?;
        let backup = Backup::new(&source, &mut store).map_err(|error| at(error.into()))?;
        // From the first page on nobody else writes, so that what is read now is the last that was there.
        step(&backup, 1).map_err(at)?;
        let revision = queries::head(&before)?.revision;
        let cursor = queries::last_cursor(&before)?;
        // What is written to the source through the same connection goes along.
        queries::begin_history(&source, &chance::token(16)?, revision, cursor)?;
        step(&backup, ALL_PAGES).map_err(at)
    }
}

/// Opens what is there to be read, and makes nothing.
fn existing(path: &Path, none: &str) -> Result<Connection, StoreError> {
    if !path.is_file() {
        return Err(StoreError::Unusable(none.to_owned()).at(&path.display()));
    }
    let connection = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY);
    connection.map_err(|error| StoreError::from(error).at(&path.display()))
}

/// Copies all of one moment into a file that stands for itself, without a write-ahead log.
fn copy(source: &Connection, file: &Path) -> Result<(), StoreError> {
    let mut copy = Connection::open(file)?;
    let backup = Backup::new(source, &mut copy)?;
    step(&backup, ALL_PAGES)?;
    drop(backup);
    copy.pragma_update(None, "journal_mode", "DELETE")?;
    copy.close().map_err(|(_, error)| error.into())
}

/// Copies so many pages, and waits for whoever is in the way.
fn step(backup: &Backup<'_, '_>, pages: i32) -> Result<(), StoreError> {
    let started = Instant::now();
    while let StepResult::Busy | StepResult::Locked = backup.step(pages)? {
        if started.elapsed() > PATIENCE {
            return Err(StoreError::Away("others write all the time".to_owned()));
        }
        thread::sleep(PAUSE);
    }
    Ok(())
}

fn sync_folder(file: &Path) -> Result<(), StoreError> {
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty());
    Ok(File::open(folder.unwrap_or(Path::new(".")))?.sync_all()?)
}

/// A database that is gone when this is dropped.
#[derive(Debug)]
struct Scratch(PathBuf);

impl Scratch {
    /// An empty one, for its owner alone.
    fn beside(path: &Path, suffix: &str) -> Result<Self, StoreError> {
        let scratch = Self(with(path, suffix));
        scratch.remove();
        open::prepare(&scratch.0)?;
        Ok(scratch)
    }

    fn remove(&self) {
        for suffix in ["", "-journal", "-wal", "-shm"] {
            // Most of them are not there.
            let _ = fs::remove_file(with(&self.0, suffix));
        }
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        self.remove();
    }
}

fn with(path: &Path, suffix: &str) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(suffix);
    name.into()
}
