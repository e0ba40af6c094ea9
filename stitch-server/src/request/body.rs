//! Reads bodies, within limits of size and time.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::task::Poll;
use std::time::Duration;

use axum::body::{Bytes, HttpBody};
use axum::http::{HeaderMap, header};
use http_body_util::BodyExt;

use crate::error::{Code, Error};

/// From the end of the head to the end of the body.
const PATIENCE: Duration = Duration::from_secs(15);
/// Bytes of a body over the limit that are read all the same: most clients read the answer only once they have sent
/// everything, and find the connection broken if nobody listens until then.
const DRAINED: usize = 64 << 20;

/// A request's body, whole.
pub(super) async fn read(
    headers: &HeaderMap,
    body: impl HttpBody<Data = Bytes> + Send + Unpin,
    limit: usize,
) -> Result<Bytes, Error> {
    if body.is_end_stream() {
        return Ok(Bytes::new());
    }
    if waits_for_permission(headers) && body.size_hint().lower() > limit as u64 {
        return Err(too_large(limit));
    }
    // Boxed, so that the future of a request without a body, as most are, is small.
    let mut reading = Box::pin(collect(body, limit));
    match at_once(reading.as_mut()).await {
        Some(bytes) => bytes,
        None => Box::pin(tokio::time::timeout(PATIENCE, reading))
            .await
            .map_err(|_| Error::invalid("the body did not arrive in time"))?,
    }
}

/// What is read within two tries. The first one asks the connection for the body, the second one finds what came along
/// with the head, as nearly all bodies do: those need no timer.
async fn at_once<T>(mut reading: Pin<&mut impl Future<Output = T>>) -> Option<T> {
    let mut tried = false;
    poll_fn(|context| match reading.as_mut().poll(context) {
        Poll::Ready(read) => Poll::Ready(Some(read)),
        Poll::Pending if tried => Poll::Ready(None),
        Poll::Pending => {
            tried = true;
            context.waker().wake_by_ref();
            Poll::Pending
        }
    })
    .await
}

async fn collect(mut body: impl HttpBody<Data = Bytes> + Unpin, limit: usize) -> Result<Bytes, Error> {
    let mut collected = Vec::new();
    let mut length = 0_usize;
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|_| Error::invalid("the body breaks off, or is not framed as its head says"))?;
        let Ok(data) = frame.into_data() else { continue };
        length = length.saturating_add(data.len());
        if length <= limit {
            collected.extend_from_slice(&data);
        } else {
            collected = Vec::new();
        }
        if length > limit.saturating_add(DRAINED) {
            break;
        }
    }
    if length > limit { Err(too_large(limit)) } else { Ok(collected.into()) }
}

fn too_large(limit: usize) -> Error {
    let message = format!("the body has more than {limit} bytes");
    Error::new(Code::PayloadTooLarge, message).hint("ask for less at once, or start the server with `--body-limit`")
}

fn waits_for_permission(headers: &HeaderMap) -> bool {
    headers.get(header::EXPECT).is_some_and(|value| value.as_bytes().eq_ignore_ascii_case(b"100-continue"))
}
