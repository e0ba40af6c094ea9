//! What the operator settled at start-up, and what is so where nothing was said.

use std::sync::Arc;
use std::time::Duration;

use axum::http::HeaderValue;

use crate::auth::issuers::Trusted;
use crate::config;
use crate::hints;

/// In which the operator counts how long things are kept.
pub(crate) const DAY: Duration = Duration::from_hours(24);

/// What the operator settled.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Serve dev contexts beyond one's own machine.
    pub insecure_dev_context: bool,
    /// Bytes that a body may have.
    pub body_limit: usize,
    /// Origins whose pages may read health, eval and OFREP, as browsers write them.
    pub cors_origins: Vec<HeaderValue>,
    /// Streams, of events and of definitions, that may be open at once.
    pub streams: usize,
    /// So often a stream of definitions says something.
    pub heartbeat: Duration,
    /// How long events are kept.
    pub event_retention: Duration,
    /// Requests a second of each SDK key; 0 for no limit.
    pub sdk_rate_limit: u32,
    /// Where the evaluation context comes from.
    pub auth: config::Auth,
    /// Believe the proxy before this server where requests come from.
    pub behind_proxy: bool,
    /// Outside identity providers that are trusted.
    pub issuers: Vec<Trusted>,
    /// How connections are encrypted, if this server does it.
    pub tls: Option<Arc<rustls::ServerConfig>>,
    /// Where servers that share a store tell each other what they wrote, and on which channel.
    pub redis: Option<(hints::Address, String)>,
    /// One request of so many has a line in the log; 0 means none.
    pub access_log: u64,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            insecure_dev_context: false,
            body_limit: 1 << 20,
            cors_origins: Vec::new(),
            streams: 10_000,
            heartbeat: Duration::from_secs(15),
            event_retention: 90 * DAY,
            sdk_rate_limit: 5_000,
            auth: config::Auth::Dev,
            behind_proxy: false,
            issuers: Vec::new(),
            tls: None,
            redis: None,
            access_log: 0,
        }
    }
}
