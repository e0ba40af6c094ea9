//! From arguments to a server: what has to hold before it binds, and the signal that ends it.

use std::fmt;
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::process::ExitCode;

use tokio::net::TcpListener;

use crate::auth::issuers::Trusted;
use crate::banner::{self, Addresses};
use crate::config::{Auth, ServeArgs};
use crate::gate::{self, GateError};
use crate::source::{Refused, Source};
use crate::state::{AppState, DAY, Settings};
use crate::store::StoreError;
use crate::store::sqlite::Access;
use crate::{Listeners, hints, telemetry, tls};

mod sockets;
pub mod store;

/// Where /metrics is unless said; the port that exporters of OpenTelemetry have.
const SYNC_PORT: u16 = 50_050;
const MANAGEMENT: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 9464);

/// Why the server does not start.
#[derive(Debug)]
pub enum StartError {
    /// Dev mode, and an address that other machines reach.
    NotLoopback(IpAddr),
    /// Two things that were asked for do not go together.
    Contradiction(&'static str),
    /// Jwt mode, an address that other machines reach, and no encryption.
    Unencrypted(IpAddr),
    /// The certificate, its key, or the identity providers cannot be used.
    Unusable(String),
    /// The engine does not answer as the contract says.
    Parity(GateError),
    /// The registry cannot serve.
    Registry(Refused),
    /// The store cannot be used.
    Store(StoreError),
    /// The address cannot be bound.
    Bind(SocketAddr, io::Error),
    /// An address beside the main one cannot be bound.
    Beside(Beside, SocketAddr, io::Error),
    /// The system gives no threads or signals.
    System(io::Error),
}

impl fmt::Display for StartError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotLoopback(host) => write!(
                formatter,
                "dev mode takes everyone's word for who they are, so it serves this machine alone, and {host} is \
                 reached from others: leave `--host` and `--sync-addr` at 127.0.0.1, or add `--insecure-dev-context` if you mean it"
            ),
            Self::Contradiction(why) => formatter.write_str(why),
            Self::Unencrypted(host) => write!(
                formatter,
                "{host} is reached from other machines, and tokens and keys must not travel in the clear: give \
                 `--tls-cert` and `--tls-key`, or `--behind-proxy` if a proxy before this server encrypts"
            ),
            Self::Unusable(why) => formatter.write_str(why),
            Self::Parity(error) => error.fmt(formatter),
            Self::Registry(refused) => refused.fmt(formatter),
            Self::Store(error) => error.fmt(formatter),
            Self::Bind(address, error) if error.kind() == io::ErrorKind::AddrInUse => write!(
                formatter,
                "port {} on {} is taken: choose another with `--port` or FF_PORT, or 0 for any that is free",
                address.port(),
                address.ip()
            ),
            Self::Bind(address, error) => write!(formatter, "cannot listen on {address}: {error}"),
            Self::Beside(Beside { what, option }, address, error) => {
                write!(
                    formatter,
                    "cannot listen on {address}, where {what} to be: {error}: choose another with `{option}`, port 0 \
                     for any that is free"
                )
            }
            Self::System(error) => write!(formatter, "cannot start: {error}"),
        }
    }
}

impl std::error::Error for StartError {}

/// Serves until a signal ends it.
pub fn run(arguments: &ServeArgs) -> ExitCode {
    telemetry::init(arguments.log_format, arguments.log_level);
    let runtime = match tokio::runtime::Runtime::new() {
        Ok(runtime) => runtime,
        Err(error) => return fail(&StartError::System(error)),
    };
    let result = runtime.block_on(start(arguments));
    // A look at a file on a drive that hangs must not hold the exit.
    runtime.shutdown_background();
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => fail(&error),
    }
}

fn fail(error: &StartError) -> ExitCode {
    tracing::error!("{error}");
    ExitCode::FAILURE
}

async fn start(arguments: &ServeArgs) -> Result<(), StartError> {
    check(arguments)?;
    let tls = arguments.tls_cert.as_deref().zip(arguments.tls_key.as_deref());
    let tls = tls.map(|(certificate, key)| tls::read(certificate, key)).transpose().map_err(StartError::Unusable)?;
    let issuers = arguments.issuers.as_deref().map(Trusted::read).transpose().map_err(StartError::Unusable)?;
    arguments.redis.as_ref().map_or(Ok(()), hints::Address::check).map_err(StartError::Unusable)?;
    let parity = gate::run().map_err(StartError::Parity)?;
    sockets::raise_open_files(arguments.max_streams);
    let store = arguments.store.open(Access::Serve).await.map_err(StartError::Store)?;
    let source = arguments.registry.clone().map_or(Source::Store, Source::File);
    let seed = source.is_written_here() && arguments.auth == Auth::Dev;
    let model = store::read(&*store, seed).await;
    // Not all damage shows when it is opened.
    let model = model.map_err(|error| StartError::Store(error.at(&store.place())))?;
    let registry = if source.is_written_here() { source.compile_model(&model) } else { source.load() };
    let registry = registry.map_err(StartError::Registry)?;
    let settings = Settings {
        insecure_dev_context: arguments.insecure_dev_context,
        body_limit: arguments.body_limit,
        cors_origins: arguments.cors_origins.clone(),
        streams: arguments.max_streams,
        heartbeat: Settings::default().heartbeat,
        event_retention: DAY * arguments.event_retention_days,
        sdk_rate_limit: arguments.sdk_rate_limit,
        auth: arguments.auth,
        behind_proxy: arguments.behind_proxy,
        issuers: issuers.unwrap_or_default(),
        tls,
        redis: arguments.redis.clone().map(|address| (address, arguments.redis_channel.clone())),
        access_log: arguments.access_log,
    };
    let state = AppState::with_store(settings, source, registry, parity, (store, model));
    let signal = end_signal().map_err(StartError::System)?;
    let asked = SocketAddr::new(arguments.host, arguments.port);
    let listener = sockets::listen(asked).map_err(|error| StartError::Bind(asked, error))?;
    let address = listener.local_addr().map_err(|error| StartError::Bind(asked, error))?;
    let (management, management_address) = METRICS.bind(arguments.management_addr, MANAGEMENT)?;
    let (sync, sync_address) = STREAMS.bind(arguments.sync_addr, usual_sync(arguments))?;
    let addresses = Addresses { http: address, management: management_address, sync: sync_address };
    banner::announce(&state, addresses, arguments);
    let shutdown = async {
        signal.await;
        tracing::info!("stopping: no more connections, finishing what is in flight");
    };
    crate::serve(Listeners { http: listener, management, sync }, state, shutdown).await;
    tracing::info!("stopped");
    Ok(())
}

/// Refuses what would be insecure, or means nothing.
fn check(arguments: &ServeArgs) -> Result<(), StartError> {
    let ServeArgs { auth, host, insecure_dev_context, behind_proxy, .. } = *arguments;
    let sync = arguments.sync_addr.unwrap_or(usual_sync(arguments)).ip();
    let reached = [host, sync].into_iter().find(|host| !host.is_loopback());
    match (auth, reached) {
        (Auth::Dev, _) if behind_proxy => Err(StartError::Contradiction(
            "dev mode is for one's own machine, so nothing comes by a proxy: `--behind-proxy` needs `--auth jwt`",
        )),
        (Auth::Dev, Some(host)) if !insecure_dev_context => Err(StartError::NotLoopback(host)),
        (Auth::Jwt, _) if insecure_dev_context => Err(StartError::Contradiction(
            "`--insecure-dev-context` takes everyone's word for who they are, and `--auth jwt` takes nobody's: give one",
        )),
        (Auth::Jwt, Some(host)) if arguments.tls_cert.is_none() && !behind_proxy => Err(StartError::Unencrypted(host)),
        (Auth::Dev | Auth::Jwt, _) => Ok(()),
    }
}

/// Where streams of definitions are unless it is said otherwise.
fn usual_sync(arguments: &ServeArgs) -> SocketAddr {
    SocketAddr::new(arguments.host, SYNC_PORT)
}

/// An address beside the main one.
#[derive(Clone, Copy, Debug)]
pub struct Beside {
    what: &'static str,
    option: &'static str,
}

const METRICS: Beside = Beside { what: "/metrics is", option: "--management-addr" };
const STREAMS: Beside = Beside { what: "streams of definitions are", option: "--sync-addr" };

impl Beside {
    /// Listens where it was asked for. Who asked for nothing shall not fail to start a second server on the same machine:
    /// it has any port that is free where the usual one is taken, and the log says so.
    fn bind(self, asked: Option<SocketAddr>, usual: SocketAddr) -> Result<(TcpListener, SocketAddr), StartError> {
        let address = asked.unwrap_or(usual);
        let listener = match sockets::listen(address) {
            Err(error) if asked.is_none() && error.kind() == io::ErrorKind::AddrInUse => {
                let Self { what, option } = self;
                tracing::warn!("{address} is taken, so {what} elsewhere: choose where with `{option}`");
                sockets::listen(SocketAddr::new(address.ip(), 0))
            }
            bound => bound,
        };
        let bound = listener.and_then(|listener| Ok((listener.local_addr()?, listener)));
        bound.map(|(address, listener)| (listener, address)).map_err(|error| StartError::Beside(self, address, error))
    }
}

/// Ready at the first SIGTERM or SIGINT; both are listened for from this call on.
#[cfg(unix)]
fn end_signal() -> io::Result<impl Future<Output = ()>> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}

/// Ready at the first Ctrl-C.
#[cfg(not(unix))]
fn end_signal() -> io::Result<impl Future<Output = ()>> {
    Ok(async {
        let _ = tokio::signal::ctrl_c().await;
    })
}
