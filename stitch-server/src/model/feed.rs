//! What streams tell of each environment: the last changes, numbered without a gap.
//!
//! A part of the model like any other, so that whoever looks at it sees definitions, keys and numbers of one moment.
//! Streams hold a number each and no queue.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use axum::body::Bytes;

use crate::store::{FEED_BYTES, FEED_ROWS, FeedRow};
use crate::sync::frame;

/// The number of an environment that has not changed since its history began.
const FIRST: u64 = 1;

/// The last changes, by environment.
#[derive(Clone, Debug, Default)]
pub struct Feed(BTreeMap<String, Arc<Changes>>);

/// Those of one environment.
#[derive(Clone, Debug, Default)]
struct Changes {
    /// The number of the last one.
    last: u64,
    /// As they are sent, in order, up to the last one; nothing for one that only a snapshot can tell.
    kept: VecDeque<Option<Bytes>>,
    bytes: u64,
}

/// What comes after a number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Next {
    /// Nothing yet.
    Nothing,
    /// A change, as it is sent.
    Change(Bytes),
    /// Nobody knows any more, or nobody could say it, or that number was never given: only a snapshot tells.
    Snapshot,
}

impl Feed {
    /// The number of the definitions as they are.
    pub fn number(&self, env: &str) -> u64 {
        self.0.get(env).map_or(FIRST, |changes| changes.last)
    }

    /// What comes after a number.
    pub fn after(&self, env: &str, number: u64) -> Next {
        let last = self.number(env);
        if number == last {
            return Next::Nothing;
        }
        let kept = self.0.get(env).map(|changes| &changes.kept);
        // The first of so many that are missing, counted from the end.
        let place = |kept: &VecDeque<_>| {
            usize::try_from(last.checked_sub(number)?).ok().and_then(|n| kept.len().checked_sub(n))
        };
        let change = kept.and_then(|kept| kept.get(place(kept)?)?.clone());
        change.map_or(Next::Snapshot, Next::Change)
    }

    /// Adds a change, and lets those go that are too old to be kept.
    pub(crate) fn push(&mut self, row: &FeedRow) {
        let changes = Arc::make_mut(self.0.entry(row.env.clone()).or_default());
        let message = row.body.as_deref().map(frame);
        changes.last = row.seq;
        changes.bytes += size(message.as_ref());
        changes.kept.push_back(message);
        let too_many = |changes: &Changes| {
            let but_last = changes.bytes - size(changes.kept.back().and_then(Option::as_ref));
            changes.kept.len() as u64 > FEED_ROWS || but_last > FEED_BYTES
        };
        while too_many(changes) {
            let gone = changes.kept.pop_front().flatten();
            changes.bytes -= size(gone.as_ref());
        }
    }
}

fn size(message: Option<&Bytes>) -> u64 {
    message.map_or(0, |message| message.len() as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(seq: u64, body: Option<&[u8]>) -> FeedRow {
        FeedRow { env: "prod".to_owned(), seq, body: body.map(<[u8]>::to_vec) }
    }

    #[test]
    fn each_number_leads_to_the_change_after_it() {
        let mut feed = Feed::default();
        assert_eq!((feed.number("prod"), feed.after("prod", 1)), (1, Next::Nothing));
        feed.push(&row(2, Some(b"b")));
        feed.push(&row(3, None));
        feed.push(&row(4, Some(b"d")));
        assert_eq!(feed.number("prod"), 4);
        assert_eq!(feed.after("prod", 1), Next::Change(frame(b"b")));
        assert_eq!(feed.after("prod", 2), Next::Snapshot, "a change that cannot be told");
        assert_eq!(feed.after("prod", 3), Next::Change(frame(b"d")));
        assert_eq!(feed.after("prod", 4), Next::Nothing);
        assert_eq!(feed.after("prod", 0), Next::Snapshot, "too old");
        assert_eq!(feed.after("prod", 5), Next::Snapshot, "ahead");
        assert_eq!(feed.number("dev"), 1, "each environment has numbers of its own");
    }

    #[test]
    fn what_is_kept_is_bounded_by_count_and_by_bytes() {
        let mut feed = Feed::default();
        for seq in 2..2_000 {
            feed.push(&row(seq, Some(b"small")));
        }
        assert_eq!(feed.after("prod", 999), Next::Change(frame(b"small")));
        assert_eq!(feed.after("prod", 998), Next::Snapshot);
        let large = vec![0; 3 << 20];
        for seq in 2_000..2_010 {
            feed.push(&row(seq, Some(&large)));
        }
        assert_eq!(feed.after("prod", 2_006), Next::Snapshot);
        assert_eq!(feed.after("prod", 2_007), Next::Change(frame(&large)));
    }
}
