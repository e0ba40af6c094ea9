//! What is known of a request beside its head.

use axum::body::Bytes;
use axum::extract::FromRef;

use super::Service;
use crate::state::AppState;
use crate::wire::Meta;

/// What extractors read beside the head: axum hands it to them as the state. Extensions of the request would do too,
/// but take a table of their own for each.
#[derive(Clone, Debug)]
pub struct Known {
    pub(super) service: Service,
    pub(super) meta: Meta,
    pub(super) body: Bytes,
}

impl Known {
    /// What all handlers share.
    pub(crate) fn state(&self) -> &AppState {
        &self.service.0.state
    }

    /// What is known of every request.
    pub(crate) fn meta(&self) -> &Meta {
        &self.meta
    }

    /// The body, whole.
    pub(crate) fn body(&self) -> &Bytes {
        &self.body
    }

    /// The part of a path that varies, by its name in the map of addresses; as it is written.
    pub(crate) fn part<'p>(&self, path: &'p str, name: &str) -> Option<&'p str> {
        self.service.0.map.part(path, name)
    }
}

impl FromRef<Known> for AppState {
    fn from_ref(known: &Known) -> Self {
        known.state().clone()
    }
}
