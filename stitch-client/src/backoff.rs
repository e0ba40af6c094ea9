//! When to try again: later each time, and never at the same moment as everybody else.

use std::time::Duration;

/// A stream that lasted so long was a good one.
const GOOD: Duration = Duration::from_secs(10);

/// The waiting times of one client.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Backoff {
    first: Duration,
    longest: Duration,
    failures: u32,
}

impl Backoff {
    pub(crate) fn new(first: Duration, longest: Duration) -> Self {
        Self { first, longest: longest.max(first), failures: 0 }
    }

    /// How long to wait after a failure; `lasted` says how long it had gone well.
    pub(crate) fn next(&mut self, lasted: Duration) -> Duration {
        if lasted >= GOOD {
            self.failures = 0;
        }
        let doubled = 2_u32.checked_pow(self.failures).and_then(|times| self.first.checked_mul(times));
        self.failures = self.failures.saturating_add(1);
        at_random(doubled.unwrap_or(self.longest).min(self.longest))
    }

    /// Where trying again soon will not help.
    pub(crate) fn long(&self) -> Duration {
        self.longest / 2 + at_random(self.longest / 2)
    }

    /// Where somebody said how long to wait: that long, and a random time more.
    pub(crate) fn told(&self, wait: Duration) -> Duration {
        wait + at_random(wait.max(self.first))
    }
}

/// Anything up to `most`.
fn at_random(most: Duration) -> Duration {
    // Without randomness half of it: late, and never at once.
    let part = getrandom::u32().map_or(0.5, |drawn| f64::from(drawn) / f64::from(u32::MAX));
    most.mul_f64(part)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn it_grows_to_the_longest_and_begins_again_after_a_good_stream() {
        let mut backoff = Backoff::new(SECOND, 8 * SECOND);
        for most in [1, 2, 4, 8, 8, 8] {
            let waits: Vec<_> = (0..100).map(|_| backoff.clone().next(Duration::ZERO)).collect();
            assert!(waits.iter().all(|wait| *wait <= most * SECOND), "{most}");
            // All of a hundred in the lower three quarters is as likely as 1 in 10^12.
            assert!(waits.iter().any(|wait| *wait > most * SECOND * 3 / 4), "{most}");
            assert!(waits.iter().any(|wait| *wait < most * SECOND / 4), "{most}");
            backoff.next(Duration::ZERO);
        }
        assert!(backoff.clone().next(GOOD) <= SECOND);
        backoff.failures = u32::MAX;
        assert!(backoff.next(Duration::ZERO) <= 8 * SECOND);
    }

    #[test]
    fn what_the_server_says_is_the_least() {
        let backoff = Backoff::new(SECOND, 8 * SECOND);
        for _ in 0..100 {
            assert!((3 * SECOND..=6 * SECOND).contains(&backoff.told(3 * SECOND)));
            assert!(backoff.told(Duration::ZERO) <= SECOND);
            assert!((4 * SECOND..=8 * SECOND).contains(&backoff.long()));
        }
    }
}
