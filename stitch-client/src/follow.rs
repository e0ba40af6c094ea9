//! The life of a client: one stream after the other, and what they say taken over.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use stitch_core::{DefinitionsError, Engine};
use stitch_sync::v1::SyncResponse;
use tokio::sync::watch;
use tokio::time::{sleep, timeout};
use tonic::{Status, Streaming};

use crate::backoff::Backoff;
use crate::end::{Again, End};
use crate::replica::{Gap, Replica};
use crate::shared::{Served, Shared};
use crate::stream::Server;

/// What the client holds: written by who follows, read by who saves.
#[derive(Debug, Default)]
pub(crate) struct Held(Mutex<Replica>);

impl Held {
    pub(crate) fn new(replica: Replica) -> Self {
        Self(Mutex::new(replica))
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, Replica> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

pub(crate) struct Follower {
    pub(crate) shared: Arc<Shared>,
    pub(crate) server: Server,
    pub(crate) held: Arc<Held>,
    pub(crate) backoff: Backoff,
    /// For how long a server may say nothing.
    pub(crate) silence: Duration,
    /// What is held cannot be built upon.
    pub(crate) afresh: bool,
    /// What was compiled last, and what from.
    pub(crate) compiled: Option<(Replica, Arc<Engine>)>,
}

impl Follower {
    /// Until it is told to stop.
    pub(crate) async fn follow(mut self, mut stop: watch::Receiver<bool>) {
        loop {
            let begun = Instant::now();
            let end = tokio::select! {
                end = self.session() => end,
                _ = stop.wait_for(|stop| *stop) => return,
            };
            self.shared.lost(end.why);
            let wait = match end.again {
                Again::Soon => self.backoff.next(begun.elapsed()),
                Again::After(wait) => self.backoff.told(wait),
                Again::Late => self.backoff.long(),
            };
            tokio::select! {
                () = sleep(wait) => {}
                _ = stop.wait_for(|stop| *stop) => return,
            }
        }
    }

    /// One stream, until it ends.
    async fn session(&mut self) -> End {
        let (history, number) = if self.afresh {
            (String::new(), 0)
        } else {
            let held = self.held.lock();
            (held.history().to_owned(), held.number())
        };
        let mut messages = match self.server.open(&history, number).await {
            Ok(messages) => messages,
            Err(end) => return end,
        };
        loop {
            let Ok(message) = timeout(self.silence, messages.message()).await else {
                return End::soon(format!("the server has said nothing for {:?}: taken for dead", self.silence));
            };
            if let Some(end) = self.take(message, &mut messages).await {
                return end;
            }
        }
    }

    /// Takes over a message, and the changes that have come with it, so that all are compiled once.
    async fn take(
        &mut self,
        message: Result<Option<SyncResponse>, Status>,
        messages: &mut Streaming<SyncResponse>,
    ) -> Option<End> {
        let mut next = Some(message);
        let (mut changed, mut end) = (false, None);
        while let Some(message) = next.take() {
            match message {
                Ok(Some(message)) => {
                    let is_whole = message.snapshot;
                    match self.apply(message) {
                        Ok(applied) => changed |= applied,
                        Err(gap) => end = Some(End::soon(gap.to_string())),
                    }
                    if is_whole {
                        // It serves, whatever comes after it.
                        break;
                    }
                }
                Ok(None) => end = Some(End::soon("the stream of definitions ended without a word")),
                Err(status) => end = Some(End::of(&status)),
            }
            if end.is_none() {
                next = tokio::select! {
                    biased;
                    message = messages.message() => Some(message),
                    () = std::future::ready(()) => None,
                };
            }
        }
        if changed {
            self.serve();
        } else if end.is_none() {
            let held = self.held.lock();
            self.shared.heard(held.history(), held.number());
        }
        end
    }

    fn apply(&mut self, message: SyncResponse) -> Result<bool, Gap> {
        let applied = self.held.lock().apply(message);
        match &applied {
            Ok(_) => self.afresh = false,
            Err(Gap::Unsound) => self.afresh = true,
            Err(_) => {}
        }
        applied
    }

    fn serve(&mut self) {
        let held = self.held.lock();
        let compiled = match &self.compiled {
            Some((before, engine)) => held.recompile(before, engine),
            None => held.compile(),
        };
        match compiled.map(Arc::new) {
            Ok(engine) => {
                self.compiled = Some((held.clone(), Arc::clone(&engine)));
                self.shared.serve(Served::new(engine, held.history(), held.number()));
            }
            Err(error) => self.shared.lost(refused(&error)),
        }
    }
}

/// Why definitions do not serve.
pub(crate) fn refused(error: &DefinitionsError) -> String {
    let first = error.to_string().lines().take(2).map(str::trim).collect::<Vec<_>>().join(" ");
    format!("definitions that came cannot be served, the last good ones serve on: {first}")
}
