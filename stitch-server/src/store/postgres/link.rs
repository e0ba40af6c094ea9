//! A connection that comes back: whoever asks connects where there is none, yet not again and again.
//!
//! Everything that is asked has a limit of time, so that a network that swallows what is sent looks like one that is
//! gone. After such a failure the connection is dropped, since nobody knows what it would still say.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::task::AbortHandle;
use tokio::time::{Instant, timeout};
use tokio_postgres::error::SqlState;
use tokio_postgres::types::ToSql;
use tokio_postgres::{Client, Error, Row, Statement};

use super::address::Reach;
use crate::store::StoreError;

/// For all that it takes to connect.
const CONNECT_WITHIN: Duration = Duration::from_secs(2);
/// Until the next try to connect, doubled with each.
const PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);
/// The server itself gives up sooner than we do, so that nothing is done that nobody waits for. An answer that says
/// "stored" is about the disk.
const SETTINGS: &str = "\
    SET statement_timeout = '4s'; \
    SET idle_in_transaction_session_timeout = '4s'; \
    SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off'";

/// Why something was not done.
#[derive(Debug)]
pub(super) enum Failed {
    /// The store says no.
    Store(StoreError),
    /// The server, or the way there.
    Server(Error),
}

impl From<Error> for Failed {
    fn from(error: Error) -> Self {
        Self::Server(error)
    }
}

/// For what is no write: nothing was done.
impl From<Failed> for StoreError {
    fn from(failed: Failed) -> Self {
        match failed {
            Failed::Store(error) => error,
            Failed::Server(error) => refusal(&error).unwrap_or_else(|| Self::Away(why(&error))),
        }
    }
}

impl From<StoreError> for Failed {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

/// One connection, while it lasts.
pub(super) struct Session {
    pub(super) client: Client,
    task: AbortHandle,
    prepared: Mutex<HashMap<&'static str, Statement>>,
}

impl Session {
    /// A connection of its own.
    pub(super) async fn open(reach: &Reach) -> Result<Self, Failed> {
        let (client, connection) = reach.config.connect(reach.tls.clone()).await?;
        // How it ends, whoever asks is told.
        let task = tokio::spawn(async move { drop(connection.await) }).abort_handle();
        let session = Self { client, task, prepared: Mutex::default() };
        session.client.batch_execute(SETTINGS).await?;
        Ok(session)
    }

    /// One statement, prepared at its first use.
    pub(super) async fn query(&self, text: &'static str, values: &[&(dyn ToSql + Sync)]) -> Result<Vec<Row>, Failed> {
        let known = self.prepared.lock().unwrap_or_else(PoisonError::into_inner).get(text).cloned();
        let statement = match known {
            Some(statement) => statement,
            None => self.prepare(text).await?,
        };
        Ok(self.client.query(&statement, values).await?)
    }

    /// One statement that answers with one row.
    pub(super) async fn row(&self, text: &'static str, values: &[&(dyn ToSql + Sync)]) -> Result<Row, Failed> {
        let mut rows = self.query(text, values).await?;
        rows.pop().ok_or_else(|| StoreError::Unusable("a table that must have a row has none".to_owned()).into())
    }

    async fn prepare(&self, text: &'static str) -> Result<Statement, Error> {
        let statement = self.client.prepare(text).await?;
        self.prepared.lock().unwrap_or_else(PoisonError::into_inner).insert(text, statement.clone());
        Ok(statement)
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// The connection for one kind of work; those who ask at once share it.
pub(super) struct Link {
    reach: Arc<Reach>,
    state: tokio::sync::Mutex<State>,
}

#[derive(Default)]
struct State {
    session: Option<Arc<Session>>,
    /// Tries in a row that failed, until when nobody tries again, and why.
    failed: Option<(u32, Instant, StoreError)>,
}

impl Link {
    pub(super) fn new(reach: Arc<Reach>) -> Self {
        Self { reach, state: tokio::sync::Mutex::default() }
    }

    /// Reads: what fails on the way was not done.
    pub(super) async fn read<T, F: Future<Output = Result<T, Failed>>>(
        &self,
        within: Duration,
        work: impl FnOnce(Arc<Session>) -> F,
    ) -> Result<T, StoreError> {
        self.write(within, work).await.map_err(|error| match error {
            StoreError::Unsettled(why) => StoreError::Away(why),
            error => error,
        })
    }

    /// Writes. Where the connection ends before the answer, nobody knows whether it was done.
    pub(super) async fn write<T, F: Future<Output = Result<T, Failed>>>(
        &self,
        within: Duration,
        work: impl FnOnce(Arc<Session>) -> F,
    ) -> Result<T, StoreError> {
        let session = self.session().await?;
        match timeout(within, work(Arc::clone(&session))).await {
            Ok(Ok(done)) => Ok(done),
            Ok(Err(Failed::Store(error))) => Err(error),
            Ok(Err(Failed::Server(error))) => {
                if let Some(refusal) = refusal(&error) {
                    return Err(self.at(refusal));
                }
                self.part(&session).await;
                Err(self.at(StoreError::Unsettled(why(&error))))
            }
            Err(_) => {
                self.part(&session).await;
                Err(self.at(StoreError::Unsettled(format!("no answer within {} s", within.as_secs()))))
            }
        }
    }

    /// The session, or a new one.
    async fn session(&self) -> Result<Arc<Session>, StoreError> {
        let mut state = self.state.lock().await;
        if let Some(session) = state.session.as_ref().filter(|session| !session.client.is_closed()) {
            return Ok(Arc::clone(session));
        }
        let mut tries = 0;
        if let Some((before, until, why)) = &state.failed {
            if Instant::now() < *until {
                return Err(why.clone());
            }
            tries = *before;
        }
        let why = match timeout(CONNECT_WITHIN, Session::open(&self.reach)).await {
            Ok(Ok(session)) => {
                let session = Arc::new(session);
                *state = State { session: Some(Arc::clone(&session)), failed: None };
                return Ok(session);
            }
            Ok(Err(failed)) => failed.into(),
            Err(_) => StoreError::Away(format!("no connection within {} s", CONNECT_WITHIN.as_secs())),
        };
        let why = self.at(why);
        let pause = PAUSE.saturating_mul(1 << tries.min(10)).min(LONGEST_PAUSE);
        *state = State { session: None, failed: Some((tries.saturating_add(1), Instant::now() + pause, why.clone())) };
        Err(why)
    }

    /// Drops a session that can no longer be trusted.
    async fn part(&self, session: &Arc<Session>) {
        session.task.abort();
        let mut state = self.state.lock().await;
        if state.session.as_ref().is_some_and(|current| Arc::ptr_eq(current, session)) {
            state.session = None;
        }
    }

    fn at(&self, error: StoreError) -> StoreError {
        error.at(&self.reach.place)
    }
}

/// What the server itself said instead of doing it; nothing where it may have done it all the same.
fn refusal(error: &Error) -> Option<StoreError> {
    let said = error.as_db_error()?;
    // Without the details, which may hold values.
    let text = format!("{} ({})", said.message(), said.code().code());
    if *said.code() == SqlState::CRASH_SHUTDOWN || *said.code() == SqlState::ADMIN_SHUTDOWN {
        return None;
    }
    // Not allowed, not there, damaged: that does not pass by itself.
    let for_good = ["22", "28", "3D", "3F", "42", "XX"];
    let class = said.code().code().get(..2).unwrap_or_default();
    Some(if for_good.contains(&class) { StoreError::Unusable(text) } else { StoreError::Away(text) })
}

fn why(error: &Error) -> String {
    // The innermost cause says most.
    let mut cause: &dyn std::error::Error = error;
    let mut text = cause.to_string();
    while let Some(source) = cause.source() {
        cause = source;
        let more = cause.to_string();
        if !text.contains(&more) {
            text = format!("{text}: {more}");
        }
    }
    text
}
