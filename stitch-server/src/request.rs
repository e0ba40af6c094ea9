//! What is done for every request, whatever address it asks for: an id, the body, the guard, the failure's body, the
//! numbers and the log.

use std::any::Any;
use std::net::IpAddr;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Instant;

use axum::body::Body;
use axum::extract::Request;
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use futures_util::FutureExt;
use tower::Service as _;

use crate::error::{Code, Error};
use crate::router::{Address, Map};
use crate::state::AppState;
use crate::telemetry::{logs, metrics};
use crate::wire::Meta;
use cors::Cors;

mod body;
mod cors;
mod family;
pub(crate) mod guard;
mod id;

pub(crate) use family::{Family, Plain};
pub use id::RequestId;

/// A map of addresses with all that every request needs around it; cloning shares it.
///
/// Not a stack of layers: each one boxes every request's future, and together they cost more than the evaluation.
#[derive(Clone, Debug)]
pub struct Service(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    state: AppState,
    map: Map,
    guarded: bool,
}

impl Service {
    /// Answers requests for the addresses of `map`; `guarded` says whether they may come from this machine alone.
    pub fn new(map: Map, guarded: bool) -> Self {
        Self(Arc::new(Inner { state: map.state().clone(), map, guarded }))
    }

    /// Answers one request, which came from `peer`.
    pub async fn answer(&self, request: Request, peer: IpAddr) -> Response {
        let began = Instant::now();
        let request_id = RequestId::of(request.headers());
        let meta = Meta { request_id, peer, warnings: self.0.state.warnings() };
        logs::of_request(meta.request_id.clone(), self.0.answer(request, meta, began)).await
    }
}

impl Inner {
    async fn answer(&self, request: Request, meta: Meta, began: Instant) -> Response {
        let (method, uri) = (request.method().clone(), request.uri().clone());
        let address = self.map.at(uri.path());
        let cors = Cors::of(uri.path(), request.headers(), self.state.settings());
        let response = match self.admit(request, &meta).await {
            Ok(request) => match cors.preflight(&request) {
                Some(response) => response,
                None => handle(address, request).await,
            },
            Err(error) => error.into_response(),
        };
        let mut response = finish(response, uri.path(), meta);
        cors.tell(&mut response);
        self.record(&method, address, response.status(), began);
        response
    }

    /// The request with its body read, if it may be here at all.
    async fn admit(&self, request: Request, meta: &Meta) -> Result<Request, Error> {
        let settings = self.state.settings();
        // The body first: a client that is still sending when the answer comes may never get to read it.
        let mut request = body::read(request, settings.body_limit).await?;
        if self.guarded {
            guard::check(request.version(), request.uri(), request.headers(), settings)?;
        }
        request.extensions_mut().insert(meta.clone());
        Ok(request)
    }

    /// Counts the answer, and writes the line of the log that it may have.
    fn record(&self, method: &Method, address: &Address, status: StatusCode, began: Instant) {
        let took = began.elapsed();
        let counts = &address.counts;
        counts.answered(method, status, took);
        // The address with names for what varies: a path has people's names and ids in it, and the query says more.
        // The method as the numbers have it, since anybody can make one up.
        let (method, route) = (metrics::method_name(method), counts.template());
        let (status, microseconds) = (status.as_u16(), took.as_micros());
        if status >= 500 {
            tracing::error!(%method, route, status, microseconds, "failed");
        } else if self.state.samples() {
            tracing::info!(%method, route, status, microseconds, "answered");
        } else {
            tracing::debug!(%method, route, status, microseconds, "answered");
        }
    }
}

async fn handle(address: &Address, request: Request) -> Response {
    let answer = AssertUnwindSafe(address.router.clone().call(request)).catch_unwind();
    match answer.await {
        Ok(Ok(response)) => response,
        Ok(Err(never)) => match never {},
        Err(panic) => panicked(panic),
    }
}

fn finish(mut response: Response, path: &str, meta: Meta) -> Response {
    if let Some(error) = response.extensions_mut().remove::<Error>() {
        *response.body_mut() = Body::from(family::failure(path, &meta, error));
        let headers = response.headers_mut();
        headers.remove(header::CONTENT_LENGTH);
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    }
    response.headers_mut().insert(id::HEADER, meta.request_id.into_header());
    response
}

/// For an address that is not there.
pub async fn not_found() -> Error {
    Error::new(Code::NotFound, "there is nothing at this address").hint("see `spec/service.md` for the addresses")
}

/// For a method that an address does not have.
pub async fn method_not_allowed() -> Error {
    Error::new(Code::MethodNotAllowed, "this address does not have this method").hint("`Allow` says which it has")
}

/// For a panic in a handler. What it said is nowhere, where it was stands in the log.
fn panicked(_: Box<dyn Any + Send>) -> Response {
    Error::internal().into_response()
}
