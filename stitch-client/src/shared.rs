//! What a client's handles and its thread share: what serves, how it fares, and who wants to know.

use std::sync::Arc;

use arc_swap::{ArcSwap, Guard};
use stitch_core::Engine;
use tokio::sync::watch;

use crate::listeners::{Change, Listeners, News};
use crate::state::{State, Status};

/// What serves, and of which moment it is.
#[derive(Debug)]
pub(crate) struct Served {
    pub(crate) engine: Arc<Engine>,
    pub(crate) history: String,
    pub(crate) number: u64,
    pub(crate) environment: Option<String>,
}

impl Served {
    pub(crate) fn new(engine: Arc<Engine>, history: &str, number: u64) -> Self {
        // The stream lists the key's own alone.
        let environment = engine.environments().next().map(str::to_owned);
        Self { engine, history: history.to_owned(), number, environment }
    }

    /// While there are no definitions.
    pub(crate) fn nothing() -> Self {
        let engine = Engine::from_json(r#"{"schema_version": "1.0", "flags": []}"#);
        let engine = Arc::new(engine.expect("a registry without flags is sound"));
        Self { engine, history: String::new(), number: 0, environment: None }
    }

    fn describe(&self, state: &mut State) {
        state.history.clone_from(&self.history);
        state.number = self.number;
        state.environment.clone_from(&self.environment);
    }
}

#[derive(Debug)]
pub(crate) struct Shared {
    served: ArcSwap<Served>,
    state: watch::Sender<State>,
    pub(crate) listeners: Listeners,
}

impl Shared {
    /// Serves that until there is something newer.
    pub(crate) fn new(served: Arc<Served>, mut state: State) -> Self {
        served.describe(&mut state);
        let (state, _) = watch::channel(state);
        Self { served: ArcSwap::new(served), state, listeners: Listeners::default() }
    }

    /// Takes no lock.
    #[inline]
    pub(crate) fn load(&self) -> Guard<Arc<Served>> {
        self.served.load()
    }

    pub(crate) fn state(&self) -> State {
        self.state.borrow().clone()
    }

    pub(crate) fn watch(&self) -> watch::Receiver<State> {
        self.state.subscribe()
    }

    /// Serves the newest that the server has.
    pub(crate) fn serve(&self, served: Served) {
        let served = Arc::new(served);
        let before = self.served.swap(Arc::clone(&served));
        if self.listeners.are_there() {
            let flags = served.engine.changed_flags(&before.engine);
            if !flags.is_empty() {
                let (engine, history, number) = (Arc::clone(&served.engine), served.history.clone(), served.number);
                self.listeners.tell(News::Change(Change { flags, engine, history, number }));
            }
        }
        self.update(|state| {
            served.describe(state);
            state.enter(Status::Ready);
        });
    }

    /// The server was heard, and is at that number.
    pub(crate) fn heard(&self, history: &str, number: u64) {
        let is_newest = |state: &State| state.history == history && state.number == number;
        if !is_newest(&self.state.borrow()) || self.state.borrow().status == Status::Ready {
            return;
        }
        self.update(|state| state.enter(Status::Ready));
    }

    /// What serves may be old from now on.
    pub(crate) fn lost(&self, why: String) {
        self.update(|state| {
            if state.status == Status::Ready {
                state.enter(Status::Stale);
            }
            state.last_error = Some(why);
        });
    }

    /// Something went wrong that leaves the status as it is.
    pub(crate) fn failed(&self, why: String) {
        self.update(|state| state.last_error = Some(why));
    }

    fn update(&self, change: impl FnOnce(&mut State)) {
        let mut entered = None;
        self.state.send_modify(|state| {
            let before = state.status;
            change(state);
            if state.status != before {
                entered = Some(state.clone());
            }
        });
        if let Some(state) = entered {
            self.listeners.tell(News::State(state));
        }
    }
}
