//! What conditions and `by` name of a context.

use std::sync::Arc;

use crate::context::Field;

/// The name of something to read from a context, resolved when the registry is compiled. Which one it is takes a word, as
/// in [`Test`](crate::condition::Test).
#[derive(Clone, Debug, PartialEq, Eq)]
#[repr(u64)]
pub(crate) enum Attribute {
    Field(Field),
    Now,
    /// `attributes`, `overrides`, `approvals`: always missing.
    Unreadable,
    Custom(Custom),
}

/// An attribute by its name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Custom {
    /// Shared by all that read it.
    pub(crate) name: Arc<str>,
    /// Where a call notes where it found it.
    pub(crate) slot: u8,
}

impl Attribute {
    /// What is bucketed by unless said otherwise.
    pub(crate) const USER_ID: Self = Self::Field(Field::UserId);

    /// What has that name: a field, or else what `custom` gives.
    pub(crate) fn named(name: &str, custom: impl FnOnce() -> Custom) -> Self {
        match name {
            "user_id" => Self::USER_ID,
            "kind" => Self::Field(Field::Kind),
            "tenant_id" => Self::Field(Field::TenantId),
            "tier" => Self::Field(Field::Tier),
            "env" => Self::Field(Field::Env),
            "role_key" => Self::Field(Field::RoleKey),
            "now" => Self::Now,
            "attributes" | "overrides" | "approvals" => Self::Unreadable,
            _ => Self::Custom(custom()),
        }
    }
}
