//! `stitch-server validate`: what is wrong with a registry file, and how to mend it.

use std::io;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;

use super::report::{Paint, Report, compile};
use super::source::Source;
use super::{Format, REFUSED, SUCCESS, UNUSABLE, complain, emit, may_colour};

/// Check a registry file: every problem at once, each with its place and how to mend it
#[derive(Args, Clone, Debug)]
#[command(after_help = "Exit status: 0 sound (warnings alone are sound), 1 errors, 2 the file cannot be read.")]
pub struct Validate {
    /// The registry file (JSON); `-` reads standard input
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// How to answer
    #[arg(long, value_enum, default_value_t)]
    pub format: Format,
}

impl Validate {
    /// Checks the file and says what was found.
    pub fn run(&self) -> ExitCode {
        let source = match Source::read(&self.file) {
            Ok(source) => source,
            Err(complaint) => return complain(&format!("error: {complaint}\n"), UNUSABLE),
        };
        let (_, report) = compile(&source);
        let status = if report.is_sound() { SUCCESS } else { REFUSED };
        emit(&answer(&report, self.format, Paint::new(may_colour(&io::stdout()))), status)
    }
}

/// What the command prints of a report.
pub(super) fn answer(report: &Report<'_>, format: Format, paint: Paint) -> String {
    match format {
        Format::Text => report.text(paint),
        Format::Json => report.json(),
    }
}
