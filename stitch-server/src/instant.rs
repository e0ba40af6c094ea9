//! The instant of an evaluation: the clock's, or one that is given as text.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// The days of 2,000 years, after which the calendar repeats itself.
const CYCLE: i64 = 5 * 146_097;
const DAY: i64 = 86_400_000;

/// Milliseconds since the epoch, by the system's clock.
pub(crate) fn of_the_clock() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

/// An instant as RFC 3339 text, UTC, with milliseconds; one before the epoch as the epoch.
pub(crate) fn text(milliseconds: i64) -> String {
    let since = Duration::from_millis(u64::try_from(milliseconds).unwrap_or_default());
    humantime::format_rfc3339_millis(UNIX_EPOCH + since).to_string()
}

/// Milliseconds as they are, or those of an RFC 3339 text.
///
/// # Errors
///
/// A sentence, if it is neither.
pub(crate) fn parse(text: &str) -> Result<i64, String> {
    text.parse()
        .ok()
        .or_else(|| rfc3339(text))
        .ok_or_else(|| "give milliseconds since the epoch, or RFC 3339 such as 2026-01-31T12:00:00Z".to_owned())
}

/// The instant of an RFC 3339 text, rounded down to milliseconds.
///
/// humantime knows UTC only, so the offset is read here, and no year before 1970, so such a one is read as its like
/// 2,000 years on.
pub(crate) fn rfc3339(text: &str) -> Option<i64> {
    let text = text.to_ascii_uppercase();
    let (date_time, offset) = if let Some(date_time) = text.strip_suffix('Z') {
        (date_time, 0)
    } else {
        let (date_time, offset) = text.split_at_checked(text.len().checked_sub(6)?)?;
        (date_time, minutes(offset)?)
    };
    let (year, rest) = date_time.split_at_checked(4)?;
    let year =
        year.bytes().try_fold(0, |year, digit| digit.is_ascii_digit().then(|| year * 10 + u32::from(digit - b'0')));
    let (year, shift) = year.map(|year| if year < 1970 { (year + 2000, CYCLE * DAY) } else { (year, 0) })?;
    // No leap seconds: the contract has none.
    let instant =
        humantime::parse_rfc3339(&format!("{year:04}{rest}Z")).ok().filter(|_| date_time.get(17..19) != Some("60"))?;
    let since = instant.duration_since(UNIX_EPOCH).ok()?;
    Some(i64::try_from(since.as_millis()).ok()? - shift - offset * 60_000)
}

/// The minutes of an offset from UTC such as `+07:00`.
fn minutes(offset: &str) -> Option<i64> {
    let [sign @ (b'+' | b'-'), h1, h2, b':', m1, m2] = *offset.as_bytes() else { return None };
    let number = |tens: u8, ones: u8| {
        let digits = tens.is_ascii_digit() && ones.is_ascii_digit();
        digits.then(|| i64::from(tens - b'0') * 10 + i64::from(ones - b'0'))
    };
    let minutes = number(h1, h2).filter(|&hours| hours < 24)? * 60 + number(m1, m2).filter(|&minutes| minutes < 60)?;
    Some(if sign == b'-' { -minutes } else { minutes })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn milliseconds_and_rfc3339_are_instants() {
        for (text, milliseconds) in [
            ("0", 0),
            ("-1", -1),
            ("1767225600000", 1_767_225_600_000),
            ("2026-01-01T00:00:00Z", 1_767_225_600_000),
            ("2026-01-01t07:00:00.1239+07:00", 1_767_225_600_123),
            ("2025-12-31T18:30:00-05:30", 1_767_225_600_000),
            ("1969-12-31T23:59:59.9999Z", -1),
            ("1900-03-01T00:00:00Z", -2_203_891_200_000),
            ("0000-01-01T00:00:00Z", -62_167_219_200_000),
            ("9999-12-31T23:59:59.999999999999Z", 253_402_300_799_999),
        ] {
            assert_eq!(parse(text), Ok(milliseconds), "{text}");
        }
    }

    #[test]
    fn anything_else_is_refused() {
        for text in [
            "",
            "now",
            "2026-01-01",
            "2026-01-01T00:00:00",
            "2026-01-01 00:00:00Z",
            "2026-02-30T00:00:00Z",
            "1900-02-29T00:00:00Z",
            "+026-02-03T00:00:00Z",
            "1.5",
            "2026-01-01T00:00:60Z",
            "2026-01-01T00:00:00+24:00",
            "2026-01-01T00:00:00+7:00",
            "é:00+00:00",
            "é",
        ] {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
