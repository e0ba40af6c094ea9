//! A server in this process, asked over a socket.

use std::fmt::Write as _;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};

use parity::{Answer, Question};
use stitch_core::{ContextDocument, Json};
use stitch_server::gate;
use stitch_server::source::Source;
use stitch_server::state::{AppState, Settings};

use crate::obstacle::ANYONE;

/// A server for one registry.
pub(crate) struct Server {
    address: SocketAddr,
}

impl Server {
    pub(crate) fn start(registry: &str) -> Self {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let name = format!("parity-{}-{}.json", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let file = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        std::fs::write(&file, registry).expect("the registry can be written");
        let source = Source::File(file);
        let registry = source.load().unwrap_or_else(|refused| panic!("{refused:?}"));
        let state = AppState::new(Settings::default(), source, registry, gate::run().expect("the nineteen cases"))
            .expect("a store");
        let (tell, told) = std::sync::mpsc::channel();
        // It serves until the tests are done.
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
            runtime.block_on(async {
                let listeners = stitch_server::Listeners::loopback().await.expect("free ports");
                tell.send(listeners.http.local_addr().expect("an address")).expect("somebody waits for it");
                stitch_server::serve(listeners, state, std::future::pending()).await;
            });
        });
        Self { address: told.recv().expect("the server starts") }
    }

    /// One item of a batch.
    pub(crate) fn batch(&self, question: &Question) -> Result<Answer, String> {
        let Question { flag, context, trace } = question;
        let body = format!(r#"{{"context": {context}, "flags": [{}], "trace": {trace}}}"#, Json::from(flag.as_str()));
        let head = format!("POST /api/flags/eval/batch?user={ANYONE} HTTP/1.1\r\nContent-Type: application/json");
        let (status, answer) = self.ask(&head, &body)?;
        if status == 400 {
            return Ok(Answer::ContextRefused(answer.to_string()));
        }
        match answer.get("data").and_then(|data| data.get("results")) {
            Some(Json::Array(results)) if results.len() == 1 => Ok(Answer::Result(short(&results[0]).to_string())),
            _ => Err(format!("{status} {answer}")),
        }
    }

    /// A query of its own.
    pub(crate) fn single(&self, question: &Question) -> Result<Answer, String> {
        let query = query(question).ok_or("the context does not go into a query")?;
        let head = format!("GET /api/flags/eval?{query} HTTP/1.1");
        let (status, answer) = self.ask(&head, "")?;
        match (status, answer.get("data"), answer.get("error").and_then(|error| error.get("code"))) {
            (200, Some(result), _) => Ok(Answer::Result(short(result).to_string())),
            (404, _, Some(code)) if code.as_text() == Some("flag_not_found") => {
                let flag = Json::from(question.flag.as_str());
                let trace = if question.trace { r#", "trace": [["exists", "decided"]]"# } else { "" };
                Ok(Answer::Result(format!(
                    r#"{{"flag_key": {flag}, "value": null, "variant_key": null, "is_enabled": false, "reason": "flag_not_found", "rule_id": null{trace}}}"#
                )))
            }
            (400, ..) => Ok(Answer::ContextRefused(answer.to_string())),
            _ => Err(format!("{status} {answer}")),
        }
    }

    fn ask(&self, head: &str, body: &str) -> Result<(u16, Json<'static>), String> {
        let mut stream = TcpStream::connect(self.address).map_err(|error| error.to_string())?;
        let length = body.len();
        let request =
            format!("{head}\r\nHost: {}\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n{body}", self.address);
        let mut answer = String::new();
        stream
            .write_all(request.as_bytes())
            .and_then(|()| stream.read_to_string(&mut answer))
            .map_err(|error| error.to_string())?;
        let status = answer.split(' ').nth(1).and_then(|status| status.parse().ok()).ok_or("no status")?;
        let (_, body) = answer.split_once("\r\n\r\n").ok_or("no body")?;
        Json::parse(body).map(|json| (status, json.into_owned())).map_err(|error| error.to_string())
    }
}

/// The result with its trace as pairs of name and outcome.
fn short<'a>(result: &Json<'a>) -> Json<'a> {
    let Json::Object(mut members) = result.clone() else { return result.clone() };
    for (key, value) in &mut members {
        if let ("trace", Json::Array(entries)) = (&**key, &mut *value) {
            let member = |entry: &Json<'a>, key| entry.get(key).cloned().unwrap_or(Json::Null);
            for entry in entries {
                *entry = Json::Array(vec![member(entry, "name"), member(entry, "outcome")]);
            }
        }
    }
    Json::Object(members)
}

/// The question as a query string, where its context goes into one.
pub(crate) fn query(question: &Question) -> Option<String> {
    let document = ContextDocument::from_json(&question.context).ok()?;
    let rest = (&document.kind, &document.now, &document.attributes, &document.overrides, &document.approvals);
    let (None, None, None, None, None) = rest else { return None };
    if question.flag.is_empty() {
        // In a query an empty key is a forgotten one.
        return None;
    }
    let mut query = format!("key={}", encode(&question.flag));
    let fields = [
        ("user", &document.user_id),
        ("tenant", &document.tenant_id),
        ("tier", &document.tier),
        ("env", &document.env),
        ("role_key", &document.role_key),
    ];
    if document.user_id.is_none() {
        let _ = write!(query, "&user={ANYONE}");
    }
    for (name, value) in fields {
        if let Some(value) = value {
            let _ = write!(query, "&{name}={}", encode(value));
        }
    }
    if question.trace {
        query.push_str("&trace=true");
    }
    Some(query)
}

fn encode(text: &str) -> String {
    text.bytes().fold(String::new(), |mut encoded, byte| {
        if byte.is_ascii_alphanumeric() {
            encoded.push(char::from(byte));
        } else {
            let _ = write!(encoded, "%{byte:02X}");
        }
        encoded
    })
}
