//! Looks for differences between the engines for as long as told: `differences --for 30m [--seed N]`.

use std::process::ExitCode;
use std::time::{Duration, Instant};

use parity::{references, search};

/// Registries a round; the seed of the next round is one higher.
const ROUND: u32 = 200;

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let (mut length, mut seed) = (Duration::from_mins(1), 1_000);
    while let Some(argument) = arguments.next() {
        let value = arguments.next().unwrap_or_default();
        match argument.as_str() {
            "--for" => match duration(&value) {
                Some(duration) => length = duration,
                None => return usage(),
            },
            "--seed" => match value.parse() {
                Ok(number) => seed = number,
                Err(_) => return usage(),
            },
            _ => return usage(),
        }
    }
    let engines = match references() {
        Ok(engines) => engines,
        Err(error) => {
            eprintln!("the reference evaluators need `python3` and `node` on the path: {error}");
            return ExitCode::FAILURE;
        }
    };
    let (start, first) = (Instant::now(), seed);
    let (mut registries, mut evaluations, mut differences) = (0, 0, 0);
    while start.elapsed() < length {
        match search(&engines, seed, ROUND) {
            Ok(tally) => {
                registries += tally.registries;
                evaluations += tally.evaluations;
            }
            Err(difference) => {
                differences += 1;
                println!("seed {seed}: {difference}");
            }
        }
        seed += 1;
    }
    let engines: Vec<String> = engines.iter().map(parity::Subject::name).collect();
    println!(
        "core, {}: {registries} registries, {evaluations} evaluations, {differences} differences, seeds {first} to {}",
        engines.join(", "),
        seed - 1
    );
    if differences == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn usage() -> ExitCode {
    eprintln!("usage: differences [--for 90s|30m|2h] [--seed N]");
    ExitCode::FAILURE
}

fn duration(text: &str) -> Option<Duration> {
    let (number, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    let seconds = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 3600,
        _ => return None,
    };
    Some(Duration::from_secs(number.parse::<u64>().ok()? * seconds))
}
