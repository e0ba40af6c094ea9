//! What is recorded: something happened to somebody, and how much of it.

use std::time::{Duration, SystemTime};

use serde::Serialize;

/// Bytes of a text, as the server has it.
const TEXT: usize = 1 << 10;
/// The end of the year 9999, since the epoch.
const LAST: Duration = Duration::from_hours(70_389_528);

/// Something that happened, for a metric that the server knows.
///
/// ```
/// use stitch_client::Event;
///
/// let clicked = Event::new("clicks", "U-1", 1);
/// let lasted = Event::new("seconds", "D-7", 2.5).context_type("device");
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    pub(crate) metric_key: String,
    pub(crate) context_type: String,
    pub(crate) context_key: String,
    pub(crate) value: EventValue,
    pub(crate) at: Option<SystemTime>,
    pub(crate) id: Option<String>,
}

impl Event {
    /// What is measured, to whom it happened (a user, unless [`Event::context_type`] says otherwise), and how much.
    pub fn new(metric_key: impl Into<String>, context_key: impl Into<String>, value: impl Into<EventValue>) -> Self {
        Self {
            metric_key: metric_key.into(),
            context_type: "user".to_owned(),
            context_key: context_key.into(),
            value: value.into(),
            at: None,
            id: None,
        }
    }

    /// What the context's key names: `user` unless said.
    #[must_use]
    pub fn context_type(mut self, context_type: impl Into<String>) -> Self {
        self.context_type = context_type.into();
        self
    }

    /// When it happened: when it is recorded, unless said.
    #[must_use]
    pub fn at(mut self, at: SystemTime) -> Self {
        self.at = Some(at);
        self
    }

    /// The name by which the server counts it once: drawn at random unless said.
    #[must_use]
    pub fn id(mut self, id: impl Into<String>) -> Self {
        self.id = Some(id.into());
        self
    }

    /// As it is sent, in JSON; `id` names it if it has no name.
    pub(crate) fn report(self, id: impl FnOnce() -> String) -> Result<String, NotRecorded> {
        let unfit = |what: &str| Err(NotRecorded::Unfit(what.to_owned()));
        let at = self.at.unwrap_or_else(SystemTime::now);
        if !at.duration_since(SystemTime::UNIX_EPOCH).is_ok_and(|since| since < LAST) {
            return unfit("its time must lie between the years 1970 and 9999");
        }
        if matches!(self.value, EventValue::Double(double) if !double.is_finite()) {
            return unfit("its value must be a finite number");
        }
        let id = self.id.unwrap_or_else(id);
        for (name, text) in [
            ("metric_key", &self.metric_key),
            ("context_type", &self.context_type),
            ("context_key", &self.context_key),
            ("id", &id),
        ] {
            if !(1..=TEXT).contains(&text.len()) {
                return unfit(&format!("its `{name}` must have 1 to {TEXT} bytes"));
            }
        }
        let report = Report {
            metric_key: &self.metric_key,
            context_type: &self.context_type,
            context_key: &self.context_key,
            value: self.value,
            timestamp: &humantime::format_rfc3339_millis(at).to_string(),
            event_id: &id,
        };
        serde_json::to_string(&report).map_err(|error| NotRecorded::Unfit(error.to_string()))
    }
}

/// How much of it: of the metric's type.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(untagged)]
pub enum EventValue {
    /// For metrics of type `boolean`.
    Boolean(bool),
    /// For metrics of type `integer`, or `double`.
    Integer(i64),
    /// For metrics of type `double`.
    Double(f64),
}

macro_rules! from {
    ($($type:ty => $variant:ident),+) => {$(
        impl From<$type> for EventValue {
            fn from(value: $type) -> Self {
                Self::$variant(value.into())
            }
        }
    )+};
}

from!(bool => Boolean, i64 => Integer, i32 => Integer, u32 => Integer, f64 => Double);

#[derive(Serialize)]
struct Report<'a> {
    metric_key: &'a str,
    context_type: &'a str,
    context_key: &'a str,
    value: EventValue,
    timestamp: &'a str,
    event_id: &'a str,
}

/// Why an event was not recorded.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotRecorded {
    /// Nowhere to send it to.
    #[error("the client has no `events_url`: say where the server takes events")]
    NoEventsUrl,
    /// As many wait as may; it is counted as dropped.
    #[error("the queue of events is full: the server is away, or slower than they come")]
    Full,
    /// The server would take none of its neighbours either.
    #[error("the event is refused: {0}")]
    Unfit(String),
    /// After the end.
    #[error("the client was shut down")]
    Ended,
}

/// What became of events.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EventCounts {
    /// Waiting, or on their way.
    pub queued: u64,
    /// Accepted by the server: durable there, and counted once.
    pub accepted: u64,
    /// Rejected by the server: an unknown metric, a value of another type, a time too long ago.
    pub rejected: u64,
    /// Found no room in the queue, or were left when the client was shut down.
    pub dropped: u64,
    /// What last went wrong; it stays when all is well again.
    pub last_error: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_is_told_as_the_contract_has_it() {
        let event = Event::new("seconds", "D-7", 2.5).context_type("device").at(SystemTime::UNIX_EPOCH);
        assert_eq!(
            event.report(|| "drawn".to_owned()).unwrap(),
            r#"{"metric_key":"seconds","context_type":"device","context_key":"D-7","value":2.5,"timestamp":"1970-01-01T00:00:00.000Z","event_id":"drawn"}"#
        );
        let report = Event::new("bought", "U-1", true).id("mine").report(|| "drawn".to_owned()).unwrap();
        assert!(report.contains(r#""event_id":"mine""#) && report.contains(r#""value":true"#), "{report}");
    }

    #[test]
    fn what_would_refuse_a_whole_call_is_refused_alone() {
        let long = "x".repeat(TEXT + 1);
        let before = SystemTime::UNIX_EPOCH - Duration::from_secs(1);
        for (event, word) in [
            (Event::new("", "U-1", 1), "metric_key"),
            (Event::new("clicks", long.as_str(), 1), "context_key"),
            (Event::new("clicks", "U-1", 1).context_type(""), "context_type"),
            (Event::new("clicks", "U-1", 1).id(""), "id"),
            (Event::new("clicks", "U-1", f64::NAN), "finite"),
            (Event::new("clicks", "U-1", 1).at(before), "1970"),
            (Event::new("clicks", "U-1", 1).at(SystemTime::UNIX_EPOCH + LAST), "9999"),
        ] {
            let refused = event.report(|| "drawn".to_owned()).unwrap_err();
            assert!(matches!(&refused, NotRecorded::Unfit(why) if why.contains(word)), "{refused}");
        }
        assert!(
            Event::new("clicks", "U-1", 1)
                .at(SystemTime::UNIX_EPOCH + LAST - Duration::from_millis(1))
                .report(String::new)
                .is_err()
        );
    }
}
