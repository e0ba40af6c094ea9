//! What outlives the process: one small trait, so that whatever keeps it decides nothing.
//!
//! A store holds rows, an audit log and events. It knows no flag and no role: what may be written is decided before,
//! on the [`Model`](crate::model::Model) in memory, and a [`Commit`] is what came out. A commit that was decided on
//! contents that are no longer the newest is refused whole, so that two writers can never mix.

use std::fmt;
use std::time::Duration;

use futures_util::future::BoxFuture;

pub mod follow;
pub mod postgres;
pub mod sqlite;

pub use postgres::Postgres;
pub use sqlite::Sqlite;

/// Keeps rows, audit entries and events. Every method waits for the medium; none is called by an evaluation.
pub trait Store: fmt::Debug + Send + Sync {
    /// Where it is, for people; never with a password.
    fn place(&self) -> String;

    /// How often to ask where it stands.
    fn looks_every(&self) -> Duration;

    /// Everything but events and past audit entries.
    fn load(&self) -> BoxFuture<'_, Result<Contents, StoreError>>;

    /// Where the store stands; cheap enough to ask several times a second.
    fn head(&self) -> BoxFuture<'_, Result<Head, StoreError>>;

    /// Writes all of it, or nothing. It is durable when this answers.
    ///
    /// # Errors
    ///
    /// [`StoreError::Conflict`] if the store no longer stands where the commit was decided.
    fn commit(&self, commit: Commit) -> BoxFuture<'_, Result<(), StoreError>>;

    /// Stores events, those with an id that was seen in their environment within `ids_kept` once only. All or nothing,
    /// and durable when this answers. When they came, the store's clock says.
    fn append(&self, events: Vec<Event>, ids_kept: Duration) -> BoxFuture<'_, Result<(), StoreError>>;

    /// Events of an environment after a cursor, in the order in which they were stored.
    fn events(&self, env: String, after: i64, limit: usize) -> BoxFuture<'_, Result<Vec<StoredEvent>, StoreError>>;

    /// Removes some of what is too old, and says how much: nothing once there is no more of it.
    fn forget(&self, kept: Kept, at_most: usize) -> BoxFuture<'_, Result<usize, StoreError>>;

    /// Whether it can be written to: writes nothing that anyone could see.
    fn probe(&self) -> BoxFuture<'_, Result<(), StoreError>>;

    /// Audit entries after a place in the log, in order; with a flag, those about it.
    fn audit(&self, query: AuditQuery) -> BoxFuture<'_, Result<Vec<AuditRow>, StoreError>>;
}

/// Where a store stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Head {
    /// Names this history: a restored backup is another one.
    pub history: String,
    /// Of the last write.
    pub revision: u64,
    /// The place of the last audit entry; 0 for none.
    pub audit: u64,
    /// The hash of the last audit entry; empty for none.
    pub audit_hash: String,
}

/// What a store holds.
#[derive(Clone, Debug, Default)]
pub struct Contents {
    /// Where it stands.
    pub head: Head,
    /// The rows, in the order in which they were first written.
    pub rows: Vec<Row>,
    /// What is kept of the feed, each environment's in order.
    pub feed: Vec<FeedRow>,
}

/// One thing that is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// What it is.
    pub kind: String,
    /// What it is known by, among its kind.
    pub key: String,
    /// Of its last write.
    pub revision: u64,
    /// JSON.
    pub body: String,
}

/// A change of one row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RowChange {
    /// Made, or written again; one that is written again keeps its place.
    Put(Row),
    /// Gone.
    Remove {
        /// What it is.
        kind: String,
        /// What it is known by.
        key: String,
    },
}

/// What one write changes.
#[derive(Clone, Debug)]
pub struct Commit {
    /// Where the store stood when this was decided.
    pub seen: Head,
    /// Where it stands afterwards.
    pub head: Head,
    /// What becomes of the rows.
    pub rows: Vec<RowChange>,
    /// What is said of it.
    pub audit: Vec<AuditRow>,
    /// What streams tell of it. The store keeps the last ones of each environment.
    pub feed: Vec<FeedRow>,
}

/// What a stream tells: see [`crate::sync`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FeedRow {
    /// To whom.
    pub env: String,
    /// Its number, one more than that of the environment's last.
    pub seq: u64,
    /// The message; nothing if only a snapshot can tell it.
    pub body: Option<Vec<u8>>,
}

/// Changes of an environment that are kept; who missed more gets a snapshot.
pub const FEED_ROWS: u64 = 1_000;
/// Bytes of them, apart from the last one.
pub const FEED_BYTES: u64 = 4 << 20;

/// An entry of the audit log as it is kept: see [`crate::audit`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditRow {
    /// Its place in the log, from 1 on without a gap.
    pub seq: u64,
    /// The flag that it is about.
    pub flag: Option<String>,
    /// SHA-256 of `body`, in hexadecimal.
    pub hash: String,
    /// The canonical text; it holds the hash of the entry before.
    pub body: String,
}

/// Which audit entries.
#[derive(Clone, Debug)]
pub struct AuditQuery {
    /// Only those about this flag.
    pub flag: Option<String>,
    /// Those after this place.
    pub after: u64,
    /// At most so many.
    pub limit: usize,
}

/// Something that happened to somebody.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// The environment of the key that brought it.
    pub env: String,
    /// The sender's name for it, by which it is stored once.
    pub event_id: Option<String>,
    /// What is measured.
    pub metric_key: String,
    /// What the key names.
    pub context_type: String,
    /// To whom.
    pub context_key: String,
    /// JSON: a boolean or a number.
    pub value: String,
    /// When, in milliseconds since the epoch; none for when it came here.
    pub timestamp: Option<i64>,
}

/// How long things are kept, by the store's clock.
#[derive(Clone, Copy, Debug)]
pub struct Kept {
    /// Events.
    pub events: Duration,
    /// Ids of events.
    pub ids: Duration,
}

/// An event with its place.
#[derive(Clone, Debug, PartialEq)]
pub struct StoredEvent {
    /// Grows with each event that is stored.
    pub cursor: i64,
    /// When it came here, in milliseconds since the epoch, by the store's clock.
    pub received_at: i64,
    /// The event.
    pub event: Event,
}

/// Why a store does not do what it is asked.
#[derive(Clone, Debug, thiserror::Error)]
pub enum StoreError {
    /// Somebody else wrote meanwhile: load again, and decide again.
    #[error("the store was written to meanwhile")]
    Conflict,
    /// For now: a full disk, a lock, a server that does not answer.
    #[error("the store is away: {0}")]
    Away(String),
    /// It went away while it wrote: nobody knows yet whether that was done.
    #[error("the store went away while it wrote: {0}")]
    Unsettled(String),
    /// For good: what is there is no store of this version, or is damaged.
    #[error("the store cannot be used: {0}")]
    Unusable(String),
}

impl StoreError {
    /// Says where.
    pub(crate) fn at(self, place: &dyn fmt::Display) -> Self {
        let at = |message: &str| format!("{place}: {message}");
        match self {
            Self::Conflict => Self::Conflict,
            Self::Away(message) => Self::Away(at(&message)),
            Self::Unsettled(message) => Self::Unsettled(at(&message)),
            Self::Unusable(message) => Self::Unusable(at(&message)),
        }
    }
}

impl From<std::io::Error> for StoreError {
    fn from(error: std::io::Error) -> Self {
        Self::Away(error.to_string())
    }
}
