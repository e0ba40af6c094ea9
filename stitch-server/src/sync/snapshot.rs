//! What a stream begins with: made once for all who ask for the same, of pieces that are shared with the snapshots
//! before it. Who does not read what was made for it keeps no more alive than what changed meanwhile.

use std::collections::HashMap;
use std::sync::Arc;

use axum::body::Bytes;
use tokio::sync::Mutex;

use super::pieces::Piece;
use super::{head, view};
use crate::source::Written;
use crate::state::{AppState, Served};

/// Which definitions somebody has.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Position {
    pub(super) history: String,
    /// 0 for none.
    pub(super) number: u64,
}

impl Position {
    /// Of the definitions that serve. What comes from a file is another history whenever it changes, since a file keeps
    /// no numbers.
    pub(super) fn of(state: &AppState, served: &Served, env: &str) -> Self {
        if state.source().is_written_here() {
            Self { history: served.model.head.history.clone(), number: served.model.feed.number(env) }
        } else {
            Self { history: served.registry.revision.clone(), number: 1 }
        }
    }
}

/// One message in several parts, of which some are yet to be sent.
#[derive(Clone, Debug, Default)]
pub(super) struct Message {
    parts: Arc<[Bytes]>,
    sent: usize,
}

impl Iterator for Message {
    type Item = Bytes;

    fn next(&mut self) -> Option<Bytes> {
        let part = self.parts.get(self.sent)?.clone();
        self.sent += 1;
        if self.sent == self.parts.len() {
            // Nobody is to be kept from letting go of it.
            *self = Self::default();
        }
        Some(part)
    }
}

/// The newest snapshot of an environment.
#[derive(Debug)]
struct Snapshot {
    position: Position,
    message: Message,
    /// Of the flags, the segments and the overrides.
    pieces: [Vec<Piece>; 3],
    /// What the pieces were made of.
    _of: Arc<Written>,
}

impl Snapshot {
    fn make(of: Arc<Written>, env: &str, position: Position, before: Option<&Self>) -> Self {
        let before = before.map_or([&[][..]; 3], |before| before.pieces.each_ref().map(Vec::as_slice));
        let parts = of.parts();
        let first = view::beginning(&parts, env, &position.history, position.number);
        let pieces = view::pieces(&parts, env, before);
        let bytes = || pieces.iter().flatten().map(|piece| &piece.bytes);
        let length = first.len() + bytes().map(Bytes::len).sum::<usize>();
        let parts = [Bytes::from([&head(length)[..], &first].concat())].into_iter().chain(bytes().cloned()).collect();
        Self { position, message: Message { parts, sent: 0 }, pieces, _of: of }
    }
}

/// The newest snapshot of each environment.
#[derive(Debug, Default)]
pub(crate) struct Snapshots(Mutex<HashMap<String, Snapshot>>);

impl Snapshots {
    /// Of the definitions that serve; who comes while it is made waits, and gets the same.
    pub(super) async fn get(&self, state: &AppState, env: &str) -> Option<(Position, Message)> {
        let mut newest = self.0.lock().await;
        let served = state.load_full();
        let position = Position::of(state, &served, env);
        if newest.get(env).is_none_or(|snapshot| snapshot.position != position) {
            let (before, of) = (newest.remove(env), (Arc::clone(&served.registry.definitions), env.to_owned()));
            drop(served);
            // A large registry takes a while: not on a thread that answers.
            let make = move || Snapshot::make(of.0, &of.1, position, before.as_ref());
            newest.insert(env.to_owned(), tokio::task::spawn_blocking(make).await.ok()?);
        }
        newest.get(env).map(|snapshot| (snapshot.position.clone(), snapshot.message.clone()))
    }
}
