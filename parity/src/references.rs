//! The engines in other languages.

use std::process::Command;

use crate::process::Process;
use crate::vectors::directory;

/// The evaluators written from the contract alone, in Python and JavaScript; and the wheel, where `STITCH_PYTHON` names
/// a Python that has it.
///
/// # Errors
///
/// If one of them cannot be started: they need `python3` and `node` on the path.
pub fn references() -> std::io::Result<Vec<Process>> {
    let directory = directory();
    let mut engines = vec![
        Process::start("python", Command::new("python3").arg(directory.join("evaluator.py")))?,
        Process::start("javascript", Command::new("node").arg(directory.join("evaluator_cli.mjs")))?,
    ];
    if let Some(python) = std::env::var_os("STITCH_PYTHON") {
        engines.push(Process::start("wheel", Command::new(python).arg(directory.join("engines/wheel.py")))?);
    }
    Ok(engines)
}
