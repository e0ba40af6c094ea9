//! How streams end, and why they do not begin.

use axum::body::Body;
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::Response;
use tonic::Status;

use crate::error::{Code, Error};

/// Milliseconds to wait before coming back, as gRPC names them.
const PUSHBACK: &str = "grpc-retry-pushback-ms";
/// After a stop: another server, or the next process, takes over soon.
const SOON: u32 = 1_000;
/// Where it is full.
const LATER: u32 = 10_000;

/// The server stops.
pub(super) fn stopping() -> Status {
    back_after(Status::unavailable("the server is stopping: connect again"), SOON)
}

/// As many streams are open as this server holds.
pub(super) fn full() -> Status {
    let message = "as many streams are open as this server holds: try another, or start it with `--max-streams`";
    back_after(Status::resource_exhausted(message), LATER)
}

/// The key is of an environment that the registry does not have.
pub(super) fn no_environment() -> Status {
    Status::not_found("the registry does not list the environment of this key: see its `environments`")
}

/// A failure of this server in gRPC's words.
pub(super) fn of(error: &Error) -> Status {
    let code = match error.code {
        Code::Unauthorized => tonic::Code::Unauthenticated,
        Code::Forbidden => tonic::Code::PermissionDenied,
        Code::RateLimited | Code::PayloadTooLarge => tonic::Code::ResourceExhausted,
        Code::FlagNotFound | Code::NotFound => tonic::Code::NotFound,
        Code::NotReady => tonic::Code::Unavailable,
        Code::InternalError => tonic::Code::Internal,
        Code::Conflict => tonic::Code::Aborted,
        Code::MethodNotAllowed => tonic::Code::Unimplemented,
        Code::InvalidRequest | Code::UnsupportedMediaType | Code::ScopeNotAllowed | Code::ApprovalRequired => {
            tonic::Code::InvalidArgument
        }
    };
    let message = match &error.hint {
        Some(hint) => format!("{}: {hint}", error.message),
        None => error.message.clone().into_owned(),
    };
    let status = Status::new(code, message);
    match error.retry_after {
        Some(seconds) => back_after(status, u32::from(seconds) * 1_000),
        None => status,
    }
}

fn back_after(mut status: Status, milliseconds: u32) -> Status {
    status.metadata_mut().insert(PUSHBACK, milliseconds.into());
    status
}

/// The end of a stream. Our messages are plain text, which every header takes.
pub(super) fn trailers(status: &Status) -> HeaderMap {
    let mut trailers = HeaderMap::new();
    if status.add_header(&mut trailers).is_err() {
        trailers.insert("grpc-status", HeaderValue::from(status.code() as i32));
    }
    trailers
}

/// An answer without a stream.
pub(super) fn refuse(status: &Status) -> Response {
    let mut response = Response::new(Body::empty());
    *response.headers_mut() = trailers(status);
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/grpc"));
    response
}
