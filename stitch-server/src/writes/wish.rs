//! A wish to change the definitions, as data: a route has it made, or an approval is asked for it.

use std::sync::Arc;

use stitch_core::Json;

use super::guard::Settled;
use super::rollback::no_flag;
use super::{Draft, flag, import, override_row, segment, stage};
use crate::error::Error;
use crate::model::{Flag, Object, Stored};

/// A change of the definitions.
#[derive(Clone, Debug)]
pub enum Change {
    /// A new flag.
    CreateFlag(Json<'static>),
    /// A flag's definition, whole.
    UpdateFlag(String, Json<'static>),
    /// No such flag any more.
    DeleteFlag(String),
    /// A new segment.
    CreateSegment(Json<'static>),
    /// A segment, whole.
    UpdateSegment(String, Json<'static>),
    /// No such segment any more.
    DeleteSegment(String),
    /// An override row, new or whole.
    PutOverride(String, Json<'static>),
    /// No such row any more.
    DeleteOverride(String),
    /// A flag's stage or percentage.
    Stage(stage::StageChange),
    /// All definitions.
    ReplaceRegistry(Json<'static>),
}

/// On what terms a change is decided.
#[derive(Clone, Debug)]
pub enum Terms {
    /// It is to be made.
    Make {
        /// The revision that the caller saw.
        revision: Option<u64>,
        /// The approvals that it is to be made with.
        approvals: Vec<String>,
    },
    /// An approval is asked for it: whatever approvals it needs, it is as if it had them.
    Ask,
}

impl Terms {
    /// A flag as the caller saw it.
    pub(super) fn flag(&self, draft: &Draft, key: &str) -> Result<Arc<Object<Flag>>, Error> {
        if draft.model().flags.contains_key(key) { self.seen::<Flag>(draft, key) } else { Err(no_flag()) }
    }

    /// A thing as the caller saw it.
    pub(super) fn seen<T: Stored>(&self, draft: &Draft, key: &str) -> Result<Arc<Object<T>>, Error> {
        match self {
            Self::Make { revision, .. } => draft.seen::<T>(key, *revision),
            Self::Ask => draft.seen::<T>(key, T::among(draft.model()).get(key).map(|object| object.revision)),
        }
    }
}

impl Change {
    /// Makes the change in a draft, or refuses it.
    ///
    /// # Errors
    ///
    /// Whatever stands in its way: permissions, revisions, references, approvals.
    pub fn make(&self, draft: &mut Draft, terms: &Terms) -> Result<Settled, Error> {
        match self {
            Self::CreateFlag(document) => flag::create(draft, document, terms),
            Self::UpdateFlag(key, document) => flag::update(draft, key, document, terms),
            Self::DeleteFlag(key) => flag::delete(draft, key, terms),
            Self::CreateSegment(document) => segment::create(draft, document, terms),
            Self::UpdateSegment(key, document) => segment::update(draft, key, document, terms),
            Self::DeleteSegment(key) => segment::delete(draft, key, terms),
            Self::PutOverride(id, row) => override_row::put(draft, id, row, terms),
            Self::DeleteOverride(id) => override_row::delete(draft, id, terms),
            Self::Stage(change) => stage::change(draft, change, terms).map(|(settled, _)| settled),
            Self::ReplaceRegistry(document) => import::replace(draft, document, terms),
        }
    }
}
