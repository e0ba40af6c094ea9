//! Events of many calls, stored together: while one statement waits for the disk, those that come gather for the next.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};

use super::link::Link;
use super::{WRITE_WITHIN, queries};
use crate::store::{Event, StoreError};

/// Calls, and events, of one statement at most, so that the first of them does not wait for ever.
const CALLS: usize = 1_000;
const EVENTS: usize = 5_000;

/// The events of one call, and whom to tell once they are durable.
pub(super) struct Call {
    pub(super) events: Vec<Event>,
    pub(super) ids_kept: Duration,
    pub(super) tell: oneshot::Sender<Result<(), StoreError>>,
}

/// Stores what comes until nobody can send any more.
pub(super) async fn run(link: Arc<Link>, mut come: mpsc::UnboundedReceiver<Call>) {
    while let Some(first) = come.recv().await {
        let mut events = first.events.len();
        let mut calls = vec![first];
        while calls.len() < CALLS
            && events < EVENTS
            && let Ok(call) = come.try_recv()
        {
            events += call.events.len();
            calls.push(call);
        }
        store(&link, calls).await;
    }
}

async fn store(link: &Link, calls: Vec<Call>) {
    let together = calls.iter().flat_map(|call| call.events.iter().cloned()).collect();
    let ids_kept = calls.iter().map(|call| call.ids_kept).max().unwrap_or_default();
    let stored = append(link, together, ids_kept).await;
    let alone = calls.len() > 1 && matches!(stored, Err(StoreError::Away(_) | StoreError::Unusable(_)));
    for Call { events, ids_kept, tell } in calls {
        // Nothing of it was done, maybe for the sake of one: there may be room for the others.
        let stored = if alone { append(link, events, ids_kept).await } else { stored.clone() };
        // Whoever asked may have gone away; what is done is done all the same.
        let _ = tell.send(stored);
    }
}

async fn append(link: &Link, events: Vec<Event>, ids_kept: Duration) -> Result<(), StoreError> {
    let events = Arc::new(events);
    link.write(WRITE_WITHIN, |session| queries::append(session, events, ids_kept)).await
}
