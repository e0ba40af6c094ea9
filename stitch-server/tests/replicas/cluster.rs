//! Servers that share a store, and a client of each that keeps its connection.

use std::io::{BufReader, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use stitch_server::store::Postgres;
use stitch_server::store::postgres::Address;

use super::common::services::Schema;
use super::common::stocked::{Stocked, block_on, stock, told};
use super::common::{Answer, Program, ask, connect, read, until};

/// How long what fails may take to show, or to be mended.
pub(crate) const SOON: Duration = Duration::from_secs(20);
/// The flag that tests write: its answer is a number, and each write's is greater.
const NUMBER: &str = "number";

/// A store, and where servers tell each other of it.
pub(crate) struct Shared {
    pub(crate) schema: Schema,
    pub(crate) stocked: Stocked,
    pub(crate) redis: Option<String>,
    channel: String,
}

impl Shared {
    /// In a schema, with all that a test needs.
    pub(crate) fn new(schema: Schema, redis: Option<String>) -> Self {
        let address = Address::of(&schema.url).unwrap();
        let stocked = stock(&block_on(Postgres::open(&address)).unwrap());
        let channel = format!("stitch.test.{}", schema.name());
        let shared = Self { schema, stocked, redis, channel };
        let program = shared.serve();
        let replica = Replica::of(&shared, &program);
        replica.admin("POST", "/v1/flags", &number(0, None));
        let flag = told(&replica.admin("GET", "/v1/flags/number", &Value::Null));
        let stage = json!({"rollout_stage": "full", "revision": flag["revision"]});
        replica.admin("PATCH", "/api/flags/number/stage", &stage).data();
        shared
    }

    pub(crate) fn channel(&self) -> &str {
        &self.channel
    }

    /// A server.
    pub(crate) fn serve(&self) -> Program {
        self.serve_with(&self.schema.url, &[], &[])
    }

    /// A server that reaches the store at that address, with more arguments and in that environment.
    pub(crate) fn serve_with(&self, store: &str, arguments: &[&str], environment: &[(&str, &str)]) -> Program {
        let mut all = vec!["--port", "0", "--sdk-rate-limit", "0", "--store", store];
        if let Some(redis) = &self.redis {
            all.extend(["--redis", redis]);
            if !arguments.contains(&"--redis-channel") {
                all.extend(["--redis-channel", &self.channel]);
            }
        }
        all.extend(arguments);
        Program::start(&all, environment)
    }
}

/// The flag, as it is written.
fn number(value: i64, revision: Option<&Value>) -> Value {
    let mut flag = json!({
        "key": NUMBER, "type": "integer", "variants": {"v": value}, "serve": "v", "default_value": -1,
    });
    if let Some(revision) = revision {
        flag["revision"] = revision.clone();
    }
    flag
}

/// One of the servers, as a client sees it.
#[derive(Clone)]
pub(crate) struct Replica {
    pub(crate) address: SocketAddr,
    pub(crate) key: String,
    pub(crate) token: String,
}

impl Replica {
    pub(crate) fn of(shared: &Shared, program: &Program) -> Self {
        let Stocked { key, admin, .. } = &shared.stocked;
        Self { address: program.address, key: key.clone(), token: admin.clone() }
    }

    /// Asks as an administrator.
    pub(crate) fn admin(&self, method: &str, path: &str, body: &Value) -> Answer {
        let bearer = format!("Bearer {}", self.token);
        let headers = [("Authorization", &*bearer), ("Content-Type", "application/json")];
        let body = if body.is_null() { String::new() } else { body.to_string() };
        ask(self.address, method, path, &headers, body.as_bytes())
    }

    /// Sets the number, if it is `from`; the answer's status, 409 where somebody else was faster.
    pub(crate) fn write(&self, from: i64, to: i64) -> u16 {
        let flag = self.admin("GET", "/v1/flags/number", &Value::Null);
        if flag.status != 200 || flag.json()["variants"]["v"] != from {
            return 409;
        }
        self.admin("PUT", "/v1/flags/number", &number(to, Some(&flag.json()["revision"]))).status
    }

    /// The number, by an evaluation.
    pub(crate) fn number(&self) -> i64 {
        Asker::new(self.address).number()
    }

    pub(crate) fn health(&self) -> Value {
        ask(self.address, "GET", "/api/flags/health", &[], b"").data()
    }

    /// Waits until the health says so.
    pub(crate) fn wait_for(&self, status: &str) -> Value {
        until(SOON, || Some(self.health()).filter(|health| health["status"] == status))
    }

    /// Reports events under these ids; the status.
    pub(crate) fn report(&self, ids: &[String]) -> u16 {
        let event = |id| json!({"metric_key": "clicks", "context_key": "U", "value": 1, "event_id": id});
        let body = json!({"events": ids.iter().map(event).collect::<Vec<_>>()}).to_string();
        let headers = [("Content-Type", "application/json"), ("x-sdk-key", &*self.key)];
        ask(self.address, "POST", "/v1/environments/prod/events", &headers, body.as_bytes()).status
    }

    /// All ids that are stored for `prod`, in order.
    pub(crate) fn stored(&self) -> Vec<String> {
        self.pages("/v1/environments/prod/events", "events", |event| event["event_id"].as_str().unwrap().to_owned())
    }

    /// What the audit log says of writes of the number that were done, in order.
    pub(crate) fn written(&self) -> Vec<i64> {
        let bearer = format!("Bearer {}", self.token);
        let mut numbers = Vec::new();
        let mut after = json!(0);
        while !after.is_null() {
            let path = format!("/api/flags/audit?flag=number&limit=1000&after={after}");
            let page = ask(self.address, "GET", &path, &[("Authorization", &bearer)], b"").data();
            for entry in page["entries"].as_array().unwrap() {
                if entry["action"] == "flag.update" && entry["outcome"] == "done" {
                    numbers.push(entry["to"]["variants"]["v"].as_i64().unwrap());
                }
            }
            after = page["next"].clone();
        }
        numbers
    }

    fn pages<T>(&self, path: &str, list: &str, of: impl Fn(&Value) -> T) -> Vec<T> {
        let (mut after, mut all) = (0, Vec::new());
        loop {
            let page = told(&self.admin("GET", &format!("{path}?after={after}"), &Value::Null));
            let items = page[list].as_array().unwrap();
            if items.is_empty() {
                return all;
            }
            all.extend(items.iter().map(&of));
            after = page["next"].as_i64().unwrap();
        }
    }
}

/// Asks again and again on one connection.
pub(crate) struct Asker {
    address: SocketAddr,
    stream: BufReader<TcpStream>,
}

impl Asker {
    pub(crate) fn new(address: SocketAddr) -> Self {
        Self { address, stream: BufReader::new(connect(address)) }
    }

    /// One request; nothing if the connection ends.
    pub(crate) fn ask(&mut self, path: &str) -> Option<Answer> {
        let request = format!("GET {path} HTTP/1.1\r\nHost: {}\r\n\r\n", self.address);
        self.stream.get_mut().write_all(request.as_bytes()).ok()?;
        read(&mut self.stream)
    }

    /// The value of a flag, for `U-1` in `prod`.
    pub(crate) fn value(&mut self, flag: &str) -> Option<Value> {
        let answer = self.ask(&format!("/api/flags/eval?key={flag}&user=U-1&env=prod"))?;
        Some(answer.data()["value"].clone())
    }

    #[track_caller]
    pub(crate) fn number(&mut self) -> i64 {
        self.value(NUMBER).expect("an answer").as_i64().unwrap()
    }
}

/// How long it takes until `seen`, asked all the time.
pub(crate) fn time_until(mut seen: impl FnMut() -> bool) -> Duration {
    let began = Instant::now();
    while !seen() {
        assert!(began.elapsed() < SOON, "it never shows");
        std::thread::sleep(Duration::from_millis(1));
    }
    began.elapsed()
}
