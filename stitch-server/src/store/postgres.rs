//! The store that several servers share: a `PostgreSQL` database, which is the truth for all of them.
//!
//! Each thing that is written is one statement, so that it is done whole or not at all however a server ends, and no
//! lock waits for the network. Two connections, one that writes and one that reads, come back by themselves.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, sleep, timeout};

use super::{AuditQuery, AuditRow, Commit, Contents, Event, Head, Kept, Store, StoreError, StoredEvent};

mod address;
pub mod copy;
mod gather;
mod link;
mod migrate;
mod queries;
mod text;
mod tls;

pub use address::Address;
use gather::Call;
use link::{Failed, Link, Session};
use migrate::{MIGRATIONS, check_version};

/// For a statement that reads a little.
const READ_WITHIN: Duration = Duration::from_secs(3);
/// For a statement that writes; a little more than the server itself allows.
const WRITE_WITHIN: Duration = Duration::from_secs(5);
/// For all that there is.
const LOAD_WITHIN: Duration = Duration::from_secs(15);
/// To find out whether a write was done whose answer was lost.
const SETTLE_WITHIN: Duration = Duration::from_secs(3);
const SETTLE_PAUSE: Duration = Duration::from_millis(50);
/// What other servers wrote takes over so soon if nobody tells of it: the contract's 2 s, less what taking over costs.
const LOOKS_EVERY: Duration = Duration::from_millis(1_500);

/// A store in a `PostgreSQL` database.
pub struct Postgres {
    place: String,
    reads: Link,
    writes: Arc<Link>,
    calls: mpsc::UnboundedSender<Call>,
}

impl Postgres {
    /// Opens the store in a database, and makes its tables or brings them up to this version.
    ///
    /// # Errors
    ///
    /// If the database does not answer, holds tables of a newer version, or keeps nothing on its disk.
    pub async fn open(address: &Address) -> Result<Self, StoreError> {
        let reach = Arc::new(address.reach()?);
        let place = reach.place.clone();
        let ready = timeout(LOAD_WITHIN, async {
            let mut session = Session::open(&reach).await?;
            migrate::migrate(&mut session).await?;
            is_durable(&session).await
        });
        let late = Failed::Store(StoreError::Away(format!("no answer within {} s", LOAD_WITHIN.as_secs())));
        ready.await.unwrap_or(Err(late)).map_err(|failed| StoreError::from(failed).at(&place))?;
        let writes = Arc::new(Link::new(Arc::clone(&reach)));
        let (calls, come) = mpsc::unbounded_channel();
        tokio::spawn(gather::run(Arc::clone(&writes), come));
        Ok(Self { place, reads: Link::new(reach), writes, calls })
    }

    /// Finds out whether a commit was done whose answer was lost, by trying it again: it is refused if it is there, since
    /// the store then no longer stands where it was decided, and the log has its entry.
    async fn settle(&self, commit: &Arc<Commit>, lost: StoreError) -> Result<(), StoreError> {
        let began = Instant::now();
        while began.elapsed() < SETTLE_WITHIN {
            sleep(SETTLE_PAUSE).await;
            match self.try_commit(commit).await {
                Err(StoreError::Away(_) | StoreError::Unsettled(_)) => {}
                Err(StoreError::Conflict) => match self.is_there(commit).await {
                    Ok(true) => return Ok(()),
                    Ok(false) => return Err(StoreError::Conflict),
                    Err(_) => {}
                },
                settled => return settled,
            }
        }
        Err(lost)
    }

    async fn try_commit(&self, commit: &Arc<Commit>) -> Result<(), StoreError> {
        self.writes.write(WRITE_WITHIN, |session| queries::commit(session, Arc::clone(commit))).await
    }

    /// Whether the audit log has the last entry of a commit; each has one, and its hash is of all that came before.
    async fn is_there(&self, commit: &Commit) -> Result<bool, StoreError> {
        let query = AuditQuery { flag: None, after: commit.head.audit.saturating_sub(1), limit: 1 };
        let entries = self.audit(query).await?;
        Ok(entries.first().is_some_and(|entry| entry.hash == commit.head.audit_hash))
    }
}

impl Store for Postgres {
    fn place(&self) -> String {
        self.place.clone()
    }

    fn looks_every(&self) -> Duration {
        LOOKS_EVERY
    }

    fn load(&self) -> BoxFuture<'_, Result<Contents, StoreError>> {
        self.reads.read(LOAD_WITHIN, queries::load).boxed()
    }

    fn head(&self) -> BoxFuture<'_, Result<Head, StoreError>> {
        self.reads.read(READ_WITHIN, queries::head).boxed()
    }

    fn commit(&self, commit: Commit) -> BoxFuture<'_, Result<(), StoreError>> {
        let commit = Arc::new(commit);
        let write = async move {
            match self.try_commit(&commit).await {
                Err(lost @ StoreError::Unsettled(_)) => self.settle(&commit, lost).await,
                settled => settled,
            }
        };
        write.boxed()
    }

    fn append(&self, events: Vec<Event>, ids_kept: Duration) -> BoxFuture<'_, Result<(), StoreError>> {
        let (tell, told) = oneshot::channel();
        let sent = self.calls.send(Call { events, ids_kept, tell });
        let gone = || StoreError::Away("nobody stores events any more".to_owned());
        let answer = async move {
            sent.map_err(|_| gone())?;
            told.await.unwrap_or_else(|_| Err(gone()))
        };
        answer.boxed()
    }

    fn events(&self, env: String, after: i64, limit: usize) -> BoxFuture<'_, Result<Vec<StoredEvent>, StoreError>> {
        self.reads.read(READ_WITHIN, move |session| queries::events(session, env, after, limit)).boxed()
    }

    fn forget(&self, kept: Kept, at_most: usize) -> BoxFuture<'_, Result<usize, StoreError>> {
        self.writes.write(WRITE_WITHIN, move |session| queries::forget(session, kept, at_most)).boxed()
    }

    fn probe(&self) -> BoxFuture<'_, Result<(), StoreError>> {
        self.writes.write(WRITE_WITHIN, queries::touch).boxed()
    }

    fn audit(&self, query: AuditQuery) -> BoxFuture<'_, Result<Vec<AuditRow>, StoreError>> {
        self.reads.read(READ_WITHIN, move |session| queries::audit(session, query)).boxed()
    }
}

impl fmt::Debug for Postgres {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Postgres").field("place", &self.place).finish_non_exhaustive()
    }
}

/// The version of the tables that this program knows.
fn known() -> i32 {
    i32::try_from(MIGRATIONS.len()).unwrap_or(i32::MAX)
}

/// Refuses a server that says "stored" of what is not on its disk.
async fn is_durable(session: &Session) -> Result<(), Failed> {
    let row = session.row("SELECT current_setting('fsync'), current_setting('synchronous_commit')", &[]).await?;
    match (row.try_get(0)?, row.try_get(1)?) {
        ("off", _) => {
            Err(StoreError::Unusable("it runs with `fsync = off`, and would lose what it stored".to_owned()))?
        }
        (_, "off") => Err(StoreError::Unusable("it runs with `synchronous_commit = off`".to_owned()))?,
        (_, _) => Ok(()),
    }
}
