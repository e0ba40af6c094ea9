//! Measures stitch and its peers side by side and writes what it found as Markdown.
//!
//! `peers [--quick]`: with it a few milliseconds a cell, only to see that everything answers right. `peers --threads`
//! measures row J, which needs two processors.

use std::process::ExitCode;

use peers::run;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        [] => run::times(&run::FULL),
        ["--quick"] => run::times(&run::QUICK),
        ["--threads"] => run::threads(&run::FULL),
        ["--threads", "--quick"] => run::threads(&run::QUICK),
        _ => {
            eprintln!("usage: peers [--threads] [--quick]");
            return ExitCode::FAILURE;
        }
    }
    ExitCode::SUCCESS
}
