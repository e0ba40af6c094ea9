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
//! | [`state`], [`source`] | what serves, and where the registry comes from |
//! | [`auth`] | who asks: tokens, keys |
//! | [`sdk`], [`events`] | what SDK clients ask for, and what they report |
//! | [`sync`] | definitions that flow to those who evaluate themselves |
//! | [`model`], [`writes`], [`caller`], [`audit`] | what is known, who may write what, and what is said of it |
//! | [`store`] | what outlives the process |
//! | [`gate`] | the nineteen cases before the first request |

use std::future::Future;

use connections::Protocol;
use tokio::net::TcpListener;

pub mod audit;
pub mod auth;
pub mod banner;
pub mod caller;
pub mod chance;
pub mod commands;
pub mod config;
pub mod connections;
pub mod error;
pub mod events;
pub mod extract;
pub mod gate;
pub mod handlers;
mod instant;
mod limit;
pub mod model;
pub mod ofrep;
pub mod request;
pub mod router;
pub mod sdk;
pub mod source;
pub mod start;
pub mod state;
pub mod store;
pub mod sync;
pub mod telemetry;
mod tls;
pub mod wire;
pub mod writes;

/// Where a server listens.
#[derive(Debug)]
pub struct Listeners {
    /// For HTTP.
    pub http: TcpListener,
    /// For streams of definitions, over gRPC.
    pub sync: Option<TcpListener>,
}

impl From<TcpListener> for Listeners {
    fn from(http: TcpListener) -> Self {
        Self { http, sync: None }
    }
}

/// Serves until `shutdown` is ready, then finishes what is in flight. The caller owns the sockets and the signal.
///
/// The registry's file and the store are watched meanwhile.
pub async fn serve(listeners: impl Into<Listeners>, state: state::AppState, shutdown: impl Future<Output = ()>) {
    let Listeners { http, sync } = listeners.into();
    let watching = tokio::spawn(source::watch::watch(state.clone()));
    let following = tokio::spawn(store::follow::follow(state.clone()));
    let keeping = tokio::spawn(events::retention::keep(state.clone()));
    let stopping = state.clone();
    let shutdown = async move {
        shutdown.await;
        // They would not end by themselves.
        stopping.end_streams();
    };
    let flowing = async {
        if let Some(listener) = sync {
            sync::serve(listener, state.clone()).await;
        }
    };
    let tls = state.settings().tls.clone().map(Into::into);
    let answering = connections::accept(http, tls, Protocol::Http1, router::router(state.clone()), shutdown);
    tokio::join!(answering, flowing);
    watching.abort();
    following.abort();
    keeping.abort();
}
