//! One file a route: extract, call the core, answer.

use std::time::SystemTime;

pub mod batch;
pub mod eval;
pub mod health;
pub mod registry;

/// The server's clock in milliseconds since the epoch; read once a request.
fn now() -> i64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}
