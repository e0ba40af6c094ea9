//! Those who want to know: called one after the other, on a thread of their own, so that a slow one holds up nobody but
//! the others.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};

use stitch_core::Engine;

use crate::state::State;

/// Definitions that were taken over.
#[derive(Clone, Debug)]
pub struct Change {
    /// The flags that may answer otherwise than before, in ascending order: those that came or went, and those of which
    /// anything changed that an answer can depend on, be it a segment, an override, a setting or another flag.
    pub flags: Vec<String>,
    /// What serves now.
    pub engine: Arc<Engine>,
    /// As in [`State`].
    pub history: String,
    /// As in [`State`].
    pub number: u64,
}

pub(crate) enum News {
    Change(Change),
    State(State),
}

type Listener = Arc<dyn Fn(&News) + Send + Sync>;

#[derive(Default)]
pub(crate) struct Listeners(Mutex<Told>);

#[derive(Default)]
struct Told {
    all: Arc<Mutex<Vec<Listener>>>,
    /// From the first listener until the end.
    thread: Option<(Sender<News>, JoinHandle<()>)>,
    ended: bool,
}

impl Listeners {
    /// From now on `listener` is told.
    pub(crate) fn add(&self, listener: impl Fn(&News) + Send + Sync + 'static) -> std::io::Result<()> {
        let mut told = self.lock();
        if told.thread.is_none() && !told.ended {
            let (sender, receiver) = channel();
            let all = Arc::clone(&told.all);
            let thread = thread::Builder::new().name("stitch-listeners".to_owned());
            told.thread = Some((sender, thread.spawn(move || tell_all(&receiver, &all))?));
        }
        told.all.lock().unwrap_or_else(PoisonError::into_inner).push(Arc::new(listener));
        Ok(())
    }

    pub(crate) fn are_there(&self) -> bool {
        self.lock().thread.is_some()
    }

    pub(crate) fn tell(&self, news: News) {
        if let Some((sender, _)) = &self.lock().thread {
            // An error means that the thread is gone, which only the end of the process makes it.
            let _ = sender.send(news);
        }
    }

    /// Tells what is left to tell, and nothing more.
    pub(crate) fn end(&self) {
        let mut told = self.lock();
        told.ended = true;
        let thread = told.thread.take();
        // A listener may be asking something meanwhile.
        drop(told);
        let Some((sender, thread)) = thread else { return };
        drop(sender);
        // A listener that ends its own client does not wait for itself.
        if thread.thread().id() != thread::current().id() {
            let _ = thread.join();
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Told> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Listeners {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Listeners")
    }
}

fn tell_all(receiver: &Receiver<News>, all: &Mutex<Vec<Listener>>) {
    for news in receiver {
        let all = all.lock().unwrap_or_else(PoisonError::into_inner).clone();
        for listener in all {
            // The others hear of it all the same; the panic's own message says what was wrong.
            let _ = catch_unwind(AssertUnwindSafe(|| listener(&news)));
        }
    }
}
