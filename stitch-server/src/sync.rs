//! Definitions that flow: `stitch.sync.v1.FlagSyncService` over gRPC, with reflection and the standard health service.
//!
//! ```text
//! a write ──▶ FeedRow for each environment that it changes, in its transaction ──▶ Model::feed ──▶ every stream
//! ```
//!
//! A stream is a cursor: it knows the number that its client has, and looks at the model whenever the bell rings. What
//! it sends is encoded once for all streams and shared, down to the socket; a client that does not read holds one such
//! message and nothing else. Snapshots are made of pieces, and share those that are the same in them.

use std::sync::Arc;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::Request;
use axum::middleware::{self, Next};
use axum::response::Response;
use axum::routing::post;
use stitch_sync::v1::{DESCRIPTOR_SET, SERVICE};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use tonic::Status;
use tonic_health::ServingStatus;
use tonic_health::pb::FILE_DESCRIPTOR_SET as HEALTH;
use tonic_health::pb::health_server::{Health, HealthServer};

use crate::connections::{self, Spoken};
use crate::request::guard;
use crate::state::AppState;

mod ask;
mod pieces;
mod snapshot;
mod status;
mod stream;
pub(crate) mod view;

pub(crate) use snapshot::Snapshots;

/// Bytes before each message: that it is not compressed, and its length.
const HEAD: usize = 5;

/// What stands before a message of so many bytes.
fn head(length: usize) -> [u8; HEAD] {
    let [a, b, c, d] = u32::try_from(length).unwrap_or(u32::MAX).to_be_bytes();
    [0, a, b, c, d]
}

/// A message as it stands in a stream.
pub(crate) fn frame(message: &[u8]) -> Bytes {
    [&head(message.len())[..], message].concat().into()
}

/// Serves until streams are to end.
pub(crate) async fn serve(listener: TcpListener, state: AppState) {
    let (mut reporter, health) = tonic_health::server::health_reporter();
    reporter.set_service_status(SERVICE, ServingStatus::Serving).await;
    let mut stopping = state.changes();
    let stopped = async {
        // An error means that the state is gone, which it is not.
        let _ = stopping.wait_for(|stopping| *stopping).await;
        // Ends the streams of those who watch it.
        reporter.clear_service_status(SERVICE).await;
        reporter.clear_service_status("").await;
    };
    let tls = state.settings().tls.as_deref().map(|tls| {
        let mut tls = tls.clone();
        tls.alpn_protocols = vec![b"h2".to_vec()];
        TlsAcceptor::from(Arc::new(tls))
    });
    connections::accept(listener, tls, Spoken::Http2(router(state.clone(), health)), stopped).await;
}

/// Every service of the port.
fn router(state: AppState, health: HealthServer<impl Health>) -> Router {
    let described = || {
        tonic_reflection::server::Builder::configure()
            .register_encoded_file_descriptor_set(DESCRIPTOR_SET)
            .register_encoded_file_descriptor_set(HEALTH)
    };
    let router = Router::new()
        .route(&format!("/{SERVICE}/SyncDefinitions"), post(sync_definitions))
        .route_service("/grpc.health.v1.Health/{*method}", health)
        .fallback(async || status::refuse(&Status::unimplemented("there is no such method")));
    // The descriptors are part of the binary: a test finds them there.
    let router = match described().build_v1() {
        Ok(service) => router.route_service("/grpc.reflection.v1.ServerReflection/{*method}", service),
        Err(_) => router,
    };
    let router = match described().build_v1alpha() {
        Ok(service) => router.route_service("/grpc.reflection.v1alpha.ServerReflection/{*method}", service),
        Err(_) => router,
    };
    // Round all of them, what is not there too.
    router.layer(middleware::from_fn_with_state(state.clone(), admit)).with_state(state)
}

/// Hands on what may be here: see [`guard`].
async fn admit(State(state): State<AppState>, request: Request<Body>, next: Next) -> Response {
    match guard::check(request.version(), request.uri(), request.headers(), state.settings()) {
        Ok(()) => next.run(request).await,
        Err(error) => status::refuse(&status::of(&error)),
    }
}

async fn sync_definitions(State(state): State<AppState>, request: Request<Body>) -> Response {
    match ask::open(state, request).await {
        Ok(response) => response,
        Err(status) => status::refuse(&status),
    }
}
