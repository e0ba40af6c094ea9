//! Waiting on a thread for what is awaited elsewhere, and no longer than so long.

use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};
use std::time::{Duration, Instant};

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

/// What the future gives, if it does so in time. It must need no runtime.
pub(crate) fn wait<T>(patience: Duration, future: impl Future<Output = T>) -> Option<T> {
    let begun = Instant::now();
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut context = Context::from_waker(&waker);
    let mut future = pin!(future);
    loop {
        if let Poll::Ready(result) = future.as_mut().poll(&mut context) {
            return Some(result);
        }
        let left = patience.saturating_sub(begun.elapsed());
        if left.is_zero() {
            return None;
        }
        thread::park_timeout(left);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_ends_when_the_future_does_or_when_patience_does() {
        let (tell, mut told) = tokio::sync::watch::channel(0);
        assert!(wait(Duration::from_millis(20), told.wait_for(|number| *number == 1)).is_none());
        let teller = thread::spawn(move || {
            thread::sleep(Duration::from_millis(20));
            tell.send_replace(1);
        });
        assert!(wait(Duration::from_secs(20), told.wait_for(|number| *number == 1)).unwrap().is_ok());
        teller.join().unwrap();
    }
}
