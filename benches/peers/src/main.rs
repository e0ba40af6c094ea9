//! Measures stitch and its peers side by side and writes what it found as Markdown.
//!
//! `peers [--quick]`: with it a few milliseconds a cell, only to see that everything answers right.

use std::process::ExitCode;
use std::time::Duration;

use peers::cell::{Cell, cells};
use peers::engines::Engine;
use peers::engines::datalogic::Rules;
use peers::engines::eppo::Eppo;
use peers::engines::feature_flag::FeatureFlag;
use peers::engines::flagd::Flagd;
use peers::engines::growthbook::GrowthBook;
use peers::engines::launchdarkly::LaunchDarkly;
use peers::engines::yggdrasil::Yggdrasil;
use peers::engines::{floor, stitch};
use peers::report::{About, Report};
use peers::segment::{Members, Memory};
use peers::threads::Scaling;
use peers::user::{User, users};

/// How long and how often.
struct Plan {
    rounds: usize,
    batch: Duration,
    /// Of [`peers::row::Row::SEGMENT`], where a batch may take seconds.
    segment_rounds: usize,
    segment_ids: usize,
    thread_rounds: usize,
    thread_time: Duration,
}

const FULL: Plan = Plan {
    rounds: 21,
    batch: Duration::from_millis(20),
    segment_rounds: 3,
    segment_ids: 1_000_000,
    thread_rounds: 5,
    thread_time: Duration::from_millis(200),
};

const QUICK: Plan = Plan {
    rounds: 3,
    batch: Duration::from_millis(2),
    segment_rounds: 1,
    segment_ids: 10_000,
    thread_rounds: 1,
    thread_time: Duration::from_millis(5),
};

/// All that is measured, of all engines.
#[derive(Default)]
struct Everything {
    about: Vec<About>,
    cells: Vec<Cell>,
    segment: Vec<Cell>,
    memory: Vec<Memory>,
    scaling: Vec<Scaling>,
}

impl Everything {
    fn peer<E: Engine>(&mut self, users: &'static [User], members: &Members) {
        self.about.push(About::peer::<E>());
        self.add::<E>(users, members);
    }

    fn ours<E: Engine>(&mut self, users: &'static [User], members: &Members) {
        self.about.push(About::ours::<E>());
        self.add::<E>(users, members);
    }

    fn add<E: Engine>(&mut self, users: &'static [User], members: &Members) {
        eprintln!("{}: checking and warming up", E::NAME);
        self.cells.extend(cells::<E>(users));
        self.scaling.push(Scaling::of::<E>(users));
        let (cells, memory) = members.cells::<E>();
        self.segment.extend(cells);
        self.memory.extend(memory);
    }
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let plan = match arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        [] => FULL,
        ["--quick"] => QUICK,
        _ => {
            eprintln!("usage: peers [--quick]");
            return ExitCode::FAILURE;
        }
    };
    let users: &'static [User] = Vec::leak(users());
    let members = Members::new(plan.segment_ids);
    let mut all = Everything::default();
    all.ours::<stitch::ByName<true>>(users, &members);
    all.ours::<stitch::ByName<false>>(users, &members);
    all.ours::<stitch::ByHandle<true>>(users, &members);
    all.ours::<stitch::ByHandle<false>>(users, &members);
    all.ours::<floor::ByName>(users, &members);
    all.ours::<floor::ByHandle>(users, &members);
    all.peer::<Yggdrasil>(users, &members);
    all.peer::<Eppo>(users, &members);
    all.peer::<Rules>(users, &members);
    all.peer::<LaunchDarkly>(users, &members);
    all.peer::<GrowthBook>(users, &members);
    all.peer::<FeatureFlag>(users, &members);
    all.peer::<Flagd>(users, &members);

    measure(&mut all.cells, plan.batch, plan.rounds);
    measure(&mut all.segment, plan.batch, plan.segment_rounds);
    for _ in 0..plan.thread_rounds {
        for scaling in &mut all.scaling {
            scaling.round(plan.thread_time);
        }
    }
    let Everything { about, mut cells, segment, memory, scaling } = all;
    cells.extend(segment);
    let rounds = (plan.rounds, plan.batch);
    print!("{}", Report { about: &about, cells: &cells, memory: &memory, scaling: &scaling, rounds });
    ExitCode::SUCCESS
}

/// Round by round, row by row, each engine a batch: what disturbs the machine disturbs neighbours alike.
fn measure(cells: &mut [Cell], batch: Duration, rounds: usize) {
    cells.sort_by_key(|cell| cell.row as usize);
    for cell in cells.iter_mut() {
        cell.calibrate(batch);
    }
    for _ in 0..rounds {
        for cell in cells.iter_mut() {
            cell.round();
        }
    }
}
