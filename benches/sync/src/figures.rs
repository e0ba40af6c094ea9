//! What is measured of changes, and how it is said.

use std::time::{Duration, Instant};

use tokio::task::block_in_place;
use tokio::time::sleep;

use crate::clients::Clients;
use crate::server::Server;

/// How long changes took.
pub(crate) struct Spread {
    /// Of each change at each client, from before the request to write it is sent.
    pub(crate) all: Vec<Duration>,
    /// The same at the last client alone.
    pub(crate) last: Vec<Duration>,
    /// Of each change at each client, from the answer to whoever wrote.
    pub(crate) after: Vec<Duration>,
    /// Of the last change, encoded.
    pub(crate) bytes: usize,
}

impl Spread {
    /// Writes so many changes, each so long after the one before, and waits until everybody has heard of each.
    pub(crate) async fn of(server: &Server, clients: &mut Clients, count: usize, pause: Duration) -> Self {
        let mut spread = Self { all: Vec::new(), last: Vec::new(), after: Vec::new(), bytes: 0 };
        let mut revision = None;
        // An even number of changes, so that the next ones change something too.
        assert_eq!(count % 2, 0);
        for index in 0..count {
            let begun = Instant::now();
            block_in_place(|| server.change(&mut revision, index % 2 == 0));
            let answered = Instant::now();
            let heard = clients.all_heard().await;
            spread.after.extend(heard.iter().map(|heard| heard.at.saturating_duration_since(answered)));
            spread.bytes = heard.first().map_or(0, |heard| heard.told.bytes);
            let mut took: Vec<_> = heard.iter().map(|heard| heard.at.duration_since(begun)).collect();
            took.sort_unstable();
            spread.last.extend(took.last());
            spread.all.append(&mut took);
            sleep(pause.saturating_sub(begun.elapsed())).await;
        }
        spread.all.sort_unstable();
        spread.last.sort_unstable();
        spread.after.sort_unstable();
        spread
    }
}

pub(crate) fn percentile(sorted: &[Duration], percent: usize) -> String {
    let index = (sorted.len() * percent).div_ceil(100).saturating_sub(1);
    milliseconds(sorted.get(index).copied().unwrap_or_default())
}

pub(crate) fn milliseconds(took: Duration) -> String {
    format!("{:.1} ms", took.as_secs_f64() * 1_000.0)
}

/// What one of so many took of it, in microseconds.
pub(crate) fn each(took: Duration, count: usize) -> String {
    let count = u32::try_from(count).expect("a number");
    format!("{:.1} µs", (took / count).as_secs_f64() * 1e6)
}

/// A number with its thousands apart.
pub(crate) fn counted(number: usize) -> String {
    let digits = number.to_string();
    let parts: Vec<_> = digits.as_bytes().rchunks(3).rev().map(String::from_utf8_lossy).collect();
    parts.join(",")
}

pub(crate) fn say(line: &str) {
    eprintln!("{line}");
}
