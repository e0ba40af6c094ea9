//! How many instructions the rows A to E take, against those that `benches/instructions.toml` keeps.
//!
//! `cargo build --release -p benches --bins && target/release/instructions` counts with valgrind and fails where a row
//! takes over five per cent more than is kept, and over five instructions, if it was kept with this toolchain on this
//! family of processors.
//! `instructions --keep` writes this family's counts anew: for a rise that is meant, and after a new toolchain.

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

/// What was counted on a family of processors.
#[derive(Debug, PartialEq)]
struct Counts {
    toolchain: String,
    rows: BTreeMap<String, u64>,
}

/// By processors.
type Kept = BTreeMap<String, Counts>;

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
    let mut kept = parse(&std::fs::read_to_string(&file).expect("benches/instructions.toml is there"));
    let (processors, toolchain, counts) = (processors(), toolchain(), count_all());
    if keep {
        kept.insert(processors, Counts { toolchain, rows: counts });
        std::fs::write(&file, render(&kept)).expect("the file can be written");
        println!("kept in {}", file.display());
        return ExitCode::SUCCESS;
    }
    let Some(kept) = kept.get(&processors).filter(|kept| kept.toolchain == toolchain) else {
        for (row, count) in &counts {
            println!("{row:<16} {count:>6} instructions");
        }
        println!("nothing is kept for {processors} and {toolchain}: keep it with `instructions --keep`");
        return ExitCode::SUCCESS;
    };
    if hold(&counts, &kept.rows) {
        return ExitCode::SUCCESS;
    }
    println!(
        "a row takes over {ALLOWED} % and over {LAYOUT} instructions more than kept: find out why, or keep it on \
         purpose with `instructions --keep`"
    );
    ExitCode::FAILURE
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

/// The processors: the system's library takes other ways on others.
fn processors() -> String {
    let cpu = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let field = |name: &str| {
        let line = cpu.lines().find(|line| line.split(':').next().is_some_and(|key| key.trim() == name));
        line.and_then(|line| line.split(':').nth(1)).map_or("unknown", str::trim)
    };
    format!("{} family {}", field("vendor_id"), field("cpu family"))
}

fn toolchain() -> String {
    let compiler = env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let output = Command::new(compiler).arg("--version").output().expect("rustc runs");
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

const HEAD: &str = "\
# Instructions per evaluation of the rows A to E, and of the loop around it, for each family of processors on which
# they were counted: `cargo build --release -p benches --bins && target/release/instructions --keep` writes those of the
# one it runs on. Ways: `engine-bool` and `name` look the name up, `bool` and `handle` do not; `name` and `handle` give
# the whole evaluation.
";

fn render(kept: &Kept) -> String {
    let mut text = HEAD.to_owned();
    for (processors, counts) in kept {
        let _ = writeln!(text, "\n[\"{processors}\"]\ntoolchain = \"{}\"", counts.toolchain);
        for (row, count) in &counts.rows {
            let _ = writeln!(text, "{row} = {count}");
        }
    }
    text
}

/// What [`render`] writes.
fn parse(text: &str) -> Kept {
    let sections = text.split("\n[\"").skip(1).map(|section| section.split_once("\"]").expect("a section has a name"));
    let counts = |lines: &str| {
        let pairs = lines.lines().filter_map(|line| line.split_once(" = "));
        let (toolchain, rows): (Vec<_>, Vec<_>) = pairs.partition(|(key, _)| *key == "toolchain");
        Counts {
            toolchain: toolchain.first().expect("a section names its toolchain").1.trim_matches('"').to_owned(),
            rows: rows.into_iter().map(|(row, count)| (row.to_owned(), count.parse().expect("a count"))).collect(),
        }
    };
    sections.map(|(processors, lines)| (processors.to_owned(), counts(lines))).collect()
}

/// Whether no row takes more than allowed.
fn hold(counts: &BTreeMap<String, u64>, kept: &BTreeMap<String, u64>) -> bool {
    let mut holds = true;
    for (row, &count) in counts {
        let before = kept.get(row).copied().unwrap_or_default();
        let over = count > before + LAYOUT.max(before * ALLOWED / 100);
        println!("{row:<16} {count:>6} instructions, {before:>6} kept{}", if over { "  MORE" } else { "" });
        holds &= !over;
    }
    holds
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(rows: &[(&str, u64)]) -> BTreeMap<String, u64> {
        rows.iter().map(|(row, count)| ((*row).to_owned(), *count)).collect()
    }

    #[test]
    fn what_is_rendered_is_parsed() {
        let of =
            |toolchain: &str, count| Counts { toolchain: toolchain.to_owned(), rows: counts(&[("A-bool", count)]) };
        let kept = Kept::from([
            ("AuthenticAMD family 25".to_owned(), of("rustc 1.2.3 (x 2020)", 70)),
            ("GenuineIntel family 6".to_owned(), of("rustc 1.2.4", 71)),
        ]);
        assert_eq!(parse(&render(&kept)), kept);
    }

    #[test]
    fn five_per_cent_and_five_instructions_are_allowed() {
        for (kept, most) in [(60, 65), (200, 210), (0, 5)] {
            let kept = counts(&[("A-bool", kept)]);
            assert!(hold(&counts(&[("A-bool", most)]), &kept));
            assert!(!hold(&counts(&[("A-bool", most + 1)]), &kept));
        }
    }
}
