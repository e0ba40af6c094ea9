//! A cell of the tables: one engine doing the work of one row.

use std::hint::black_box;
use std::time::{Duration, Instant};

use crate::allocations::{self, Allocations};
use crate::answers;
use crate::engines::{Engine, absent};
use crate::registry::Registry;
use crate::row::Row;
use crate::user::User;

/// Does its work so many times and tells how long that took.
type Work = Box<dyn FnMut(usize) -> Duration>;

/// One engine on one row.
pub struct Cell {
    /// The row.
    pub row: Row,
    /// [`Engine::NAME`].
    pub engine: &'static str,
    /// Nanoseconds of one time, a round each.
    pub rounds: Vec<f64>,
    /// Of one time.
    pub allocations: f64,
    work: Work,
    times: usize,
}

impl Cell {
    /// Warms the work up and counts what it allocates.
    pub fn new<E: Engine>(row: Row, mut work: impl FnMut(usize) -> Duration + 'static) -> Self {
        // What is made at a first use is not counted.
        work(row.warm_up());
        let (_, Allocations { calls, .. }) = allocations::of(|| work(row.warm_up()));
        #[expect(clippy::cast_precision_loss, reason = "a count of allocations")]
        let allocations = calls as f64 / row.warm_up() as f64;
        Self { row, engine: E::NAME, rounds: Vec::new(), allocations, work: Box::new(work), times: 0 }
    }

    /// How many times make a batch of that length.
    pub fn calibrate(&mut self, batch: Duration) {
        self.times = 1;
        loop {
            let took = (self.work)(self.times);
            if took * 4 >= batch {
                let share = batch.as_secs_f64() / took.as_secs_f64();
                #[expect(
                    clippy::cast_possible_truncation,
                    clippy::cast_sign_loss,
                    clippy::cast_precision_loss,
                    reason = "a count of times"
                )]
                let times = (self.times as f64 * share) as usize;
                self.times = times.max(1);
                return;
            }
            self.times *= 2;
        }
    }

    /// One batch.
    pub fn round(&mut self) {
        let took = (self.work)(self.times);
        #[expect(clippy::cast_precision_loss, reason = "a count of times")]
        self.rounds.push(took.as_secs_f64() * 1e9 / self.times as f64);
    }

    /// The median round.
    pub fn median(&self) -> f64 {
        median(&self.rounds)
    }
}

/// The middle one, of an even count the mean of the two.
pub fn median(numbers: &[f64]) -> f64 {
    let mut sorted = numbers.to_vec();
    sorted.sort_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    if sorted.len().is_multiple_of(2) { f64::midpoint(sorted[middle - 1], sorted[middle]) } else { sorted[middle] }
}

impl Row {
    /// How often a cell works before it is measured.
    fn warm_up(self) -> usize {
        match self {
            Self::Load | Self::SegmentLoad => 1,
            Self::SegmentHit | Self::SegmentMiss | Self::All100 | Self::All1000 => 8,
            _ => 1_024,
        }
    }
}

/// The cells of an engine on the rows of [`Row::ROUNDS`]; its answers have been checked.
pub fn cells<E: Engine>(users: &'static [User]) -> Vec<Cell> {
    let registry = Registry::of(benches::FLAGS);
    let engine: &'static E = Box::leak(Box::new(E::load(&E::document(&registry))));
    answers::check(engine, &registry, users);
    let cell = |row: Row| match row {
        Row::All100 => {
            let registry = Registry::of(100);
            let engine = Box::leak(Box::new(E::load(&E::document(&registry))));
            answers::check_all(engine, &registry, &users[0]);
            Cell::new::<E>(row, evaluate_all(engine, &registry, users))
        }
        Row::All1000 => Cell::new::<E>(row, evaluate_all(engine, &registry, users)),
        Row::Load => Cell::new::<E>(row, load::<E>(E::document(&Registry::of_rules()))),
        Row::WithContext => Cell::new::<E>(row, with_context(engine, row, users)),
        _ => {
            let flag = engine.flag(row.flag().expect("a row that asks one flag"));
            Cell::new::<E>(row, evaluate(engine, flag, users))
        }
    };
    Row::ROUNDS.into_iter().filter(|&row| absent::<E>(row).is_none()).map(cell).collect()
}

/// Asks one flag, for one user after the other.
pub fn evaluate<E: Engine>(
    engine: &'static E,
    flag: E::Flag,
    users: &'static [User],
) -> impl FnMut(usize) -> Duration + 'static {
    let contexts: Vec<_> = users.iter().map(E::context).collect();
    let mut scratch = E::Scratch::default();
    let mut next = contexts.len();
    move |times| {
        let mut on = 0;
        let start = Instant::now();
        for _ in 0..times {
            next = if next >= contexts.len() - 1 { 0 } else { next + 1 };
            on += usize::from(engine.is_on(black_box(flag), black_box(&contexts[next]), &mut scratch));
        }
        let took = start.elapsed();
        black_box(on);
        took
    }
}

fn with_context<E: Engine>(
    engine: &'static E,
    row: Row,
    users: &'static [User],
) -> impl FnMut(usize) -> Duration + 'static {
    let flag = engine.flag(row.flag().expect("a row that asks one flag"));
    let mut scratch = E::Scratch::default();
    let mut next = users.len();
    move |times| {
        let mut on = 0;
        let start = Instant::now();
        for _ in 0..times {
            next = if next >= users.len() - 1 { 0 } else { next + 1 };
            on += usize::from(engine.is_on_for(black_box(flag), black_box(&users[next]), &mut scratch));
        }
        let took = start.elapsed();
        black_box(on);
        took
    }
}

fn evaluate_all<E: Engine>(
    engine: &'static E,
    registry: &Registry,
    users: &'static [User],
) -> impl FnMut(usize) -> Duration + 'static {
    let flags = answers::flags(engine, registry);
    let contexts: Vec<_> = users.iter().map(E::context).collect();
    let mut scratch = E::Scratch::default();
    let mut next = contexts.len();
    move |times| {
        let mut on = 0;
        let start = Instant::now();
        for _ in 0..times {
            next = if next >= contexts.len() - 1 { 0 } else { next + 1 };
            on += engine.count_on(black_box(&flags), black_box(&contexts[next]), &mut scratch);
        }
        let took = start.elapsed();
        black_box(on);
        took
    }
}

/// Dropping the engine is not counted.
pub fn load<E: Engine>(document: Vec<u8>) -> impl FnMut(usize) -> Duration + 'static {
    move |times| {
        let mut took = Duration::ZERO;
        for _ in 0..times {
            let start = Instant::now();
            let engine = E::load(black_box(&document));
            took += start.elapsed();
            drop(black_box(engine));
        }
        took
    }
}
