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

#[derive(Clone, Debug)]
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
    fn parse(text: &'a str) -> Option<Self> {
        let text = text.strip_prefix('v').unwrap_or(text);
        let (text, build) = split(text, '+');
        let (core, prerelease) = split(text, '-');
        let mut numbers = core.split('.');
        let version = Self { numbers: [numbers.next()?, numbers.next()?, numbers.next()?], prerelease };
        let sound = numbers.next().is_none()
            && version.numbers.iter().all(|number| is_number(number))
            && prerelease.is_none_or(|identifiers| {
                identifiers.split('.').all(|part| is_identifier(part) && (!is_digits(part) || is_number(part)))
            })
            && build.is_none_or(|identifiers| identifiers.split('.').all(is_identifier));
        sound.then_some(version)
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

fn split(text: &str, separator: char) -> (&str, Option<&str>) {
    text.split_once(separator).map_or((text, None), |(before, after)| (before, Some(after)))
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn is_number(text: &str) -> bool {
    is_digits(text) && (text == "0" || !text.starts_with('0'))
}

fn is_identifier(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
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
            "",
        ] {
            assert!(Version::parse(text).is_none(), "{text}");
        }
    }
}
