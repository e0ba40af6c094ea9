//! One client's stream: a cursor into what everybody is told.

use std::convert::Infallible;

use axum::body::{Body, Bytes};
use futures_util::stream::unfold;
use http_body_util::StreamBody;
use hyper::body::Frame;
use prost::Message as _;
use stitch_sync::v1::{SyncRequest, SyncResponse};
use tokio::sync::{OwnedSemaphorePermit, watch};
use tokio::time::{Instant, sleep_until};
use tonic::Status;

use super::snapshot::{Message, Position};
use super::{frame, status};
use crate::auth::{self, KeyHolder};
use crate::model::Next;
use crate::state::AppState;

/// One client; its room is free again once it is dropped, which hyper does when the client goes.
pub(super) struct Client {
    state: AppState,
    /// The bell.
    changes: watch::Receiver<bool>,
    holder: KeyHolder,
    /// What it has.
    position: Position,
    /// What has yet to be sent of the snapshot that it is at.
    rest: Message,
    /// When something is to be said if there is nothing to say.
    heartbeat: Instant,
    _permit: OwnedSemaphorePermit,
}

impl Client {
    pub(super) fn new(state: AppState, holder: KeyHolder, asked: SyncRequest, permit: OwnedSemaphorePermit) -> Self {
        let position = Position { history: asked.history_id, number: asked.sequence_number };
        let changes = state.changes();
        // At once: a client that lacks nothing is told so.
        Self { changes, state, holder, position, heartbeat: Instant::now(), rest: Message::default(), _permit: permit }
    }

    /// Messages are handed on as they are, so that all clients share the bytes of each; a snapshot goes part by part, each
    /// once there is room for it.
    pub(super) fn into_body(self) -> Body {
        Body::new(StreamBody::new(unfold(Some(self), async |client| {
            let mut client = client?;
            let (frame, client) = match client.next().await {
                Ok(message) => (Frame::data(message), Some(client)),
                Err(end) => (Frame::trailers(status::trailers(&end)), None),
            };
            Some((Ok::<_, Infallible>(frame), client))
        })))
    }

    /// What to send next, or why there is no more.
    async fn next(&mut self) -> Result<Bytes, Status> {
        if let Some(part) = self.rest.next() {
            return Ok(part);
        }
        loop {
            // Before anything is looked at: what changes from here on is heard.
            let stopping = *self.changes.borrow_and_update();
            let message = self.look(stopping).await?;
            if message.is_some() || self.heartbeat <= Instant::now() {
                self.heartbeat = Instant::now() + self.state.settings().heartbeat;
                return Ok(message.unwrap_or_else(|| self.pulse()));
            }
            tokio::select! {
                changed = self.changes.changed() => changed.map_err(|_| status::stopping())?,
                () = sleep_until(self.heartbeat) => {}
            }
        }
    }

    /// What the client lacks, if anything.
    async fn look(&mut self, stopping: bool) -> Result<Option<Bytes>, Status> {
        let served = self.state.load_full();
        if !self.holder.holds(&served.model) {
            return Err(status::of(&auth::invalid_key()));
        }
        if stopping {
            return Err(status::stopping());
        }
        let env = &self.holder.env;
        if !served.registry.engine.environments().any(|listed| listed == env) {
            return Err(status::no_environment());
        }
        let serving = Position::of(&self.state, &served, env);
        if self.position == serving {
            return Ok(None);
        }
        if self.position.history == serving.history
            && let Next::Change(message) = served.model.feed.after(env, self.position.number)
        {
            self.position.number += 1;
            return Ok(Some(message));
        }
        // Not held on to while the snapshot is made.
        drop(served);
        let snapshot = self.state.snapshots().get(&self.state, env).await;
        (self.position, self.rest) = snapshot.ok_or_else(|| Status::internal("no snapshot could be made"))?;
        Ok(self.rest.next())
    }

    fn pulse(&self) -> Bytes {
        let Position { history, number } = self.position.clone();
        let message =
            SyncResponse { history_id: history, sequence_number: number, heartbeat: true, ..SyncResponse::default() };
        frame(&message.encode_to_vec())
    }
}
