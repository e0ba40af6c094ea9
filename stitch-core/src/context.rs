//! For whom a flag is evaluated.

use std::borrow::Cow;
use std::collections::BTreeMap;

use crate::bucketing::is_unit;
use crate::json::Json;

mod attribute;
pub(crate) mod attributes;
pub(crate) mod check;
pub(crate) mod document;
mod prepared;

pub(crate) use attribute::{Attribute, Custom};
pub use attributes::{AttributeValue, Element};
pub use check::{ContextError, ContextProblem};
pub use document::{AttributeDocument, ContextDocument};
pub use prepared::PreparedUser;

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
    /// The user id as it was given; where it is one, it is also among the texts.
    pub(crate) given_user_id: Option<&'a str>,
    /// By [`Field`]: read by its place, a field needs no switch.
    texts: [Option<&'a str>; 6],
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
            given_user_id: None,
            texts: [Some(DEFAULT_KIND), None, None, Some(DEFAULT_TIER), None, None],
            now: None,
            overrides: None,
            approvals: None,
            attributes: Attributes::default(),
        }
    }

    /// The context of the user with that stable id.
    #[inline]
    pub fn user(user_id: &'a str) -> Self {
        let mut context = Self::anonymous();
        context.given_user_id = Some(user_id);
        context.put(Field::UserId, user_id);
        context
    }

    /// What the id names; `user` unless said. User overrides apply to kind `user` only.
    #[inline]
    #[must_use]
    pub fn kind(mut self, kind: &'a str) -> Self {
        self.put(Field::Kind, kind);
        self
    }

    /// The tenant; an empty one is absent.
    #[inline]
    #[must_use]
    pub fn tenant_id(mut self, tenant_id: &'a str) -> Self {
        self.put(Field::TenantId, tenant_id);
        self
    }

    /// The tier; `anonymous` unless said.
    #[inline]
    #[must_use]
    pub fn tier(mut self, tier: &'a str) -> Self {
        self.put(Field::Tier, tier);
        self
    }

    /// The environment whose patches apply; none do unless said.
    #[inline]
    #[must_use]
    pub fn env(mut self, env: &'a str) -> Self {
        self.put(Field::Env, env);
        self
    }

    /// The role.
    #[inline]
    #[must_use]
    pub fn role_key(mut self, role_key: &'a str) -> Self {
        self.put(Field::RoleKey, role_key);
        self
    }

    /// The instant of the evaluation, in milliseconds since the epoch. The core has no clock.
    #[inline]
    #[must_use]
    pub fn now(self, milliseconds: i64) -> Self {
        Self { now: Some(milliseconds), ..self }
    }

    /// In that environment and at that time, unless the context says otherwise: for whoever knows both, as a server does.
    ///
    /// ```
    /// use stitch_core::Context;
    ///
    /// let context = Context::user("U-1").now(7).or_at(Some("prod"), 1_767_225_600_000);
    /// assert_eq!(format!("{context:?}"), format!("{:?}", Context::user("U-1").now(7).env("prod")));
    /// ```
    #[inline]
    #[must_use]
    pub fn or_at(mut self, env: Option<&'a str>, milliseconds: i64) -> Self {
        self.now.get_or_insert(milliseconds);
        if let Some(slot) = self.texts.get_mut(Field::Env as usize) {
            *slot = slot.or(env);
        }
        self
    }

    /// One more attribute; replaces one of the same name.
    #[inline]
    #[must_use]
    pub fn with(mut self, name: &'a str, value: impl Into<AttributeValue<'a>>) -> Self {
        self.set(name, value);
        self
    }

    /// As [`Context::with`], in place: where a context is built for every evaluation this takes a third of the time,
    /// since nothing is moved.
    ///
    /// ```
    /// use stitch_core::Context;
    ///
    /// let mut context = Context::user("U-1");
    /// context.set("country", "TH").set("age", 41);
    /// ```
    #[inline]
    pub fn set(&mut self, name: &'a str, value: impl Into<AttributeValue<'a>>) -> &mut Self {
        self.attributes.set(name, value.into());
        self
    }

    /// All attributes at once, borrowed: where a context is built for every evaluation this costs next to nothing, since
    /// they stay where the caller has them. Replaces those that were given before; of a name that is there twice the
    /// last one counts, as if they were given one by one.
    ///
    /// ```
    /// use stitch_core::Context;
    ///
    /// let attributes = [("country", "TH".into()), ("age", 41.into())];
    /// let context = Context::user("U-1").tier("staff").attributes(&attributes);
    /// ```
    #[inline]
    #[must_use]
    pub fn attributes(mut self, attributes: &'a [(&'a str, AttributeValue<'a>)]) -> Self {
        self.attributes = Attributes::borrowed(attributes);
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

    #[inline]
    pub(crate) fn put(&mut self, field: Field, text: &'a str) {
        let present = match field {
            Field::UserId => is_unit(text),
            Field::TenantId => !text.is_empty(),
            Field::Kind | Field::Tier | Field::Env | Field::RoleKey => true,
        };
        if let Some(slot) = self.texts.get_mut(field as usize) {
            *slot = Some(text).filter(|_| present);
        }
    }

    /// A field that is a text.
    #[inline]
    pub(crate) fn field(&self, field: Field) -> Option<&'a str> {
        self.texts.get(field as usize).copied().flatten()
    }

    /// Whether the id names a user, so that user overrides apply.
    pub(crate) fn is_user(&self) -> bool {
        self.field(Field::Kind) == Some(DEFAULT_KIND)
    }
}

/// The fields that are texts; those that are asked for most stand together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Field {
    Kind,
    RoleKey,
    TenantId,
    Tier,
    Env,
    UserId,
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
