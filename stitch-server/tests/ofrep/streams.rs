//! The stream that says when to ask again.

use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use stitch_server::source::Source;
use stitch_server::state::Settings;

use crate::common::{PATIENCE, Program, Server, connect, scratch, until};
use crate::{all, fails};

const EVENTS: &str = "/ofrep/v1/events";

fn file(value: bool) -> PathBuf {
    let file = scratch("streams").join("registry.json");
    write(&file, value);
    file
}

fn write(file: &Path, value: bool) {
    let text = format!(r#"{{"schema_version": "1.0", "flags": [{{"key": "a", "default_value": {value}}}]}}"#);
    let other = file.with_extension("new");
    std::fs::write(&other, text).unwrap();
    std::fs::rename(&other, file).unwrap();
}

/// A client of the stream.
struct Listener {
    reader: BufReader<TcpStream>,
    status: u16,
    headers: String,
}

impl Listener {
    fn open(address: SocketAddr, path: &str, headers: &str) -> Self {
        let mut stream = connect(address);
        let head = format!("GET {path} HTTP/1.1\r\nHost: {address}\r\nAccept: text/event-stream\r\n{headers}\r\n");
        stream.write_all(head.as_bytes()).unwrap();
        let mut reader = BufReader::new(stream);
        let mut headers = String::new();
        while !headers.ends_with("\r\n\r\n") {
            assert_ne!(reader.read_line(&mut headers).unwrap(), 0, "{headers}");
        }
        let status = headers.split(' ').nth(1).unwrap().parse().unwrap();
        Self { reader, status, headers: headers.to_lowercase() }
    }

    /// The next block of the stream, which is a chunk; nothing once it has ended.
    fn block(&mut self) -> Option<String> {
        let mut length = String::new();
        self.reader.read_line(&mut length).ok().filter(|read| *read > 0)?;
        let length = usize::from_str_radix(length.trim_end(), 16).unwrap();
        let mut chunk = vec![0; length + 2];
        std::io::Read::read_exact(&mut self.reader, &mut chunk).unwrap();
        chunk.truncate(length);
        Some(String::from_utf8(chunk).unwrap()).filter(|text| !text.is_empty())
    }

    /// The next event's id and data.
    fn event(&mut self) -> (String, Value) {
        let block = loop {
            let block = self.block().expect("an event");
            if block.contains("data:") {
                break block;
            }
        };
        let lines: Vec<&str> = block.lines().collect();
        let field = |name: &str| {
            let line = lines.iter().find_map(|line| line.strip_prefix(name));
            line.unwrap_or_else(|| panic!("{block}")).trim().to_owned()
        };
        assert_eq!(field("event:"), "message");
        assert!(block.ends_with("\n\n"));
        (field("id:"), serde_json::from_str(&field("data:")).unwrap())
    }

    fn says_nothing_for(&mut self, time: Duration) {
        self.reader.get_ref().set_read_timeout(Some(time)).unwrap();
        let mut line = String::new();
        assert!(self.reader.read_line(&mut line).is_err(), "{line}");
        self.reader.get_ref().set_read_timeout(Some(PATIENCE)).unwrap();
    }
}

fn uri(server: &Server) -> String {
    let answer = all(server, &json!({}));
    answer.json()["eventStreams"][0]["endpoint"]["requestUri"].as_str().unwrap().to_owned()
}

#[test]
fn a_new_registry_is_told_and_serves_by_then() {
    let file = file(false);
    let server = Server::of_file(file.clone());
    let before = uri(&server);
    let mut listeners: Vec<_> = [&*before, EVENTS].map(|path| Listener::open(server.address, path, "")).into();
    for listener in &mut listeners {
        assert_eq!(listener.status, 200);
        assert!(listener.headers.contains("content-type: text/event-stream\r\n"), "{}", listener.headers);
        assert!(listener.headers.contains("cache-control: no-store\r\n"));
        assert!(listener.block().unwrap().contains("retry: "), "the first word comes at once");
        listener.says_nothing_for(Duration::from_millis(300));
    }
    let etag = all(&server, &json!({})).header("etag").unwrap().to_owned();
    write(&file, true);
    for listener in &mut listeners {
        let (id, data) = listener.event();
        assert_eq!((&data["type"], data["etag"].as_str()), (&json!("refetchEvaluation"), Some(&*id)));
        assert!(data["lastModified"].is_u64());
        let answer = server.post_with(crate::FLAGS, &[("If-None-Match", &etag)], r#"{"context": {}}"#);
        assert_eq!((answer.status, &answer.json()["flags"][0]["value"]), (200, &json!(true)));
    }
    // A bad one is none.
    std::fs::write(&file, "{").unwrap();
    listeners[0].says_nothing_for(Duration::from_millis(800));
    write(&file, true);
    listeners[0].says_nothing_for(Duration::from_millis(800));
}

#[test]
fn what_was_missed_is_told_at_once() {
    let file = file(false);
    let server = Server::of_file(file.clone());
    let before = uri(&server);
    write(&file, true);
    let after = until(PATIENCE, || Some(uri(&server)).filter(|after| *after != before));
    let revision = after.split_once("since=").unwrap().1.to_owned();
    assert_eq!(Listener::open(server.address, &before, "").event().0, revision, "between the answer and the stream");
    let old = before.split_once("since=").unwrap().1;
    let mut back = Listener::open(server.address, &after, &format!("Last-Event-ID: {old}\r\n"));
    assert_eq!(back.event().0, revision, "while the stream was broken");
    let mut informed = Listener::open(server.address, &before, &format!("Last-Event-ID: {revision}\r\n"));
    assert!(informed.block().is_some());
    informed.says_nothing_for(Duration::from_millis(300));
}

#[test]
fn streams_are_bounded_and_one_that_is_left_makes_room() {
    let settings = Settings { streams: 2, ..Settings::default() };
    let server = Server::with(settings, Source::File(file(false)));
    let open = || Listener::open(server.address, EVENTS, "");
    let (first, second) = (open(), open());
    assert_eq!((first.status, second.status), (200, 200));
    let answer = server.get(EVENTS);
    fails(&answer, 503, "GENERAL");
    assert_eq!(answer.header("retry-after"), Some("10"));
    assert_eq!(all(&server, &json!({})).status, 200, "evaluations go on");
    drop(first);
    let third = until(PATIENCE, || Some(open()).filter(|listener| listener.status == 200));
    drop((second, third));
}

#[test]
fn a_stream_beats() {
    let server = Server::of_file(file(false));
    let mut listener = Listener::open(server.address, EVENTS, "");
    assert!(listener.block().is_some());
    let started = Instant::now();
    assert_eq!(listener.block().as_deref(), Some(":\n\n"));
    assert!(started.elapsed() >= Duration::from_secs(10));
}

#[test]
#[cfg(unix)]
fn a_signal_ends_streams_with_a_hint_to_come_back() {
    let mut program = Program::start(&["--port", "0"], &[]);
    let mut listeners: Vec<_> = (0..3).map(|_| Listener::open(program.address, EVENTS, "")).collect();
    for listener in &mut listeners {
        assert!(listener.block().is_some());
    }
    let started = Instant::now();
    program.terminate();
    for listener in &mut listeners {
        assert_eq!(listener.block().as_deref(), Some("retry: 1000\n\n"));
        assert_eq!(listener.block(), None);
    }
    assert!(program.wait().success());
    assert!(started.elapsed() < Duration::from_secs(5));
    assert!(!program.log().contains("gave up"), "{}", program.log());
}

#[test]
fn an_origin_on_the_command_line_is_exact() {
    let program = Program::start(
        &["--port", "0", "--cors-origin", "https://a.example.com", "--cors-origin", "http://localhost:3000"],
        &[],
    );
    for (origin, allowed) in
        [("https://a.example.com", true), ("http://localhost:3000", true), ("http://localhost", false)]
    {
        let listener = Listener::open(program.address, EVENTS, &format!("Origin: {origin}\r\n"));
        assert_eq!(listener.headers.contains(&format!("access-control-allow-origin: {origin}\r\n")), allowed);
    }
    let program =
        crate::common::command(env!("CARGO_BIN_EXE_stitch-server"), &[]).args(["--cors-origin", "*"]).output();
    let program = program.unwrap();
    assert!(!program.status.success());
    assert!(String::from_utf8(program.stderr).unwrap().contains("no `*`"));
}
