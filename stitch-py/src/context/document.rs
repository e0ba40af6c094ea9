//! A context that holds its own values.

use std::borrow::Cow;

use pyo3::prelude::*;
use stitch_core::{AttributeDocument, ContextDocument, Element, Json, Member};

use crate::errors::context_error;

/// The core's document, and what it took from us and does not show: overrides and approvals.
#[derive(Default)]
pub(crate) struct Document {
    pub(crate) core: ContextDocument<'static>,
    overrides: Vec<Member<'static>>,
    approvals: Vec<Member<'static>>,
}

impl Document {
    pub(crate) fn new(core: ContextDocument<'static>) -> Self {
        Self { core, ..Self::default() }
    }

    /// With overrides and approvals, already converted.
    pub(crate) fn with_grants(
        py: Python<'_>,
        core: ContextDocument<'static>,
        overrides: Vec<Member<'static>>,
        approvals: Vec<Member<'static>>,
    ) -> PyResult<Self> {
        let overrides = said(overrides);
        let grants = Json::Object(vec![
            ("overrides".into(), Json::Object(overrides.clone())),
            ("approvals".into(), Json::Object(approvals.clone())),
        ]);
        let grants = ContextDocument::from_document(grants).map_err(|error| context_error(py, error.problems()))?;
        let core = ContextDocument { overrides: grants.overrides, approvals: grants.approvals, ..core };
        Ok(Self { core, overrides, approvals })
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
        let core = ContextDocument::from_document(json).map_err(refused)?;
        Ok(Self { core, overrides, approvals })
    }

    pub(crate) fn user_id(&self) -> Option<&str> {
        self.core.user_id.as_deref()
    }

    pub(crate) fn kind(&self) -> &str {
        self.core.kind.as_deref().unwrap_or("user")
    }

    pub(crate) fn tenant_id(&self) -> Option<&str> {
        self.core.tenant_id.as_deref().filter(|tenant_id| !tenant_id.is_empty())
    }

    pub(crate) fn tier(&self) -> &str {
        self.core.tier.as_deref().unwrap_or("anonymous")
    }

    pub(crate) fn attributes(&self) -> Vec<Member<'_>> {
        let attributes = self.core.attributes.iter().flatten();
        attributes.map(|(name, value)| (Cow::Borrowed(&**name), attribute(value))).collect()
    }

    pub(crate) fn overrides(&self) -> &[Member<'static>] {
        &self.overrides
    }

    pub(crate) fn approvals(&self) -> &[Member<'static>] {
        &self.approvals
    }

    pub(crate) fn has_overrides(&self) -> bool {
        !self.overrides.is_empty()
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
            ("env", text(self.core.env.as_deref())),
            ("role_key", text(self.core.role_key.as_deref())),
            ("attributes", object(self.attributes())),
            ("overrides", object(self.overrides.clone())),
            ("approvals", object(self.approvals.clone())),
            ("now", self.core.now.map(Json::from)),
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

fn attribute<'a>(value: &'a AttributeDocument<'static>) -> Json<'a> {
    match value {
        AttributeDocument::Text(text) => Json::from(&**text),
        AttributeDocument::Number(number) => Json::Number(*number),
        AttributeDocument::Boolean(boolean) => Json::Boolean(*boolean),
        AttributeDocument::List(elements) => Json::Array(
            elements
                .iter()
                .map(|element| match element {
                    Element::Text(text) => Json::from(&**text),
                    Element::Number(number) => Json::Number(*number),
                })
                .collect(),
        ),
    }
}
