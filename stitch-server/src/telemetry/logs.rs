//! Logs, on standard error. Every line that is written while a request is answered has the request's id.
//!
//! The id is kept beside the task and written by whoever writes a line, so that a request that logs nothing, as nearly
//! all do, costs nothing but the keeping.

use std::fmt;
use std::future::Future;
use std::panic;

use serde::ser::{SerializeMap, Serializer};
use tracing::{Event, Subscriber};
use tracing_serde::AsSerde;
use tracing_serde::fields::AsMap;
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::fmt::FmtContext;
use tracing_subscriber::fmt::format::{FormatEvent, FormatFields, Writer};
use tracing_subscriber::fmt::time::{FormatTime, SystemTime};
use tracing_subscriber::registry::LookupSpan;

use crate::config::LogFormat;
use crate::request::RequestId;

tokio::task_local! {
    static REQUEST_ID: RequestId;
}

/// Starts logging; for the binary, once.
pub fn init(format: LogFormat, level: LevelFilter) {
    let logs = tracing_subscriber::fmt().with_writer(std::io::stderr).with_max_level(level).with_ansi(false);
    // Where logging is set up already, that stands.
    let _ = logs.event_format(Line(format)).try_init();
    // The place alone: what a panic says may quote what was asked.
    panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        tracing::error!(place, "panicked");
    }));
}

/// What is logged on the way of `work` belongs to that request.
pub(crate) fn of_request<F: Future>(id: RequestId, work: F) -> impl Future<Output = F::Output> {
    REQUEST_ID.scope(id, work)
}

/// How an event becomes a line.
struct Line(LogFormat);

impl<S, N> FormatEvent<S, N> for Line
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(&self, context: &FmtContext<'_, S, N>, mut line: Writer<'_>, event: &Event<'_>) -> fmt::Result {
        let id = REQUEST_ID.try_with(Clone::clone).ok();
        let id = id.as_ref().map(RequestId::as_str);
        match self.0 {
            LogFormat::Human => {
                SystemTime.format_time(&mut line)?;
                write!(line, " {:>5} ", event.metadata().level().as_str())?;
                if let Some(id) = id {
                    write!(line, "request {id}: ")?;
                }
                context.format_fields(line.by_ref(), event)?;
            }
            LogFormat::Json => line.write_str(&json(event, id).map_err(|_| fmt::Error)?)?,
        }
        writeln!(line)
    }
}

fn json(event: &Event<'_>, id: Option<&str>) -> Result<String, Box<dyn std::error::Error>> {
    let mut time = String::new();
    SystemTime.format_time(&mut Writer::new(&mut time))?;
    let mut line = Vec::with_capacity(256);
    let mut serializer = serde_json::Serializer::new(&mut line);
    let mut members = serializer.serialize_map(None)?;
    members.serialize_entry("timestamp", &time)?;
    members.serialize_entry("level", &event.metadata().level().as_serde())?;
    members.serialize_entry("fields", &event.field_map())?;
    if let Some(id) = id {
        members.serialize_entry("span", &Span { name: "request", request_id: id })?;
    }
    members.end()?;
    Ok(String::from_utf8(line)?)
}

/// The request that a line belongs to, in the words that programs which read such logs know.
#[derive(serde::Serialize)]
struct Span<'a> {
    name: &'static str,
    request_id: &'a str,
}
