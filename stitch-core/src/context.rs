//! For whom a flag is evaluated.

use std::borrow::Cow;
use std::collections::BTreeMap;

use crate::json::Json;
use crate::limits;
use crate::number::Number;

pub(crate) mod attributes;
pub(crate) mod check;
pub(crate) mod document;

pub use attributes::{AttributeValue, Element};
pub use check::{ContextError, ContextProblem};
pub use document::{AttributeDocument, ContextDocument};

use attributes::Attributes;

/// The names of the context's own fields: reserved, no attribute may have one.
pub(crate) const FIELDS: [&str; 10] =
    ["user_id", "kind", "tenant_id", "tier", "env", "role_key", "attributes", "overrides", "approvals", "now"];

pub(crate) const DEFAULT_KIND: &str = "user";
pub(crate) const DEFAULT_TIER: &str = "anonymous";

/// For whom a flag is evaluated; borrows what the caller has.
///
/// Up to eight attributes are kept inline, so that building a context allocates nothing.
/// Building cannot fail; what the contract refuses (an empty user id, a reserved attribute name, …)
/// is told by [`Engine::check`](crate::Engine::check), and is as if it were absent where it is evaluated all the same.
///
/// ```
/// use stitch_core::Context;
///
/// let context = Context::user("U-1").tier("staff").env("prod").with("country", "TH").with("age", 41);
/// ```
#[derive(Clone, Debug)]
pub struct Context<'a> {
    pub(crate) user_id: Option<&'a str>,
    pub(crate) kind: &'a str,
    pub(crate) tenant_id: Option<&'a str>,
    pub(crate) tier: &'a str,
    pub(crate) env: Option<&'a str>,
    pub(crate) role_key: Option<&'a str>,
    pub(crate) now: Option<i64>,
    pub(crate) overrides: Option<&'a InlineOverrides<'a>>,
    pub(crate) approvals: Option<&'a Approvals<'a>>,
    pub(crate) attributes: Attributes<'a>,
}

impl Default for Context<'_> {
    fn default() -> Self {
        Self::anonymous()
    }
}

impl<'a> Context<'a> {
    /// A context without an id: there is no unit to bucket by.
    #[inline]
    pub fn anonymous() -> Self {
        Self {
            user_id: None,
            kind: DEFAULT_KIND,
            tenant_id: None,
            tier: DEFAULT_TIER,
            env: None,
            role_key: None,
            now: None,
            overrides: None,
            approvals: None,
            attributes: Attributes::default(),
        }
    }

    /// The context of the user with that stable id.
    #[inline]
    pub fn user(user_id: &'a str) -> Self {
        Self { user_id: Some(user_id), ..Self::anonymous() }
    }

    /// What the id names; `user` unless said. User overrides apply to kind `user` only.
    #[inline]
    #[must_use]
    pub fn kind(self, kind: &'a str) -> Self {
        Self { kind, ..self }
    }

    /// The tenant; an empty one is absent.
    #[inline]
    #[must_use]
    pub fn tenant_id(self, tenant_id: &'a str) -> Self {
        Self { tenant_id: Some(tenant_id).filter(|tenant_id| !tenant_id.is_empty()), ..self }
    }

    /// The tier; `anonymous` unless said.
    #[inline]
    #[must_use]
    pub fn tier(self, tier: &'a str) -> Self {
        Self { tier, ..self }
    }

    /// The environment whose patches apply; none do unless said.
    #[inline]
    #[must_use]
    pub fn env(self, env: &'a str) -> Self {
        Self { env: Some(env), ..self }
    }

    /// The role.
    #[inline]
    #[must_use]
    pub fn role_key(self, role_key: &'a str) -> Self {
        Self { role_key: Some(role_key), ..self }
    }

    /// The instant of the evaluation, in milliseconds since the epoch. The core has no clock.
    #[inline]
    #[must_use]
    pub fn now(self, milliseconds: i64) -> Self {
        Self { now: Some(milliseconds), ..self }
    }

    /// One more attribute; replaces one of the same name.
    #[inline]
    #[must_use]
    pub fn with(mut self, name: &'a str, value: impl Into<AttributeValue<'a>>) -> Self {
        self.attributes.set(name, value.into());
        self
    }

    /// Overrides for this evaluation alone.
    #[inline]
    #[must_use]
    pub fn overrides(self, overrides: &'a InlineOverrides<'a>) -> Self {
        Self { overrides: Some(overrides), ..self }
    }

    /// Approvals given with this request.
    #[inline]
    #[must_use]
    pub fn approvals(self, approvals: &'a Approvals<'a>) -> Self {
        Self { approvals: Some(approvals), ..self }
    }

    /// The user id, where it is one.
    #[inline]
    pub(crate) fn usable_user_id(&self) -> Option<&'a str> {
        self.user_id.filter(|user_id| !user_id.is_empty() && user_id.len() <= limits::UNIT_BYTES)
    }

    /// What a condition or a `by` reads, attributes excepted: those a call finds.
    #[inline]
    pub(crate) fn field(&self, attribute: &Attribute) -> Option<AttributeValue<'a>> {
        match attribute {
            Attribute::UserId => self.usable_user_id().map(AttributeValue::Text),
            Attribute::Tier => Some(AttributeValue::Text(self.tier)),
            Attribute::TenantId => self.tenant_id.map(AttributeValue::Text),
            Attribute::Env => self.env.map(AttributeValue::Text),
            Attribute::Kind => Some(AttributeValue::Text(self.kind)),
            Attribute::RoleKey => self.role_key.map(AttributeValue::Text),
            Attribute::Now => self.now.map(|now| AttributeValue::Number(Number::Integer(now))),
            Attribute::Unreadable | Attribute::Custom { .. } => None,
        }
    }
}

/// The name of something to read from a context, resolved when the registry is compiled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Attribute {
    UserId,
    Kind,
    TenantId,
    Tier,
    Env,
    RoleKey,
    Now,
    /// `attributes`, `overrides`, `approvals`: always missing.
    Unreadable,
    Custom {
        name: Box<str>,
        slot: u8,
    },
}

impl Attribute {
    pub(crate) fn named(name: &str, slot: impl FnOnce() -> u8) -> Self {
        match name {
            "user_id" => Self::UserId,
            "kind" => Self::Kind,
            "tenant_id" => Self::TenantId,
            "tier" => Self::Tier,
            "env" => Self::Env,
            "role_key" => Self::RoleKey,
            "now" => Self::Now,
            "attributes" | "overrides" | "approvals" => Self::Unreadable,
            _ => Self::Custom { name: name.into(), slot: slot() },
        }
    }
}

/// Overrides that come with a request.
///
/// ```
/// use stitch_core::{Context, InlineOverrides};
///
/// let overrides = InlineOverrides::default().user("new-checkout", true).tenant("page-size", 50);
/// let context = Context::user("U-1").tenant_id("acme").overrides(&overrides);
/// ```
#[derive(Clone, Debug, Default)]
pub struct InlineOverrides<'a> {
    pub(crate) user: BTreeMap<Cow<'a, str>, Json<'a>>,
    pub(crate) tenant: BTreeMap<Cow<'a, str>, Json<'a>>,
}

impl<'a> InlineOverrides<'a> {
    /// What this user gets for that flag; applies to kind `user`.
    #[must_use]
    pub fn user(mut self, flag_key: &'a str, value: impl Into<Json<'a>>) -> Self {
        self.user.insert(Cow::Borrowed(flag_key), value.into());
        self
    }

    /// What this tenant gets for that flag; applies where there is a tenant.
    #[must_use]
    pub fn tenant(mut self, flag_key: &'a str, value: impl Into<Json<'a>>) -> Self {
        self.tenant.insert(Cow::Borrowed(flag_key), value.into());
        self
    }
}

/// Approvals that come with a request: flag key to approval reference.
///
/// ```
/// use stitch_core::{Approvals, Context};
///
/// let approvals = Approvals::default().of("admin-panel", "CAB-17");
/// let context = Context::user("U-1").approvals(&approvals);
/// ```
#[derive(Clone, Debug, Default)]
pub struct Approvals<'a> {
    pub(crate) references: BTreeMap<Cow<'a, str>, Cow<'a, str>>,
}

impl<'a> Approvals<'a> {
    /// The reference of the approval for that flag.
    #[must_use]
    pub fn of(mut self, flag_key: impl Into<Cow<'a, str>>, reference: impl Into<Cow<'a, str>>) -> Self {
        self.references.insert(flag_key.into(), reference.into());
        self
    }
}
