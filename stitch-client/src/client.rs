//! The client as its users hold it.

use std::io;
use std::ops::Deref;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, SystemTime};

use arc_swap::Guard;
use stitch_core::{Context, Engine};
use tokio::runtime;
use tokio::sync::watch;

use crate::builder::Builder;
use crate::event::{Event, EventCounts, NotRecorded};
use crate::follow::Follower;
use crate::listeners::{Change, News};
use crate::saver::Saver;
use crate::sender::Sender;
use crate::shared::{Served, Shared};
use crate::state::{State, Status};
use crate::wait::wait;

/// Definitions that are kept up to date, and what evaluates with them: see [the crate](crate).
///
/// Cloning shares it.
#[derive(Clone, Debug)]
pub struct Client {
    shared: Arc<Shared>,
    sender: Arc<Sender>,
    life: Arc<Life>,
}

impl Client {
    /// A client of the server that streams definitions at `url`, as `https://flags.example:50050`.
    pub fn builder(url: impl Into<String>, sdk_key: impl Into<String>) -> Builder {
        Builder::new(url.into(), sdk_key.into())
    }

    pub(crate) fn start(
        shared: Arc<Shared>,
        sender: Sender,
        follower: Follower,
        saver: Option<Saver>,
    ) -> io::Result<Self> {
        let runtime = runtime::Builder::new_current_thread().enable_all().build()?;
        let (stop, stopped) = watch::channel(false);
        let work = move || {
            runtime.block_on(async {
                let saving = async {
                    if let Some(saver) = saver {
                        saver.save_all(stopped.clone()).await;
                    }
                };
                tokio::join!(follower.follow(stopped.clone()), saving);
            });
        };
        let thread = thread::Builder::new().name("stitch-client".to_owned()).spawn(work)?;
        let sender = Arc::new(sender);
        let life =
            Life { shared: Arc::clone(&shared), sender: Arc::clone(&sender), stop, thread: Mutex::new(Some(thread)) };
        Ok(Self { shared, sender, life: Arc::new(life) })
    }

    /// What serves. Never waits and takes no lock; it stays the same for as long as it is held, so take it once for
    /// answers that belong together.
    #[inline]
    pub fn engine(&self) -> Serving {
        Serving(self.shared.load())
    }

    /// How it fares.
    pub fn state(&self) -> State {
        self.shared.state()
    }

    /// Waits until the newest definitions serve, no longer than `patience`, and tells what became of it. With
    /// [`Status::Stale`] there is something to answer with all the same.
    pub fn wait_ready(&self, patience: Duration) -> Status {
        let ready = wait(patience, self.ready());
        ready.unwrap_or_else(|| self.state().status)
    }

    /// As [`Client::wait_ready`], for whoever awaits; on any runtime. Ends with [`Status::Stale`] or
    /// [`Status::Starting`] only when the client is shut down.
    pub async fn ready(&self) -> Status {
        let mut state = self.shared.watch();
        let mut stop = self.life.stop.subscribe();
        tokio::select! {
            biased;
            _ = state.wait_for(|state| state.status == Status::Ready) => Status::Ready,
            _ = stop.wait_for(|stop| *stop) => self.state().status,
        }
    }

    /// Calls `listener` whenever other definitions have taken over that may change an answer. Listeners are called one
    /// after the other, on a thread of their own; one that holds the client keeps it alive.
    ///
    /// # Panics
    ///
    /// If the system gives no thread.
    pub fn on_change(&self, listener: impl Fn(&Change) + Send + Sync + 'static) {
        self.listen(move |news| {
            if let News::Change(change) = news {
                listener(change);
            }
        });
    }

    /// Calls `listener` whenever the status is another, as [`Client::on_change`] does.
    ///
    /// # Panics
    ///
    /// If the system gives no thread.
    pub fn on_status(&self, listener: impl Fn(&State) + Send + Sync + 'static) {
        self.listen(move |news| {
            if let News::State(state) = news {
                listener(state);
            }
        });
    }

    fn listen(&self, listener: impl Fn(&News) + Send + Sync + 'static) {
        self.shared.listeners.add(listener).expect("the system gives a thread, as `thread::spawn` expects");
    }

    /// Puts an event into the queue, from which it is sent soon. Never waits for the server.
    ///
    /// # Errors
    ///
    /// If there is no room, nowhere to send it to, or something is wrong with the event.
    pub fn record(&self, event: Event) -> Result<(), NotRecorded> {
        self.sender.record(&self.shared, event)
    }

    /// What became of events so far.
    pub fn events(&self) -> EventCounts {
        self.sender.counts()
    }

    /// Sends what is in the queue now, and waits no longer than `patience` for the server to have it; whether it has.
    pub fn flush(&self, patience: Duration) -> bool {
        self.sender.flush(patience)
    }

    /// Ends the client, in all its clones: sends what is in the queue (no longer than `patience`), saves what serves,
    /// and ends its threads. What serves goes on to answer. Tells what became of all events.
    pub fn shutdown(&self, patience: Duration) -> EventCounts {
        self.sender.flush(patience);
        self.life.end();
        self.shared.listeners.end();
        self.events()
    }
}

/// What serves: an [`Engine`], the same for as long as this is held.
#[derive(Debug)]
pub struct Serving(Guard<Arc<Served>>);

impl Serving {
    /// The engine, to keep for long: other than this it costs a count that all threads share.
    pub fn to_arc(&self) -> Arc<Engine> {
        Arc::clone(&self.0.engine)
    }

    /// The environment of its definitions; none where there are none yet.
    #[inline]
    pub fn environment(&self) -> Option<&str> {
        self.0.environment.as_deref()
    }

    /// The context with what a server would fill in where it is asked with the client's key, unless the context says
    /// otherwise: the key's environment, and the time of this machine's clock. Without them conditions on `env` do not
    /// hold, and override rows do not expire.
    #[inline]
    #[must_use]
    pub fn complete<'a>(&'a self, context: Context<'a>) -> Context<'a> {
        context.or_at(self.environment(), of_the_clock())
    }

    pub(crate) fn into_served(self) -> Arc<Served> {
        Guard::into_inner(self.0)
    }
}

impl Clone for Serving {
    fn clone(&self) -> Self {
        Self(Guard::from_inner(Arc::clone(&self.0)))
    }
}

impl Deref for Serving {
    type Target = Engine;

    #[inline]
    fn deref(&self) -> &Engine {
        &self.0.engine
    }
}

/// Milliseconds since the epoch.
fn of_the_clock() -> i64 {
    let milliseconds = |since: Duration| i64::try_from(since.as_millis()).unwrap_or(i64::MAX);
    match SystemTime::now().duration_since(SystemTime::UNIX_EPOCH) {
        Ok(since) => milliseconds(since),
        Err(error) => -milliseconds(error.duration()),
    }
}

/// Ends the client with its last clone.
#[derive(Debug)]
struct Life {
    shared: Arc<Shared>,
    sender: Arc<Sender>,
    stop: watch::Sender<bool>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl Life {
    /// Waits for the thread, so that nothing takes over after this.
    fn end(&self) {
        self.sender.end();
        self.stop.send_replace(true);
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(thread) = thread {
            // It does not panic; and if it did, what serves would serve on.
            let _ = thread.join();
            self.shared.lost("the client was shut down".to_owned());
        }
    }
}

impl Drop for Life {
    fn drop(&mut self) {
        self.sender.end();
        self.stop.send_replace(true);
    }
}
