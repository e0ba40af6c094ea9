//! Feature flags over HTTP: resolves a context, calls the core, maps the answer. No evaluation rule lives here.
//!
//! | module | what |
//! |---|---|
//! | [`config`], [`commands`], [`start`] | the command line, and what each command does |
//! | [`serve`] | takes connections until it is told to stop |
//! | [`router`], [`handlers`] | the map of addresses, and one file a route |
//! | [`request`], [`extract`] | what is done for every request; the context out of a request |
//! | [`wire`], [`error`] | how answers look |
//! | `openapi` | what `/openapi.json` says of each address, beside which it stands in the map |
//! | [`ofrep`] | the same answers, for any `OpenFeature` client |
//! | [`state`], [`source`] | what serves, and where the registry comes from |
//! | [`auth`] | who asks: tokens, keys |
//! | [`sdk`], [`events`] | what SDK clients ask for, and what they report |
//! | [`sync`] | definitions that flow to those who evaluate themselves |
//! | [`model`], [`writes`], [`caller`], [`audit`] | what is known, who may write what, and what is said of it |
//! | [`store`], [`hints`] | what outlives the process, and how servers that share it tell each other |
//! | [`telemetry`] | logs and numbers |
//! | [`gate`] | the nineteen cases before the first request |

use std::future::{Future, pending};
use std::io;
use std::net::Ipv4Addr;

use connections::Spoken;
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
pub mod hints;
mod instant;
mod limit;
pub mod model;
pub mod ofrep;
mod openapi;
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
    /// For whoever runs it.
    pub management: TcpListener,
    /// For streams of definitions, over gRPC.
    pub sync: TcpListener,
}

impl Listeners {
    /// On this machine alone, on ports that are free.
    ///
    /// # Errors
    ///
    /// If the system gives none.
    pub async fn loopback() -> io::Result<Self> {
        let any = || TcpListener::bind((Ipv4Addr::LOCALHOST, 0));
        Ok(Self { http: any().await?, management: any().await?, sync: any().await? })
    }
}

/// Serves until `shutdown` is ready, then finishes what is in flight. The caller owns the sockets and the signal.
///
/// The registry's file and the store are watched meanwhile, and the management address tells how the server fares until the last
/// answer is given.
pub async fn serve(listeners: Listeners, state: state::AppState, shutdown: impl Future<Output = ()>) {
    let Listeners { http, management, sync } = listeners;
    let watching = tokio::spawn(source::watch::watch(state.clone()));
    let following = tokio::spawn(store::follow::follow(state.clone()));
    let hearing = tokio::spawn(hints::run(state.clone()));
    let keeping = tokio::spawn(events::retention::keep(state.clone()));
    let managing = connections::accept(management, None, Spoken::Http1(router::management(state.clone())), pending());
    let managing = tokio::spawn(managing);
    let stopping = state.clone();
    let shutdown = async move {
        shutdown.await;
        // They would not end by themselves.
        stopping.end_streams();
    };
    let tls = state.settings().tls.clone().map(Into::into);
    let answering = connections::accept(http, tls, Spoken::Http1(router::service(state.clone())), shutdown);
    tokio::join!(answering, sync::serve(sync, state));
    managing.abort();
    watching.abort();
    following.abort();
    hearing.abort();
    keeping.abort();
}
