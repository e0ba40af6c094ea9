//! A cell of the tables: one engine doing the work of one row.

use std::hint::black_box;
use std::time::{Duration, Instant};

use crate::allocations;
use crate::answers;
use crate::engines::{Engine, absent};
use crate::order::Order;
use crate::registry::{Alike, Registry};
use crate::row::Row;
use crate::user::User;

/// Does its work so many times and tells how long that took.
type Work = Box<dyn FnMut(usize) -> Duration>;

/// What the tables call the loop.
pub const THE_LOOP: &str = "the loop";

/// One engine on one row.
pub struct Cell {
    /// The row.
    pub row: Row,
    /// [`Engine::NAME`].
    pub engine: &'static str,
    /// Nanoseconds of one time, a round each.
    pub rounds: Vec<f64>,
    work: Work,
    times: usize,
}

impl Cell {
    /// An engine's work, of whose times nothing is known yet.
    pub fn new<E: Engine>(row: Row, work: impl FnMut(usize) -> Duration + 'static) -> Self {
        Self::named(row, E::NAME, work)
    }

    fn named(row: Row, engine: &'static str, work: impl FnMut(usize) -> Duration + 'static) -> Self {
        Self { row, engine, rounds: Vec::new(), work: Box::new(work), times: 0 }
    }

    /// The loop around every evaluation, with nothing in it.
    pub fn of_the_loop(row: Row, users: &'static [User]) -> Self {
        let contexts: Vec<_> = users.iter().collect();
        Self::named(row, THE_LOOP, around(move |user| usize::from(black_box(&contexts[user]).id.is_empty())))
    }

    /// How often it allocates, in the program that counts that.
    pub fn allocations(&mut self) -> f64 {
        let times = self.row.warm_up();
        // What is made at a first use is not counted.
        (self.work)(times);
        let (_, counted) = allocations::of(|| (self.work)(times));
        #[expect(clippy::cast_precision_loss, reason = "a count of allocations")]
        let allocations = counted.calls as f64 / times as f64;
        allocations
    }

    /// Warms the work up, and finds how many times make a batch of that length.
    pub fn calibrate(&mut self, batch: Duration) {
        (self.work)(self.row.warm_up());
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
    Spread::of(numbers.to_vec()).median
}

/// Where half of some numbers lie.
#[derive(Clone, Copy, Debug)]
pub struct Spread {
    /// A quarter is below.
    pub low: f64,
    /// Half is below.
    pub median: f64,
    /// A quarter is above.
    pub high: f64,
}

impl Spread {
    /// Of at least one number.
    pub fn of(mut numbers: Vec<f64>) -> Self {
        numbers.sort_by(f64::total_cmp);
        let last = numbers.len() - 1;
        let at = |quarters: usize| f64::midpoint(numbers[last * quarters / 4], numbers[(last * quarters).div_ceil(4)]);
        Self { low: at(1), median: at(2), high: at(3) }
    }

    /// Of what one cell takes in times of another, each time within a round: what disturbs one disturbs both.
    pub fn of_ratios(of: &Cell, to: &Cell) -> Self {
        Self::of(of.rounds.iter().zip(&to.rounds).map(|(of, to)| of / to).collect())
    }
}

impl Row {
    /// How often a cell works before it is measured.
    fn warm_up(self) -> usize {
        match self {
            Self::Load | Self::LoadUnlike | Self::SegmentLoad => 1,
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
            answers::check_all(engine, &registry, users);
            Cell::new::<E>(row, evaluate_all(engine, &registry, users))
        }
        Row::All1000 => Cell::new::<E>(row, evaluate_all(engine, &registry, users)),
        Row::Load => Cell::new::<E>(row, load_rules::<E>(&Registry::of_rules(Alike::Often))),
        Row::LoadUnlike => Cell::new::<E>(row, load_rules::<E>(&Registry::of_rules(Alike::Never))),
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
    around(move |user| usize::from(engine.is_on(black_box(flag), black_box(&contexts[user]), &mut scratch)))
}

fn with_context<E: Engine>(
    engine: &'static E,
    row: Row,
    users: &'static [User],
) -> impl FnMut(usize) -> Duration + 'static {
    let flag = engine.flag(row.flag().expect("a row that asks one flag"));
    let mut scratch = E::Scratch::default();
    around(move |user| usize::from(engine.is_on_for(black_box(flag), black_box(&users[user]), &mut scratch)))
}

fn evaluate_all<E: Engine>(
    engine: &'static E,
    registry: &Registry,
    users: &'static [User],
) -> impl FnMut(usize) -> Duration + 'static {
    let flags = answers::flags(engine, registry);
    let contexts: Vec<_> = users.iter().map(E::context).collect();
    let mut scratch = E::Scratch::default();
    around(move |user| engine.count_on(black_box(&flags), black_box(&contexts[user]), &mut scratch))
}

/// Asks so many times, for users in a drawn order; what is answered is how many flags are on.
fn around(mut ask: impl FnMut(usize) -> usize + 'static) -> impl FnMut(usize) -> Duration + 'static {
    let mut order = Order::new();
    move |times| {
        let mut on = 0;
        let start = Instant::now();
        for _ in 0..times {
            on += ask(order.user());
        }
        let took = start.elapsed();
        black_box(on);
        took
    }
}

fn load_rules<E: Engine>(registry: &Registry) -> impl FnMut(usize) -> Duration + 'static {
    let document = E::document(registry);
    answers::check_rules(Box::leak(Box::new(E::load(&document))), registry);
    load::<E>(document)
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
