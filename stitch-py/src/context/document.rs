//! A context that holds its own values.

use std::borrow::Cow;

use pyo3::prelude::*;
use pyo3::pybacked::PyBackedStr;
use pyo3::types::PyString;
use stitch_core::{AttributeDocument, AttributeValue, Context, ContextDocument, Element, Json, Member, Number};

use crate::errors::context_error;

/// The characters of a Python string, which is shared and not copied: contexts of many users say the same words.
pub(crate) type Text = PyBackedStr;

/// The fields of a context, as they were given.
#[derive(Default)]
pub(crate) struct Document {
    pub(crate) user_id: Option<Text>,
    pub(crate) kind: Option<Text>,
    pub(crate) tenant_id: Option<Text>,
    pub(crate) tier: Option<Text>,
    pub(crate) env: Option<Text>,
    pub(crate) role_key: Option<Text>,
    pub(crate) now: Option<i64>,
    pub(crate) attributes: Vec<(Text, Attribute)>,
    pub(super) grants: Option<Box<Grants>>,
}

/// The value of an attribute.
pub(crate) enum Attribute {
    Text(Text),
    Number(Number),
    Boolean(bool),
    List(Vec<Element<'static>>),
}

/// What few contexts have: as the core's document keeps it, and as it is shown.
pub(super) struct Grants {
    core: ContextDocument<'static>,
    overrides: Vec<Member<'static>>,
    approvals: Vec<Member<'static>>,
}

impl Document {
    /// With overrides and approvals, already converted.
    pub(crate) fn with_grants(
        self,
        py: Python<'_>,
        overrides: Vec<Member<'static>>,
        approvals: Vec<Member<'static>>,
    ) -> PyResult<Self> {
        let overrides = said(overrides);
        let grants = Json::Object(vec![
            ("overrides".into(), Json::Object(overrides.clone())),
            ("approvals".into(), Json::Object(approvals.clone())),
        ]);
        let core = ContextDocument::from_document(grants).map_err(|error| context_error(py, error.problems()))?;
        Ok(Self { grants: Some(Box::new(Grants { core, overrides, approvals })), ..self })
    }

    pub(crate) fn from_json(py: Python<'_>, text: &[u8]) -> PyResult<Self> {
        let refused = |error: stitch_core::ContextError| context_error(py, error.problems());
        let Ok(json) = Json::parse(text).map(Json::into_owned) else {
            // Read once more for its words about a context.
            return ContextDocument::from_json(text).map_err(refused).map(|_| Self::default());
        };
        let members = |key: &str| match json.get(key) {
            Some(Json::Object(members)) => members.clone(),
            _ => Vec::new(),
        };
        let (overrides, approvals) = (said(members("overrides")), present(members("approvals")));
        let mut core = ContextDocument::from_document(json).map_err(refused)?;
        let text = |text: Cow<'_, str>| Text::try_from(PyString::new(py, &text));
        let attributes = core.attributes.take().into_iter().flatten().map(|(name, value)| {
            let value = match value {
                AttributeDocument::Text(value) => Attribute::Text(text(value)?),
                AttributeDocument::Number(number) => Attribute::Number(number),
                AttributeDocument::Boolean(boolean) => Attribute::Boolean(boolean),
                AttributeDocument::List(elements) => Attribute::List(elements),
            };
            Ok((text(name)?, value))
        });
        Ok(Self {
            attributes: attributes.collect::<PyResult<_>>()?,
            user_id: core.user_id.take().map(text).transpose()?,
            kind: core.kind.take().map(text).transpose()?,
            tenant_id: core.tenant_id.take().map(text).transpose()?,
            tier: core.tier.take().map(text).transpose()?,
            env: core.env.take().map(text).transpose()?,
            role_key: core.role_key.take().map(text).transpose()?,
            now: core.now,
            grants: Some(Box::new(Grants { core, overrides, approvals })),
        })
    }

    /// The core's context, borrowed.
    #[inline]
    pub(crate) fn context(&self) -> Context<'_> {
        let mut context = self.user_id().map_or_else(Context::anonymous, Context::user);
        if let Some(kind) = &self.kind {
            context = context.kind(kind);
        }
        if let Some(tenant_id) = &self.tenant_id {
            context = context.tenant_id(tenant_id);
        }
        if let Some(tier) = &self.tier {
            context = context.tier(tier);
        }
        if let Some(env) = &self.env {
            context = context.env(env);
        }
        if let Some(role_key) = &self.role_key {
            context = context.role_key(role_key);
        }
        if let Some(now) = self.now {
            context = context.now(now);
        }
        if let Some(grants) = &self.grants {
            if let Some(overrides) = &grants.core.overrides {
                context = context.overrides(overrides);
            }
            if let Some(approvals) = &grants.core.approvals {
                context = context.approvals(approvals);
            }
        }
        for (name, value) in &self.attributes {
            context.set(name, value);
        }
        context
    }

    pub(crate) fn user_id(&self) -> Option<&str> {
        self.user_id.as_deref()
    }

    pub(crate) fn kind(&self) -> &str {
        self.kind.as_deref().unwrap_or("user")
    }

    pub(crate) fn tenant_id(&self) -> Option<&str> {
        self.tenant_id.as_deref().filter(|tenant_id| !tenant_id.is_empty())
    }

    pub(crate) fn tier(&self) -> &str {
        self.tier.as_deref().unwrap_or("anonymous")
    }

    pub(crate) fn attributes(&self) -> Vec<Member<'_>> {
        self.attributes.iter().map(|(name, value)| (Cow::Borrowed(&**name), Json::from(value))).collect()
    }

    pub(crate) fn overrides(&self) -> &[Member<'static>] {
        self.grants.as_ref().map_or(&[], |grants| &grants.overrides)
    }

    pub(crate) fn approvals(&self) -> &[Member<'static>] {
        self.grants.as_ref().map_or(&[], |grants| &grants.approvals)
    }

    /// The fields that say something, in the order of the constructor.
    pub(crate) fn members(&self) -> impl Iterator<Item = (&'static str, Json<'_>)> {
        fn text(text: Option<&str>) -> Option<Json<'_>> {
            text.map(Json::from)
        }
        fn object(members: Vec<Member<'_>>) -> Option<Json<'_>> {
            (!members.is_empty()).then_some(Json::Object(members))
        }
        [
            ("user_id", text(self.user_id())),
            ("kind", text(Some(self.kind()).filter(|kind| *kind != "user"))),
            ("tenant_id", text(self.tenant_id())),
            ("tier", text(Some(self.tier()).filter(|tier| *tier != "anonymous"))),
            ("env", text(self.env.as_deref())),
            ("role_key", text(self.role_key.as_deref())),
            ("attributes", object(self.attributes())),
            ("overrides", object(self.overrides().to_vec())),
            ("approvals", object(self.approvals().to_vec())),
            ("now", self.now.map(Json::from)),
        ]
        .into_iter()
        .filter_map(|(name, value)| Some((name, value?)))
    }

    pub(crate) fn to_json(&self) -> Json<'_> {
        Json::Object(self.members().map(|(name, value)| (name.into(), value)).collect())
    }
}

/// Without what is null, which is absent.
fn present(mut members: Vec<Member<'static>>) -> Vec<Member<'static>> {
    members.retain(|(_, value)| !matches!(value, Json::Null));
    members
}

/// Overrides without those that are absent, and without scopes that have none.
fn said(overrides: Vec<Member<'static>>) -> Vec<Member<'static>> {
    let overrides = present(overrides).into_iter().map(|(scope, entries)| match entries {
        Json::Object(entries) => (scope, Json::Object(present(entries))),
        other => (scope, other),
    });
    overrides.filter(|(_, entries)| !matches!(entries, Json::Object(entries) if entries.is_empty())).collect()
}

impl<'a> From<&'a Attribute> for AttributeValue<'a> {
    #[inline]
    fn from(attribute: &'a Attribute) -> Self {
        match attribute {
            Attribute::Text(text) => Self::Text(text),
            Attribute::Number(number) => Self::Number(*number),
            Attribute::Boolean(boolean) => Self::Boolean(*boolean),
            Attribute::List(elements) => Self::List(elements),
        }
    }
}

impl<'a> From<&'a Attribute> for Json<'a> {
    fn from(attribute: &'a Attribute) -> Self {
        match attribute {
            Attribute::Text(text) => Self::from(&**text),
            Attribute::Number(number) => Self::Number(*number),
            Attribute::Boolean(boolean) => Self::Boolean(*boolean),
            Attribute::List(elements) => Self::Array(
                elements
                    .iter()
                    .map(|element| match element {
                        Element::Text(text) => Self::from(&**text),
                        Element::Number(number) => Self::Number(*number),
                    })
                    .collect(),
            ),
        }
    }
}
