//! How long clients take to come back after an outage, against the window out of which they draw their waiting: plots
//! in `benches/storm/`, figures on standard output.
//!
//! `cargo run --release -p benches --bin storm` plays every storm with the same seed, and fails where a random wait out
//! of a window that is wide enough does not bring all back within twice the window.

use std::path::Path;
use std::process::ExitCode;

use benches::plot::{Line, log_log};
use benches::storm::{Jitter, Outcome, Storm, TOO_LONG};

const SEED: u64 = 20_26;

/// A part of ten million clients on a thousand replicas. What is seen at one replica depends on how many clients there
/// are for each, and on nothing else; the last storm that is played is the whole one and shows it.
const STORM: Storm = Storm {
    clients: 10_000_000 / PART,
    replicas: 1_000 / PART,
    outage: 60.0,
    // As stitch's own client does it unless told otherwise.
    jitter: Jitter::Full,
    first: 0.5,
    window: 60.0,
    patience: 40.0,
    accepts: 1_000.0,
    room: 4_096,
    limit: f64::INFINITY,
    line: LINE,
    bytes: CHANGE,
};

const PART: u32 = 500;

/// Two and a half gigabits a second, in bytes.
const LINE: f64 = 2.5e9 / 8.0;
/// What a client lacks that comes back with its number, and one that comes with nothing (`benches/results/sync.md`).
const CHANGE: f64 = 1e3;
const SNAPSHOT: f64 = 5e6;

const JITTERS: [(&str, Jitter); 4] =
    [("none", Jitter::None), ("equal", Jitter::Equal), ("full", Jitter::Full), ("decorrelated", Jitter::Decorrelated)];

/// Seconds.
const WINDOWS: [f64; 9] = [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0];

/// A line: its name, and what became of the storm for each window.
type Played = (&'static str, Vec<(f64, Outcome)>);

fn main() -> ExitCode {
    let resumed = JITTERS.map(|(name, jitter)| play(name, Storm { jitter, ..STORM }));
    let bound = |storm: &Storm| ("at full speed".to_owned(), WINDOWS.map(|window| (window, storm.least())).into());
    let all = |outcome: &Outcome| outcome.all.min(TOO_LONG);
    let mut recovered = lines(&resumed, all);
    recovered.push(bound(&STORM));
    draw("recovered.svg", "By number: until the last is back", "seconds", &recovered);
    let peak = lines(&resumed, |outcome| f64::from(outcome.peak) / STORM.capacity());
    draw("peak.svg", "By number: the fullest second", "tries, to one that can be accepted", &peak);
    let tries = lines(&resumed, |outcome| outcome.tries / f64::from(STORM.clients));
    draw("tries.svg", "By number: tries until all are back", "tries of a client", &tries);

    let snapshot = Storm { bytes: SNAPSHOT, ..STORM };
    let limited = Storm { limit: (LINE / SNAPSHOT).floor(), ..snapshot };
    let begun = [("snapshots", snapshot), ("snapshots, limited", limited)].map(|(name, storm)| play(name, storm));
    let mut recovered = lines(&begun, all);
    recovered.push(bound(&snapshot));
    draw("snapshots.svg", "With a snapshot: until the last is back", "seconds; at 600, never", &recovered);

    let whole = Storm { clients: PART * STORM.clients, replicas: PART * STORM.replicas, ..STORM };
    println!("{} clients on {} replicas, full jitter", whole.clients, whole.replicas);
    say(whole.window, &whole, &whole.play(SEED));

    // Wherever the window is wide enough, a random wait brings all back as soon as it can.
    let wide = |window: f64| window >= 2.0 * STORM.least() && window <= STORM.outage;
    let late = |(window, outcome): &(f64, Outcome)| wide(*window) && outcome.all > 2.0 * window;
    let random = resumed.iter().filter(|(name, _)| *name != "none");
    if random.flat_map(|(_, played)| played).any(late) { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

fn play(name: &'static str, storm: Storm) -> Played {
    println!("{name}, {} clients on {} replicas, {} bytes each", storm.clients, storm.replicas, storm.bytes);
    let outcome = |window| {
        let outcome = Storm { window, ..storm }.play(SEED);
        say(window, &storm, &outcome);
        (window, outcome)
    };
    (name, WINDOWS.map(outcome).into())
}

fn say(window: f64, storm: &Storm, outcome: &Outcome) {
    let Outcome { half, all, peak, tries, wasted } = *outcome;
    let clients = f64::from(storm.clients);
    println!(
        "  window {window:>5} s: half back after {half:>6.1} s, all after {all:>6.1} s; {:>6.1} tries each, \
         {:>5.1} times what can be accepted in the fullest second; {:>7.1} MB each for nothing",
        tries / clients,
        f64::from(peak) / storm.capacity(),
        wasted / clients / 1e6,
    );
}

/// One for each storm that was played.
fn lines(played: &[Played], figure: impl Fn(&Outcome) -> f64) -> Vec<Line> {
    let line = |(name, outcomes): &Played| {
        let points = outcomes.iter().map(|(window, outcome)| (*window, figure(outcome)));
        ((*name).to_owned(), points.collect())
    };
    played.iter().map(line).collect()
}

fn draw(file: &str, title: &str, y_axis: &str, lines: &[Line]) {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("storm");
    std::fs::create_dir_all(&directory).expect("the directory can be made");
    let svg = log_log(title, "window of the backoff, in seconds", y_axis, lines);
    std::fs::write(directory.join(file), svg).expect("the plot can be written");
}
