//! Evaluations all the while: each is right, and they never stop.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::{JoinHandle, sleep, spawn};
use std::time::Duration;

use super::cluster::Asker;

/// What must have some evaluations in it, even on a busy machine.
const WINDOW: Duration = Duration::from_millis(500);

/// Evaluations on one server, until this is ended.
pub(crate) struct Evaluations {
    stop: Arc<AtomicBool>,
    asking: JoinHandle<()>,
    counting: JoinHandle<Vec<u64>>,
}

impl Evaluations {
    pub(crate) fn of(address: SocketAddr) -> Self {
        let (stop, count) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
        let (stopped, counted) = (Arc::clone(&stop), Arc::clone(&count));
        let asking = spawn(move || {
            let mut asker = Asker::new(address);
            let mut last = 0;
            while !stopped.load(Ordering::Relaxed) {
                assert_eq!(asker.value("checkout").expect("an answer"), true);
                assert_eq!(asker.value("internal").expect("an answer"), false);
                let number = asker.number();
                assert!(number >= last, "{number} after {last}");
                last = number;
                counted.fetch_add(3, Ordering::Relaxed);
                sleep(Duration::from_millis(2));
            }
        });
        let stopped = Arc::clone(&stop);
        let counting = spawn(move || {
            let mut windows = Vec::new();
            while !stopped.load(Ordering::Relaxed) {
                sleep(WINDOW);
                windows.push(count.swap(0, Ordering::Relaxed));
            }
            windows
        });
        Self { stop, asking, counting }
    }

    /// Ends them, and sees that all were right and none of the windows was empty.
    #[track_caller]
    pub(crate) fn end(self) {
        self.stop.store(true, Ordering::Relaxed);
        self.asking.join().expect("every answer is right");
        let mut windows = self.counting.join().unwrap();
        // The end came within the last one.
        windows.pop();
        assert!(windows.iter().all(|count| *count > 0), "evaluations a window of {WINDOW:?}: {windows:?}");
    }
}
