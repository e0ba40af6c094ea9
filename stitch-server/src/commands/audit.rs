//! `stitch-server audit verify`: whether the audit log is whole.

use std::process::ExitCode;

use clap::{Args, Subcommand};

use super::visit::{At, Failure, tell};
use crate::error::{Code, Error};

/// See that nothing in the audit log was changed, removed or moved
#[derive(Args, Clone, Debug)]
#[command(after_help = "Exit status: 0 whole, 1 tampered with, 2 the store cannot be used.")]
pub struct Audit {
    #[command(subcommand)]
    command: Command,
}

#[derive(Clone, Debug, Subcommand)]
enum Command {
    /// Go through the whole log, beside a server or without one
    Verify(At),
}

impl Audit {
    /// Does it.
    pub fn run(&self) -> ExitCode {
        let Command::Verify(at) = &self.command;
        tell(verify(at))
    }
}

fn verify(at: &At) -> Result<String, Failure> {
    match at.open()?.verify_audit()? {
        Ok(entries) => {
            let entries = usize::try_from(entries).unwrap_or(usize::MAX);
            Ok(format!(
                "the audit log is whole: {}\n",
                if entries == 1 { "1 entry".to_owned() } else { format!("{entries} entries") }
            ))
        }
        Err(wrong) => Err(Failure::Refused(Error::new(Code::Conflict, wrong))),
    }
}
