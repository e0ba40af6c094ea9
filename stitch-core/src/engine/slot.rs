//! The entries of a compiled registry.

use std::sync::Arc;

use crate::compile::Origin;
use crate::context::{Context, PreparedUser};
use crate::evaluation::Evaluation;
use crate::flag::{Flag, Glance, Links, Segment, Sight};

/// An entry of the document's `flags`.
#[derive(Debug)]
pub(crate) struct Slot {
    /// Its key, if it could be read and no earlier entry has it. Beside that of the flag, since a look-up by name reads
    /// nothing else, nor does a glance.
    pub(crate) key: Option<Arc<str>>,
    /// Here and not in the flag, so that asking for a boolean reads nothing else where there is one.
    pub(crate) glance: Option<Glance>,
    /// Nothing, where it was set aside. Shared with the engines that took it over.
    pub(crate) flag: Option<Arc<Flag>>,
    pub(crate) links: Links,
    /// Of its definition, of its override rows and of all that it refers to.
    pub(crate) fingerprint: u64,
    pub(crate) origin: Origin,
}

/// An entry of the document's `segments`.
#[derive(Debug)]
pub(crate) struct SegmentSlot {
    /// Its key, if it could be read and no earlier entry has it.
    pub(crate) key: Option<Arc<str>>,
    /// Nothing, where it was set aside. Shared with the engines that took it over.
    pub(crate) segment: Option<Arc<Segment>>,
    pub(crate) links: Links,
    pub(crate) origin: Origin,
}

impl Slot {
    /// What the flag's glance tells of this context, without running the steps.
    #[inline]
    pub(crate) fn sight(&self, context: &Context<'_>) -> Option<&Sight> {
        self.glance.as_ref()?.sight(context)
    }

    /// What it tells of a user alone.
    #[inline]
    pub(crate) fn value_for(&self, user: &PreparedUser) -> Option<bool> {
        self.glance.as_ref()?.value_for(user)
    }

    /// The whole of it.
    #[inline]
    pub(crate) fn evaluation(&self, context: &Context<'_>) -> Option<Evaluation<'_>> {
        Some(self.sight(context)?.evaluation(self.key.as_deref()?))
    }
}
