//! Takes connections, gives each the time it may take, and lets none hold the exit.

use std::future::Future;
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use hyper::body::Incoming;
use hyper::server::conn::{http1, http2};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsAcceptor;
use tower::ServiceExt;

use crate::auth::address::Peer;

/// For the head of a request, from the connection or the answer before it on.
const HEAD_PATIENCE: Duration = Duration::from_secs(20);
/// For what is in flight when the server is told to stop.
const LAST_WORDS: Duration = Duration::from_secs(8);
/// After a failure to accept: most often there are no more file descriptors, and trying at once would only burn.
const PAUSE: Duration = Duration::from_millis(100);

/// So often a client that has nothing to say is asked whether it is there, and so long it may take to answer.
const PULSE: Duration = Duration::from_secs(20);
/// Requests at once on one connection.
const CONCURRENT: u32 = 100;
/// Bytes of a request that may be under way before they are read: requests of this protocol are small.
const WINDOW: u32 = 64 << 10;
/// Bytes that a request's headers may have.
const HEADERS: u32 = 16 << 10;

/// What is spoken on a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    /// One request after the other.
    Http1,
    /// Streams, as gRPC needs them.
    Http2,
}

impl Protocol {
    /// Its name where an encrypted connection begins.
    pub(crate) fn alpn(self) -> &'static [u8] {
        match self {
            Self::Http1 => b"http/1.1",
            Self::Http2 => b"h2",
        }
    }
}

/// Serves `router` until `shutdown` is ready; then accepts nothing more, finishes what is in flight, and returns
/// within ten seconds whatever the clients do.
pub async fn accept(
    listener: TcpListener,
    tls: Option<TlsAcceptor>,
    protocol: Protocol,
    router: Router,
    shutdown: impl Future<Output = ()>,
) {
    let mut shutdown = pin!(shutdown);
    let (stop, stopped) = watch::channel(());
    let mut connections = JoinSet::new();
    loop {
        let (stream, peer) = tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok(accepted) => accepted,
                Err(error) => {
                    tracing::warn!(%error, "cannot accept a connection");
                    sleep(PAUSE).await;
                    continue;
                }
            },
            Some(_) = connections.join_next() => continue,
            () = &mut shutdown => break,
        };
        // Answers are small and written whole; waiting for more to send would only delay them.
        let _ = stream.set_nodelay(true);
        let (tls, router, stopped) = (tls.clone(), router.clone(), stopped.clone());
        connections.spawn(async move {
            match tls {
                None => connection(stream, peer, protocol, router, stopped).await,
                Some(tls) => match timeout(HEAD_PATIENCE, tls.accept(stream)).await {
                    Ok(Ok(stream)) => connection(stream, peer, protocol, router, stopped).await,
                    Ok(Err(error)) => tracing::debug!(%error, "a connection was not encrypted as it should be"),
                    Err(_) => tracing::debug!("a connection was not encrypted in time"),
                },
            }
        });
    }
    drop(listener);
    drop(stop);
    let all_done = async { while connections.join_next().await.is_some() {} };
    if timeout(LAST_WORDS, all_done).await.is_err() {
        tracing::warn!(connections = connections.len(), "gave up on clients that neither send nor read");
        connections.shutdown().await;
    }
}

async fn connection(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    peer: SocketAddr,
    protocol: Protocol,
    router: Router,
    stopped: watch::Receiver<()>,
) {
    let asked = Arc::new(AtomicBool::new(false));
    let noting = Arc::clone(&asked);
    let service = TowerToHyperService::new(router.map_request(move |mut request: hyper::Request<Incoming>| {
        request.extensions_mut().insert(Peer(peer));
        noting.store(true, Ordering::Relaxed);
        request.map(Body::new)
    }));
    let stream = TokioIo::new(stream);
    let result = match protocol {
        Protocol::Http1 => {
            let mut server = http1::Builder::new();
            let server = server.timer(TokioTimer::new()).header_read_timeout(HEAD_PATIENCE);
            let connection = pin!(server.serve_connection(stream, service));
            until_stopped(connection, http1::Connection::graceful_shutdown, stopped).await
        }
        Protocol::Http2 => {
            let mut server = http2::Builder::new(TokioExecutor::new());
            let server = server.timer(TokioTimer::new()).keep_alive_interval(PULSE).keep_alive_timeout(PULSE);
            let server = server.max_concurrent_streams(CONCURRENT).max_header_list_size(HEADERS);
            let server = server.initial_stream_window_size(WINDOW).initial_connection_window_size(WINDOW);
            let connection = pin!(server.serve_connection(stream, service));
            let serving = until_stopped(connection, http2::Connection::graceful_shutdown, stopped);
            tokio::select! {
                result = serving => result,
                () = never_asked(&asked) => return,
            }
        }
    };
    if let Err(error) = result {
        tracing::debug!(%error, "a connection ended early");
    }
}

/// Serves a connection to its end; once the server stops, only what is in flight.
async fn until_stopped<C: Future>(
    mut connection: Pin<&mut C>,
    stop: fn(Pin<&mut C>),
    mut stopped: watch::Receiver<()>,
) -> C::Output {
    tokio::select! {
        output = &mut connection => output,
        _ = stopped.changed() => {
            stop(connection.as_mut());
            connection.await
        }
    }
}

/// Ready if nothing was asked in time: HTTP/2 itself waits for ever for a connection's first words.
async fn never_asked(asked: &AtomicBool) {
    sleep(HEAD_PATIENCE).await;
    if asked.load(Ordering::Relaxed) {
        std::future::pending().await
    }
}
