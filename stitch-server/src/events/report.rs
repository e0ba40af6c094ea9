//! The body of a call: `{"events": [{"metric_key", "context_type"?, "context_key", "value", "timestamp"?, "event_id"?}]}`.
//!
//! What is wrong with its shape is a mistake in the client's program, and refuses the whole call; which events count is
//! another question, see [`super::judge`].

use std::borrow::Cow;

use stitch_core::{Json, limits};

use crate::error::{DETAILS, Detail, Error, Place};
use crate::extract;

/// Events of one call.
pub const EVENTS: usize = 1_000;

const KNOWN: &str = "`metric_key`, `context_type`, `context_key`, `value`, `timestamp`, `event_id`";

/// An event as a client reports it.
#[derive(Debug)]
pub struct Report<'j> {
    /// What is measured.
    pub metric_key: Cow<'j, str>,
    /// What the context's key names.
    pub context_type: Cow<'j, str>,
    /// To whom it happened.
    pub context_key: Cow<'j, str>,
    /// What was measured.
    pub value: Json<'j>,
    /// When, if the client says so.
    pub timestamp: Option<Json<'j>>,
    /// The client's name for it.
    pub event_id: Option<Cow<'j, str>>,
}

/// Reads a body.
///
/// # Errors
///
/// `invalid_request` if it does not have the shape, or has too many events.
pub fn read(body: Json<'_>) -> Result<Vec<Report<'_>>, Error> {
    extract::unknown_keys(&body, &["events"])?;
    let Json::Object(mut members) = body else { return Err(Error::internal()) };
    let refuse = |message: String| {
        Err(Error::invalid(message.clone()).details([Detail::new(Place::Pointer("/events".to_owned()), message)]))
    };
    match members.pop().map(|(_, events)| events) {
        None | Some(Json::Null) => refuse("there are no `events`".to_owned()),
        Some(Json::Array(items)) if items.len() > EVENTS => {
            refuse(format!("there are {} `events`; at most {EVENTS} are allowed", items.len()))
        }
        Some(Json::Array(items)) => {
            let (mut reports, mut wrong) = (Vec::with_capacity(items.len()), Vec::new());
            for (index, item) in items.into_iter().enumerate() {
                reports.extend(report(index, item, &mut wrong));
                // Nobody is told of more.
                if wrong.len() >= DETAILS {
                    break;
                }
            }
            if wrong.is_empty() {
                return Ok(reports);
            }
            Err(Error::invalid("an event is refused, and with it the whole call: nothing was stored").details(wrong))
        }
        Some(_) => refuse("`events` is not an array".to_owned()),
    }
}

fn report<'j>(index: usize, item: Json<'j>, wrong: &mut Vec<Detail>) -> Option<Report<'j>> {
    let before = wrong.len();
    let mut refuse = |name: &str, message: &str| {
        let separator = if name.is_empty() { "" } else { "/" };
        let name = name.replace('~', "~0").replace('/', "~1");
        wrong.push(Detail::new(Place::Pointer(format!("/events/{index}{separator}{name}")), message));
    };
    let Json::Object(mut members) = item else {
        refuse("", "must be an object");
        return None;
    };
    let mut take = |name: &str| {
        let place = members.iter().position(|(key, _)| key == name)?;
        Some(members.swap_remove(place).1).filter(|json| !matches!(json, Json::Null))
    };
    let (value, timestamp) = (take("value"), take("timestamp"));
    let mut text = |name: &str, required: bool| match take(name) {
        None if required => {
            refuse("", &format!("has no `{name}`"));
            None
        }
        None => None,
        Some(Json::Text(text)) if (1..=limits::UNIT_BYTES).contains(&text.len()) => Some(text),
        Some(Json::Text(_)) => {
            refuse(name, &format!("must have 1 to {} bytes", limits::UNIT_BYTES));
            None
        }
        Some(_) => {
            refuse(name, "must be a string");
            None
        }
    };
    let (metric_key, context_key) = (text("metric_key", true), text("context_key", true));
    let (context_type, event_id) = (text("context_type", false), text("event_id", false));
    if value.is_none() {
        refuse("", "has no `value`");
    }
    for (name, _) in members.iter().take(DETAILS) {
        refuse(name, &format!("means nothing here: known are {KNOWN}"));
    }
    if wrong.len() > before {
        return None;
    }
    let context_type = context_type.unwrap_or(Cow::Borrowed("user"));
    Some(Report {
        metric_key: metric_key?,
        context_type,
        context_key: context_key?,
        value: value?,
        timestamp,
        event_id,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The places that are refused.
    fn refused(body: &str) -> Vec<String> {
        let error = read(Json::parse(body).unwrap()).unwrap_err();
        let place = |detail: &Detail| match &detail.place {
            Place::Pointer(pointer) => format!("{pointer} {}", detail.message),
            other => panic!("{other:?}"),
        };
        error.details.iter().map(place).collect()
    }

    #[test]
    fn what_has_the_shape_is_read() {
        let body = r#"{"events": [{"metric_key": "m", "context_key": "U", "value": 1, "event_id": null},
            {"value": null, "metric_key": "m", "context_key": "U", "context_type": "device", "value2": null}]}"#;
        let body = body.replace(r#""value": null, "#, r#""value": "x", "#).replace(r#", "value2": null"#, "");
        let reports = read(Json::parse(&body).unwrap()).unwrap();
        assert_eq!(reports.len(), 2);
        assert_eq!((&*reports[0].context_type, &reports[0].event_id), ("user", &None));
        assert_eq!(&*reports[1].context_type, "device");
        assert!(read(Json::parse(r#"{"events": []}"#).unwrap()).unwrap().is_empty());
    }

    #[test]
    fn what_has_not_is_refused_with_its_place() {
        assert_eq!(refused("{}"), ["/events there are no `events`"]);
        assert_eq!(refused(r#"{"events": {}}"#), ["/events `events` is not an array"]);
        assert_eq!(refused(r#"{"events": [7]}"#), ["/events/0 must be an object"]);
        let event = r#"{"metric_key": 1, "context_key": "", "a/b": 1, "context_type": "user"}"#;
        let refused_event =
            refused(&format!(r#"{{"events": [{{"metric_key": "m", "context_key": "U", "value": 1}}, {event}]}}"#));
        assert_eq!(refused_event.len(), 4, "{refused_event:?}");
        for start in [
            "/events/1/metric_key must be a string",
            "/events/1/context_key must have 1 to",
            "/events/1 has no `value`",
            "/events/1/a~1b means",
        ] {
            assert!(refused_event.iter().any(|told| told.starts_with(start)), "{start}: {refused_event:?}");
        }
        let many = format!(r#"{{"events": [{}]}}"#, vec!["1"; EVENTS + 1].join(","));
        assert_eq!(refused(&many), ["/events there are 1001 `events`; at most 1000 are allowed"]);
    }
}
