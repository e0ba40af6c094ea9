//! One replica: who waits to be accepted, and the line that all whom it answers share alike.

use std::collections::VecDeque;

use super::{Instant, Storm, seconds};

#[derive(Debug)]
pub(super) struct Replica {
    /// Clients to be accepted, each with its try, in order.
    pub(super) waiting: VecDeque<(u32, u32)>,
    /// Clients on the line, each with what `given` is once it has everything; in order, since all lack the same.
    line: VecDeque<(u32, f64)>,
    /// Bytes that one who had been on the line from the beginning would have.
    given: f64,
    /// When `given` was so.
    since: Instant,
    /// Grows with all that makes what was foreseen wrong.
    version: u64,
    /// Streams that the limit still allows, up to a second's worth, and when that was so.
    allowed: f64,
    allowed_at: Instant,
    limit: f64,
    speed: f64,
    bytes: f64,
}

impl Replica {
    pub(super) fn new(storm: &Storm) -> Self {
        Self {
            waiting: VecDeque::new(),
            line: VecDeque::new(),
            given: 0.0,
            since: 0,
            version: 0,
            allowed: storm.limit,
            allowed_at: 0,
            limit: storm.limit,
            speed: storm.line,
            bytes: storm.bytes,
        }
    }

    pub(super) fn version(&self) -> u64 {
        self.version
    }

    /// Whether one more may begin; if not, after how many whole seconds to come back, as the server says it.
    pub(super) fn admit(&mut self, now: Instant) -> Result<(), f64> {
        if self.limit.is_infinite() {
            return Ok(());
        }
        self.allowed = (self.allowed + seconds(now - self.allowed_at) * self.limit).min(self.limit);
        self.allowed_at = now;
        if self.allowed < 1.0 {
            return Err(((1.0 - self.allowed) / self.limit).ceil());
        }
        self.allowed -= 1.0;
        Ok(())
    }

    pub(super) fn join(&mut self, now: Instant, who: u32) {
        self.catch_up(now);
        self.line.push_back((who, self.given + self.bytes));
    }

    /// Takes one off the line who gives up, and says how many bytes it was sent; nothing if it is not on the line.
    pub(super) fn leave(&mut self, now: Instant, who: u32) -> Option<f64> {
        // Who gives up has been there longest.
        let place = self.line.iter().position(|&(client, _)| client == who)?;
        self.catch_up(now);
        let (_, until) = self.line.remove(place)?;
        Some(self.bytes - (until - self.given).max(0.0))
    }

    /// The first on the line has everything.
    pub(super) fn finish(&mut self, now: Instant) -> Option<u32> {
        self.catch_up(now);
        self.line.pop_front().map(|(who, _)| who)
    }

    /// Seconds until the first on the line has everything, if nobody comes or goes.
    pub(super) fn next(&self, now: Instant) -> Option<f64> {
        let &(_, until) = self.line.front()?;
        Some(((until - self.given_at(now)) / self.share()).max(0.0))
    }

    fn catch_up(&mut self, now: Instant) {
        self.given = self.given_at(now);
        self.since = now;
        self.version += 1;
    }

    fn given_at(&self, now: Instant) -> f64 {
        if self.line.is_empty() { self.given } else { self.given + seconds(now - self.since) * self.share() }
    }

    /// Bytes a second for each.
    fn share(&self) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "some thousands")]
        let count = self.line.len() as f64;
        self.speed / count
    }
}
