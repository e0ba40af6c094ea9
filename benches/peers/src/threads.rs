//! Row J: how many evaluations a second one thread makes, and two at once.

use std::hint::black_box;
use std::sync::Barrier;
use std::time::{Duration, Instant};

use crate::cell::median;
use crate::engines::Engine;
use crate::order::Order;
use crate::registry::Registry;
use crate::row::Row;
use crate::user::User;

/// Evaluations a second of one engine, a round each.
pub struct Scaling {
    /// [`Engine::NAME`].
    pub engine: &'static str,
    /// Of one thread.
    pub one: Vec<f64>,
    /// Of two threads together.
    pub two: Vec<f64>,
    run: Box<dyn Fn(usize, Duration) -> f64>,
}

impl Scaling {
    /// An engine on row C.
    pub fn of<E: Engine>(users: &'static [User]) -> Self {
        let engine: &'static E = Box::leak(Box::new(E::load(&E::document(&Registry::of(benches::FLAGS)))));
        let flag = engine.flag(Row::Staged.flag().expect("a flag"));
        let run = Box::new(move |threads, time| run(engine, flag, users, threads, time));
        Self { engine: E::NAME, one: Vec::new(), two: Vec::new(), run }
    }

    /// Both ways once, for that long each.
    pub fn round(&mut self, time: Duration) {
        self.one.push((self.run)(1, time));
        self.two.push((self.run)(2, time));
    }

    /// Of one thread and of two, and the one to the other within a round.
    pub fn medians(&self) -> (f64, f64, f64) {
        let ratios: Vec<_> = self.two.iter().zip(&self.one).map(|(two, one)| two / one).collect();
        (median(&self.one), median(&self.two), median(&ratios))
    }
}

/// Each thread has contexts of its own and the engine in common; each tells its own rate, so that one that starts late
/// or ends early is not counted as idle.
fn run<E: Engine>(engine: &'static E, flag: E::Flag, users: &'static [User], threads: usize, time: Duration) -> f64 {
    let barrier = &Barrier::new(threads);
    let work = move || {
        let contexts: Vec<_> = users.iter().map(E::context).collect();
        let mut scratch = E::Scratch::default();
        let mut order = Order::new();
        barrier.wait();
        let start = Instant::now();
        let mut count = 0_u32;
        while start.elapsed() < time {
            for _ in 0..contexts.len() {
                black_box(engine.is_on(black_box(flag), black_box(&contexts[order.user()]), &mut scratch));
            }
            count += 1;
        }
        f64::from(count) * f64::from(u32::try_from(contexts.len()).expect("few")) / start.elapsed().as_secs_f64()
    };
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        threads.into_iter().map(|thread| thread.join().expect("it ran")).sum()
    })
}
