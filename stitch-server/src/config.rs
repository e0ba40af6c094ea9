//! The command line; the environment fills in what it leaves out.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::process::ExitCode;

use axum::http::{HeaderValue, Uri};
use clap::{Args, Parser, Subcommand, ValueEnum};
use tracing_subscriber::filter::LevelFilter;

use crate::commands::audit::Audit;
use crate::commands::copy::{Backup, Restore};
use crate::commands::definitions::{Export, Import};
use crate::commands::eval::Eval;
use crate::commands::keys::Keys;
use crate::commands::metrics::Metrics;
use crate::commands::signing_keys::SigningKeys;
use crate::commands::users::Users;
use crate::commands::validate::Validate;
use crate::hints;
use crate::start;
use crate::start::store::Place;
use crate::store::sqlite::DATABASE;

/// Feature flags: serve them over HTTP, check a registry, ask one flag.
#[derive(Debug, Parser)]
#[command(name = "stitch-server", version, args_conflicts_with_subcommands = true)]
pub struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    serve: ServeArgs,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve flags over HTTP (what happens without a command)
    Serve(ServeArgs),
    /// Check a registry and report everything that is wrong with it
    Validate(Validate),
    /// Evaluate flags of a registry, without a server
    Eval(Eval),
    /// List and change the metrics that SDK clients may report
    Metrics(Metrics),
    /// Write the store's registry document to standard output
    Export(Export),
    /// Put a registry document into the store
    Import(Import),
    /// See that nothing in the audit log was changed, removed or moved
    Audit(Audit),
    /// Copy the store into a file, whether or not a server serves it
    Backup(Backup),
    /// Put a backup in the store's place, whether or not a server serves it
    Restore(Restore),
    /// Make, list and revoke the keys of SDK clients
    Keys(Keys),
    /// List and rotate what the tokens of people are signed with
    SigningKeys(SigningKeys),
    /// Add, list, change and remove people
    Users(Users),
}

impl Cli {
    /// Does what the command line asks for.
    pub fn run(&self) -> ExitCode {
        match &self.command {
            None => start::run(&self.serve),
            Some(Command::Serve(serve)) => start::run(serve),
            Some(Command::Validate(validate)) => validate.run(),
            Some(Command::Eval(eval)) => eval.run(),
            Some(Command::Metrics(metrics)) => metrics.run(),
            Some(Command::Export(export)) => export.run(),
            Some(Command::Import(import)) => import.run(),
            Some(Command::Audit(audit)) => audit.run(),
            Some(Command::Backup(backup)) => backup.run(),
            Some(Command::Restore(restore)) => restore.run(),
            Some(Command::Keys(keys)) => keys.run(),
            Some(Command::SigningKeys(signing_keys)) => signing_keys.run(),
            Some(Command::Users(users)) => users.run(),
        }
    }
}

/// How to serve.
#[derive(Args, Clone, Debug)]
pub struct ServeArgs {
    /// Port to listen on; 0 takes any that is free
    #[arg(long, env = "FF_PORT", default_value_t = DEFAULT_PORT, value_parser = port)]
    pub port: u16,
    /// Address to listen on
    #[arg(long, env = "STITCH_HOST", default_value_t = IpAddr::V4(Ipv4Addr::LOCALHOST), value_parser = host)]
    pub host: IpAddr,
    /// Address of streams of definitions (gRPC); without it port 50050 of the same host, or any free port where that one
    /// is taken
    #[arg(long, value_name = "ADDRESS", env = "STITCH_SYNC_ADDR")]
    pub sync_addr: Option<SocketAddr>,
    /// Address of /metrics; without it 127.0.0.1:9464, or any free port where that one is taken
    #[arg(long, value_name = "ADDRESS", env = "STITCH_MANAGEMENT_ADDR")]
    pub management_addr: Option<SocketAddr>,
    /// Registry to serve, read-only and watched for changes; without it the store's own
    #[arg(long, value_name = "FILE", env = "STITCH_REGISTRY")]
    pub registry: Option<PathBuf>,
    /// Where everything is kept: a file, made at the first start; a database that servers share, as
    /// `postgres://USER@HOST/DATABASE` (the password is better in the environment's PGPASSWORD); or `memory` for nowhere
    #[arg(long, value_name = "PLACE", env = "STITCH_STORE", hide_env_values = true, default_value = DATABASE)]
    pub store: Place,
    /// Redis, through which servers that share a store tell each other what they wrote: `redis://USER:PASSWORD@HOST`
    #[arg(long, value_name = "ADDRESS", env = "STITCH_REDIS", hide_env_values = true)]
    pub redis: Option<hints::Address>,
    /// Channel of Redis on which they do
    #[arg(long, value_name = "NAME", env = "STITCH_REDIS_CHANNEL", default_value = hints::CHANNEL)]
    pub redis_channel: String,
    /// Where the evaluation context comes from
    #[arg(long, env = "STITCH_AUTH", value_enum, default_value_t = Auth::Dev)]
    pub auth: Auth,
    /// Take everyone's word for who they are from other machines too; refuses all writes
    #[arg(long)]
    pub insecure_dev_context: bool,
    /// Certificate chain for TLS, PEM
    #[arg(long, value_name = "FILE", env = "STITCH_TLS_CERT", requires = "tls_key")]
    pub tls_cert: Option<PathBuf>,
    /// Private key of the certificate, PEM
    #[arg(long, value_name = "FILE", env = "STITCH_TLS_KEY", requires = "tls_cert")]
    pub tls_key: Option<PathBuf>,
    /// A proxy before this server encrypts, and the last hop of its `X-Forwarded-For` is where a request comes from
    #[arg(long, env = "STITCH_BEHIND_PROXY")]
    pub behind_proxy: bool,
    /// Outside identity providers to trust, a JSON array of `{issuer, audience, jwks, claims?, roles?}`
    #[arg(long, value_name = "FILE", env = "STITCH_ISSUERS")]
    pub issuers: Option<PathBuf>,
    /// Bytes that a request's body may have
    #[arg(long, value_name = "BYTES", env = "STITCH_BODY_LIMIT", default_value_t = 1 << 20)]
    pub body_limit: usize,
    /// Origin whose pages may read health, eval and OFREP, exactly as browsers write it; repeatable
    #[arg(long = "cors-origin", value_name = "ORIGIN", env = "STITCH_CORS_ORIGINS", value_delimiter = ',', value_parser = origin)]
    pub cors_origins: Vec<HeaderValue>,
    /// Streams, of events and of definitions, that may be open at once
    #[arg(long, value_name = "COUNT", env = "STITCH_MAX_STREAMS", default_value_t = 10_000)]
    pub max_streams: usize,
    /// Days for which events are kept
    #[arg(long, value_name = "DAYS", env = "STITCH_EVENT_RETENTION_DAYS", default_value_t = 90, value_parser = clap::value_parser!(u32).range(1..=36_500))]
    pub event_retention_days: u32,
    /// Requests a second that each SDK key may send, as many at once; 0 for no limit
    #[arg(long, value_name = "COUNT", env = "STITCH_SDK_RATE_LIMIT", default_value_t = 5_000)]
    pub sdk_rate_limit: u32,
    /// Form of the log, which goes to standard error
    #[arg(long, env = "STITCH_LOG_FORMAT", value_enum, default_value_t = LogFormat::Human)]
    pub log_format: LogFormat,
    /// Log one request of so many; 0 logs none
    #[arg(long, value_name = "COUNT", env = "STITCH_ACCESS_LOG", default_value_t = 0)]
    pub access_log: u64,
    /// What is logged: error, warn, info, or debug for every request too
    #[arg(long, value_name = "LEVEL", env = "STITCH_LOG_LEVEL", default_value_t = LevelFilter::INFO)]
    pub log_level: LevelFilter,
}

/// Where the evaluation context comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Auth {
    /// Headers, body and query: for one's own machine
    Dev,
    /// A verified token
    Jwt,
}

/// The form of the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// For people
    Human,
    /// One JSON object a line
    Json,
}

const DEFAULT_PORT: u16 = 8080;

/// A port; an empty one is as good as none, since that is how environments leave a variable unset.
fn port(text: &str) -> Result<u16, String> {
    match text {
        "" => Ok(DEFAULT_PORT),
        _ => text.parse().map_err(|_| "give a port of 0 to 65535, here or in the environment's FF_PORT".to_owned()),
    }
}

/// An address, or the one name that needs no looking up.
fn host(text: &str) -> Result<IpAddr, String> {
    match text {
        "localhost" => Ok(IpAddr::V4(Ipv4Addr::LOCALHOST)),
        _ => text.parse().map_err(|_| "give an IP address, or `localhost`".to_owned()),
    }
}

/// An origin exactly as browsers write it, since it is compared byte by byte.
fn origin(text: &str) -> Result<HeaderValue, String> {
    let wrong = || {
        "give an origin as browsers write it: `http` or `https`, `://`, a host in lower case, and a port \
        only where it is not the usual one; nothing after it, and no `*`"
            .to_owned()
    };
    let uri: Uri = text.parse().map_err(|_| wrong())?;
    let (Some(scheme), Some(authority)) = (uri.scheme_str(), uri.authority()) else { return Err(wrong()) };
    let usual = match scheme {
        "http" => 80,
        "https" => 443,
        _ => return Err(wrong()),
    };
    let exact = text == format!("{scheme}://{authority}")
        && !text.contains(['*', '@'])
        && !text.bytes().any(|byte| byte.is_ascii_uppercase())
        && !authority.as_str().ends_with(':')
        && authority.port_u16() != Some(usual);
    if exact { HeaderValue::from_str(text).map_err(|_| wrong()) } else { Err(wrong()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_is_taken_only_as_browsers_write_it() {
        for text in ["https://app.example.com", "http://localhost:3000", "http://[::1]:8080", "https://example.com:80"]
        {
            assert_eq!(origin(text).unwrap(), text);
        }
        for text in [
            "*",
            "null",
            "",
            "app.example.com",
            "https://",
            "https://*.example.com",
            "https://app.example.com/",
            "https://app.example.com/path",
            "https://App.example.com",
            "https://app.example.com:443",
            "http://app.example.com:80",
            "https://app.example.com:",
            "https://user@app.example.com",
            "ftp://app.example.com",
            "https://app.example.com https://b.example.com",
        ] {
            assert!(origin(text).is_err(), "{text}");
        }
    }

    #[test]
    fn the_definition_is_sound() {
        <Cli as clap::CommandFactory>::command().debug_assert();
    }

    #[test]
    fn serving_is_what_happens_without_a_command() {
        let port = |line: &str| match Cli::try_parse_from(line.split(' ')).unwrap() {
            Cli { command: None, serve } | Cli { command: Some(Command::Serve(serve)), .. } => serve.port,
            Cli { .. } => panic!("another command"),
        };
        assert_eq!(port("stitch-server --port 9000"), 9000);
        assert_eq!(port("stitch-server serve --port 9001"), 9001);
    }
}
