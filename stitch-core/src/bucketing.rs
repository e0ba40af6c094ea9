//! From a unit to a bucket: the same bucket on every platform, in every language, for ever (section 6 of the contract).
//!
//! A new algorithm is a file here, a variant of [`Algorithm`], and a line in [`Hasher::new`] for each purpose it defines.

use std::io::Write;

use crate::context::AttributeValue;
use crate::limits;

mod djb2_xor;
mod murmur3;
mod xxh64;

pub(crate) use xxh64::Prepared as PreparedUnit;

/// A bucketing algorithm.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Algorithm {
    /// The default: 100,000 buckets, so 0.001 %.
    #[default]
    Xxh64,
    /// The rollout gate of an older system: 100 buckets. Everything else is as in `xxh64`.
    Djb2Xor,
    /// The splits and bucket conditions of an older system: 10,000 buckets. The gate is as in `xxh64`.
    Murmur3X64_128,
}

impl Algorithm {
    /// The names, in the order of the contract.
    pub(crate) const NAMES: [&str; 3] = ["xxh64", "djb2-xor", "murmur3-x64-128"];

    /// The algorithm of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        match name {
            "xxh64" => Some(Self::Xxh64),
            "djb2-xor" => Some(Self::Djb2Xor),
            "murmur3-x64-128" => Some(Self::Murmur3X64_128),
            _ => None,
        }
    }

    /// The name in documents.
    pub fn as_str(self) -> &'static str {
        let [xxh64, djb2_xor, murmur3] = Self::NAMES;
        match self {
            Self::Xxh64 => xxh64,
            Self::Djb2Xor => djb2_xor,
            Self::Murmur3X64_128 => murmur3,
        }
    }

    /// Whether the gate can tell this percentage from its neighbours.
    #[expect(clippy::float_cmp, reason = "the contract compares the doubles themselves")]
    pub(crate) fn expresses(self, percentage: f64) -> bool {
        match self {
            Self::Djb2Xor => percentage.fract() == 0.0,
            Self::Xxh64 | Self::Murmur3X64_128 => percentage == (percentage * 1000.0).round() / 1000.0,
        }
    }
}

/// What a bucket is for. Under `xxh64` each has hashes of its own, so that gate, splits and conditions of one salt are independent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    Gate,
    Split,
    Condition,
}

/// A salt, ready to hash units with.
#[derive(Clone, Debug)]
pub(crate) enum Hasher {
    Xxh64(xxh64::Seeded),
    Djb2Xor(djb2_xor::Salted),
    /// In a block of its own: the others are a sixth of its size.
    Murmur3(Box<murmur3::Salted>),
}

impl Hasher {
    /// What an algorithm does not define for a purpose is as in `xxh64`.
    pub(crate) fn new(algorithm: Algorithm, purpose: Purpose, salt: &str) -> Self {
        match (algorithm, purpose) {
            (Algorithm::Djb2Xor, Purpose::Gate) => Self::Djb2Xor(djb2_xor::Salted::new(salt)),
            (Algorithm::Murmur3X64_128, Purpose::Split | Purpose::Condition) => {
                Self::Murmur3(Box::new(murmur3::Salted::new(salt)))
            }
            _ => Self::Xxh64(xxh64::Seeded::new(salt, purpose)),
        }
    }

    /// How many buckets there are.
    pub(crate) fn buckets(&self) -> u32 {
        match self {
            Self::Xxh64(_) => xxh64::BUCKETS,
            Self::Djb2Xor(_) => djb2_xor::BUCKETS,
            Self::Murmur3(_) => murmur3::BUCKETS,
        }
    }

    /// The unit's bucket, from 0 up to [`Hasher::buckets`].
    #[inline(always)]
    #[expect(
        clippy::inline_always,
        reason = "the hash of a short unit is cheaper than the call; the older ones are calls"
    )]
    pub(crate) fn bucket(&self, unit: &str) -> u32 {
        match self {
            Self::Xxh64(seeded) => seeded.bucket(unit),
            Self::Djb2Xor(salted) => salted.bucket(unit),
            Self::Murmur3(salted) => salted.bucket(unit),
        }
    }

    /// The bucket of a prepared unit; nothing where it was prepared for another algorithm.
    #[inline]
    pub(crate) fn bucket_of_prepared(&self, unit: &PreparedUnit) -> Option<u32> {
        match self {
            Self::Xxh64(seeded) => Some(seeded.bucket_of_prepared(unit)),
            Self::Djb2Xor(_) | Self::Murmur3(_) => None,
        }
    }

    /// The first bucket that a rollout of `percentage` leaves out.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "percentages are within 0 to 100")]
    pub(crate) fn threshold(&self, percentage: f64) -> u32 {
        match self {
            // `bucket < percentage`, for whole buckets.
            Self::Djb2Xor(_) => percentage.ceil() as u32,
            Self::Xxh64(_) | Self::Murmur3(_) => (percentage * 1000.0).round() as u32,
        }
    }

    /// How many units of 1/100,000, in which bucket conditions are written, one bucket is.
    pub(crate) fn scale(&self) -> u32 {
        xxh64::BUCKETS / self.buckets()
    }
}

/// The text that is hashed to a bucket.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Unit<'a> {
    Text(&'a str),
    /// An integer in decimal; no i64 is longer.
    Decimal {
        digits: [u8; 20],
        length: usize,
    },
}

impl<'a> Unit<'a> {
    /// The unit that a value gives, if it gives one.
    #[inline]
    pub(crate) fn of(value: AttributeValue<'a>) -> Option<Self> {
        match value {
            AttributeValue::Text(text) => is_unit(text).then_some(Self::Text(text)),
            AttributeValue::Number(number) => {
                let integer = match number {
                    crate::Number::Integer(integer) => integer,
                    // Beyond 2^53 a double no longer says which integer was meant.
                    crate::Number::Double(double) if double.abs() < TWO_53 => number.as_integer()?,
                    crate::Number::Double(_) => return None,
                };
                let mut digits = [0; 20];
                let mut rest = digits.as_mut_slice();
                write!(rest, "{integer}").ok()?;
                let length = 20 - rest.len();
                Some(Self::Decimal { digits, length })
            }
            AttributeValue::Boolean(_) | AttributeValue::List(_) => None,
        }
    }

    #[inline]
    pub(crate) fn as_str(&self) -> &str {
        match self {
            Self::Text(text) => text,
            Self::Decimal { digits, length } => {
                digits.get(..*length).and_then(|digits| std::str::from_utf8(digits).ok()).unwrap_or_default()
            }
        }
    }
}

/// Whether a text is a unit.
#[inline]
pub(crate) fn is_unit(text: &str) -> bool {
    (1..=limits::UNIT_BYTES).contains(&text.len())
}

const TWO_53: f64 = 9_007_199_254_740_992.0;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Number;

    fn unit(value: impl Into<AttributeValue<'static>>) -> Option<String> {
        Unit::of(value.into()).map(|unit| unit.as_str().to_owned())
    }

    #[test]
    fn units_are_texts_and_exact_integers() {
        assert_eq!(unit("U-1").as_deref(), Some("U-1"));
        assert_eq!(unit(""), None);
        assert_eq!(unit(18.0).as_deref(), Some("18"));
        assert_eq!(unit(Number::Integer(i64::MIN)).as_deref(), Some("-9223372036854775808"));
        assert_eq!(unit(9_007_199_254_740_991.0).as_deref(), Some("9007199254740991"));
        assert_eq!(unit(9_007_199_254_740_992.0), None);
        assert_eq!(unit(1.5), None);
        assert_eq!(unit(true), None);
    }
}
