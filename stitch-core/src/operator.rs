//! The operators of section 4: one file a family, each compiled once from its value and then asked about attributes.
//!
//! A missing attribute and one of the wrong kind hold under no operator, `ne` and `not_in` included.

use std::sync::Arc;

use crate::compile::place::Place;
use crate::compile::reader::Reader;
use crate::context::AttributeValue;
use crate::diagnostics::Code;
use crate::diagnostics::nearest::suggest;
use crate::json::node::Node;
use crate::text::equal;

mod affix;
mod contains;
mod equality;
mod membership;
mod order;
mod pattern;
mod semver;
mod temporal;
mod text_set;

pub(crate) use text_set::TextSet;

/// An operator with its value.
#[derive(Debug)]
pub(crate) enum Operator {
    Exists,
    Equality(equality::Equality),
    Order(order::Order),
    Membership(membership::Membership),
    Contains(contains::Contains),
    Affix(affix::Affix),
    Pattern(pattern::Pattern),
    Semver(semver::Comparison),
    Temporal(temporal::Temporal),
}

/// The names, in the order of the contract, and whether `ignore_case` goes with them.
const OPERATORS: [(&str, bool); 22] = [
    ("eq", true),
    ("ne", true),
    ("in", true),
    ("not_in", true),
    ("lt", false),
    ("lte", false),
    ("gt", false),
    ("gte", false),
    ("contains", true),
    ("starts_with", true),
    ("ends_with", true),
    ("matches", true),
    ("exists", false),
    ("semver_eq", false),
    ("semver_lt", false),
    ("semver_lte", false),
    ("semver_gt", false),
    ("semver_gte", false),
    ("semver_tilde", false),
    ("semver_caret", false),
    ("before", false),
    ("after", false),
];

/// What an operator is compiled from.
pub(crate) struct Source<'s, 'd> {
    /// The condition it stands in.
    pub(crate) place: &'s Place<'s>,
    /// The operator's name.
    pub(crate) name: &'d str,
    pub(crate) value: Option<&'d Node<'d>>,
    pub(crate) ignore_case: Option<&'d Node<'d>>,
}

impl Operator {
    /// Reports what is wrong with it; then there is none.
    pub(crate) fn compile(source: &Source<'_, '_>, reader: &mut Reader) -> Option<Self> {
        let &Source { place, name, value, ignore_case } = source;
        let Some(&(_, folds)) = OPERATORS.iter().find(|(known, _)| equal(known, name)) else {
            let message = format!("no operator is named `{name}`: {}", suggest(name, &OPERATORS.map(|(name, _)| name)));
            reader.report(Code::UnknownOperator, &place.key("op"), message);
            return None;
        };
        let fold = match ignore_case {
            Some(_) if !folds => {
                let message = format!("`ignore_case` means nothing beside `{name}`: remove it");
                reader.report(Code::IgnoreCaseNotAllowed, &place.key("ignore_case"), message);
                false
            }
            Some(json) => reader.boolean(json, &place.key("ignore_case")).unwrap_or_default(),
            None => false,
        };
        if name == "exists" {
            if value.is_some() {
                let message = "`exists` takes no value: for the opposite put it under `not`";
                reader.report(Code::UnexpectedValue, &place.key("value"), message);
                return None;
            }
            return Some(Self::Exists);
        }
        let Some(value) = value else {
            reader.report(Code::MissingKey, place, format!("`value` is required beside `{name}`"));
            return None;
        };
        let place = &place.key("value");
        match name {
            "eq" | "ne" => equality::Equality::compile(name == "ne", value, fold, place, reader).map(Self::Equality),
            "in" | "not_in" => {
                membership::Membership::compile(name == "not_in", value, fold, place, reader).map(Self::Membership)
            }
            "contains" => contains::Contains::compile(value, fold, place, reader).map(Self::Contains),
            "starts_with" | "ends_with" => {
                affix::Affix::compile(name == "ends_with", value, fold, place, reader).map(Self::Affix)
            }
            "matches" => pattern::Pattern::compile(value, fold, place, reader).map(Self::Pattern),
            "before" | "after" => {
                temporal::Temporal::compile(name == "after", value, place, reader).map(Self::Temporal)
            }
            "lt" | "lte" | "gt" | "gte" => order::Order::compile(name, value, place, reader).map(Self::Order),
            _ => semver::Comparison::compile(name, value, place, reader).map(Self::Semver),
        }
    }

    /// The text that an attribute must equal, where the operator is no more than that.
    pub(crate) fn plain_text(&self) -> Option<&Arc<str>> {
        match self {
            Self::Equality(equality) => equality.plain_text(),
            _ => None,
        }
    }

    /// Whether it holds for an attribute that is there.
    #[inline]
    pub(crate) fn holds(&self, attribute: &AttributeValue<'_>) -> bool {
        match self {
            Self::Exists => true,
            Self::Equality(equality) => equality.holds(attribute),
            Self::Order(order) => order.holds(attribute),
            Self::Membership(membership) => membership.holds(attribute),
            Self::Contains(contains) => contains.holds(attribute),
            Self::Affix(affix) => affix.holds(attribute),
            Self::Pattern(pattern) => pattern.holds(attribute),
            Self::Semver(semver) => semver.holds(attribute),
            Self::Temporal(temporal) => temporal.holds(attribute),
        }
    }
}

/// Equality of texts, ASCII letters folded if asked.
#[inline]
fn same_text(a: &str, b: &str, fold: bool) -> bool {
    if fold { a.eq_ignore_ascii_case(b) } else { equal(a, b) }
}
