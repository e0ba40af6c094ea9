//! Redis: what is told, and that it may go and come back.

use std::fmt::Write as _;
use std::io::{BufRead, BufReader, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use serde_json::Value;

use super::cluster::{Asker, Replica, Shared, time_until};
use super::common::services::{Own, Schema};
use super::common::{PATIENCE, connect};
use super::evaluations::Evaluations;

/// A client of Redis that says exactly what it is told to say.
pub(crate) struct Raw(BufReader<TcpStream>);

impl Raw {
    pub(crate) fn connect(url: &str) -> Self {
        let address = url.strip_prefix("redis://").unwrap();
        Self(BufReader::new(connect(address.parse().unwrap())))
    }

    /// Says it, and reads the first line of the answer.
    pub(crate) fn command(&mut self, words: &[&str]) -> String {
        let mut text = format!("*{}\r\n", words.len());
        for word in words {
            let _ = write!(text, "${}\r\n{word}\r\n", word.len());
        }
        self.0.get_mut().write_all(text.as_bytes()).unwrap();
        self.line()
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        self.0.read_line(&mut line).unwrap();
        line.trim_end().to_owned()
    }

    /// The next message of a channel that was subscribed to.
    fn message(&mut self) -> Value {
        loop {
            let line = self.line();
            if line.starts_with('{') {
                return serde_json::from_str(&line).unwrap();
            }
        }
    }
}

#[test]
fn each_write_tells_what_it_was_and_no_more() {
    let Some(schema) = Schema::make() else { return };
    let Some(redis) = super::common::services::redis() else { return };
    let shared = Shared::new(schema, Some(redis.clone()));
    let program = shared.serve();
    let replica = Replica::of(&shared, &program);
    replica.wait_for("ready");
    let mut listener = Raw::connect(&redis);
    listener.command(&["SUBSCRIBE", shared.channel()]);
    assert_eq!(replica.write(0, 1), 200);
    let first = listener.message();
    let row = serde_json::json!({"flag_key": "internal", "scope": "tenant", "tenant_id": "T", "value": true});
    replica.admin("PUT", "/api/flags/overrides/one", &row).data();
    let second = listener.message();
    replica.admin("POST", "/v1/keys", &serde_json::json!({"env": "prod", "name": "n"}));
    let third = listener.message();
    for (message, kind) in [(&first, "flag_registry"), (&second, "tenant_override"), (&third, "global")] {
        let mut keys: Vec<_> = message.as_object().unwrap().keys().map(String::as_str).collect();
        keys.sort_unstable();
        assert_eq!((keys, &message["kind"]), (vec!["kind", "message_id", "revision", "ts"], &kind.into()), "{message}");
        assert!(message["ts"].as_str().unwrap().ends_with('Z') && message["message_id"].as_str().unwrap().len() == 32);
    }
    let revision = replica.health()["store"]["revision"].as_u64().unwrap();
    assert_eq!(third["revision"], revision);
    assert!(first["revision"].as_u64() < second["revision"].as_u64());
}

#[test]
fn redis_may_go_and_come_back_and_is_warned_of_once() {
    let Some(schema) = Schema::make() else { return };
    let Some(mut redis) = Own::redis() else { return };
    let shared = Shared::new(schema, Some(redis.url()));
    let programs = [shared.serve(), shared.serve()];
    let [writer, reader] = [0, 1].map(|index| Replica::of(&shared, &programs[index]));
    let evaluations = [Evaluations::of(writer.address), Evaluations::of(reader.address)];
    writer.wait_for("ready");
    reader.wait_for("ready");
    let mut asker = Asker::new(reader.address);
    let mut last = 0;
    let mut write = |asker: &mut Asker| {
        last += 1;
        assert_eq!(writer.write(last - 1, last), 200);
        time_until(|| asker.number() == last)
    };
    write(&mut asker);
    for _ in 0..2 {
        redis.kill();
        let health = reader.wait_for("degraded");
        assert!(health["redis"]["away"].as_str().unwrap().contains("away"), "{health}");
        assert!(health["store"].get("away").is_none(), "{health}");
        // Longer than it takes to try again several times.
        std::thread::sleep(Duration::from_secs(2));
        assert!(write(&mut asker) < PATIENCE);
        redis.revive();
        reader.wait_for("ready");
        writer.wait_for("ready");
        // The first may have come by looking.
        let times = [(); 5].map(|()| write(&mut asker));
        assert!(times.iter().min().unwrap() < &Duration::from_millis(500), "{times:?}");
    }
    for log in programs.iter().map(super::common::Program::log) {
        assert_eq!((log.matches("is away").count(), log.matches("Redis is back").count()), (2, 2), "{log}");
    }
    evaluations.into_iter().for_each(Evaluations::end);
}
