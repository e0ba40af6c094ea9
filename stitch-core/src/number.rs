//! Numbers as the contract means them: i64 integers exactly, everything else as doubles, compared by exact value.

use std::cmp::Ordering;

use serde::{Serialize, Serializer};

/// A number: an exact 64-bit integer, or a double.
///
/// Comparison is by exact mathematical value, never by a lossy cast:
///
/// ```
/// use stitch_core::Number;
///
/// assert_eq!(Number::Integer(1), Number::Double(1.0));
/// assert_ne!(Number::Integer(9_007_199_254_740_993), Number::Double(9_007_199_254_740_992.0));
/// ```
#[derive(Clone, Copy, Debug)]
pub enum Number {
    /// An integer that fits 64 bits.
    Integer(i64),
    /// Any other number. Not-a-number compares with nothing.
    Double(f64),
}

/// 2^63, the first double above every i64.
const TWO_63: f64 = 9_223_372_036_854_775_808.0;
/// The largest integer up to which every integer is a double: 2^53 − 1.
pub(crate) const MAX_SAFE_INTEGER: i64 = (1 << 53) - 1;

impl Number {
    /// The number as an i64, if its value is an integer within i64 (`2.0` is the integer 2).
    #[inline]
    pub fn as_integer(self) -> Option<i64> {
        match self {
            Self::Integer(integer) => Some(integer),
            Self::Double(double) => {
                let integral = (-TWO_63..TWO_63).contains(&double) && double.fract() == 0.0;
                #[expect(clippy::cast_possible_truncation, reason = "checked: an integer within i64")]
                integral.then_some(double as i64)
            }
        }
    }

    /// The nearest double.
    #[inline]
    #[expect(clippy::cast_precision_loss, reason = "rounding to the nearest double is what is asked for")]
    pub fn to_double(self) -> f64 {
        match self {
            Self::Integer(integer) => integer as f64,
            Self::Double(double) => double,
        }
    }

    /// The one form of each value, so that equal numbers have equal forms: integers within i64 as `Integer`.
    pub(crate) fn canonical(self) -> Self {
        self.as_integer().map_or(self, Self::Integer)
    }
}

/// `integer` against `double`, exactly. Nothing for not-a-number.
fn compare_mixed(integer: i64, double: f64) -> Option<Ordering> {
    if double.is_nan() {
        return None;
    }
    if double >= TWO_63 {
        return Some(Ordering::Less);
    }
    if double < -TWO_63 {
        return Some(Ordering::Greater);
    }
    #[expect(clippy::cast_possible_truncation, reason = "checked: within i64")]
    let whole = double.trunc() as i64;
    let fraction = double.fract();
    Some(integer.cmp(&whole).then(if fraction > 0.0 {
        Ordering::Less
    } else if fraction < 0.0 {
        Ordering::Greater
    } else {
        Ordering::Equal
    }))
}

impl PartialOrd for Number {
    #[inline]
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        match (*self, *other) {
            (Self::Integer(a), Self::Integer(b)) => Some(a.cmp(&b)),
            (Self::Double(a), Self::Double(b)) => a.partial_cmp(&b),
            (Self::Integer(a), Self::Double(b)) => compare_mixed(a, b),
            (Self::Double(a), Self::Integer(b)) => compare_mixed(b, a).map(Ordering::reverse),
        }
    }
}

impl PartialEq for Number {
    #[inline]
    fn eq(&self, other: &Self) -> bool {
        self.partial_cmp(other) == Some(Ordering::Equal)
    }
}

impl From<i64> for Number {
    fn from(integer: i64) -> Self {
        Self::Integer(integer)
    }
}

impl From<i32> for Number {
    fn from(integer: i32) -> Self {
        Self::Integer(integer.into())
    }
}

impl From<u32> for Number {
    fn from(integer: u32) -> Self {
        Self::Integer(integer.into())
    }
}

impl From<f64> for Number {
    fn from(double: f64) -> Self {
        // −0 is read as 0: one text for one value in every language.
        Self::Double(if double == 0.0 { 0.0 } else { double })
    }
}

impl Serialize for Number {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match *self {
            Self::Integer(integer) => serializer.serialize_i64(integer),
            Self::Double(double) => serializer.serialize_f64(double),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mixed_comparison_is_exact_at_the_edges() {
        assert!(Number::Integer(i64::MAX) < Number::Double(TWO_63));
        assert_eq!(Number::Integer(i64::MIN), Number::Double(-TWO_63));
        assert!(Number::Integer(i64::MIN) > Number::Double(f64::NEG_INFINITY));
        assert!(Number::Integer(-1) > Number::Double(-1.5));
        assert!(Number::Integer(1) < Number::Double(1.5));
        assert_eq!(Number::Integer(0), Number::Double(-0.0));
        assert_eq!(Number::Integer(0).partial_cmp(&Number::Double(f64::NAN)), None);
    }

    #[test]
    fn only_integers_within_i64_are_integers() {
        assert_eq!(Number::Double(2.0).as_integer(), Some(2));
        assert_eq!(Number::Double(-TWO_63).as_integer(), Some(i64::MIN));
        for double in [2.5, TWO_63, f64::NAN, f64::INFINITY] {
            assert_eq!(Number::Double(double).as_integer(), None);
        }
    }
}
