//! The command line; the environment fills in what it leaves out.

use std::net::{IpAddr, Ipv4Addr};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand, ValueEnum};
use tracing_subscriber::filter::LevelFilter;

use crate::commands::eval::Eval;
use crate::commands::validate::Validate;
use crate::start;

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
}

impl Cli {
    /// Does what the command line asks for.
    pub fn run(&self) -> ExitCode {
        match &self.command {
            None => start::run(&self.serve),
            Some(Command::Serve(serve)) => start::run(serve),
            Some(Command::Validate(validate)) => validate.run(),
            Some(Command::Eval(eval)) => eval.run(),
        }
    }
}

/// How to serve.
#[derive(Args, Clone, Debug)]
pub struct ServeArgs {
    /// Port to listen on; 0 takes any that is free
    #[arg(long, env = "FF_PORT", default_value_t = 8080)]
    pub port: u16,
    /// Address to listen on
    #[arg(long, env = "STITCH_HOST", default_value_t = IpAddr::V4(Ipv4Addr::LOCALHOST), value_parser = host)]
    pub host: IpAddr,
    /// Registry to serve, read-only and watched for changes; without it the embedded one
    #[arg(long, value_name = "FILE", env = "STITCH_REGISTRY")]
    pub registry: Option<PathBuf>,
    /// Where the evaluation context comes from
    #[arg(long, env = "STITCH_AUTH", value_enum, default_value_t = Auth::Dev)]
    pub auth: Auth,
    /// Take everyone's word for who they are from other machines too
    #[arg(long)]
    pub insecure_dev_context: bool,
    /// Bytes that a request's body may have
    #[arg(long, value_name = "BYTES", env = "STITCH_BODY_LIMIT", default_value_t = 1 << 20)]
    pub body_limit: usize,
    /// Form of the log, which goes to standard error
    #[arg(long, env = "STITCH_LOG_FORMAT", value_enum, default_value_t = LogFormat::Human)]
    pub log_format: LogFormat,
    /// What is logged: error, warn, info, or debug for one line a request
    #[arg(long, value_name = "LEVEL", env = "STITCH_LOG_LEVEL", default_value_t = LevelFilter::INFO)]
    pub log_level: LevelFilter,
}

/// Where the evaluation context comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Auth {
    /// Headers, body and query: for one's own machine
    Dev,
}

/// The form of the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// For people
    Human,
    /// One JSON object a line
    Json,
}

/// An address, or the one name that needs no looking up.
fn host(text: &str) -> Result<IpAddr, String> {
    match text {
        "localhost" => Ok(IpAddr::V4(Ipv4Addr::LOCALHOST)),
        _ => text.parse().map_err(|_| "give an IP address, or `localhost`".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
