//! A real server whose store outlives it, and what tests do with it.

#![allow(dead_code, unreachable_pub, reason = "each test file uses a part of it")]

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use stitch_client::{Builder, Client, Context};
use stitch_core::{Definitions, Json};
use stitch_server::audit::Action;
use stitch_server::auth::sdk_keys::Fresh;
use stitch_server::caller::Caller;
use stitch_server::model::{Flag, Metric, MetricType, Model};
use stitch_server::source::Source;
use stitch_server::state::{AppState, Settings};
use stitch_server::store::sqlite::Access;
use stitch_server::store::{Sqlite, Store, StoredEvent};
use stitch_server::writes::{Draft, visit};
use stitch_server::{Listeners, gate, serve};
use tokio::net::TcpListener;
use tokio::sync::oneshot;

pub mod fake;

/// How long a test waits for anything.
pub const PATIENCE: Duration = Duration::from_secs(20);

pub const REGISTRY: &str = r#"{"schema_version": "1.0", "flags": [
    {"key": "plain", "default_value": false},
    {"key": "n", "type": "integer", "default_value": 0, "variants": {"v": 0}, "serve": "v", "rollout_stage": "full"}]}"#;

/// A store, and the server that serves it while it is up, always at the same addresses.
pub struct Site {
    pub file: PathBuf,
    pub store: Arc<dyn Store>,
    /// An SDK key for `prod`.
    pub key: String,
    pub state: AppState,
    settings: Settings,
    addresses: [SocketAddr; 3],
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Site {
    pub fn open() -> Self {
        Self::with(REGISTRY, Settings::default())
    }

    pub fn with(registry: &str, settings: Settings) -> Self {
        let file = scratch("site").join("stitch.db");
        let store: Arc<dyn Store> = Arc::new(Sqlite::open(&file, Access::Serve).unwrap());
        let fresh = Fresh::make().unwrap();
        let document = Definitions::from_json(registry).unwrap().document().clone().into_owned();
        let decide = |draft: &mut Draft| {
            draft.import(document.clone());
            draft.create_key(&fresh, "prod", "test")?;
            for (key, value_type) in [("clicks", MetricType::Integer), ("seconds", MetricType::Double)] {
                draft.create_metric(key, &Metric { value_type, description: None })?;
            }
            Ok(())
        };
        let operator = Caller::operator_of_the_machine();
        block_on(visit::write(&*store, &operator, &Action::new("test", "test"), decide)).unwrap();
        let any = SocketAddr::from(([127, 0, 0, 1], 0));
        let state = state_of(&store, &settings);
        let mut site =
            Self { file, store, key: fresh.key, state, settings, addresses: [any; 3], stop: None, thread: None };
        site.start();
        site
    }

    /// Serves what the store holds.
    pub fn start(&mut self) {
        assert!(self.stop.is_none());
        self.state = state_of(&self.store, &self.settings);
        let (stop, stopped) = oneshot::channel::<()>();
        let (tell, told) = std::sync::mpsc::channel();
        let (state, addresses) = (self.state.clone(), self.addresses);
        self.thread = Some(std::thread::spawn(move || {
            tokio::runtime::Runtime::new().unwrap().block_on(async {
                let [http, management, sync] = addresses.map(TcpListener::bind);
                let listeners = Listeners {
                    http: http.await.unwrap(),
                    management: management.await.unwrap(),
                    sync: sync.await.unwrap(),
                };
                let Listeners { http, management, sync } = &listeners;
                tell.send([http, management, sync].map(|listener| listener.local_addr().unwrap())).unwrap();
                serve(listeners, state, async { drop(stopped.await) }).await;
            });
        }));
        self.addresses = told.recv().unwrap();
        self.stop = Some(stop);
    }

    pub fn stop(&mut self) {
        drop(self.stop.take());
        self.thread.take().unwrap().join().unwrap();
    }

    pub fn http(&self) -> SocketAddr {
        self.addresses[0]
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.addresses[2])
    }

    /// A client that does not wait long before it tries again.
    pub fn builder(&self) -> Builder {
        Client::builder(self.url(), &self.key).backoff(Duration::from_millis(20), Duration::from_millis(200))
    }

    pub fn client(&self) -> Client {
        self.builder().connect().unwrap()
    }

    /// Writes as the machine's operator, and answers once it serves.
    pub fn write(&self, change: impl Fn(&mut Draft) + Send + 'static) {
        let decide = move |draft: &mut Draft| {
            change(draft);
            draft.record(serde_json::Value::Null, serde_json::Value::Null, None);
            Ok(())
        };
        let operator = Caller::operator_of_the_machine();
        block_on(self.state.write(operator, Action::new("test", "test"), decide)).unwrap();
    }

    /// Lets the flag `n` answer with a number.
    pub fn put_number(&self, number: i64) {
        self.write(move |draft| draft.put("n", number_flag(number)));
    }

    /// What was stored of events.
    pub fn events(&self) -> Vec<StoredEvent> {
        block_on(self.store.events("prod".to_owned(), 0, 100_000)).unwrap()
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        if self.stop.is_some() {
            self.stop();
        }
    }
}

pub fn number_flag(number: i64) -> Flag {
    Flag(json(&format!(
        r#"{{"key": "n", "type": "integer", "default_value": {number}, "variants": {{"v": {number}}}, "serve": "v", "rollout_stage": "full"}}"#
    )))
}

fn state_of(store: &Arc<dyn Store>, settings: &Settings) -> AppState {
    let model = Model::read(block_on(store.load()).unwrap()).unwrap();
    let registry = Source::Store.compile_model(&model).unwrap();
    AppState::with_store(settings.clone(), Source::Store, registry, gate::run().unwrap(), (Arc::clone(store), model))
}

pub fn json(text: &str) -> Json<'static> {
    Json::parse(text).unwrap().into_owned()
}

/// What the client answers for the flag `n`; -1 where it has none.
pub fn number(client: &Client) -> i64 {
    client.engine().integer("n", &Context::user("U-1").env("prod"), -1)
}

pub fn block_on<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(work)
}

/// An empty folder of this very call.
pub fn scratch(name: &str) -> PathBuf {
    static COUNT: AtomicUsize = AtomicUsize::new(0);
    let folder = format!("{name}-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(folder);
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

/// Waits until `check` gives something.
#[track_caller]
pub fn until<T>(mut check: impl FnMut() -> Option<T>) -> T {
    let started = Instant::now();
    loop {
        if let Some(found) = check() {
            return found;
        }
        assert!(started.elapsed() < PATIENCE, "nothing happened within {PATIENCE:?}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Waits until that holds.
#[track_caller]
pub fn until_so(mut check: impl FnMut() -> bool) {
    until(|| check().then_some(()));
}
