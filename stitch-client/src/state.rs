//! How a client fares.

use std::time::SystemTime;

/// How a client fares, at one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct State {
    /// Whether what serves is the newest.
    pub status: Status,
    /// Since when it is so. Definitions from a file are stale since they were saved.
    pub since: SystemTime,
    /// Of the definitions that serve; numbers of different histories say nothing of each other. Empty without any.
    pub history: String,
    /// Of the last change that serves; 0 without any.
    pub number: u64,
    /// The key's environment, once there are definitions.
    pub environment: Option<String>,
    /// What last went wrong; it stays when all is well again. Never has a key or an attribute's value in it.
    pub last_error: Option<String>,
}

impl State {
    pub(crate) fn starting() -> Self {
        Self {
            status: Status::Starting,
            since: SystemTime::now(),
            history: String::new(),
            number: 0,
            environment: None,
            last_error: None,
        }
    }

    pub(crate) fn enter(&mut self, status: Status) {
        if self.status != status {
            (self.status, self.since) = (status, SystemTime::now());
        }
    }
}

/// Whether what serves is the newest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Status {
    /// There are no definitions yet: every flag answers `flag_not_found`.
    Starting,
    /// The newest definitions serve, and the server is heard.
    Ready,
    /// Definitions serve that may be old: from a file, or from before the server was heard last.
    Stale,
}

impl Status {
    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Starting => "starting",
            Self::Ready => "ready",
            Self::Stale => "stale",
        }
    }
}
