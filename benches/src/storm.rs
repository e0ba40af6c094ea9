//! What happens when every client loses its stream at once and comes back: a simulation, event by event.
//!
//! ```text
//! a try ──▶ a replica's room ──▶ accepted, one after the other ──▶ the line, shared by all ──▶ has its definitions
//!   ▲          │ full                │ over the key's limit           │ patience is over
//!   └──────────┴── backoff, drawn ───┴────────────────────────────────┘
//! ```
//!
//! A try goes to any replica. Nothing of it is measured: what goes in is a [`Storm`], and the same seed gives the same
//! storm.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

mod chance;
mod replica;

use chance::Chance;
use replica::Replica;

/// How a client draws the time until it tries again, from a backoff that doubles up to a window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Jitter {
    /// All of the backoff: nothing is drawn.
    None,
    /// Half of it, and up to as much again.
    Equal,
    /// Anything up to it.
    Full,
    /// Anything from the first backoff up to three times the last time.
    Decorrelated,
}

/// What comes back, how, and to what.
#[derive(Clone, Copy, Debug)]
pub struct Storm {
    /// Clients.
    pub clients: u32,
    /// Replicas.
    pub replicas: u32,
    /// Seconds for which no replica answers; every stream ends as they begin.
    pub outage: f64,
    /// How the time between tries is drawn.
    pub jitter: Jitter,
    /// The first backoff, in seconds; it doubles with every try.
    pub first: f64,
    /// The longest backoff, in seconds.
    pub window: f64,
    /// Seconds after which a client without its definitions gives up a try.
    pub patience: f64,
    /// Connections that a replica accepts a second.
    pub accepts: f64,
    /// Connections that wait to be accepted; one more is refused.
    pub room: usize,
    /// Streams that a replica begins a second, as `--sdk-rate-limit` has it.
    pub limit: f64,
    /// Bytes a second that a replica sends.
    pub line: f64,
    /// Bytes that each client lacks.
    pub bytes: f64,
}

/// Seconds after which a storm that is not over counts as one that never is.
pub const TOO_LONG: f64 = 600.0;

/// What became of it, from when the replicas answer again.
#[derive(Clone, Copy, Debug)]
pub struct Outcome {
    /// Seconds until half of the clients are back; infinite if that takes [`TOO_LONG`].
    pub half: f64,
    /// Seconds until all of them are; infinite if that takes [`TOO_LONG`].
    pub all: f64,
    /// Tries in the fullest second.
    pub peak: u32,
    /// Tries, those in vain among them.
    pub tries: f64,
    /// Bytes sent to clients that gave up.
    pub wasted: f64,
}

/// What happens next.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Event {
    Try,
    /// A client's patience is over, if it is still at this try.
    GiveUp(u32),
    /// A replica has accepted the first that waits.
    Accepted,
    /// A replica has sent the first on its line everything, unless others came or went since this was foreseen.
    Sent(u64),
}

/// Nanoseconds, so that times are ordered.
type Instant = u64;

/// A client.
#[derive(Clone, Copy, Debug, Default)]
struct Client {
    /// The time that it waited last, in seconds.
    waited: f32,
    /// After which it was told nothing: its backoff grows with them.
    failures: u32,
    /// Tells one try from the other.
    tries: u32,
    /// The place of the replica to which it tries; none while it waits to try again, or is back.
    at: Option<u32>,
}

struct Simulation {
    storm: Storm,
    now: Instant,
    events: BinaryHeap<Reverse<(Instant, Event, u32)>>,
    clients: Vec<Client>,
    replicas: Vec<Replica>,
    chance: Chance,
    /// Clients that are back.
    back: u32,
    /// Tries in each second after the outage.
    seconds: Vec<u32>,
    outcome: Outcome,
}

impl Storm {
    /// Connections that all replicas accept in a second.
    pub fn capacity(&self) -> f64 {
        f64::from(self.replicas) * self.accepts
    }

    /// Seconds that the replicas need for all clients if none of their time is lost: no jitter is better than that.
    pub fn least(&self) -> f64 {
        let each = f64::from(self.clients) / f64::from(self.replicas);
        each / self.accepts.min(self.limit).min(self.line / self.bytes)
    }

    /// Plays it.
    pub fn play(self, seed: u64) -> Outcome {
        let clients = usize::try_from(self.clients).unwrap_or(usize::MAX);
        let mut simulation = Simulation {
            storm: self,
            now: 0,
            events: BinaryHeap::with_capacity(clients * 2),
            clients: vec![Client::default(); clients],
            replicas: (0..self.replicas).map(|_| Replica::new(&self)).collect(),
            chance: Chance::new(seed),
            back: 0,
            seconds: Vec::new(),
            outcome: Outcome { half: f64::INFINITY, all: f64::INFINITY, peak: 0, tries: 0.0, wasted: 0.0 },
        };
        for client in 0..self.clients {
            simulation.back_off(client);
        }
        while let Some(Reverse((at, event, who))) = simulation.events.pop() {
            simulation.now = at;
            match event {
                Event::Try => simulation.attempt(who),
                Event::GiveUp(attempt) => simulation.give_up(who, attempt),
                Event::Accepted => simulation.accepted(who),
                Event::Sent(foreseen) => simulation.sent(who, foreseen),
            }
            if simulation.back == self.clients || simulation.elapsed() > TOO_LONG {
                break;
            }
        }
        Outcome { peak: simulation.seconds.iter().copied().max().unwrap_or_default(), ..simulation.outcome }
    }
}

impl Simulation {
    fn after(&mut self, seconds: f64, event: Event, who: u32) {
        self.events.push(Reverse((self.now + nanoseconds(seconds), event, who)));
    }

    /// Seconds since the replicas answer again; negative while they do not.
    fn elapsed(&self) -> f64 {
        seconds(self.now) - self.storm.outage
    }

    /// Has a client wait that was told how long: that long, and anything up to as long again.
    fn wait(&mut self, who: u32, told: f64) {
        self.clients[who as usize].at = None;
        self.clients[who as usize].tries += 1;
        let drawn = self.chance.between(0.0, told.max(self.storm.first));
        self.after(told + drawn, Event::Try, who);
    }

    /// Has a client wait that was told nothing.
    fn back_off(&mut self, who: u32) {
        let Storm { jitter, first, window, .. } = self.storm;
        let client = &mut self.clients[who as usize];
        client.at = None;
        let backoff = (first * 2f64.powi(client.failures.min(60).cast_signed())).min(window);
        let drawn = match jitter {
            Jitter::None => backoff,
            Jitter::Equal => self.chance.between(backoff / 2.0, backoff),
            Jitter::Full => self.chance.between(0.0, backoff),
            Jitter::Decorrelated => {
                let from = first.min(window);
                self.chance.between(from, (f64::from(client.waited) * 3.0).max(from)).min(window)
            }
        };
        #[expect(clippy::cast_possible_truncation, reason = "a draw needs no more digits")]
        let waited = drawn as f32;
        client.waited = waited;
        client.failures += 1;
        client.tries += 1;
        self.after(drawn, Event::Try, who);
    }

    fn attempt(&mut self, who: u32) {
        let elapsed = self.elapsed();
        if elapsed < 0.0 {
            return self.back_off(who);
        }
        self.outcome.tries += 1.0;
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a few thousand seconds")]
        let second = elapsed as usize;
        if self.seconds.len() <= second {
            self.seconds.resize(second + 1, 0);
        }
        self.seconds[second] += 1;
        let at = self.chance.below(self.storm.replicas);
        let replica = &mut self.replicas[at as usize];
        let client = &mut self.clients[who as usize];
        if replica.waiting.len() >= self.storm.room {
            return self.back_off(who);
        }
        client.at = Some(at);
        replica.waiting.push_back((who, client.tries));
        let (alone, attempt) = (replica.waiting.len() == 1, client.tries);
        if alone {
            self.after(1.0 / self.storm.accepts, Event::Accepted, at);
        }
        self.after(self.storm.patience, Event::GiveUp(attempt), who);
    }

    fn give_up(&mut self, who: u32, attempt: u32) {
        let client = self.clients[who as usize];
        let Some(at) = client.at.filter(|_| client.tries == attempt) else { return };
        // One that still waits to be accepted costs its turn all the same: nobody sees that it is gone.
        if let Some(wasted) = self.replicas[at as usize].leave(self.now, who) {
            self.outcome.wasted += wasted;
            self.foresee(at);
        }
        self.back_off(who);
    }

    fn accepted(&mut self, at: u32) {
        let replica = &mut self.replicas[at as usize];
        let (who, attempt) = replica.waiting.pop_front().expect("one that waits");
        let more = !replica.waiting.is_empty();
        let client = self.clients[who as usize];
        if client.at == Some(at) && client.tries == attempt {
            match replica.admit(self.now) {
                Ok(()) => {
                    replica.join(self.now, who);
                    self.foresee(at);
                }
                Err(told) => self.wait(who, told),
            }
        }
        if more {
            self.after(1.0 / self.storm.accepts, Event::Accepted, at);
        }
    }

    fn sent(&mut self, at: u32, foreseen: u64) {
        let replica = &mut self.replicas[at as usize];
        if replica.version() != foreseen {
            return;
        }
        if let Some(who) = replica.finish(self.now) {
            self.clients[who as usize].at = None;
            self.back += 1;
            if self.back == self.storm.clients.div_ceil(2) {
                self.outcome.half = self.elapsed();
            }
            if self.back == self.storm.clients {
                self.outcome.all = self.elapsed();
            }
        }
        self.foresee(at);
    }

    /// Foresees when the first on a replica's line has everything.
    fn foresee(&mut self, at: u32) {
        let replica = &self.replicas[at as usize];
        if let Some(seconds) = replica.next(self.now) {
            let version = replica.version();
            self.after(seconds, Event::Sent(version), at);
        }
    }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "hours of nanoseconds")]
fn nanoseconds(seconds: f64) -> Instant {
    (seconds * 1e9).ceil() as Instant
}

#[expect(clippy::cast_precision_loss, reason = "hours of nanoseconds")]
fn seconds(instant: Instant) -> f64 {
    instant as f64 / 1e9
}

#[cfg(test)]
mod tests;
