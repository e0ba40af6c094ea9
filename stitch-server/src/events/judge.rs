//! Which events count: those of a metric that is defined, with a value of its type, and not of another time.

use stitch_core::{Json, Number};

use super::Report;
use crate::instant;
use crate::model::{Metric, MetricType, Objects};
use crate::store::Event;

const DAY: i64 = 24 * 60 * 60 * 1_000;
/// Milliseconds that an event may be old.
const OLDEST: i64 = 7 * DAY;
/// Milliseconds that an event may be ahead of the clock.
const AHEAD: i64 = 5 * 60 * 1_000;

/// A call's events, each in one of the two.
#[derive(Debug, Default)]
pub struct Judged {
    /// Those that count.
    pub accepted: Vec<Event>,
    /// The keys of those that do not, in order, as often as they came.
    pub rejected_keys: Vec<String>,
}

/// Judges a call's events, `now`.
pub fn judge(reports: Vec<Report<'_>>, metrics: &Objects<Metric>, env: &str, now: i64) -> Judged {
    let mut judged = Judged::default();
    for report in reports {
        let value = metrics.get(&*report.metric_key).and_then(|metric| value(metric.body.value_type, &report.value));
        match (value, timestamp(report.timestamp.as_ref(), now)) {
            (Some(value), Ok(timestamp)) => judged.accepted.push(Event {
                env: env.to_owned(),
                event_id: report.event_id.map(Into::into),
                metric_key: report.metric_key.into_owned(),
                context_type: report.context_type.into_owned(),
                context_key: report.context_key.into_owned(),
                value,
                timestamp,
            }),
            _ => judged.rejected_keys.push(report.metric_key.into_owned()),
        }
    }
    judged
}

/// A value as it is stored, if it is one of the type; a number that is a whole one counts as an integer however it is
/// written.
fn value(of: MetricType, value: &Json<'_>) -> Option<String> {
    match (of, value) {
        (MetricType::Boolean, Json::Boolean(_)) | (MetricType::Double, Json::Number(_)) => Some(value.to_string()),
        (MetricType::Integer, Json::Number(number)) => {
            Some(Json::Number(Number::Integer(number.as_integer()?)).to_string())
        }
        _ => None,
    }
}

/// Of another time, or of none that makes sense.
struct Untimely;

/// When it happened as far as that is told, if it is neither too long ago nor yet to come.
fn timestamp(told: Option<&Json<'_>>, now: i64) -> Result<Option<i64>, Untimely> {
    let Some(told) = told else { return Ok(None) };
    let timestamp = told.as_text().and_then(instant::rfc3339).ok_or(Untimely)?;
    if (now - OLDEST..=now + AHEAD).contains(&timestamp) { Ok(Some(timestamp)) } else { Err(Untimely) }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::super::read;
    use super::*;
    use crate::model::Object;

    const NOW: i64 = 1_767_225_600_000;

    fn judged(events: &str, now: i64) -> (Vec<(String, Option<i64>)>, Vec<String>) {
        let metric = |value_type| Arc::new(Object::new(1, Metric { value_type, description: None }, ""));
        let metrics = [("b", MetricType::Boolean), ("i", MetricType::Integer), ("d", MetricType::Double)]
            .map(|(key, value_type)| (key.to_owned(), metric(value_type)));
        let body = format!(r#"{{"events": [{events}]}}"#);
        let reports = read(Json::parse(&body).unwrap()).unwrap();
        let sent = reports.len();
        let judged = judge(reports, &metrics.into_iter().collect(), "prod", now);
        assert_eq!(judged.accepted.len() + judged.rejected_keys.len(), sent);
        (judged.accepted.into_iter().map(|event| (event.value, event.timestamp)).collect(), judged.rejected_keys)
    }

    fn of(key: &str, value: &str) -> Option<String> {
        let event = format!(r#"{{"metric_key": "{key}", "context_key": "U", "value": {value}}}"#);
        judged(&event, NOW).0.pop().map(|(value, _)| value)
    }

    #[test]
    fn an_integer_fits_a_double_and_nothing_else_fits_what_it_is_not() {
        for (key, value, stored) in [
            ("b", "true", Some("true")),
            ("b", "false", Some("false")),
            ("b", "1", None),
            ("i", "1", Some("1")),
            ("i", "-9223372036854775808", Some("-9223372036854775808")),
            ("i", "9223372036854775808", None),
            ("i", "2.0", Some("2")),
            ("i", "1e3", Some("1000")),
            ("i", "2.5", None),
            ("i", "true", None),
            ("i", r#""1""#, None),
            ("d", "1", Some("1")),
            ("d", "9007199254740993", Some("9007199254740993")),
            ("d", "2.5", Some("2.5")),
            ("d", "true", None),
            ("d", "[1]", None),
            ("d", "{}", None),
            ("unknown", "1", None),
        ] {
            assert_eq!(of(key, value).as_deref(), stored, "{key} {value}");
        }
    }

    /// Of what counts.
    fn at(timestamp: &str, now: i64) -> Vec<Option<i64>> {
        let event = format!(r#"{{"metric_key": "i", "context_key": "U", "value": 1, "timestamp": {timestamp}}}"#);
        judged(&event, now).0.into_iter().map(|(_, timestamp)| timestamp).collect()
    }

    #[test]
    fn an_event_is_of_the_last_seven_days_or_the_next_five_minutes() {
        let text = |milliseconds| format!("\"{}\"", instant::text(milliseconds));
        for (offset, counts) in
            [(0, true), (-OLDEST, true), (-OLDEST - 1, false), (AHEAD, true), (AHEAD + 1, false), (-1, true)]
        {
            let expected = if counts { vec![Some(NOW + offset)] } else { Vec::new() };
            assert_eq!(at(&text(NOW + offset), NOW), expected, "{offset}");
        }
        assert_eq!(at(r#""2026-01-01T07:00:00.5+07:00""#, NOW), [Some(NOW + 500)]);
        for odd in ["1767225600000", r#""yesterday""#, r#""2026-01-01""#, "true", "[]"] {
            assert_eq!(at(odd, NOW), [], "{odd}");
        }
        assert_eq!(at("null", NOW), [None], "when it came");
    }

    #[test]
    fn a_clock_that_goes_back_judges_by_what_it_says_now() {
        let event = format!("\"{}\"", instant::text(NOW));
        assert_eq!(at(&event, NOW), [Some(NOW)]);
        assert_eq!(at(&event, NOW - AHEAD), [Some(NOW)]);
        assert_eq!(at(&event, NOW - AHEAD - 1), []);
        // Before the epoch, as a machine without a battery may believe for a while.
        assert_eq!(at(&event, 0), []);
        assert_eq!(at("null", 0), [None]);
    }

    #[test]
    fn rejected_keys_keep_their_order_and_are_told_as_often_as_they_came() {
        let event =
            |key: &str, value: &str| format!(r#"{{"metric_key": "{key}", "context_key": "U", "value": {value}}}"#);
        let events = [("z", "1"), ("i", "1"), ("b", "1"), ("z", "1"), ("d", "1")].map(|(key, value)| event(key, value));
        let (accepted, rejected) = judged(&events.join(","), NOW);
        assert_eq!((accepted.len(), rejected), (2, vec!["z".to_owned(), "b".to_owned(), "z".to_owned()]));
    }
}
