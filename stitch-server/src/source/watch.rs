//! Notices that the registry's file has changed, by looking at it a few times a second.
//!
//! Looking costs one `stat` and works wherever the file is: on network drives, under mounts whose directory is
//! swapped by a symbolic link, with editors that write in place and with those that rename. Events would need all of
//! these minded one by one.

use std::path::Path;
use std::time::{Duration, SystemTime};

use tokio::time::{MissedTickBehavior, interval};

use super::{Refused, Registry, Source, revision};
use crate::state::AppState;

const LOOKS_EVERY: Duration = Duration::from_millis(200);
/// A file is read once two looks in a row find it the same, so that it is not read half-written;
/// one that never rests is read all the same after so many looks.
const PATIENCE: u32 = 5;

/// Watches for ever; returns at once where there is nothing to watch.
pub async fn watch(state: AppState) {
    let Source::File(_) = state.source() else { return };
    let mut watcher = Watcher::new(state.source().clone());
    let mut looks = interval(LOOKS_EVERY);
    looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        looks.tick().await;
        let served = state.load().registry.revision.clone();
        let look = move || {
            let news = watcher.look(&served);
            (watcher, news)
        };
        // A drive may hang, and compiling takes a while: neither on a thread that answers.
        let (next, news) = match tokio::task::spawn_blocking(look).await {
            Ok(looked) => looked,
            // A mistake of ours; the next look starts afresh, and the last good registry serves on.
            Err(_) => (Watcher::new(state.source().clone()), None),
        };
        watcher = next;
        if let Some(news) = news {
            state.take(news);
        }
    }
}

/// What a look found.
pub(crate) enum News {
    /// The file holds what serves already.
    Unchanged,
    /// It holds another registry, a good one.
    Loaded(Box<Registry>),
    /// It holds nothing that can serve.
    Refused(Refused),
}

struct Watcher {
    source: Source,
    /// Whether it was read at all; what was read at start-up may have changed before the first look.
    begun: bool,
    /// The file as it was when it was last read.
    read: Option<Stamp>,
    /// The file as it was at the last look.
    last: Option<Stamp>,
    /// Looks since it changed.
    waited: u32,
}

impl Watcher {
    fn new(source: Source) -> Self {
        Self { source, begun: false, read: None, last: None, waited: 0 }
    }

    fn look(&mut self, served: &str) -> Option<News> {
        let stamp = self.source.path().and_then(Stamp::of);
        let rests = self.last == stamp;
        self.last = stamp;
        if self.begun && self.read == stamp {
            self.waited = 0;
            return None;
        }
        self.waited += 1;
        if !rests && self.waited < PATIENCE {
            return None;
        }
        self.waited = 0;
        // Before the reading: what changes meanwhile is then read again.
        self.begun = true;
        self.read = stamp;
        Some(match self.source.read() {
            Ok(text) if revision(&text) == served => News::Unchanged,
            Ok(text) => match self.source.compile(&text) {
                Ok(registry) => News::Loaded(Box::new(registry)),
                Err(refused) => News::Refused(refused),
            },
            Err(refused) => News::Refused(refused),
        })
    }
}

/// What changes whenever a file does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Stamp {
    length: u64,
    modified: Option<SystemTime>,
    /// Device, inode and the time of the last change of either, which no tool sets back.
    identity: [i64; 4],
}

impl Stamp {
    fn of(path: &Path) -> Option<Self> {
        let metadata = std::fs::metadata(path).ok()?;
        Some(Self { length: metadata.len(), modified: metadata.modified().ok(), identity: identity(&metadata) })
    }
}

#[cfg(unix)]
fn identity(metadata: &std::fs::Metadata) -> [i64; 4] {
    use std::os::unix::fs::MetadataExt;
    [metadata.dev().cast_signed(), metadata.ino().cast_signed(), metadata.ctime(), metadata.ctime_nsec()]
}

#[cfg(not(unix))]
fn identity(_: &std::fs::Metadata) -> [i64; 4] {
    [0; 4]
}
