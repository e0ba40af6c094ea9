//! A store with what SDK clients and people need: a registry, keys, metrics, users and their tokens.

use std::path::Path;
use std::sync::Arc;

use serde_json::Value;
use stitch_core::Definitions;
use stitch_server::audit::Action;
use stitch_server::auth::sdk_keys::Fresh;
use stitch_server::auth::{signing, tokens};
use stitch_server::caller::{Caller, Grant, Role};
use stitch_server::gate;
use stitch_server::model::{Metric, MetricType, Model, User};
use stitch_server::source::Source;
use stitch_server::state::{AppState, Settings};
use stitch_server::store::sqlite::Access;
use stitch_server::store::{Sqlite, Store};
use stitch_server::writes::{Draft, visit};

use super::{Answer, Server, ask};

const REGISTRY: &str = r#"{"schema_version": "1.0", "flags": [
    {"key": "checkout", "default_value": false, "rollout_stage": "full", "serve": "off",
     "variants": {"on": true, "off": false},
     "rules": [{"id": "thai", "when": {"attr": "country", "op": "eq", "value": "TH"}, "serve": "on"},
               {"id": "beta", "when": {"segment": "beta"}, "serve": "on"}],
     "environments": {"dev": {"rollout_stage": "paused"}}},
    {"key": "internal", "default_value": false, "rollout_stage": "internal"}],
  "segments": [{"key": "beta", "included": ["U-1"], "when": {"all": [{"attr": "tier", "op": "eq", "value": "gold"},
     {"attr": "env", "op": "eq", "value": "prod"}, {"attr": "role_key", "op": "eq", "value": "buyer"}]}},
   {"key": "devices", "when": {"attr": "kind", "op": "eq", "value": "device"}}]}"#;

/// Keys and tokens of a store.
pub struct Stocked {
    /// An SDK key for `prod`.
    pub key: String,
    /// An SDK key for `dev`.
    pub dev_key: String,
    /// A token of an admin.
    pub admin: String,
    /// A token of a viewer of `prod`.
    pub viewer: String,
}

/// Fills a store.
pub fn stock(store: &dyn Store) -> Stocked {
    let work = async {
        let (prod, dev) = (Fresh::make().unwrap(), Fresh::make().unwrap());
        let (kid, signing_key) = signing::make(0).unwrap();
        let decide = |draft: &mut Draft| {
            draft.import(Definitions::from_json(REGISTRY).unwrap().document().clone().into_owned());
            draft.create_key(&prod, "prod", "test")?;
            draft.create_key(&dev, "dev", "test")?;
            draft.keep_signing_key(&kid, &signing_key);
            for (key, value_type) in
                [("clicks", MetricType::Integer), ("seconds", MetricType::Double), ("bought", MetricType::Boolean)]
            {
                draft.create_metric(key, &Metric { value_type, description: None })?;
            }
            draft.put("admin@example.com", user(Role::Admin, None));
            draft.put("viewer@example.com", user(Role::Viewer, Some("prod")));
            Ok(())
        };
        visit::write(store, &Caller::operator_of_the_machine(), &Action::new("test", "test"), decide).await.unwrap();
        let model = Model::read(store.load().await.unwrap()).unwrap();
        let token = |email| tokens::issue(&model, email, now()).unwrap().0;
        let (admin, viewer) = (token("admin@example.com"), token("viewer@example.com"));
        Stocked { key: prod.key, dev_key: dev.key, admin, viewer }
    };
    block_on(work)
}

/// The system's clock.
pub fn now() -> i64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    i64::try_from(since.as_millis()).unwrap()
}

pub fn block_on<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(work)
}

fn user(role: Role, env: Option<&str>) -> User {
    let grants = vec![Grant { role, env: env.map(str::to_owned) }];
    let body = serde_json::json!({"password_hash": "none", "grants": grants, "created_at": "2026-01-01T00:00:00Z"});
    serde_json::from_value(body).unwrap()
}

/// A server in this process with a stocked store in memory.
pub struct Shop {
    pub server: Server,
    pub state: AppState,
    pub store: Arc<dyn Store>,
    pub stocked: Stocked,
}

impl Shop {
    pub fn open() -> Self {
        Self::with(Settings::default(), |_| ())
    }

    /// With more in the store before the server starts.
    pub fn with(settings: Settings, fill: impl FnOnce(&dyn Store)) -> Self {
        Self::on(Sqlite::in_memory().unwrap(), settings, fill)
    }

    /// With that store.
    pub fn on(store: Sqlite, settings: Settings, fill: impl FnOnce(&dyn Store)) -> Self {
        let store: Arc<dyn Store> = Arc::new(store);
        let stocked = stock(&*store);
        fill(&*store);
        let model = Model::read(block_on(store.load()).unwrap()).unwrap();
        let registry = Source::Store.compile_model(&model).unwrap();
        let with = (Arc::clone(&store), model);
        let state = AppState::with_store(settings, Source::Store, registry, gate::run().unwrap(), with);
        Self { server: Server::of(state.clone()), state, store, stocked }
    }

    /// Asks as an SDK client of `prod`.
    pub fn sdk(&self, path: &str, body: impl AsRef<str>) -> Answer {
        self.server.post_with(path, &[("x-sdk-key", &self.stocked.key)], body.as_ref())
    }

    /// Asks with a token.
    pub fn person(&self, token: &str, method: &str, path: &str, body: &str) -> Answer {
        let bearer = format!("Bearer {token}");
        let headers = [("Authorization", &*bearer), ("Content-Type", "application/json")];
        ask(self.server.address, method, path, &headers, body.as_bytes())
    }

    /// Asks as an admin.
    pub fn admin(&self, method: &str, path: &str, body: &str) -> Answer {
        self.person(&self.stocked.admin, method, path, body)
    }
}

/// A stocked store in a file, all of it in the file itself.
pub fn stocked_file(file: &Path) -> Stocked {
    let stocked = stock(&Sqlite::open(file, Access::Visit).unwrap());
    settle(file);
    stocked
}

/// Statements after which all events of a store came so much earlier (milliseconds), and their ids too.
pub fn older(milliseconds: i64) -> String {
    format!(
        "UPDATE events SET received_at = received_at - {milliseconds}; \
         UPDATE event_ids SET seen_at = seen_at - {milliseconds}"
    )
}

/// Puts into the file what its write-ahead log has. Whoever wrote may still be closing it, on a thread of their own.
pub fn settle(file: &Path) {
    let visitor = rusqlite::Connection::open(file).unwrap();
    visitor.busy_timeout(super::PATIENCE).unwrap();
    let left: i64 = visitor.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0)).unwrap();
    assert_eq!(left, 0);
}

/// The data of a success under `/v1`.
#[track_caller]
pub fn told(answer: &Answer) -> Value {
    assert!((200..300).contains(&answer.status), "{} {}", answer.status, answer.text());
    assert_eq!(answer.header("cache-control"), Some("private, no-store"));
    answer.json()
}

/// A failure under `/v1`, of that status and code.
#[track_caller]
pub fn refused(answer: &Answer, status: u16, code: &str) -> Value {
    let json = answer.json();
    assert_eq!((answer.status, json["code"].as_str()), (status, Some(code)), "{json}");
    assert!(json["error"].is_string() && answer.header("x-request-id").is_some(), "{json}");
    json
}
