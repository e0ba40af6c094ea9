//! From a request to a stream.

use std::time::Duration;

use axum::body::Body;
use axum::http::{HeaderValue, Request, header};
use axum::response::Response;
use stitch_sync::v1::{SyncRequest, SyncResponse};
use tokio::time::timeout;
use tonic::Status;
use tonic::codec::{Codec, Streaming};
use tonic_prost::ProstCodec;

use super::status;
use super::stream::Client;
use crate::auth;
use crate::state::AppState;

/// Bytes that a request may have; it holds a history, a number and two names.
const REQUEST_BYTES: usize = 4 << 10;

/// For the one message that a request has.
const PATIENCE: Duration = Duration::from_secs(20);

pub(super) async fn open(state: AppState, request: Request<Body>) -> Result<Response, Status> {
    let holder = auth::stream_key(&state, request.headers()).map_err(|error| status::of(&error))?;
    let permit = state.stream().ok_or_else(status::full)?;
    let asked = read(request.into_body()).await?;
    let (client, version) = (asked.client_name.as_str(), asked.client_version.as_str());
    tracing::debug!(
        key = holder.id,
        env = holder.env,
        client,
        version,
        number = asked.sequence_number,
        "a stream begins"
    );
    let mut response = Response::new(Client::new(state, holder, asked, permit).into_body());
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/grpc"));
    Ok(response)
}

/// The one message of a request.
async fn read(body: Body) -> Result<SyncRequest, Status> {
    let decoder = ProstCodec::<SyncResponse, SyncRequest>::default().decoder();
    let mut messages = Streaming::new_request(decoder, body, None, Some(REQUEST_BYTES));
    let message = timeout(PATIENCE, messages.message()).await;
    let message = message.map_err(|_| Status::deadline_exceeded("the `SyncRequest` did not come in time"))?;
    message?.ok_or_else(|| Status::invalid_argument("there is no `SyncRequest`"))
}
