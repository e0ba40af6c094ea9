//! Definitions, overrides, stages, approvals and the audit log, over real sockets.

#[path = "../common/mod.rs"]
mod common;

mod approvals;
mod audit;
mod flags;
mod overrides;
mod races;
mod registry;
mod segments;
mod stages;

use std::sync::Arc;

use common::{Answer, Server, ask};
use serde_json::{Value, json};
use stitch_server::audit::{Action, Verifier};
use stitch_server::auth::tokens;
use stitch_server::auth::users::Profile;
use stitch_server::caller::{Caller, Grant, Role};
use stitch_server::config::Auth;
use stitch_server::source::Source;
use stitch_server::state::{AppState, Settings};
use stitch_server::store::{AuditQuery, Sqlite, Store};
use stitch_server::writes::visit;
use stitch_server::{gate, start as starting};

const OPERATOR: &str = "operator@example.com";
const SECOND_OPERATOR: &str = "second.operator@example.com";
const DEV_OPERATOR: &str = "dev.operator@example.com";
const APPROVER: &str = "approver@example.com";
const SECOND_APPROVER: &str = "second.approver@example.com";
const ADMIN: &str = "admin@example.com";
const VIEWER: &str = "viewer@example.com";

/// A server with people, and nothing defined but what a test defines.
struct House {
    server: Server,
    state: AppState,
    runtime: tokio::runtime::Runtime,
}

impl House {
    fn new() -> Self {
        Self::with(Settings::default(), Source::Store)
    }

    fn with(settings: Settings, source: Source) -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let store: Arc<dyn Store> = Arc::new(Sqlite::in_memory().unwrap());
        let people = [
            (OPERATOR, Role::Operator, None),
            (SECOND_OPERATOR, Role::Operator, None),
            (DEV_OPERATOR, Role::Operator, Some("dev")),
            (APPROVER, Role::Approver, None),
            (SECOND_APPROVER, Role::Approver, None),
            (ADMIN, Role::Admin, None),
            (VIEWER, Role::Viewer, None),
        ];
        for (email, role, env) in people {
            let grants = vec![Grant { role, env: env.map(str::to_owned) }];
            let profile = Profile { grants, ..Profile::default() };
            let action = Action::new("user.add", email);
            let caller = Caller::operator_of_the_machine();
            let add = visit::write(&*store, &caller, &action, |draft| draft.add_user(email, "no hash", &profile));
            runtime.block_on(add).unwrap();
        }
        let model = runtime.block_on(starting::store::read(&*store, false)).unwrap();
        let registry = if source.is_written_here() { source.compile_model(&model) } else { source.load() };
        let state = AppState::with_store(settings, source, registry.unwrap(), gate::run().unwrap(), (store, model));
        Self { server: Server::of(state.clone()), state, runtime }
    }

    fn jwt() -> Self {
        Self::with(Settings { auth: Auth::Jwt, ..Settings::default() }, Source::Store)
    }

    fn token(&self, email: &str) -> String {
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_millis();
        tokens::issue(&self.state.load().model, email, i64::try_from(now).unwrap()).unwrap().0
    }

    /// A request of somebody, with a body unless that is null.
    fn ask(&self, email: &str, method: &str, path: &str, body: &Value) -> Answer {
        let bearer = format!("Bearer {}", self.token(email));
        let mut headers = vec![("Authorization", bearer.as_str())];
        let body = if body.is_null() { String::new() } else { body.to_string() };
        if !body.is_empty() {
            headers.push(("Content-Type", "application/json"));
        }
        ask(self.server.address, method, path, &headers, body.as_bytes())
    }

    /// A success below `/v1`.
    #[track_caller]
    fn ok(&self, email: &str, method: &str, path: &str, body: &Value) -> Value {
        let answer = self.ask(email, method, path, body);
        assert!(answer.status < 300, "{} {}", answer.status, answer.text());
        answer.json()
    }

    /// A failure below `/v1`.
    #[track_caller]
    fn refused(&self, email: &str, method: &str, path: &str, body: &Value, status: u16, code: &str) -> Value {
        let answer = self.ask(email, method, path, body);
        let json = answer.json();
        assert_eq!((answer.status, json["code"].as_str()), (status, Some(code)), "{json}");
        json
    }

    /// Makes a flag.
    #[track_caller]
    fn flag(&self, document: &Value) -> Value {
        self.ok(OPERATOR, "POST", "/v1/flags", document)
    }

    /// A flag as it is now.
    #[track_caller]
    fn read(&self, key: &str) -> Value {
        self.ok(VIEWER, "GET", &format!("/v1/flags/{key}"), &Value::Null)
    }

    fn revision(&self, key: &str) -> Value {
        self.read(key)["revision"].clone()
    }

    /// Changes a stage, with the newest revision.
    fn stage(&self, email: &str, key: &str, mut change: Value) -> Answer {
        change["revision"] = self.revision(key);
        self.ask(email, "PATCH", &format!("/api/flags/{key}/stage"), &change)
    }

    /// An approval's id, asked for by the operator and signed.
    #[track_caller]
    fn approval(&self, wish: &Value, signers: &[&str]) -> String {
        let asked = self.ok(OPERATOR, "POST", "/v1/approvals", wish);
        let id = asked["id"].as_str().unwrap().to_owned();
        for signer in signers {
            self.ok(signer, "POST", &format!("/v1/approvals/{id}/sign"), &Value::Null);
        }
        id
    }

    /// Whether a user is served `true`.
    fn is_on(&self, key: &str, env: &str) -> bool {
        self.server.get(&format!("/api/flags/eval?key={key}&user=U-1&env={env}")).data()["value"] == true
    }

    /// The audit log, whose chain holds.
    fn audit(&self) -> Vec<Value> {
        let query = AuditQuery { flag: None, after: 0, limit: 1_000 };
        let rows = self.runtime.block_on(self.state.store().audit(query)).unwrap();
        let mut verifier = Verifier::default();
        rows.iter().try_for_each(|row| verifier.row(row)).unwrap();
        verifier.finish(&self.state.load().model.head).unwrap();
        rows.iter().map(|row| serde_json::from_str(&row.body).unwrap()).collect()
    }
}

/// A flag that requires approvals.
fn guarded(key: &str) -> Value {
    json!({"key": key, "default_value": false, "requires_approval": true})
}
