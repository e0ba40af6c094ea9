//! What is done for every request, whatever address it asks for: an id, the body, the guard, the failure's body, the
//! numbers and the log.

use std::any::Any;
use std::net::IpAddr;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Instant;

use axum::body::{Body, Bytes, HttpBody};
use axum::extract::Request;
use axum::http::request::Parts;
use axum::http::{self, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use futures_util::FutureExt;

use crate::error::Error;
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
mod known;

pub(crate) use family::{Family, Plain};
pub use id::RequestId;
pub use known::Known;

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
    pub fn answer<B>(&self, request: http::Request<B>, peer: IpAddr) -> impl Future<Output = Response> + use<B>
    where
        B: HttpBody<Data = Bytes> + Send + Unpin,
    {
        let began = Instant::now();
        let service = self.clone();
        let (head, body) = request.into_parts();
        let request_id = RequestId::of(&head.headers);
        let meta = Meta { request_id: request_id.clone(), peer, warnings: self.0.state.warnings() };
        // One block: the futures of functions that call each other keep what they are given twice each, and a future is
        // moved several times before it runs.
        logs::of_request(request_id, async move {
            let (method, uri) = (head.method.clone(), head.uri.clone());
            let address = service.0.map.at(uri.path());
            let cors = Cors::of(uri.path(), &head.headers, service.0.state.settings());
            let response = match service.0.admit(&head, body).await {
                Ok(body) => match (cors.preflight(&head), address.methods.of(&method)) {
                    (Some(response), _) => response,
                    (None, Some(handler)) => {
                        let known = Known { service: service.clone(), meta: meta.clone(), body };
                        let answer = handler(Request::from_parts(head, Body::empty()), known);
                        AssertUnwindSafe(answer).catch_unwind().await.unwrap_or_else(panicked)
                    }
                    (None, None) => address.methods.refuse(),
                },
                Err(error) => error.into_response(),
            };
            let mut response = finish(response, uri.path(), meta);
            cors.tell(&mut response);
            service.0.record(&method, address, response.status(), began);
            response
        })
    }
}

impl Inner {
    /// The body of a request, if it may be here at all.
    async fn admit(&self, head: &Parts, body: impl HttpBody<Data = Bytes> + Send + Unpin) -> Result<Bytes, Error> {
        let settings = self.state.settings();
        // The body first: a client that is still sending when the answer comes may never get to read it.
        let body = body::read(&head.headers, body, settings.body_limit).await?;
        if self.guarded {
            guard::check(head.version, &head.uri, &head.headers, settings)?;
        }
        Ok(body)
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

/// For a panic in a handler. What it said is nowhere, where it was stands in the log.
fn panicked(_: Box<dyn Any + Send>) -> Response {
    Error::internal().into_response()
}
