//! What is done with every engine: measured, counted, or run by two threads.

use std::time::Duration;

use crate::cell::{Cell, cells};
use crate::engines::Engine;
use crate::engines::datalogic::Rules;
use crate::engines::eppo::Eppo;
use crate::engines::feature_flag::FeatureFlag;
use crate::engines::flagd::Flagd;
use crate::engines::growthbook::GrowthBook;
use crate::engines::launchdarkly::LaunchDarkly;
use crate::engines::yggdrasil::Yggdrasil;
use crate::engines::{floor, stitch};
use crate::report::{self, About, Counted, Report};
use crate::row::Row;
use crate::segment::{Members, Memory};
use crate::threads::Scaling;
use crate::user::{User, users};

/// How long and how often.
#[derive(Debug)]
pub struct Plan {
    /// Of every row but those of the segment.
    pub rounds: usize,
    /// How long a round of a cell is, where one time is not longer.
    pub batch: Duration,
    /// Of [`Row::SEGMENT`], where a batch may take seconds.
    pub segment_rounds: usize,
    /// How many it lists.
    pub segment_ids: usize,
    /// Of row J.
    pub thread_rounds: usize,
    /// And how long one is.
    pub thread_time: Duration,
}

/// For figures.
pub const FULL: Plan = Plan {
    rounds: 21,
    batch: Duration::from_millis(20),
    segment_rounds: 3,
    segment_ids: 1_000_000,
    thread_rounds: 15,
    thread_time: Duration::from_millis(200),
};

/// To see that all is right.
pub const QUICK: Plan = Plan {
    rounds: 3,
    batch: Duration::from_millis(2),
    segment_rounds: 1,
    segment_ids: 10_000,
    thread_rounds: 1,
    thread_time: Duration::from_millis(5),
};

/// Does the same with each engine, in the order of the tables' columns.
trait Each {
    fn with<E: Engine>(&mut self, about: About);

    fn all(&mut self) {
        self.with::<stitch::ByName<true>>(About::ours::<stitch::ByName<true>>());
        self.with::<stitch::ByName<false>>(About::ours::<stitch::ByName<false>>());
        self.with::<stitch::ByHandle<true>>(About::ours::<stitch::ByHandle<true>>());
        self.with::<stitch::ByHandle<false>>(About::ours::<stitch::ByHandle<false>>());
        self.with::<floor::ByName>(About::ours::<floor::ByName>());
        self.with::<floor::ByHandle>(About::ours::<floor::ByHandle>());
        self.with::<Yggdrasil>(About::peer::<Yggdrasil>());
        self.with::<Eppo>(About::peer::<Eppo>());
        self.with::<Rules>(About::peer::<Rules>());
        self.with::<LaunchDarkly>(About::peer::<LaunchDarkly>());
        self.with::<GrowthBook>(About::peer::<GrowthBook>());
        self.with::<FeatureFlag>(About::peer::<FeatureFlag>());
        self.with::<Flagd>(About::peer::<Flagd>());
    }
}

/// The engines' cells, whose answers have been checked.
struct Measured {
    users: &'static [User],
    members: Members,
    about: Vec<About>,
    rounds: Vec<Cell>,
    segment: Vec<Cell>,
}

impl Measured {
    fn new(plan: &Plan) -> Self {
        let users = Vec::leak(users());
        let members = Members::new(plan.segment_ids);
        let mut all = Self { users, members, about: Vec::new(), rounds: Vec::new(), segment: Vec::new() };
        all.all();
        all
    }
}

impl Each for Measured {
    fn with<E: Engine>(&mut self, about: About) {
        eprintln!("{}: checking its answers", E::NAME);
        self.about.push(about);
        self.rounds.extend(cells::<E>(self.users));
        self.segment.extend(self.members.cells::<E>());
    }
}

/// Measures every row but J, and prints the tables.
pub fn times(plan: &Plan) {
    let Measured { users, about, rounds: mut cells, mut segment, .. } = Measured::new(plan);
    cells.extend(
        Row::ROUNDS.into_iter().filter(|row| row.floor_bar().is_some()).map(|row| Cell::of_the_loop(row, users)),
    );
    measure(&mut cells, plan.batch, plan.rounds);
    measure(&mut segment, plan.batch, plan.segment_rounds);
    cells.extend(segment);
    print!("{}", Report { about: &about, cells: &cells, plan });
}

/// Round by round, row by row, each engine a batch: what disturbs the machine disturbs neighbours alike. Who begins
/// changes with each round.
fn measure(cells: &mut [Cell], batch: Duration, rounds: usize) {
    cells.sort_by_key(|cell| cell.row as usize);
    for cell in cells.iter_mut() {
        cell.calibrate(batch);
    }
    for round in 0..rounds {
        for row in cells.chunk_by_mut(|one, other| one.row == other.row) {
            let count = row.len();
            for place in 0..count {
                row[(place + round) % count].round();
            }
        }
    }
}

/// Counts what is allocated and held, and prints the tables.
pub fn counts(plan: &Plan) {
    let Measured { members, about, rounds: mut cells, segment, .. } = Measured::new(plan);
    cells.extend(segment);
    let allocations: Vec<_> = cells
        .iter_mut()
        .map(|cell| Counted { row: cell.row, engine: cell.engine, allocations: cell.allocations() })
        .collect();
    let mut memory = Memories { members, lines: Vec::new() };
    memory.all();
    print!("{}", report::Counts { about: &about, allocations: &allocations, memory: &memory.lines });
}

struct Memories {
    members: Members,
    lines: Vec<Memory>,
}

impl Each for Memories {
    fn with<E: Engine>(&mut self, _: About) {
        self.lines.extend(self.members.memory::<E>());
    }
}

/// Measures row J, and prints its table.
pub fn threads(plan: &Plan) {
    let mut threads = Threads { users: Vec::leak(users()), scaling: Vec::new() };
    threads.all();
    for _ in 0..plan.thread_rounds {
        for scaling in &mut threads.scaling {
            scaling.round(plan.thread_time);
        }
    }
    print!("{}", report::Threads { scaling: &threads.scaling, plan });
}

struct Threads {
    users: &'static [User],
    scaling: Vec<Scaling>,
}

impl Each for Threads {
    fn with<E: Engine>(&mut self, _: About) {
        self.scaling.push(Scaling::of::<E>(self.users));
    }
}
