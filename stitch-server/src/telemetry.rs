//! Logs, on standard error. No key, token, password or attribute value is ever in them.

use std::panic;

use tracing_subscriber::filter::LevelFilter;

use crate::config::LogFormat;

/// Starts logging; for the binary, once.
pub fn init(format: LogFormat, level: LevelFilter) {
    let logs = tracing_subscriber::fmt().with_writer(std::io::stderr).with_max_level(level).with_target(false);
    // Where logging is set up already, that stands.
    let _ = match format {
        LogFormat::Human => logs.with_ansi(false).try_init(),
        LogFormat::Json => logs.json().with_span_list(false).try_init(),
    };
    // The place alone: what a panic says may quote what was asked.
    panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        tracing::error!(place, "panicked");
    }));
}
