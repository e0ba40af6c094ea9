//! `semver_*`: precedence by semver.org 2.0, with integers of any length.
//!
//! Written out here because the semver crate holds its numbers in 64 bits, and the contract does not bound them.

use std::cmp::Ordering;

use super::order::Relation;
use crate::compile::place::Place;
use crate::compile::reader::Reader;
use crate::context::AttributeValue;
use crate::diagnostics::Code;
use crate::json::node::Node;

#[derive(Debug)]
pub(crate) struct Comparison {
    relation: Range,
    version: Box<str>,
}

#[derive(Clone, Copy, Debug)]
enum Range {
    Relation(Relation),
    Tilde,
    Caret,
}

impl Comparison {
    /// `name` is the whole name of the operator.
    pub(super) fn compile(name: &str, value: &Node<'_>, place: &Place<'_>, reader: &mut Reader) -> Option<Self> {
        let relation = match name.strip_prefix("semver_")? {
            "tilde" => Range::Tilde,
            "caret" => Range::Caret,
            relation => Range::Relation(Relation::named(relation)?),
        };
        let Some(version) = value.as_text().filter(|text| Version::parse(text).is_some()) else {
            let message = "this is no semantic version: write three numbers, such as `1.4.0` or `2.0.0-rc.1`";
            reader.report(Code::BadSemver, place, message);
            return None;
        };
        Some(Self { relation, version: version.into() })
    }

    pub(super) fn holds(&self, attribute: &AttributeValue<'_>) -> bool {
        let AttributeValue::Text(text) = attribute else { return false };
        let (Some(version), Some(bound)) = (Version::parse(text), Version::parse(&self.version)) else { return false };
        let order = version.compare(&bound);
        match self.relation {
            Range::Relation(relation) => relation.holds(order),
            Range::Tilde => order.is_ge() && version.agrees(&bound, 2),
            Range::Caret => {
                let leftmost = bound.numbers.iter().position(|number| *number != "0").unwrap_or(2);
                order.is_ge() && version.agrees(&bound, leftmost + 1)
            }
        }
    }
}

/// A version; its numbers as they are written, without leading zeros.
struct Version<'a> {
    numbers: [&'a str; 3],
    prerelease: Option<&'a str>,
}

impl<'a> Version<'a> {
    /// From left to right, each byte once or twice: this runs for every attribute that is compared.
    fn parse(text: &'a str) -> Option<Self> {
        let (major, rest) = number(text.strip_prefix('v').unwrap_or(text))?;
        let (minor, rest) = number(rest.strip_prefix('.')?)?;
        let (patch, mut rest) = number(rest.strip_prefix('.')?)?;
        let mut prerelease = None;
        if let Some(after) = rest.strip_prefix('-') {
            let identifiers;
            (identifiers, rest) = identifiers_of(after)?;
            if !identifiers.split('.').all(|part| !is_digits(part) || is_number(part)) {
                return None;
            }
            prerelease = Some(identifiers);
        }
        if let Some(build) = rest.strip_prefix('+') {
            (_, rest) = identifiers_of(build)?;
        }
        rest.is_empty().then_some(Self { numbers: [major, minor, patch], prerelease })
    }

    fn compare(&self, other: &Version<'_>) -> Ordering {
        self.numbers
            .iter()
            .zip(&other.numbers)
            .map(|(a, b)| compare_numbers(a, b))
            .find(|order| order.is_ne())
            .unwrap_or_else(|| match (self.prerelease, other.prerelease) {
                (None, None) => Ordering::Equal,
                (None, Some(_)) => Ordering::Greater,
                (Some(_), None) => Ordering::Less,
                (Some(a), Some(b)) => compare_prereleases(a, b),
            })
    }

    /// Whether the first `count` numbers are the same.
    fn agrees(&self, other: &Version<'_>, count: usize) -> bool {
        self.numbers.iter().zip(&other.numbers).take(count).all(|(a, b)| a == b)
    }
}

/// The number that a text begins with, and the rest.
fn number(text: &str) -> Option<(&str, &str)> {
    let end = text.bytes().position(|byte| !byte.is_ascii_digit()).unwrap_or(text.len());
    text.split_at_checked(end).filter(|(number, _)| is_number(number))
}

/// The identifiers that a text begins with, none of them empty, with the dots between them, and the rest.
fn identifiers_of(text: &str) -> Option<(&str, &str)> {
    let is_part = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'.';
    let end = text.bytes().position(|byte| !is_part(byte)).unwrap_or(text.len());
    text.split_at_checked(end).filter(|(identifiers, _)| identifiers.split('.').all(|part| !part.is_empty()))
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn is_number(text: &str) -> bool {
    is_digits(text) && (text == "0" || !text.starts_with('0'))
}

/// Without leading zeros the longer number is the larger one.
fn compare_numbers(a: &str, b: &str) -> Ordering {
    a.len().cmp(&b.len()).then_with(|| a.cmp(b))
}

fn compare_prereleases(a: &str, b: &str) -> Ordering {
    let (mut a, mut b) = (a.split('.'), b.split('.'));
    loop {
        let order = match (a.next(), b.next()) {
            (None, None) => return Ordering::Equal,
            (None, Some(_)) => Ordering::Less,
            (Some(_), None) => Ordering::Greater,
            (Some(a), Some(b)) => match (is_digits(a), is_digits(b)) {
                (true, true) => compare_numbers(a, b),
                (true, false) => Ordering::Less,
                (false, true) => Ordering::Greater,
                (false, false) => a.cmp(b),
            },
        };
        if order.is_ne() {
            return order;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn precedence_is_that_of_semver_org() {
        let ascending = [
            "0.0.0",
            "1.0.0-alpha",
            "1.0.0-alpha.1",
            "1.0.0-alpha.beta",
            "1.0.0-beta",
            "1.0.0-beta.2",
            "1.0.0-beta.11",
            "1.0.0-rc.1",
            "1.0.0",
            "1.0.10",
            "1.2.0",
            "99999999999999999999.0.0",
            "100000000000000000000.0.0",
        ];
        for (i, a) in ascending.iter().enumerate() {
            for (j, b) in ascending.iter().enumerate() {
                assert_eq!(Version::parse(a).unwrap().compare(&Version::parse(b).unwrap()), i.cmp(&j), "{a} {b}");
            }
        }
    }

    #[test]
    fn only_strict_versions_are_read() {
        for text in ["v1.2.3", "1.2.3+001", "1.2.3-x-y.0a+b.-", "1.0.0--"] {
            assert!(Version::parse(text).is_some(), "{text}");
        }
        for text in [
            "1.2",
            "1.2.3.4",
            "01.2.3",
            "V1.2.3",
            "vv1.2.3",
            " 1.2.3",
            "1.2.3-",
            "1.2.3-01",
            "1.2.3+",
            "1.2.3-a..b",
            "1.2.3-a+b+c",
            "1.2.3-ä",
            "1.2.3é",
            "",
        ] {
            assert!(Version::parse(text).is_none(), "{text}");
        }
    }
}
