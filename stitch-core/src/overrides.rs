//! Stored override rows of one flag, ready to be asked.

use foldhash::quality::RandomState;
use hashbrown::HashMap;

use crate::context::Context;
use crate::flag::Outcome;

/// The rows of one flag.
#[derive(Debug, Default)]
pub(crate) struct StoredOverrides {
    /// By user; for each, the rows that name a tenant before the one that does not.
    pub(crate) users: HashMap<Box<str>, Vec<OverrideRow>, RandomState>,
    /// By tenant.
    pub(crate) tenants: HashMap<Box<str>, OverrideRow, RandomState>,
}

/// A row, without what it is found by.
#[derive(Debug)]
pub(crate) struct OverrideRow {
    pub(crate) id: Box<str>,
    /// A user row's tenant, where it names one.
    pub(crate) tenant_id: Option<Box<str>>,
    pub(crate) outcome: Outcome,
    /// The first millisecond at which it no longer applies.
    pub(crate) expires_at: Option<i64>,
}

impl OverrideRow {
    fn is_live(&self, now: Option<i64>) -> bool {
        self.expires_at.is_none_or(|expires_at| now.is_some_and(|now| now < expires_at))
    }
}

impl StoredOverrides {
    /// The row for the context's user; the caller has seen to the context's kind.
    pub(crate) fn for_user(&self, context: &Context<'_>) -> Option<&OverrideRow> {
        let rows = self.users.get(context.usable_user_id()?)?;
        rows.iter().find(|row| {
            row.is_live(context.now) && row.tenant_id.as_deref().is_none_or(|tenant| context.tenant_id == Some(tenant))
        })
    }

    /// The row for the context's tenant.
    pub(crate) fn for_tenant(&self, context: &Context<'_>) -> Option<&OverrideRow> {
        self.tenants.get(context.tenant_id?).filter(|row| row.is_live(context.now))
    }
}
