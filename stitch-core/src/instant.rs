//! Instants: RFC 3339 texts and milliseconds since the epoch, compared exactly to the last fractional digit.
//!
//! Written out here because the date crates keep nine fractional digits at most, and the contract keeps all.
//! The calendar arithmetic follows Howard Hinnant's `days_from_civil`.

use std::cmp::Ordering;
use std::fmt;

use crate::number::Number;

/// A point in time.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Instant<'a> {
    /// From an RFC 3339 text: whole milliseconds since the epoch, rounded down, and the decimal digits after them,
    /// without trailing zeros.
    Text { milliseconds: i64, digits: &'a [u8] },
    /// Milliseconds since the epoch.
    Number(Number),
}

impl<'a> Instant<'a> {
    /// The instant that an RFC 3339 text names.
    pub(crate) fn parse(text: &'a str) -> Option<Self> {
        let bytes = text.as_bytes();
        let (date_time, rest) = bytes.split_first_chunk::<19>()?;
        let [y1, y2, y3, y4, b'-', mo1, mo2, b'-', d1, d2, b'T' | b't', h1, h2, b':', mi1, mi2, b':', s1, s2] =
            *date_time
        else {
            return None;
        };
        let year = number(&[y1, y2, y3, y4])?;
        let month = number(&[mo1, mo2]).filter(|month| (1..=12).contains(month))?;
        let day = number(&[d1, d2]).filter(|&day| day >= 1 && day <= days_in_month(year, month))?;
        let hour = number(&[h1, h2]).filter(|&hour| hour <= 23)?;
        let minute = number(&[mi1, mi2]).filter(|&minute| minute <= 59)?;
        let second = number(&[s1, s2]).filter(|&second| second <= 59)?;
        let (digits, offset) = match rest {
            [b'.', rest @ ..] => {
                let length = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
                rest.split_at_checked(length).filter(|_| length > 0)?
            }
            _ => ([].as_slice(), rest),
        };
        let offset = match *offset {
            [b'Z' | b'z'] => 0,
            [sign @ (b'+' | b'-'), h1, h2, b':', m1, m2] => {
                let hours = number(&[h1, h2]).filter(|&hours| hours <= 23)?;
                let minutes = number(&[m1, m2]).filter(|&minutes| minutes <= 59)?;
                let seconds = hours * 3600 + minutes * 60;
                if sign == b'-' { -seconds } else { seconds }
            }
            _ => return None,
        };
        let seconds = days_from_civil(year, month, day) * 86_400 + hour * 3600 + minute * 60 + second - offset;
        let (whole, rest) = digits.split_at_checked(3).unwrap_or((digits, &[]));
        let thousandths = whole.iter().chain(b"00").take(3).fold(0, |sum, digit| sum * 10 + i64::from(digit - b'0'));
        let significant = rest.iter().rposition(|&digit| digit != b'0').map_or(0, |last| last + 1);
        Some(Self::Text { milliseconds: seconds * 1000 + thousandths, digits: rest.get(..significant)? })
    }

    /// The first whole millisecond that is not earlier, within i64.
    pub(crate) fn ceiling(&self) -> i64 {
        match *self {
            Self::Text { milliseconds, digits } => milliseconds + i64::from(!digits.is_empty()),
            Self::Number(number) => Number::Double(number.to_double().ceil()).as_integer().unwrap_or(i64::MAX),
        }
    }

    /// Earlier, the same or later; nothing for not-a-number.
    pub(crate) fn compare(&self, other: &Instant<'_>) -> Option<Ordering> {
        match (*self, *other) {
            (Self::Text { milliseconds: a, digits: x }, Instant::Text { milliseconds: b, digits: y }) => {
                Some(a.cmp(&b).then_with(|| x.cmp(y)))
            }
            (Self::Number(a), Instant::Number(b)) => a.partial_cmp(&b),
            (Self::Text { milliseconds, digits }, Instant::Number(number)) => {
                compare_with_number(milliseconds, digits, number)
            }
            (Self::Number(number), Instant::Text { milliseconds, digits }) => {
                compare_with_number(milliseconds, digits, number).map(Ordering::reverse)
            }
        }
    }
}

/// An instant that does not borrow the text it was read from.
#[derive(Clone, Debug)]
pub(crate) enum StoredInstant {
    Text { milliseconds: i64, digits: Box<[u8]> },
    Number(Number),
}

impl StoredInstant {
    pub(crate) fn new(instant: Instant<'_>) -> Self {
        match instant {
            Instant::Text { milliseconds, digits } => Self::Text { milliseconds, digits: digits.into() },
            Instant::Number(number) => Self::Number(number),
        }
    }

    pub(crate) fn as_instant(&self) -> Instant<'_> {
        match self {
            Self::Text { milliseconds, digits } => Instant::Text { milliseconds: *milliseconds, digits },
            Self::Number(number) => Instant::Number(*number),
        }
    }
}

/// `milliseconds` and a decimal fraction against a number, exactly.
fn compare_with_number(milliseconds: i64, digits: &[u8], number: Number) -> Option<Ordering> {
    let double = match number {
        Number::Integer(integer) => {
            let whole = milliseconds.cmp(&integer);
            return Some(whole.then(if digits.is_empty() { Ordering::Equal } else { Ordering::Greater }));
        }
        Number::Double(double) => double,
    };
    let digits = digits.iter().map(|digit| u64::from(digit - b'0'));
    let whole = Number::Double(double.trunc());
    if double >= 0.0 {
        let order = Number::Integer(milliseconds).partial_cmp(&whole)?;
        return Some(order.then_with(|| compare_fraction(double.fract(), digits).reverse()));
    }
    // Both sides negated, so that the fraction of the double is exact: −(m + 0.d) is −m − 1 and ten's complement of 0.d.
    let last = digits.len();
    let negated = if last == 0 { -milliseconds } else { -milliseconds - 1 };
    let complement = (1..).zip(digits).map(|(place, digit)| if place == last { 10 - digit } else { 9 - digit });
    let order = Number::Integer(negated).partial_cmp(&Number::Double(-double.trunc()))?;
    Some(order.then_with(|| compare_fraction(double.fract().abs(), complement).reverse()).reverse())
}

/// A double below 1 against `0.digits`, exactly: the double's decimal digits are produced one by one from its binary
/// fraction, which at most 1,074 bits below the point hold.
fn compare_fraction(fraction: f64, mut digits: impl Iterator<Item = u64>) -> Ordering {
    const WORDS: usize = 34;
    let bits = fraction.to_bits();
    let exponent = (bits >> 52) & 0x7ff;
    let (mantissa, exponent) = if exponent == 0 { (bits, 1) } else { ((bits & ((1 << 52) - 1)) | (1 << 52), exponent) };
    // The value is mantissa / 2^(1075 − exponent); as a fixed point number of 34 words of 32 bits below the point it is
    // mantissa · 2^(exponent + 13).
    let (start, shift) = ((exponent + 13) / 32, (exponent + 13) % 32);
    let mut wide = u128::from(mantissa) << shift;
    let mut words = [0_u32; WORDS];
    for (index, word) in (0..).zip(&mut words) {
        if index >= start {
            #[expect(clippy::cast_possible_truncation, reason = "one word after the other")]
            let low = wide as u32;
            *word = low;
            wide >>= 32;
        }
    }
    loop {
        let Some(wanted) = digits.next() else {
            return if words.iter().any(|&word| word != 0) { Ordering::Greater } else { Ordering::Equal };
        };
        let mut carry = 0;
        for word in &mut words {
            let product = u64::from(*word) * 10 + carry;
            #[expect(clippy::cast_possible_truncation, reason = "the low half; the high half is carried")]
            let low = product as u32;
            *word = low;
            carry = product >> 32;
        }
        let order = carry.cmp(&wanted);
        if order != Ordering::Equal {
            return order;
        }
    }
}

fn number(digits: &[u8]) -> Option<i64> {
    digits.iter().try_fold(0, |sum, digit| digit.is_ascii_digit().then(|| sum * 10 + i64::from(digit - b'0')))
}

fn days_in_month(year: i64, month: i64) -> i64 {
    match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days from 1970-01-01 to a date of the proleptic Gregorian calendar.
fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
}

/// Milliseconds since the epoch, shown as RFC 3339 in UTC with milliseconds.
pub(crate) struct Rfc3339(pub(crate) i64);

impl fmt::Display for Rfc3339 {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (days, time) = (self.0.div_euclid(86_400_000), self.0.rem_euclid(86_400_000));
        let shifted = days + 719_468;
        let (era, day_of_era) = (shifted.div_euclid(146_097), shifted.rem_euclid(146_097));
        let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let month = (5 * day_of_year + 2) / 153;
        let day = day_of_year - (153 * month + 2) / 5 + 1;
        let month = if month < 10 { month + 3 } else { month - 9 };
        let year = year_of_era + era * 400 + i64::from(month <= 2);
        let (hour, minute, second) = (time / 3_600_000, time / 60_000 % 60, time / 1000 % 60);
        write!(formatter, "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{:03}Z", time % 1000)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn compare(a: &str, b: &str) -> Ordering {
        Instant::parse(a).unwrap().compare(&Instant::parse(b).unwrap()).unwrap()
    }

    fn against_number(text: &str, number: impl Into<Number>) -> Ordering {
        Instant::parse(text).unwrap().compare(&Instant::Number(number.into())).unwrap()
    }

    #[test]
    fn texts_compare_across_offsets_and_to_the_last_digit() {
        assert_eq!(compare("2024-01-01T00:00:00+01:00", "2023-12-31T23:00:00Z"), Ordering::Equal);
        assert_eq!(compare("2024-01-01T00:00:00.1000Z", "2024-01-01T00:00:00.1Z"), Ordering::Equal);
        let (a, b) = ("2024-01-01T00:00:00.00000000000000000001Z", "2024-01-01T00:00:00.00000000000000000002Z");
        assert_eq!(compare(a, b), Ordering::Less);
        assert_eq!(compare("0000-02-29T00:00:00-00:00", "0000-03-01t00:00:00z"), Ordering::Less);
    }

    #[test]
    fn doubles_compare_exactly_with_decimal_digits() {
        // 0.1 as a double is a little more than a tenth.
        assert_eq!(against_number("1970-01-01T00:00:00.0001Z", 0.1), Ordering::Less);
        assert_eq!(against_number("1970-01-01T00:00:00.0005Z", 0.5), Ordering::Equal);
        assert_eq!(against_number("1969-12-31T23:59:59.9995Z", -0.5), Ordering::Equal);
        assert_eq!(against_number("1970-01-01T00:00:00Z", f64::MIN_POSITIVE), Ordering::Less);
        assert_eq!(against_number("1970-01-01T00:00:00Z", 5e-324), Ordering::Less);
        assert_eq!(against_number("1969-12-31T23:59:59.9999Z", -1e-300), Ordering::Less);
        assert_eq!(against_number("1969-12-31T23:59:59.9999Z", -0.1), Ordering::Greater);
        assert_eq!(against_number("1969-12-31T23:59:59.9999Z", -0.25), Ordering::Greater);
        assert_eq!(against_number("1969-12-31T23:59:59.99975Z", -0.25), Ordering::Equal);
        assert_eq!(against_number("1969-12-31T23:59:59.998Z", -2.0), Ordering::Equal);
        assert_eq!(against_number("9999-12-31T23:59:59Z", 1e300), Ordering::Less);
        assert_eq!(against_number("0000-01-01T00:00:00Z", -1e300), Ordering::Greater);
        assert_eq!(against_number("1970-01-01T00:00:00.001Z", 1), Ordering::Equal);
    }

    #[test]
    fn what_is_no_instant_is_refused() {
        for text in [
            "2024-01-01",
            "2024-01-01T00:00:00",
            "2024-01-01 00:00:00Z",
            "2024-01-01T24:00:00Z",
            "2024-01-01T00:00:60Z",
            "2024-01-01T00:00:00+24:00",
            "2024-01-01T00:00:00+00:60",
            "2023-02-29T00:00:00Z",
            "2024-13-01T00:00:00Z",
            "2024-01-01T00:00:00.Z",
            "2024-01-01T00:00:00,5Z",
            "2024-01-01T00:00:00Zx",
            "é024-01-01T00:00:00Z",
            "",
        ] {
            assert!(Instant::parse(text).is_none(), "{text}");
        }
    }

    #[test]
    fn shown_and_read_again_it_is_the_same() {
        assert_eq!(Rfc3339(0).to_string(), "1970-01-01T00:00:00.000Z");
        for milliseconds in [-62_167_219_200_000, -1, 951_782_400_123, 253_402_300_799_999] {
            let text = Rfc3339(milliseconds).to_string();
            assert_eq!(Instant::parse(&text).unwrap().ceiling(), milliseconds, "{text}");
        }
    }
}
