//! Sets of characters, as ranges.

use std::fmt::Write;

/// A set of characters, or all but them.
#[derive(Clone, Debug)]
pub(super) struct Class {
    ranges: Vec<(char, char)>,
    negated: bool,
}

impl Class {
    pub(super) fn empty() -> Self {
        Self { ranges: Vec::new(), negated: false }
    }

    pub(super) fn of(character: char) -> Self {
        Self::range(character, character)
    }

    pub(super) fn range(low: char, high: char) -> Self {
        Self { ranges: vec![(low, high)], negated: false }
    }

    /// `\d`
    pub(super) fn digit() -> Self {
        Self::range('0', '9')
    }

    /// `\w`
    pub(super) fn word() -> Self {
        Self { ranges: vec![('0', '9'), ('A', 'Z'), ('_', '_'), ('a', 'z')], negated: false }
    }

    /// `\s`: tab, line feed, vertical tab, form feed, carriage return and space.
    pub(super) fn space() -> Self {
        Self { ranges: vec![('\t', '\r'), (' ', ' ')], negated: false }
    }

    pub(super) fn is_negated(&self) -> bool {
        self.negated
    }

    pub(super) fn reaches_beyond_ascii(&self) -> bool {
        self.ranges.iter().any(|(_, high)| !high.is_ascii())
    }

    pub(super) fn negated(self) -> Self {
        Self { negated: !self.negated, ..self }
    }

    /// The characters of both. This one is not negated.
    pub(super) fn with(mut self, other: &Self) -> Self {
        if other.negated {
            self.ranges.extend(complement(&other.ranges));
        } else {
            self.ranges.extend_from_slice(&other.ranges);
        }
        self
    }

    /// With the other case of each ASCII letter, if asked.
    pub(super) fn folded(mut self, fold: bool) -> Self {
        if fold {
            for (low, high) in self.ranges.clone() {
                self.ranges.extend(
                    overlap(low, high, 'a', 'z').map(|(a, b)| (a.to_ascii_uppercase(), b.to_ascii_uppercase())),
                );
                self.ranges.extend(
                    overlap(low, high, 'A', 'Z').map(|(a, b)| (a.to_ascii_lowercase(), b.to_ascii_lowercase())),
                );
            }
        }
        self
    }

    /// In the syntax of the regex crate.
    pub(super) fn write(mut self, output: &mut String) {
        self.ranges.sort_unstable();
        output.push_str(if self.negated { "[^" } else { "[" });
        for (low, high) in self.ranges {
            // Writing to a string cannot fail.
            let _ = write!(output, "\\x{{{:x}}}", u32::from(low));
            if low != high {
                let _ = write!(output, "-\\x{{{:x}}}", u32::from(high));
            }
        }
        output.push(']');
    }
}

fn overlap(low: char, high: char, first: char, last: char) -> Option<(char, char)> {
    let (low, high) = (low.max(first), high.min(last));
    (low <= high).then_some((low, high))
}

/// All characters outside sorted, separate ranges of ASCII.
fn complement(ranges: &[(char, char)]) -> Vec<(char, char)> {
    let mut gaps = Vec::new();
    let mut next = 0_u32;
    for &(low, high) in ranges {
        gaps.extend(between(next, u32::from(low).wrapping_sub(1)).filter(|_| low > '\0'));
        next = u32::from(high) + 1;
    }
    gaps.extend(between(next, u32::from(char::MAX)));
    gaps
}

fn between(low: u32, high: u32) -> Option<(char, char)> {
    char::from_u32(low).zip(char::from_u32(high)).filter(|(low, high)| low <= high)
}
