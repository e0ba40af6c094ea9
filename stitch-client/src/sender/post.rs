//! One call: `POST /v1/environments/{env}/events`.

use std::time::Duration;

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;
use ureq::Agent;
use ureq::http::Response;

/// From the name of the host to the last byte.
const PATIENCE: Duration = Duration::from_secs(10);

/// Where events go, and as whose.
#[derive(Clone, Debug)]
pub(crate) struct Post {
    pub(crate) agent: Agent,
    /// Without a `/` at its end.
    pub(crate) url: String,
    pub(crate) key: Key,
}

/// Never shown.
#[derive(Clone)]
pub(crate) struct Key(pub(crate) String);

impl std::fmt::Debug for Key {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Key")
    }
}

/// What became of a call.
pub(crate) enum Outcome {
    Taken {
        accepted: u64,
        rejected: u64,
    },
    /// Sending it again would not help.
    Refused(String),
    /// The server does not have them, or did not say that it has.
    Away {
        why: String,
        again: Option<Duration>,
    },
}

#[derive(Deserialize)]
struct Taken {
    accepted_count: u64,
    rejected_keys: Vec<String>,
}

/// What a failure says.
#[derive(Deserialize)]
struct Failure {
    error: String,
}

impl Post {
    pub(crate) fn send(&self, environment: &str, events: &[String]) -> Outcome {
        let url = format!("{}/v1/environments/{}/events", self.url, utf8_percent_encode(environment, NON_ALPHANUMERIC));
        let body = format!(r#"{{"events":[{}]}}"#, events.join(","));
        let request = self.agent.post(&url).header("x-sdk-key", &self.key.0).content_type("application/json");
        let request = request.config().timeout_global(Some(PATIENCE)).build();
        match request.send(body) {
            Ok(response) => self.read(response),
            Err(error) => {
                Outcome::Away { why: format!("events cannot be sent to `{}`: {error}", self.url), again: None }
            }
        }
    }

    fn read(&self, mut response: Response<ureq::Body>) -> Outcome {
        let status = response.status().as_u16();
        let again = response.headers().get("retry-after").and_then(|wait| wait.to_str().ok()?.parse().ok());
        let text = match response.body_mut().read_to_string() {
            Ok(text) => text,
            Err(error) => {
                let why = format!("the answer of `{}` to events is not whole: {error}", self.url);
                return Outcome::Away { why, again: None };
            }
        };
        if let (200, Ok(Taken { accepted_count, rejected_keys })) = (status, serde_json::from_str(&text)) {
            return Outcome::Taken { accepted: accepted_count, rejected: rejected_keys.len() as u64 };
        }
        let said = serde_json::from_str(&text).map_or_else(|_| String::new(), |Failure { error }| format!(": {error}"));
        let why = format!("`{}` did not take events: {status}{said}", self.url);
        match status {
            400 | 413 | 422 => Outcome::Refused(why),
            // A key that is not valid yet, an environment that is not there yet, a server that is away or asks for time.
            _ => Outcome::Away { why, again: again.map(Duration::from_secs) },
        }
    }
}
