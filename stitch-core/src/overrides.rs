//! Stored override rows of one flag, ready to be asked.

use foldhash::quality::RandomState;
use hashbrown::HashMap;

use crate::context::{Context, Field};
use crate::flag::Outcome;
use crate::instant::Instant;

/// The rows of one flag.
#[derive(Debug, Default)]
pub(crate) struct StoredOverrides {
    /// By user.
    pub(crate) users: HashMap<Box<str>, UserRows, RandomState>,
    /// By tenant.
    pub(crate) tenants: Tenants,
}

type Tenants = HashMap<Box<str>, OverrideRow, RandomState>;

/// The rows of one user: a row that names the tenant beats the one that does not.
#[derive(Debug, Default)]
pub(crate) struct UserRows {
    pub(crate) by_tenant: Tenants,
    pub(crate) any_tenant: Option<OverrideRow>,
}

/// A row, without what it is found by.
#[derive(Debug)]
pub(crate) struct OverrideRow {
    pub(crate) id: Box<str>,
    pub(crate) outcome: Outcome,
    /// The first millisecond at which it no longer applies.
    pub(crate) expires_at: Option<i64>,
}

impl OverrideRow {
    fn is_live(&self, now: Option<i64>) -> bool {
        self.expires_at.is_none_or(|expires_at| now.is_some_and(|now| now < expires_at))
    }
}

/// Whether a row with this `expires_at` no longer applies at an instant (milliseconds since the epoch); one that is no
/// RFC 3339 text never did.
pub fn has_expired(expires_at: &str, now: i64) -> bool {
    Instant::parse(expires_at).is_none_or(|instant| now >= instant.ceiling())
}

impl StoredOverrides {
    /// The row for the context's user; the caller has seen to the context's kind.
    pub(crate) fn for_user(&self, context: &Context<'_>) -> Option<&OverrideRow> {
        let rows = self.users.get(context.field(Field::UserId)?)?;
        let own = context.field(Field::TenantId).and_then(|tenant| rows.by_tenant.get(tenant));
        [own, rows.any_tenant.as_ref()].into_iter().flatten().find(|row| row.is_live(context.now))
    }

    /// The row for the context's tenant.
    pub(crate) fn for_tenant(&self, context: &Context<'_>) -> Option<&OverrideRow> {
        self.tenants.get(context.field(Field::TenantId)?).filter(|row| row.is_live(context.now))
    }
}

#[cfg(test)]
mod tests {
    use super::has_expired;

    #[test]
    fn a_row_applies_until_its_very_last_digit() {
        assert!(has_expired("1970-01-01T00:00:00.005Z", 5));
        assert!(!has_expired("1970-01-01T00:00:00.0050000000001Z", 5));
        assert!(has_expired("1970-01-01T07:00:00+07:00", 0) && !has_expired("1970-01-01T07:00:00+07:00", -1));
        assert!(has_expired("never", 0));
    }
}
