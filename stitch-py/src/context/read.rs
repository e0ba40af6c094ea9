//! From the arguments of a call to a context document.

use std::borrow::Cow;
use std::convert::Infallible;
use std::ops::Deref;

use pyo3::prelude::*;
use pyo3::types::{PyBool, PyString};
use stitch_core::{Element, Json, Member, Number};

use super::document::{Attribute, Document, Text};
use super::instant;
use crate::errors::{At, shared_text, wrong_type};
use crate::json;

/// An argument as it was given. A reference to a `Bound` would have each argument of each call written to memory.
#[derive(Clone, Copy)]
pub(crate) struct Given<'a, 'py>(pub(crate) Borrowed<'a, 'py, PyAny>);

impl<'a, 'py> FromPyObject<'a, 'py> for Given<'a, 'py> {
    type Error = Infallible;

    #[inline]
    fn extract(argument: Borrowed<'a, 'py, PyAny>) -> Result<Self, Infallible> {
        Ok(Self(argument))
    }
}

impl<'py> Deref for Given<'_, 'py> {
    type Target = Bound<'py, PyAny>;

    #[inline]
    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

/// The fields of a context as they were given, in the order of the constructor; None is absent.
pub(crate) type FieldArguments<'a, 'py> = [Option<Given<'a, 'py>>; 10];

/// The fields, to be read.
#[derive(Clone, Copy)]
pub(crate) struct Fields<'a, 'py>(pub(crate) FieldArguments<'a, 'py>);

impl Fields<'_, '_> {
    pub(crate) fn read(&self, py: Python<'_>) -> PyResult<Document> {
        let [user_id, kind, tenant_id, tier, env, role_key, attributes, overrides, approvals, now] =
            self.0.each_ref().map(Option::as_deref);
        let given = |value: Option<&Bound<'_, PyAny>>| value.is_some_and(|value| !value.is_none());
        let document = Document {
            user_id: text(user_id, "user_id")?,
            kind: text(kind, "kind")?,
            tenant_id: text(tenant_id, "tenant_id")?,
            tier: text(tier, "tier")?,
            env: text(env, "env")?,
            role_key: text(role_key, "role_key")?,
            now: now.filter(|now| !now.is_none()).map(|now| instant::read(now, &At::Argument("now"))).transpose()?,
            attributes: attributes.filter(|value| !value.is_none()).map_or_else(|| Ok(Vec::new()), read_attributes)?,
            ..Document::default()
        };
        if !given(overrides) && !given(approvals) {
            return Ok(document);
        }
        let overrides = overrides.map(read_overrides).transpose()?.unwrap_or_default();
        let approvals = approvals.map(read_approvals).transpose()?.unwrap_or_default();
        document.with_grants(py, overrides, approvals)
    }
}

fn text(value: Option<&Bound<'_, PyAny>>, name: &str) -> PyResult<Option<Text>> {
    let Some(value) = value.filter(|value| !value.is_none()) else { return Ok(None) };
    let at = At::Argument(name);
    let string = value.cast::<PyString>().map_err(|_| wrong_type(at, "a str", value))?;
    shared_text(string, at).map(Some)
}

fn owned(string: &Bound<'_, PyString>, at: &At<'_>) -> PyResult<Cow<'static, str>> {
    crate::errors::text(string.py(), string, at).map(|text| Cow::Owned(text.to_owned()))
}

fn read_attributes(value: &Bound<'_, PyAny>) -> PyResult<Vec<(Text, Attribute)>> {
    let at = At::Argument("attributes");
    let members = json::members(value, &at)?;
    let mut attributes = Vec::with_capacity(members.len());
    for (name, value) in members.iter().filter(|(_, value)| !value.is_none()) {
        let name = json::key(&name, &at)?;
        let value = attribute(&value, &At::Key(&at, &name))?;
        attributes.push((name, value));
    }
    Ok(attributes)
}

fn attribute(value: &Bound<'_, PyAny>, at: &At<'_>) -> PyResult<Attribute> {
    if let Ok(string) = value.cast::<PyString>() {
        return shared_text(string, at).map(Attribute::Text);
    }
    // Before the numbers: to Python, True is an integer.
    if let Ok(boolean) = value.cast::<PyBool>() {
        return Ok(Attribute::Boolean(boolean.is_true()));
    }
    if let Some(items) = json::sequence(value) {
        let elements = items.enumerate().map(|(index, item)| element(&item, &At::Index(at, index)));
        return elements.collect::<PyResult<_>>().map(Attribute::List);
    }
    match json::number(value, at)? {
        Some(number) => Ok(Attribute::Number(number)),
        None => Err(wrong_type(at, "a str, int, float, bool, or a list of str and numbers", value)),
    }
}

fn element(value: &Bound<'_, PyAny>, at: &At<'_>) -> PyResult<Element<'static>> {
    if let Ok(string) = value.cast::<PyString>() {
        return Ok(Element::Text(owned(string, at)?));
    }
    let number: Option<Number> = json::number(value, at)?;
    number.map(Element::Number).ok_or_else(|| wrong_type(at, "a str, int or float", value))
}

/// `{"user": {flag: value}, "tenant": {flag: value}}`
fn read_overrides(value: &Bound<'_, PyAny>) -> PyResult<Vec<Member<'static>>> {
    let at = At::Argument("overrides");
    let mut overrides = Vec::new();
    for (scope, entries) in scopes(value, &at)? {
        let at = At::Key(&at, scope);
        let entries = json::members(&entries, &at)?;
        let entries = entries.iter().filter(|(_, value)| !value.is_none());
        let entries = entries.map(|(flag, value)| {
            let flag = json::key(&flag, &at)?;
            let value = json::from_python(&value, &At::Key(&at, &flag), INSIDE_OVERRIDES)?;
            Ok((Cow::Owned(flag.to_string()), value))
        });
        let entries: Vec<Member<'static>> = entries.collect::<PyResult<_>>()?;
        overrides.push((Cow::Borrowed(scope), Json::Object(entries)));
    }
    Ok(overrides)
}

/// Levels of a context document round an override's value: the document, `overrides`, and the scope.
const INSIDE_OVERRIDES: usize = 3;

fn scopes<'py>(value: &Bound<'py, PyAny>, at: &At<'_>) -> PyResult<Vec<(&'static str, Bound<'py, PyAny>)>> {
    if value.is_none() {
        return Ok(Vec::new());
    }
    let mut scopes = Vec::new();
    for (scope, entries) in json::members(value, at)?.iter().filter(|(_, entries)| !entries.is_none()) {
        let scope = match &*json::key(&scope, at)? {
            "user" => "user",
            "tenant" => "tenant",
            _ => {
                return Err(crate::errors::refuse(
                    value.py(),
                    at,
                    "has a key that is no scope: they are user and tenant",
                ));
            }
        };
        scopes.push((scope, entries));
    }
    Ok(scopes)
}

/// `{flag: reference}`
fn read_approvals(value: &Bound<'_, PyAny>) -> PyResult<Vec<Member<'static>>> {
    if value.is_none() {
        return Ok(Vec::new());
    }
    let at = At::Argument("approvals");
    let members = json::members(value, &at)?;
    let given = members.iter().filter(|(_, reference)| !reference.is_none());
    given
        .map(|(flag, reference)| {
            let flag = json::key(&flag, &at)?;
            let at = At::Key(&at, &flag);
            let string = reference.cast::<PyString>().map_err(|_| wrong_type(at, "a str", &reference))?;
            let reference = owned(string, &at)?;
            Ok((Cow::Owned(flag.to_string()), Json::Text(reference)))
        })
        .collect()
}
