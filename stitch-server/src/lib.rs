//! Feature flags over HTTP: resolves a context, calls the core, maps the answer. No evaluation rule lives here.
//!
//! | module | what |
//! |---|---|
//! | [`config`], [`commands`], [`start`] | the command line, and what each command does |
//! | [`serve`] | takes connections until it is told to stop |
//! | [`router`], [`handlers`] | the map of addresses, and one file a route |
//! | [`request`], [`extract`] | what is done for every request; the context out of a request |
//! | [`wire`], [`error`] | how answers look |
//! | [`ofrep`] | the same answers, for any `OpenFeature` client |
//! | [`state`], [`source`] | the registry that serves, and where it comes from |
//! | [`telemetry`] | logs and numbers |
//! | [`gate`] | the nineteen cases before the first request |

use std::future::Future;

use tokio::net::TcpListener;

pub mod banner;
pub mod commands;
pub mod config;
pub mod connections;
pub mod error;
pub mod extract;
pub mod gate;
pub mod handlers;
mod instant;
pub mod ofrep;
pub mod request;
pub mod router;
pub mod source;
pub mod start;
pub mod state;
pub mod telemetry;
pub mod wire;

/// Serves until `shutdown` is ready, then finishes what is in flight. The caller owns the sockets and the signal.
///
/// A registry that comes from a file is watched meanwhile, and `management` tells how the server fares until the last
/// answer is given.
pub async fn serve(
    listener: TcpListener,
    management: TcpListener,
    state: state::AppState,
    shutdown: impl Future<Output = ()>,
) {
    let watching = tokio::spawn(source::watch::watch(state.clone()));
    let managing = connections::accept(management, router::management(state.clone()), std::future::pending());
    let managing = tokio::spawn(managing);
    let stopping = state.clone();
    let shutdown = async move {
        shutdown.await;
        // They would not end by themselves.
        stopping.end_streams();
    };
    connections::accept(listener, router::service(state), shutdown).await;
    managing.abort();
    watching.abort();
}
