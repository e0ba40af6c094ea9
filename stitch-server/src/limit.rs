//! How often somebody may ask: a steady rate, and one second's worth of it at once.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Names that are kept before those that wait for nothing are let go.
const ROOM: usize = 1_024;

/// A limit for each name.
#[derive(Debug)]
pub(crate) struct Limit {
    /// Between two calls; none for no limit.
    interval: Option<Duration>,
    /// Since when the times below are counted.
    start: Instant,
    /// When each name has used up all that it was given so far; a time that has passed is as good as none.
    used_until: Mutex<HashMap<String, Duration>>,
}

/// What is given at once.
const BURST: Duration = Duration::from_secs(1);

impl Limit {
    /// So many calls a second for each name; 0 for as many as they like.
    pub(crate) fn new(a_second: u32) -> Self {
        let interval = (a_second > 0).then(|| BURST / a_second);
        Self { interval, start: Instant::now(), used_until: Mutex::default() }
    }

    /// Counts a call.
    ///
    /// # Errors
    ///
    /// After what time the next call may come, if this one may not; it does not count then.
    pub(crate) fn take(&self, name: &str) -> Result<(), Duration> {
        self.take_at(name, self.start.elapsed())
    }

    fn take_at(&self, name: &str, now: Duration) -> Result<(), Duration> {
        let Some(interval) = self.interval else { return Ok(()) };
        let mut used_until = self.used_until.lock().unwrap_or_else(PoisonError::into_inner);
        let after = used_until.get(name).map_or(now, |&until| until.max(now)) + interval;
        if let Some(wait) = after.checked_sub(now + BURST).filter(|wait| !wait.is_zero()) {
            return Err(wait);
        }
        if let Some(until) = used_until.get_mut(name) {
            *until = after;
        } else {
            if used_until.len() >= ROOM {
                used_until.retain(|_, until| *until > now);
            }
            used_until.insert(name.to_owned(), after);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(milliseconds: u64) -> Duration {
        Duration::from_millis(milliseconds)
    }

    #[test]
    fn a_seconds_worth_may_come_at_once_and_then_one_at_a_time() {
        let limit = Limit::new(10);
        for _ in 0..10 {
            assert_eq!(limit.take_at("a", at(0)), Ok(()));
        }
        assert_eq!(limit.take_at("a", at(0)), Err(at(100)));
        assert_eq!(limit.take_at("a", at(40)), Err(at(60)));
        assert_eq!(limit.take_at("b", at(40)), Ok(()), "each name has its own");
        assert_eq!(limit.take_at("a", at(100)), Ok(()));
        assert_eq!(limit.take_at("a", at(100)), Err(at(100)));
        let later = (0..20).filter(|_| limit.take_at("a", at(60_000)).is_ok()).count();
        assert_eq!(later, 10, "what was not used is not saved");
    }

    #[test]
    fn names_that_wait_for_nothing_take_no_memory_for_long() {
        let limit = Limit::new(1_000);
        for index in 0..100_000 {
            limit.take_at(&format!("n{index}"), at(index)).unwrap();
        }
        assert!(limit.used_until.lock().unwrap().len() <= ROOM);
    }

    #[test]
    fn none_is_none() {
        let limit = Limit::new(0);
        assert!((0..1_000_000).all(|_| limit.take("a").is_ok()));
        assert!(limit.used_until.lock().unwrap().is_empty());
    }
}
