//! What the server promises to those who would break in, each on a real socket; `docs/security.md` says which test
//! holds which promise.

#[path = "../common/mod.rs"]
mod common;

mod bombs;
mod command_line;
mod dev;
mod forge;
mod frames;
mod heads;
mod injection;
mod issuer;
mod issuers;
mod jwt;
mod keys;
mod login;
mod paths;
mod people;
mod promises;
mod secrets;
mod slow;
mod start;
mod streams;
mod tls;
mod tokens;
mod tour;

use std::path::Path;
use std::sync::{Arc, LazyLock};

use common::{Answer, Server, ask};
use serde_json::Value;
use stitch_server::audit::{Action, Verifier};
use stitch_server::auth::users::Profile;
use stitch_server::auth::{passwords, sdk_keys::Fresh, tokens as own};
use stitch_server::caller::{Caller, Grant, Role};
use stitch_server::config::Auth;
use stitch_server::source::Source;
use stitch_server::state::{AppState, Settings};
use stitch_server::store::sqlite::Access;
use stitch_server::store::{AuditQuery, Sqlite, Store};
use stitch_server::writes::visit;
use stitch_server::{gate, start as starting};

const EVAL: &str = "/api/flags/eval?key=flags.registry_v1";
const BATCH: &str = "/api/flags/eval/batch";
const OFREP: &str = "/ofrep/v1/evaluate/flags/flags.registry_v1";

const ADMIN: &str = "admin@example.com";
/// An operator of `dev` alone.
const OPERATOR: &str = "operator@example.com";
const VIEWER: &str = "viewer@example.com";
/// Somebody who may log in, and nothing else.
const GUEST: &str = "guest@example.com";
const PASSWORD: &str = "correct horse battery";

/// A role, and where.
type Given = (Role, Option<&'static str>);

const PEOPLE: [(&str, Option<Given>); 4] = [
    (ADMIN, Some((Role::Admin, None))),
    (OPERATOR, Some((Role::Operator, Some("dev")))),
    (VIEWER, Some((Role::Viewer, None))),
    (GUEST, None),
];

/// Everybody's, hashed once: that takes a while.
static HASH: LazyLock<String> = LazyLock::new(|| passwords::hash(PASSWORD).unwrap());

/// A server with people.
struct House {
    server: Server,
    state: AppState,
    runtime: tokio::runtime::Runtime,
}

impl House {
    fn dev() -> Self {
        Self::with(Settings::default())
    }

    fn jwt() -> Self {
        Self::with(Settings { auth: Auth::Jwt, ..Settings::default() })
    }

    fn with(settings: Settings) -> Self {
        Self::of(settings, Source::Store)
    }

    /// With definitions from there.
    fn of(settings: Settings, source: Source) -> Self {
        Self::on(settings, source, Arc::new(Sqlite::in_memory().unwrap()))
    }

    /// With a store that others can look at.
    fn in_file(settings: Settings, file: &Path) -> Self {
        Self::on(settings, Source::Store, Arc::new(Sqlite::open(file, Access::Serve).unwrap()))
    }

    fn on(settings: Settings, source: Source, store: Arc<dyn Store>) -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        for (email, grant) in PEOPLE {
            let grants = grant.map(|(role, env)| Grant { role, env: env.map(str::to_owned) });
            let profile = Profile {
                grants: grants.into_iter().collect(),
                tenant_id: Some("pty-zeroth".to_owned()),
                tier: Some("staff".to_owned()),
                role_key: None,
            };
            let caller = Caller::operator_of_the_machine();
            let action = Action::new("user.add", email);
            let add = visit::write(&*store, &caller, &action, |draft| draft.add_user(email, &HASH, &profile));
            runtime.block_on(add).unwrap();
        }
        Self::serve(settings, source, store, runtime)
    }

    /// With a store that others left.
    fn reopen(settings: Settings, file: &Path) -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        Self::serve(settings, Source::Store, Arc::new(Sqlite::open(file, Access::Serve).unwrap()), runtime)
    }

    fn serve(settings: Settings, source: Source, store: Arc<dyn Store>, runtime: tokio::runtime::Runtime) -> Self {
        let model = runtime.block_on(starting::store::read(&*store, true)).unwrap();
        let registry = if source.is_written_here() { source.compile_model(&model) } else { source.load() };
        let state = AppState::with_store(settings, source, registry.unwrap(), gate::run().unwrap(), (store, model));
        Self { server: Server::of(state.clone()), state, runtime }
    }

    /// A token as a login gives it.
    fn token(&self, email: &str) -> String {
        self.token_of(email, now())
    }

    fn token_of(&self, email: &str, now: i64) -> String {
        own::issue(&self.state.load().model, email, now).unwrap().0
    }

    /// A request with a token, and perhaps a body.
    fn ask_as(&self, token: &str, method: &str, path: &str, body: &str) -> Answer {
        let bearer = format!("Bearer {token}");
        let mut headers = vec![("Authorization", bearer.as_str())];
        if !body.is_empty() {
            headers.push(("Content-Type", "application/json"));
        }
        ask(self.server.address, method, path, &headers, body.as_bytes())
    }

    /// The same as somebody.
    fn ask(&self, email: &str, method: &str, path: &str, body: &str) -> Answer {
        self.ask_as(&self.token(email), method, path, body)
    }

    /// A key for an environment, and its id.
    fn key(&self, env: &str) -> (String, String) {
        let fresh = Fresh::make().unwrap();
        let (key, id) = (fresh.key.clone(), fresh.id.clone());
        let env = env.to_owned();
        let action = Action::new("sdk_key.create", id.clone());
        let create = self
            .state
            .write(Caller::operator_of_the_machine(), action, move |draft| draft.create_key(&fresh, &env, "a test"));
        self.runtime.block_on(create).unwrap();
        (key, id)
    }

    /// The audit log, whose chain holds.
    fn audit(&self) -> Vec<Value> {
        let query = AuditQuery { flag: None, after: 0, limit: usize::MAX >> 1 };
        let rows = self.runtime.block_on(self.state.store().audit(query)).unwrap();
        let mut verifier = Verifier::default();
        rows.iter().try_for_each(|row| verifier.row(row)).unwrap();
        verifier.finish(&self.state.load().model.head).unwrap();
        rows.iter().map(|row| serde_json::from_str(&row.body).unwrap()).collect()
    }
}

fn now() -> i64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    i64::try_from(since.as_millis()).unwrap()
}

/// The failure of a `/v1` route: its shape, its status, its code.
#[track_caller]
fn refused(answer: &Answer, status: u16, code: &str) -> Value {
    let json = answer.json();
    assert_eq!((answer.status, json["code"].as_str()), (status, Some(code)), "{json}");
    assert!(json["error"].as_str().is_some_and(|error| !error.is_empty()) && json.get("service").is_none(), "{json}");
    if status == 401 {
        assert_eq!(answer.header("www-authenticate"), Some("Bearer"));
    }
    json
}
