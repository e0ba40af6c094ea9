//! How many instructions the rows A to E take, against those that `benches/instructions.toml` keeps.
//!
//! `cargo build --release -p benches --bins && target/release/instructions` counts with valgrind and fails where a row
//! takes over five per cent more than is kept, and over five instructions, if it was kept with this toolchain on this
//! family of processors.
//! `instructions --keep` writes the file anew: for a rise that is meant, and after a new toolchain.

use std::collections::BTreeMap;
use std::env;
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

/// Evaluations of a row's two runs, whose difference is free of all that happens only once.
const RUNS: [u64; 2] = [2_560, 12_800];
/// How much more than kept a row may take, in per cent.
const ALLOWED: u64 = 5;
/// What the same sources may take more in another folder: its name orders what the compiler lays out, and the loop around
/// a row of sixty instructions was seen to take three more.
const LAYOUT: u64 = 5;
/// How a flag is asked: its value and the whole evaluation, by name and by handle.
const WAYS: [&str; 4] = ["engine-bool", "name", "bool", "handle"];

fn main() -> ExitCode {
    let keep = match env::args().skip(1).collect::<Vec<_>>().as_slice() {
        [] => false,
        [argument] if argument == "--keep" => true,
        _ => {
            eprintln!("usage: instructions [--keep]");
            return ExitCode::FAILURE;
        }
    };
    if !has_valgrind() {
        // Where nobody looks at the output, a check that does not run must not pass.
        let required = env::var("CI").is_ok_and(|ci| ci == "true");
        let outcome = if required { "failed" } else { "skipped" };
        eprintln!("instruction counts {outcome}: valgrind is not installed (apt-get install valgrind)");
        return if required { ExitCode::FAILURE } else { ExitCode::SUCCESS };
    }
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("instructions.toml");
    let (machine, counts) = (machine(), count_all());
    if keep {
        std::fs::write(&file, render(&machine, &counts)).expect("the file can be written");
        println!("kept in {}", file.display());
        return ExitCode::SUCCESS;
    }
    let kept = parse(&std::fs::read_to_string(&file).expect("benches/instructions.toml is there"));
    compare(&machine, &counts, &kept)
}

fn has_valgrind() -> bool {
    Command::new("valgrind").arg("--version").output().is_ok_and(|output| output.status.success())
}

/// Instructions of each row, in each way.
fn count_all() -> BTreeMap<String, u64> {
    let mut counts = BTreeMap::new();
    for (row, key) in benches::ROWS {
        for way in WAYS {
            let [few, many] = RUNS.map(|run| count(key, way, run));
            counts.insert(format!("{row}-{way}"), (many - few) / (RUNS[1] - RUNS[0]));
        }
    }
    counts
}

/// Instructions of a whole run.
fn count(key: &str, way: &str, evaluations: u64) -> u64 {
    let row: PathBuf = env::current_exe().expect("this program is somewhere").with_file_name("row");
    let mut command = Command::new("valgrind");
    command.args(["--tool=callgrind", "--callgrind-out-file=/dev/null"]);
    command.arg(row).args([key, way, &evaluations.to_string()]);
    let output = command.output().expect("valgrind runs");
    let report = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "`row {key} {way}` failed, build it first:\n{report}");
    let collected = report.split("Collected : ").nth(1).and_then(|rest| rest.split_whitespace().next());
    collected.and_then(|count| count.parse().ok()).expect("callgrind tells how many it collected")
}

/// What the counts depend on beside the code.
fn machine() -> BTreeMap<String, String> {
    let compiler = env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let output = Command::new(compiler).arg("--version").output().expect("rustc runs");
    let cpu = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let field = |name: &str| {
        let line = cpu.lines().find(|line| line.split(':').next().is_some_and(|key| key.trim() == name));
        line.and_then(|line| line.split(':').nth(1)).map_or("unknown", str::trim)
    };
    BTreeMap::from([
        ("toolchain".to_owned(), String::from_utf8_lossy(&output.stdout).trim().to_owned()),
        ("processors".to_owned(), format!("{} family {}", field("vendor_id"), field("cpu family"))),
    ])
}

fn render(machine: &BTreeMap<String, String>, counts: &BTreeMap<String, u64>) -> String {
    let mut text = "# Instructions per evaluation of the rows A to E, and of the loop around it: `cargo build --release -p benches\n\
                    # --bins && target/release/instructions --keep` writes this file. Ways: `engine-bool` and `name` look the name\n\
                    # up, `bool` and `handle` do not; `name` and `handle` give the whole evaluation.\n"
        .to_owned();
    for (key, value) in machine {
        let _ = writeln!(text, "{key} = \"{value}\"");
    }
    for (key, value) in counts {
        let _ = writeln!(text, "{key} = {value}");
    }
    text
}

/// The keys and values of the file, quotes taken off.
fn parse(text: &str) -> BTreeMap<String, String> {
    let lines = text.lines().filter(|line| !line.starts_with('#')).filter_map(|line| line.split_once('='));
    lines.map(|(key, value)| (key.trim().to_owned(), value.trim().trim_matches('"').to_owned())).collect()
}

fn compare(
    machine: &BTreeMap<String, String>,
    counts: &BTreeMap<String, u64>,
    kept: &BTreeMap<String, String>,
) -> ExitCode {
    let elsewhere: Vec<&String> =
        machine.iter().filter(|(key, value)| kept.get(*key) != Some(*value)).map(|(key, _)| key).collect();
    let mut risen = false;
    for (row, &count) in counts {
        let before: u64 = kept.get(row).and_then(|count| count.parse().ok()).unwrap_or_default();
        let over = count > before + LAYOUT.max(before * ALLOWED / 100);
        println!("{row:<16} {count:>6} instructions, {before:>6} kept{}", if over { "  MORE" } else { "" });
        risen |= over;
    }
    if !elsewhere.is_empty() {
        println!(
            "kept with another {}: nothing to hold them against",
            elsewhere.iter().map(|key| key.as_str()).collect::<Vec<_>>().join(" and other ")
        );
        return ExitCode::SUCCESS;
    }
    if risen {
        println!(
            "a row takes over {ALLOWED} % and over {LAYOUT} instructions more than kept: find out why, or keep it on purpose with `instructions --keep`"
        );
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_rendered_is_parsed() {
        let machine = BTreeMap::from([("toolchain".to_owned(), "rustc 1.2.3 (x 2020)".to_owned())]);
        let kept = parse(&render(&machine, &BTreeMap::from([("A-bool".to_owned(), 70)])));
        assert_eq!(kept["toolchain"], "rustc 1.2.3 (x 2020)");
        assert_eq!(kept["A-bool"], "70");
    }
}
