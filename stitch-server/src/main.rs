//! `stitch-server`: see `--help`.

use std::process::ExitCode;

use clap::Parser;
use stitch_server::config::Cli;

fn main() -> ExitCode {
    Cli::parse().run()
}
