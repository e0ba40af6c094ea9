//! Takes connections, gives each the time it may take, and lets none hold the exit.

use std::convert::Infallible;
use std::future::Future;
use std::net::IpAddr;
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use futures_util::FutureExt;
use hyper::body::Incoming;
use hyper::server::conn::{http1, http2};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsAcceptor;
use tower::ServiceExt;

use crate::request::Service;
use patient::Patient;

mod patient;

/// For the head of a request, from the connection or the answer before it on.
const HEAD_PATIENCE: Duration = Duration::from_secs(20);
/// For a client to read some of what there is to send.
const WRITE_PATIENCE: Duration = Duration::from_secs(30);
/// For what is in flight when the server is told to stop.
const LAST_WORDS: Duration = Duration::from_secs(8);
/// After a failure to accept: most often there are no more file descriptors, and trying at once would only burn.
const PAUSE: Duration = Duration::from_millis(100);

/// So often a client that has nothing to say is asked whether it is there, and so long it may take to answer.
const PULSE: Duration = Duration::from_secs(20);
/// Requests at once on one connection.
const CONCURRENT: u32 = 100;
/// Bytes of requests that may be under way before they are read: those over HTTP/2 are small.
const WINDOW: u32 = 64 << 10;
/// Bytes that the headers of a request over HTTP/2 may have.
const HEADERS: u32 = 16 << 10;

/// What is spoken on a connection, and who answers.
#[derive(Clone)]
pub enum Spoken {
    /// HTTP/1.1: one request after the other.
    Http1(Service),
    /// HTTP/2: streams, as gRPC needs them.
    Http2(Router),
}

/// Serves until `shutdown` is ready; then accepts nothing more, finishes what is in flight, and returns
/// within ten seconds whatever the clients do.
pub async fn accept(
    listener: TcpListener,
    tls: Option<TlsAcceptor>,
    spoken: Spoken,
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
        let (tls, spoken, stopped) = (tls.clone(), spoken.clone(), stopped.clone());
        connections.spawn(async move {
            match tls {
                None => connection(stream, peer.ip(), spoken, stopped).await,
                Some(tls) => match timeout(HEAD_PATIENCE, tls.accept(stream)).await {
                    Ok(Ok(stream)) => connection(stream, peer.ip(), spoken, stopped).await,
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
    peer: IpAddr,
    spoken: Spoken,
    stopped: watch::Receiver<()>,
) {
    let stream = TokioIo::new(Patient::new(stream, WRITE_PATIENCE));
    let result = match spoken {
        Spoken::Http1(service) => {
            let service = service_fn(|request| service.answer(request, peer).map(Ok::<_, Infallible>));
            let mut server = http1::Builder::new();
            let server = server.timer(TokioTimer::new()).header_read_timeout(HEAD_PATIENCE);
            let connection = pin!(server.serve_connection(stream, service));
            until_stopped(connection, http1::Connection::graceful_shutdown, stopped).await
        }
        Spoken::Http2(router) => {
            let asked = AtomicBool::new(false);
            let service = service_fn(|request: hyper::Request<Incoming>| {
                asked.store(true, Ordering::Relaxed);
                router.clone().oneshot(request.map(Body::new))
            });
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
        std::future::pending::<()>().await;
    }
}
