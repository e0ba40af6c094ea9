//! Events on their way: a bounded queue, and a thread that sends what is in it until the server has it.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use crate::backoff::Backoff;
use crate::event::{Event, EventCounts, NotRecorded};
use crate::shared::Shared;

mod post;

use post::Outcome;
pub(crate) use post::{Key, Post};

/// Events of one call, as the server allows.
const BATCH: usize = 1_000;
/// Bytes of one call: half of what a server takes unless told otherwise.
const BATCH_BYTES: usize = 512 << 10;

/// How events are sent.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    /// Events that may wait.
    pub(crate) room: usize,
    /// An event waits so long for others to go with it.
    pub(crate) pause: Duration,
    pub(crate) backoff: Backoff,
}

#[derive(Debug)]
pub(crate) struct Sender {
    post: Option<Post>,
    settings: Settings,
    queue: Mutex<Queue>,
    /// Whenever the queue changes in a way that somebody may wait for.
    changed: Condvar,
}

#[derive(Debug, Default)]
struct Queue {
    /// In JSON.
    waiting: VecDeque<String>,
    /// Taken from `waiting`, and not yet where they belong.
    on_their_way: usize,
    counts: EventCounts,
    /// Drawn with the first event; the names of events are this and a number.
    name: String,
    named: u64,
    has_thread: bool,
    /// Nothing waits for others to go with it until then.
    hurry: Option<Instant>,
    ended: bool,
}

impl Sender {
    pub(crate) fn new(post: Option<Post>, settings: Settings) -> Self {
        Self { post, settings, queue: Mutex::default(), changed: Condvar::new() }
    }

    /// Puts an event into the queue.
    pub(crate) fn record(self: &Arc<Self>, shared: &Arc<Shared>, event: Event) -> Result<(), NotRecorded> {
        if self.post.is_none() {
            return Err(NotRecorded::NoEventsUrl);
        }
        let mut queue = self.lock();
        if queue.ended {
            return Err(NotRecorded::Ended);
        }
        if queue.waiting.len() + queue.on_their_way >= self.settings.room {
            queue.counts.dropped += 1;
            return Err(NotRecorded::Full);
        }
        if !queue.has_thread {
            let (sender, shared) = (Arc::clone(self), Arc::clone(shared));
            let thread = thread::Builder::new().name("stitch-events".to_owned());
            let no_thread =
                |error: std::io::Error| NotRecorded::Unfit(format!("there is no thread to send it: {error}"));
            queue.name = draw_name().map_err(|error| NotRecorded::Unfit(format!("there is no randomness: {error}")))?;
            thread.spawn(move || sender.send_all(&shared)).map_err(no_thread)?;
            queue.has_thread = true;
        }
        queue.named += 1;
        let report = event.report(|| format!("{}-{}", queue.name, queue.named))?;
        queue.waiting.push_back(report);
        // The thread wakes by itself after the pause; earlier for a whole call, and for the first event.
        if queue.waiting.len() == 1 || queue.waiting.len() == BATCH {
            self.changed.notify_all();
        }
        Ok(())
    }

    pub(crate) fn counts(&self) -> EventCounts {
        let queue = self.lock();
        EventCounts { queued: (queue.waiting.len() + queue.on_their_way) as u64, ..queue.counts.clone() }
    }

    /// Sends what is there now; tells whether all of it is where it belongs.
    pub(crate) fn flush(&self, patience: Duration) -> bool {
        let begun = Instant::now();
        let mut queue = self.lock();
        let until = begun + patience;
        queue.hurry = queue.hurry.max(Some(until));
        self.changed.notify_all();
        while queue.waiting.len() + queue.on_their_way > 0 && !queue.ended {
            let left = patience.saturating_sub(begun.elapsed());
            if left.is_zero() {
                break;
            }
            queue = self.wait(queue, left);
        }
        queue.waiting.len() + queue.on_their_way == 0
    }

    /// Takes no more events, and drops what is left.
    pub(crate) fn end(&self) {
        let mut queue = self.lock();
        queue.ended = true;
        let left = queue.waiting.drain(..).count();
        queue.counts.dropped += left as u64;
        self.changed.notify_all();
    }

    fn send_all(&self, shared: &Shared) {
        let Some(post) = &self.post else { return };
        while let Some((batch, environment)) = self.next(shared) {
            self.deliver(post, &batch, &environment);
        }
    }

    /// Waits for a call's worth of events, or until they have waited long enough; nothing at the end.
    fn next(&self, shared: &Shared) -> Option<(Vec<String>, String)> {
        let mut queue = self.lock();
        let mut ripe = None;
        loop {
            if queue.ended {
                return None;
            }
            let now = Instant::now();
            if queue.waiting.is_empty() {
                ripe = None;
                queue = self.wait(queue, Duration::from_hours(1));
                continue;
            }
            let ripe = *ripe.get_or_insert(now + self.settings.pause);
            let is_ripe = queue.waiting.len() >= BATCH || ripe <= now || queue.hurry.is_some_and(|until| until > now);
            match shared.load().environment.clone() {
                Some(environment) if is_ripe => return Some((queue.take(), environment)),
                // Nobody knows yet where they belong.
                None if is_ripe => queue = self.wait(queue, Duration::from_millis(50)),
                _ => queue = self.wait(queue, ripe - now),
            }
        }
    }

    /// Sends a call's events until the server has them, or will not have them, or the client ends.
    fn deliver(&self, post: &Post, batch: &[String], environment: &str) {
        let mut backoff = self.settings.backoff;
        loop {
            let outcome = post.send(environment, batch);
            let mut queue = self.lock();
            let wait = match outcome {
                Outcome::Taken { accepted, rejected } => {
                    queue.counts.accepted += accepted;
                    queue.counts.rejected += rejected;
                    break self.done(queue);
                }
                Outcome::Refused(why) => {
                    queue.counts.rejected += batch.len() as u64;
                    queue.counts.last_error = Some(why);
                    break self.done(queue);
                }
                Outcome::Away { why, again } => {
                    queue.counts.last_error = Some(why);
                    match again {
                        Some(again) => backoff.told(again),
                        None => backoff.next(Duration::ZERO),
                    }
                }
            };
            let (until, hurry) = (Instant::now() + wait, queue.hurry);
            while !queue.ended && queue.hurry == hurry && Instant::now() < until {
                queue = self.wait(queue, until.saturating_duration_since(Instant::now()));
            }
            if queue.ended {
                queue.counts.dropped += batch.len() as u64;
                break self.done(queue);
            }
        }
    }

    fn done(&self, mut queue: MutexGuard<'_, Queue>) {
        queue.on_their_way = 0;
        self.changed.notify_all();
    }

    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wait<'q>(&self, queue: MutexGuard<'q, Queue>, patience: Duration) -> MutexGuard<'q, Queue> {
        self.changed.wait_timeout(queue, patience).unwrap_or_else(PoisonError::into_inner).0
    }
}

impl Queue {
    /// The oldest ones that fit into a call.
    fn take(&mut self) -> Vec<String> {
        let mut bytes = 0;
        let fits = |report: &&String| {
            bytes += report.len() + 1;
            bytes <= BATCH_BYTES
        };
        let count = self.waiting.iter().take(BATCH).take_while(fits).count();
        self.on_their_way = count;
        self.waiting.drain(..count).collect()
    }
}

/// 128 bits that nobody else draws.
fn draw_name() -> Result<String, getrandom::Error> {
    let mut drawn = [0; 16];
    getrandom::fill(&mut drawn)?;
    Ok(format!("{:032x}", u128::from_be_bytes(drawn)))
}
