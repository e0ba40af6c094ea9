//! The one thread that writes: what has gathered while it was busy is committed at once.

use std::sync::mpsc::{self, Receiver};
use std::thread;

use rusqlite::{Connection, TransactionBehavior};
use tokio::sync::oneshot;

use super::open;
use crate::store::StoreError;

/// Jobs of one transaction at most, so that the first of them does not wait for ever.
const TOGETHER: usize = 1_000;

/// Tells whoever asked how it went, once the transaction has ended.
type Tell = Box<dyn FnOnce(Result<(), StoreError>) + Send>;

/// What is done within a transaction, or told that there is none.
type Work = Box<dyn FnOnce(Result<&Connection, StoreError>) -> Tell + Send>;

/// A piece of work, and whom to tell once it is durable.
pub(super) struct Job(Work);

impl Job {
    pub(super) fn new<T: Send + 'static>(
        work: impl FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
        tell: oneshot::Sender<Result<T, StoreError>>,
    ) -> Self {
        Self(Box::new(move |connection| {
            let done = connection.and_then(|connection| within_savepoint(connection, work));
            Box::new(move |committed| {
                // Whoever asked may have gone away; what is done is done all the same.
                let _ = tell.send(done.and_then(|done| committed.map(|()| done)));
            })
        }))
    }
}

pub(super) fn start(connection: Connection) -> Result<mpsc::Sender<Job>, StoreError> {
    let (send, receive) = mpsc::channel();
    let thread = thread::Builder::new().name("store".to_owned()).spawn(move || run(connection, &receive));
    thread.map_err(|error| StoreError::Away(error.to_string()))?;
    Ok(send)
}

fn run(mut connection: Connection, jobs: &Receiver<Job>) {
    while let Ok(first) = jobs.recv() {
        let mut gathered = std::iter::once(first).chain(jobs.try_iter()).take(TOGETHER);
        let mut tells = Vec::new();
        let committed = together(&mut connection, &mut gathered, &mut tells);
        for tell in tells {
            tell(committed.clone());
        }
    }
}

/// Does the jobs in one transaction. Each is told how it went only after the transaction's end.
fn together(
    connection: &mut Connection,
    jobs: &mut dyn Iterator<Item = Job>,
    tells: &mut Vec<Tell>,
) -> Result<(), StoreError> {
    let transaction = match connection.transaction_with_behavior(TransactionBehavior::Immediate) {
        Ok(transaction) => transaction,
        Err(error) => {
            let error = StoreError::from(error);
            tells.extend(jobs.map(|Job(work)| work(Err(error.clone()))));
            return Err(error);
        }
    };
    if let Err(error) = open::check_version(&transaction) {
        tells.extend(jobs.map(|Job(work)| work(Err(error.clone()))));
        return Err(error);
    }
    for Job(work) in jobs {
        tells.push(work(Ok(&transaction)));
        if transaction.is_autocommit() {
            // Some errors (a full disk, a failing one) end the whole transaction, and with it the jobs before.
            return Err(StoreError::Away("the medium failed within a transaction; nothing of it was kept".to_owned()));
        }
    }
    Ok(transaction.commit()?)
}

/// What fails leaves nothing behind, and the other jobs of the transaction alone.
fn within_savepoint<T>(
    connection: &Connection,
    work: impl FnOnce(&Connection) -> Result<T, StoreError>,
) -> Result<T, StoreError> {
    let run = |statement| connection.prepare_cached(statement)?.execute([]);
    run("SAVEPOINT job")?;
    let done = work(connection);
    if !connection.is_autocommit() {
        if done.is_err() {
            run("ROLLBACK TO job")?;
        }
        run("RELEASE job")?;
    }
    done
}
