//! A server in this process, and a client for each environment that it ever had.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use stitch_client::{Client, Status};
use stitch_core::{Definitions, Engine};
use stitch_server::audit::Action;
use stitch_server::auth::sdk_keys::Fresh;
use stitch_server::caller::Caller;
use stitch_server::gate;
use stitch_server::model::{Flag, Model, Objects, OverrideRow, Segment, Settings as Document};
use stitch_server::source::Source;
use stitch_server::state::{AppState, Settings};
use stitch_server::store::{Sqlite, Store};
use stitch_server::writes::Draft;
use tokio::runtime::{self, Runtime};

/// What clients serve, by their environments.
pub(crate) type Engines = BTreeMap<String, Arc<Engine>>;

const PATIENCE: Duration = Duration::from_mins(1);

pub(crate) struct Followed {
    state: AppState,
    url: String,
    runtime: Runtime,
    /// One registry at a time.
    clients: Mutex<BTreeMap<String, Client>>,
}

impl Followed {
    pub(crate) fn start() -> Self {
        let runtime = runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().expect("a runtime");
        let store: Arc<dyn Store> = Arc::new(Sqlite::in_memory().expect("a store"));
        let model = Model::read(runtime.block_on(store.load()).expect("it can be read")).expect("it is sound");
        let registry = Source::Store.compile_model(&model).unwrap_or_else(|refused| panic!("{refused}"));
        let parity = gate::run().expect("the nineteen cases");
        let state = AppState::with_store(Settings::default(), Source::Store, registry, parity, (store, model));
        let listeners = runtime.block_on(stitch_server::Listeners::loopback()).expect("free ports");
        let url = format!("http://{}", listeners.sync.local_addr().expect("an address"));
        // It serves until the tests are done.
        runtime.spawn(stitch_server::serve(listeners, state.clone(), std::future::pending()));
        Self { state, url, runtime, clients: Mutex::default() }
    }

    /// Lets the server have this registry, and gives what the clients serve once they have heard of it.
    pub(crate) fn serve(&self, registry: &str) -> Result<Engines, String> {
        let mut clients = self.clients.lock().unwrap_or_else(PoisonError::into_inner);
        let document = Definitions::from_json(registry).map_err(|error| error.to_string())?;
        let document = document.document().clone().into_owned();
        self.write("registry", move |draft| {
            let model = draft.model();
            let (rows, flags, segments) = (keys(&model.overrides), keys(&model.flags), keys(&model.segments));
            for id in rows {
                draft.remove::<OverrideRow>(&id);
            }
            for key in flags {
                draft.remove::<Flag>(&key);
            }
            for key in segments {
                draft.remove::<Segment>(&key);
            }
            draft.remove::<Document>(Document::KEY);
            draft.import(document.clone());
        })?;
        let mut engines = Engines::new();
        for env in super::listed(registry) {
            if !clients.contains_key(&env) {
                clients.insert(env.clone(), self.client(&env)?);
            }
            engines.insert(env.clone(), self.follow(&clients[&env], &env)?);
        }
        Ok(engines)
    }

    fn client(&self, env: &str) -> Result<Client, String> {
        let fresh = Fresh::make().map_err(|error| error.to_string())?;
        let (key, env) = (fresh.key.clone(), env.to_owned());
        self.write("key", move |draft| {
            let made = draft.create_key(&fresh, &env, "parity");
            assert!(made.is_ok(), "the environment is listed");
        })?;
        let builder = Client::builder(&self.url, key).backoff(Duration::from_millis(5), Duration::from_millis(50));
        builder.connect().map_err(|error| error.to_string())
    }

    fn write(&self, what: &str, change: impl Fn(&mut Draft) + Send + 'static) -> Result<(), String> {
        let decide = move |draft: &mut Draft| {
            change(draft);
            draft.record(serde_json::Value::Null, serde_json::Value::Null, None);
            Ok(())
        };
        let action = Action::new("parity", what);
        let written = self.runtime.block_on(self.state.write(Caller::operator_of_the_machine(), action, decide));
        written.map_err(|error| format!("the server refuses the {what}: {error:?}"))
    }

    /// What the client serves once it is as far as the server.
    fn follow(&self, client: &Client, env: &str) -> Result<Arc<Engine>, String> {
        let (history, number) = {
            let served = self.state.load();
            (served.model.head.history.clone(), served.model.feed.number(env))
        };
        let begun = Instant::now();
        loop {
            let state = client.state();
            if (&state.history, state.number, state.status) == (&history, number, Status::Ready) {
                return Ok(client.engine().to_arc());
            }
            if begun.elapsed() > PATIENCE {
                return Err(format!("the client of {env} does not come to number {number}: {state:?}"));
            }
            std::thread::sleep(Duration::from_millis(1));
        }
    }
}

fn keys<T>(objects: &Objects<T>) -> Vec<String> {
    objects.keys().cloned().collect()
}
