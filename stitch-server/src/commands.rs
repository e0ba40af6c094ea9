//! What the binary does besides serving: look at a registry file and ask it questions, and keep a store's people and
//! keys.
//!
//! Each command is a set of arguments that runs. What it says is made by functions that return text, so that tests
//! read it; only `emit` and `complain` write.

use std::io::{self, IsTerminal, Write};
use std::process::ExitCode;

use clap::ValueEnum;

pub mod audit;
pub mod copy;
pub mod definitions;
pub mod eval;
pub mod keys;
pub mod metrics;
pub mod signing_keys;
pub mod users;
pub mod validate;

mod excerpt;
mod places;
mod report;
mod source;
mod table;
mod text;
mod visit;

/// The command ran and its answer is yes.
const SUCCESS: u8 = 0;
/// The command ran and its answer is no: errors in the definitions, no such flag.
const REFUSED: u8 = 1;
/// The command could not run: a file that cannot be read, a context that is none. clap's own status for bad usage.
const UNUSABLE: u8 = 2;

/// The form in which a command answers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people.
    #[default]
    Text,
    /// For programs: one JSON value on one line.
    Json,
}

/// Writes an answer to standard output and ends with `status`.
fn emit(answer: &str, status: u8) -> ExitCode {
    written(io::stdout().lock().write_all(answer.as_bytes()), status)
}

/// Writes what went wrong to standard error, so that standard output holds answers only, and ends with `status`.
fn complain(complaint: &str, status: u8) -> ExitCode {
    written(io::stderr().lock().write_all(complaint.as_bytes()), status)
}

fn written(result: io::Result<()>, status: u8) -> ExitCode {
    match result {
        // A reader that has seen enough (`| head`) is no failure.
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            // Where this cannot be written either, the status still tells.
            let _ = writeln!(io::stderr(), "error: cannot write the answer: {error}");
            ExitCode::from(UNUSABLE)
        }
        _ => ExitCode::from(status),
    }
}

/// Whether what goes there may be coloured: a terminal, and nobody who asked for none (<https://no-color.org>).
fn may_colour(stream: &impl IsTerminal) -> bool {
    stream.is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
}
