//! Events all the while: of those that were answered with 200 each is stored once, of the others at most once.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::{JoinHandle, sleep, spawn};
use std::time::Duration;

use super::cluster::Replica;

/// Reports on several servers, until this is ended.
pub(crate) struct Events {
    stop: Arc<AtomicBool>,
    reporting: Vec<JoinHandle<Reported>>,
}

/// What one client reported.
#[derive(Default)]
struct Reported {
    answered: Vec<String>,
    refused: Vec<String>,
}

impl Events {
    pub(crate) fn on(replicas: &[Replica]) -> Self {
        static NAMES: AtomicU64 = AtomicU64::new(0);
        let stop = Arc::new(AtomicBool::new(false));
        let reporting = replicas.iter().cloned().map(|replica| {
            let stop = Arc::clone(&stop);
            spawn(move || {
                let mut reported = Reported::default();
                while !stop.load(Ordering::Relaxed) {
                    let call = NAMES.fetch_add(1, Ordering::Relaxed);
                    let ids: Vec<_> = (0..5).map(|index| format!("{call}-{index}")).collect();
                    match replica.report(&ids) {
                        200 => reported.answered.extend(ids),
                        503 => {
                            reported.refused.extend(ids);
                            sleep(Duration::from_millis(50));
                        }
                        status => panic!("{status}"),
                    }
                    sleep(Duration::from_millis(3));
                }
                reported
            })
        });
        Self { reporting: reporting.collect(), stop }
    }

    /// Ends them, and sees that what is stored is what was answered; what was refused is sent again, as clients do.
    #[track_caller]
    pub(crate) fn end(self, replica: &Replica) {
        self.stop.store(true, Ordering::Relaxed);
        let reported: Vec<_> = self.reporting.into_iter().map(|thread| thread.join().unwrap()).collect();
        let answered = reported.iter().map(|reported| reported.answered.len()).sum::<usize>();
        let refused = reported.iter().map(|reported| reported.refused.len()).sum::<usize>();
        assert!(answered > 0);
        let counts = counts(&replica.stored());
        for id in reported.iter().flat_map(|reported| &reported.answered) {
            assert_eq!(counts.get(id), Some(&1), "{id} was answered with 200");
        }
        assert!(counts.values().all(|count| *count == 1), "stored twice");
        assert!(counts.len() <= answered + refused);
        for call in reported.iter().flat_map(|reported| reported.refused.chunks(5)) {
            assert_eq!(replica.report(call), 200);
        }
        let counts = self::counts(&replica.stored());
        assert!(counts.len() == answered + refused && counts.values().all(|count| *count == 1), "sent again");
    }
}

fn counts(ids: &[String]) -> HashMap<String, usize> {
    let mut counts = HashMap::new();
    for id in ids {
        *counts.entry(id.clone()).or_default() += 1;
    }
    counts
}
