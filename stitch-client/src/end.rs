//! Why a stream ended, and when to open the next one.

use std::error::Error;
use std::time::Duration;

use tonic::{Code, Status};

/// Milliseconds to wait before coming back, as gRPC names them.
const PUSHBACK: &str = "grpc-retry-pushback-ms";

/// The end of a stream, or why there was none.
#[derive(Debug)]
pub(crate) struct End {
    pub(crate) why: String,
    pub(crate) again: Again,
}

/// When it is worth trying again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Again {
    /// Soon, and later each time.
    Soon,
    /// When the server says.
    After(Duration),
    /// Trying soon will not help.
    Late,
}

impl End {
    pub(crate) fn soon(why: impl Into<String>) -> Self {
        Self { why: why.into(), again: Again::Soon }
    }

    /// As the server says.
    pub(crate) fn of(status: &Status) -> Self {
        let again = match status.metadata().get(PUSHBACK).map(|wait| wait.to_str().unwrap_or_default().parse()) {
            Some(Ok(milliseconds)) => Again::After(Duration::from_millis(milliseconds)),
            // What is no number tells not to come back, says gRPC.
            Some(Err(_)) => Again::Late,
            None => match status.code() {
                Code::Unauthenticated
                | Code::PermissionDenied
                | Code::NotFound
                | Code::Unimplemented
                | Code::InvalidArgument => Again::Late,
                _ => Again::Soon,
            },
        };
        let why = format!("the stream of definitions ended ({:?}): {}", status.code(), told(status.message(), status));
        Self { why, again }
    }

    /// There was no connection.
    pub(crate) fn unreachable(url: &str, error: &tonic::transport::Error) -> Self {
        Self::soon(format!("cannot connect to `{url}`: {}", told("", error)))
    }
}

/// What is said, and what lies under it: transports hide the reason in their sources.
fn told(message: &str, error: &dyn Error) -> String {
    let mut cause = error.source();
    let mut words = vec![message.to_owned()];
    while let Some(error) = cause {
        let said = error.to_string();
        if !words.iter().any(|word| word.contains(&said)) {
            words.push(said);
        }
        cause = error.source();
    }
    words.retain(|word| !word.is_empty());
    words.join(": ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_server_says_when_to_come_back() {
        let told = |code, pushback: Option<&str>| {
            let mut status = Status::new(code, "words");
            if let Some(pushback) = pushback {
                status.metadata_mut().insert(PUSHBACK, pushback.parse().unwrap());
            }
            End::of(&status).again
        };
        assert_eq!(told(Code::Unavailable, Some("1500")), Again::After(Duration::from_millis(1_500)));
        assert_eq!(told(Code::Unavailable, Some("-1")), Again::Late);
        assert_eq!(told(Code::Unavailable, None), Again::Soon);
        assert_eq!(told(Code::Unauthenticated, None), Again::Late);
        assert_eq!(told(Code::Unauthenticated, Some("5")), Again::After(Duration::from_millis(5)));
    }
}
