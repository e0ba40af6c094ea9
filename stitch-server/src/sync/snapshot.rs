//! What a stream begins with: made once for all who ask for the same.

use std::collections::HashMap;
use std::sync::Arc;

use axum::body::Bytes;
use tokio::sync::Mutex;

use super::{frame, view};
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

/// The newest snapshot of each environment.
#[derive(Debug, Default)]
pub(crate) struct Snapshots(Mutex<HashMap<String, (Position, Bytes)>>);

impl Snapshots {
    /// Of the definitions that serve; who comes while it is made waits, and gets the same.
    pub(super) async fn get(&self, state: &AppState, env: &str) -> Option<(Position, Bytes)> {
        let mut newest = self.0.lock().await;
        let served = state.load_full();
        let position = Position::of(state, &served, env);
        if let Some(snapshot) = newest.get(env).filter(|(of, _)| *of == position) {
            return Some(snapshot.clone());
        }
        let of = (Arc::clone(&served), env.to_owned(), position.clone());
        // A large registry takes a while: not on a thread that answers.
        let make = move || {
            let (served, env, Position { history, number }) = of;
            frame(&view::snapshot(served.registry.definitions.document(), &env, &history, number))
        };
        let bytes = tokio::task::spawn_blocking(make).await.ok()?;
        newest.insert(env.to_owned(), (position.clone(), bytes.clone()));
        Some((position, bytes))
    }
}
