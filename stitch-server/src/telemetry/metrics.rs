//! What is counted. Each thread counts for itself, without a lock, and whoever asks adds up.

use std::cell::Cell;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::available_parallelism;
use std::time::Duration;

use axum::http::{Method, StatusCode};
use stitch_core::Reason;

/// The methods that are told apart; any other is the last.
pub const METHODS: [&str; 8] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "other"];
/// The statuses that are told apart; any other is 0.
pub const STATUSES: [u16; 17] = [200, 201, 204, 304, 400, 401, 403, 404, 405, 409, 413, 415, 422, 429, 500, 503, 0];
/// Upper bounds of the histogram's buckets, in microseconds: Prometheus' own, and finer ones below for answers from
/// memory. What takes longer is in a last bucket without a bound.
pub const BOUNDS: [u64; 16] = [
    100, 250, 500, 1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 250_000, 500_000, 1_000_000, 2_500_000,
    5_000_000, 10_000_000,
];

/// All that is counted.
#[derive(Debug, Default)]
pub struct Metrics {
    /// Locked when addresses are laid out and when somebody asks, never by a request.
    routes: Mutex<Vec<Arc<Route>>>,
    evaluations: Shards<[AtomicU64; Reason::ALL.len()]>,
    /// Rare beside evaluations, so that all threads may count at one place.
    events_accepted: AtomicU64,
    events_rejected: AtomicU64,
    logins_failed: AtomicU64,
    commits: Timer,
}

impl Metrics {
    /// Counts what is asked of an address from here on; `template` is the address with names for what varies in it.
    pub fn route(&self, template: &'static str) -> Arc<Route> {
        let mut routes = self.routes.lock().unwrap_or_else(PoisonError::into_inner);
        // What is nowhere is counted once, whichever listener was asked for it.
        if let Some(route) = routes.iter().find(|route| route.template == template) {
            return Arc::clone(route);
        }
        let route = Arc::new(Route { template, shards: Shards::default() });
        routes.push(Arc::clone(&route));
        route
    }

    /// Every address.
    pub fn routes(&self) -> Vec<Arc<Route>> {
        self.routes.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Counts an evaluation.
    pub fn evaluated(&self, reason: Reason) {
        self.evaluations.own()[reason as usize].fetch_add(1, Relaxed);
    }

    /// Counts many evaluations.
    pub fn tally(&self) -> Tally<'_> {
        Tally { metrics: self, counts: Default::default() }
    }

    /// How many evaluations there were, by reason.
    pub fn evaluations(&self) -> impl Iterator<Item = (Reason, u64)> {
        let sum = |reason: Reason| self.evaluations.sum(|counts| &counts[reason as usize]);
        Reason::ALL.into_iter().map(move |reason| (reason, sum(reason)))
    }

    /// Counts the events of a call.
    pub fn reported(&self, accepted: usize, rejected: usize) {
        self.events_accepted.fetch_add(accepted as u64, Relaxed);
        self.events_rejected.fetch_add(rejected as u64, Relaxed);
    }

    /// How many events there were that count, and how many that do not.
    pub fn events(&self) -> (u64, u64) {
        (self.events_accepted.load(Relaxed), self.events_rejected.load(Relaxed))
    }

    /// Counts a login with a wrong password, or to no account.
    pub fn login_failed(&self) {
        self.logins_failed.fetch_add(1, Relaxed);
    }

    /// How many logins failed.
    pub fn logins_failed(&self) -> u64 {
        self.logins_failed.load(Relaxed)
    }

    /// Counts a write that waited so long for the store, whether or not it was taken.
    pub fn committed(&self, took: Duration) {
        self.commits.add(took);
    }

    /// How long writes waited for the store.
    pub fn commits(&self) -> Durations {
        Durations::sum(std::iter::once(&self.commits))
    }
}

/// Evaluations of one request, which count once it is dropped.
#[derive(Debug)]
pub struct Tally<'m> {
    metrics: &'m Metrics,
    counts: [Cell<u64>; Reason::ALL.len()],
}

impl Tally<'_> {
    /// One more.
    pub fn count(&self, reason: Reason) {
        self.counts[reason as usize].update(|count| count + 1);
    }
}

impl Drop for Tally<'_> {
    fn drop(&mut self) {
        for (sum, count) in self.metrics.evaluations.own().iter().zip(&self.counts) {
            if count.get() > 0 {
                sum.fetch_add(count.get(), Relaxed);
            }
        }
    }
}

/// What is counted of one address.
#[derive(Debug)]
pub struct Route {
    template: &'static str,
    shards: Shards<Requests>,
}

#[derive(Debug, Default)]
struct Requests {
    answered: [[AtomicU64; STATUSES.len()]; METHODS.len()],
    took: Timer,
}

impl Route {
    /// The address, with names for what varies in it.
    pub fn template(&self) -> &'static str {
        self.template
    }

    /// Counts an answer.
    pub fn answered(&self, method: &Method, status: StatusCode, took: Duration) {
        let requests = self.shards.own();
        requests.answered[method_index(method)][status_index(status)].fetch_add(1, Relaxed);
        requests.took.add(took);
    }

    /// How many answers there were, by method and status; those that never came are left out.
    pub fn answers(&self) -> impl Iterator<Item = (&'static str, u16, u64)> {
        METHODS.into_iter().enumerate().flat_map(move |(method, name)| {
            let sum = move |status: usize| self.shards.sum(|requests| &requests.answered[method][status]);
            let counts = STATUSES.into_iter().enumerate().map(move |(index, status)| (name, status, sum(index)));
            counts.filter(|(_, _, count)| *count > 0)
        })
    }

    /// How long they took.
    pub fn took(&self) -> Durations {
        Durations::sum(self.shards.all().map(|requests| &requests.took))
    }
}

/// Measures the same thing again and again.
#[derive(Debug, Default)]
struct Timer {
    /// What took longer than all bounds is in the last.
    buckets: [AtomicU64; BOUNDS.len() + 1],
    nanoseconds: AtomicU64,
}

impl Timer {
    fn add(&self, took: Duration) {
        let nanoseconds = u64::try_from(took.as_nanos()).unwrap_or(u64::MAX);
        let bucket = BOUNDS.iter().position(|bound| nanoseconds <= bound * 1_000).unwrap_or(BOUNDS.len());
        self.buckets[bucket].fetch_add(1, Relaxed);
        self.nanoseconds.fetch_add(nanoseconds, Relaxed);
    }
}

/// How long the same thing took, time and again.
#[derive(Clone, Copy, Debug, Default)]
pub struct Durations {
    /// How many took how long: each bucket by itself, the one without a bound last.
    pub buckets: [u64; BOUNDS.len() + 1],
    /// All of them together.
    pub total: Duration,
}

impl Durations {
    fn sum<'t>(timers: impl Iterator<Item = &'t Timer>) -> Self {
        let mut sum = Self::default();
        for timer in timers {
            for (bucket, count) in sum.buckets.iter_mut().zip(&timer.buckets) {
                *bucket += count.load(Relaxed);
            }
            sum.total += Duration::from_nanos(timer.nanoseconds.load(Relaxed));
        }
        sum
    }
}

/// The method's name, if it is one that is known here.
pub fn method_name(method: &Method) -> &'static str {
    METHODS[method_index(method)]
}

fn method_index(method: &Method) -> usize {
    let last = METHODS.len() - 1;
    METHODS[..last].iter().position(|name| *name == method.as_str()).unwrap_or(last)
}

fn status_index(status: StatusCode) -> usize {
    let last = STATUSES.len() - 1;
    STATUSES[..last].iter().position(|known| *known == status.as_u16()).unwrap_or(last)
}

/// One `T` a thread, more or less: threads that share one are still right, only slower.
#[derive(Debug)]
struct Shards<T>(Box<[Apart<T>]>);

/// On cache lines of its own, so that two threads do not slow each other down.
#[derive(Debug, Default)]
#[repr(align(128))]
struct Apart<T>(T);

impl<T: Default> Default for Shards<T> {
    fn default() -> Self {
        let threads = available_parallelism().map_or(1, usize::from);
        Self((0..threads).map(|_| Apart::default()).collect())
    }
}

impl<T> Shards<T> {
    /// That of this thread.
    fn own(&self) -> &T {
        static THREADS: AtomicUsize = AtomicUsize::new(0);
        thread_local! {
            static THREAD: usize = THREADS.fetch_add(1, Relaxed);
        }
        &self.0[THREAD.with(|thread| thread % self.0.len())].0
    }

    fn sum(&self, cell: impl Fn(&T) -> &AtomicU64) -> u64 {
        self.all().map(|shard| cell(shard).load(Relaxed)).sum()
    }

    fn all(&self) -> impl Iterator<Item = &T> {
        self.0.iter().map(|shard| &shard.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Code;

    #[test]
    fn what_several_threads_count_adds_up() {
        let metrics = Arc::new(Metrics::default());
        let route = metrics.route("/somewhere");
        let count = |_| {
            let (metrics, route) = (Arc::clone(&metrics), Arc::clone(&route));
            std::thread::spawn(move || {
                for _ in 0..1_000 {
                    metrics.evaluated(Reason::Default);
                    let tally = metrics.tally();
                    tally.count(Reason::Default);
                    tally.count(Reason::StageFull);
                    route.answered(&Method::GET, StatusCode::OK, Duration::from_micros(100));
                    route.answered(&Method::TRACE, StatusCode::IM_A_TEAPOT, Duration::from_mins(1));
                }
            })
        };
        for thread in (0..8).map(count).collect::<Vec<_>>() {
            thread.join().unwrap();
        }
        let counted: Vec<_> = metrics.evaluations().filter(|(_, count)| *count > 0).collect();
        assert_eq!(counted, [(Reason::StageFull, 8_000), (Reason::Default, 16_000)]);
        assert_eq!(route.answers().collect::<Vec<_>>(), [("GET", 200, 8_000), ("other", 0, 8_000)]);
        let Durations { buckets, total } = route.took();
        assert_eq!((buckets[0], buckets[BOUNDS.len()], buckets.iter().sum::<u64>()), (8_000, 8_000, 16_000));
        assert_eq!(total, 8_000 * (Duration::from_micros(100) + Duration::from_mins(1)));
    }

    #[test]
    fn every_status_of_the_contract_is_told_apart() {
        assert!(Code::ALL.iter().all(|code| STATUSES.contains(&code.status().as_u16())));
    }

    #[test]
    fn reasons_are_numbered_in_their_order() {
        assert!(Reason::ALL.into_iter().enumerate().all(|(index, reason)| reason as usize == index));
    }
}
