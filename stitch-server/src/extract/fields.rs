//! The fields of a context that headers and the query can carry.

use axum::http::HeaderMap;
use stitch_core::ContextDocument;

use super::Query;
use crate::error::{Detail, Error, Place};

/// A text field of the context that has a header and a query parameter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Field {
    /// Who.
    UserId,
    /// Of which tenant.
    TenantId,
    /// Of which tier.
    Tier,
    /// In which environment.
    Env,
    /// In which role.
    RoleKey,
}

impl Field {
    /// Every one.
    pub const ALL: [Self; 5] = [Self::UserId, Self::TenantId, Self::Tier, Self::Env, Self::RoleKey];

    /// In a context.
    pub fn name(self) -> &'static str {
        match self {
            Self::UserId => "user_id",
            Self::TenantId => "tenant_id",
            Self::Tier => "tier",
            Self::Env => "env",
            Self::RoleKey => "role_key",
        }
    }

    /// Its header.
    pub fn header(self) -> &'static str {
        match self {
            Self::UserId => "X-PTT-User-Id",
            Self::TenantId => "X-PTT-Tenant-Id",
            Self::Tier => "X-PTT-Tier",
            Self::Env => "X-PTT-Env",
            Self::RoleKey => "X-PTT-Role-Key",
        }
    }

    /// Its parameter in the query.
    pub fn query(self) -> &'static str {
        match self {
            Self::UserId => "user",
            Self::TenantId => "tenant",
            Self::Tier => "tier",
            Self::Env => "env",
            Self::RoleKey => "role_key",
        }
    }

    /// The field of that name in a context.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|field| field.name() == name)
    }
}

/// What one source says of those fields.
#[derive(Clone, Copy, Debug, Default)]
pub struct Fields<'a>([Option<&'a str>; Field::ALL.len()]);

impl<'a> Fields<'a> {
    /// What it says of one. An empty tenant is none, in every source alike; any other empty text is a text, and who
    /// reads it says what it is worth.
    pub fn get(&self, field: Field) -> Option<&'a str> {
        let text = self.0.get(field as usize).copied().flatten();
        text.filter(|text| field != Field::TenantId || !text.is_empty())
    }

    /// From the `X-PTT-*` headers, of which `counts` count.
    ///
    /// # Errors
    ///
    /// If one of them is not UTF-8, or is there twice.
    pub fn of_headers(headers: &'a HeaderMap, counts: &[Field]) -> Result<Self, Error> {
        let mut fields = [None; Field::ALL.len()];
        // Most requests have none, and looking for each costs more than looking at all.
        if !headers.keys().any(|name| name.as_str().starts_with("x-ptt-")) {
            return Ok(Self(fields));
        }
        for (field, place) in Field::ALL.into_iter().zip(&mut fields).filter(|(field, _)| counts.contains(field)) {
            let refuse = |message: &'static str| {
                let message = format!("the header `{}` {message}", field.header());
                let detail = Detail::new(Place::Header(field.header()), message.clone());
                Error::invalid(message).details([detail])
            };
            let mut values = headers.get_all(field.header()).iter();
            let Some(value) = values.next() else { continue };
            if values.next().is_some() {
                return Err(refuse("is there more than once"));
            }
            *place = Some(std::str::from_utf8(value.as_bytes()).map_err(|_| refuse("is not UTF-8"))?);
        }
        Ok(Self(fields))
    }

    /// From the query.
    pub fn of_query(query: &'a Query<'_>) -> Self {
        Self(Field::ALL.map(|field| query.get(field.query())))
    }

    /// From JSON.
    pub fn of_document(document: &'a ContextDocument<'a>) -> Self {
        let texts = [&document.user_id, &document.tenant_id, &document.tier, &document.env, &document.role_key];
        Self(texts.map(Option::as_deref))
    }
}

/// The first field of a document that only a token may say, where there is one.
pub(super) fn only_of_a_token(document: &ContextDocument<'_>) -> Option<&'static str> {
    let ContextDocument { user_id, kind, tenant_id, tier, role_key, overrides, approvals, now, .. } = document;
    let said = [
        ("user_id", user_id.is_some()),
        ("kind", kind.is_some()),
        ("tenant_id", tenant_id.is_some()),
        ("tier", tier.is_some()),
        ("role_key", role_key.is_some()),
        ("overrides", overrides.is_some()),
        ("approvals", approvals.is_some()),
        ("now", now.is_some()),
    ];
    said.into_iter().find_map(|(name, said)| said.then_some(name))
}

/// Whether headers or the query say who is asked for, which counts for nothing where a token says it.
pub(super) fn names_somebody(headers: &HeaderMap, query: &Query<'_>) -> bool {
    let mut identity = Field::ALL.into_iter().filter(|field| *field != Field::Env);
    identity.any(|field| headers.contains_key(field.header()) || query.get(field.query()).is_some())
}
