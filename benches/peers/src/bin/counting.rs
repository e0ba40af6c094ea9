//! Counts what stitch and its peers allocate and hold, and writes it as Markdown: `counting [--quick]`. A program of its
//! own, so that nothing that is timed has an allocator that counts.

use std::process::ExitCode;

use peers::allocations::Counting;
use peers::run;

#[global_allocator]
static ALLOCATOR: Counting = Counting;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        [] => run::counts(&run::FULL),
        ["--quick"] => run::counts(&run::QUICK),
        _ => {
            eprintln!("usage: counting [--quick]");
            return ExitCode::FAILURE;
        }
    }
    ExitCode::SUCCESS
}
