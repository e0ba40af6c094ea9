//! A server on a real socket, and a client that says exactly what it is told to say.

#![allow(dead_code, unreachable_pub, reason = "each test file uses a part of it")]

use std::fmt::Write as _;
use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use serde_json::Value;
use stitch_server::source::Source;
use stitch_server::state::{AppState, Settings};
use stitch_server::{Listeners, gate, serve};
use tokio::sync::oneshot;

pub mod services;
pub mod stocked;

/// How long a test waits for anything.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// A server in this process.
pub struct Server {
    pub address: SocketAddr,
    pub management: SocketAddr,
    /// Where it streams definitions.
    pub sync: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Server {
    pub fn start() -> Self {
        Self::with(Settings::default(), Source::Embedded)
    }

    pub fn of_file(file: impl Into<PathBuf>) -> Self {
        Self::with(Settings::default(), Source::File(file.into()))
    }

    pub fn with(settings: Settings, source: Source) -> Self {
        let registry = source.load().unwrap();
        Self::of(AppState::new(settings, source, registry, gate::run().unwrap()).unwrap())
    }

    pub fn of(state: AppState) -> Self {
        let (tell, told) = std::sync::mpsc::channel();
        let (stop, stopped) = oneshot::channel::<()>();
        let thread = std::thread::spawn(move || {
            tokio::runtime::Runtime::new().unwrap().block_on(async {
                let listeners = Listeners::loopback().await.unwrap();
                let Listeners { http, management, sync } = &listeners;
                tell.send([http, management, sync].map(|listener| listener.local_addr().unwrap())).unwrap();
                serve(listeners, state, async { drop(stopped.await) }).await;
            });
        });
        let [address, management, sync] = told.recv().unwrap();
        Self { address, management, sync, stop: Some(stop), thread: Some(thread) }
    }

    pub fn get(&self, path: &str) -> Answer {
        self.get_with(path, &[])
    }

    pub fn get_with(&self, path: &str, headers: &[(&str, &str)]) -> Answer {
        ask(self.address, "GET", path, headers, b"")
    }

    pub fn post(&self, path: &str, body: impl AsRef<[u8]>) -> Answer {
        self.post_with(path, &[], body)
    }

    pub fn post_with(&self, path: &str, headers: &[(&str, &str)], body: impl AsRef<[u8]>) -> Answer {
        let headers: Vec<_> =
            [("Content-Type", "application/json")].into_iter().chain(headers.iter().copied()).collect();
        ask(self.address, "POST", path, &headers, body.as_ref())
    }

    pub fn raw(&self, request: impl AsRef<[u8]>) -> Answer {
        raw(self.address, request.as_ref())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.stop.take());
        let _ = self.thread.take().map(JoinHandle::join);
    }
}

/// An answer as it came.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Answer {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(other, _)| other == name).map(|(_, value)| value.as_str())
    }

    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    pub fn json(&self) -> Value {
        assert_eq!(self.header("content-type"), Some("application/json"), "{self:?}");
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error} in {self:?}"))
    }

    /// The data of a success.
    #[track_caller]
    pub fn data(&self) -> Value {
        let json = self.json();
        assert_eq!((self.status, &json["ok"], &json["error"]), (200, &Value::Bool(true), &Value::Null), "{json}");
        self.has_an_id(&json);
        json["data"].clone()
    }

    /// The error of a failure, of that status and code.
    #[track_caller]
    pub fn failure(&self, status: u16, code: &str) -> Value {
        let json = self.json();
        assert_eq!((self.status, json["error"]["code"].as_str()), (status, Some(code)), "{json}");
        assert_eq!((&json["ok"], &json["data"]), (&Value::Bool(false), &Value::Null));
        assert!(json["error"]["message"].is_string() && json["error"].get("hint").is_some(), "{json}");
        self.has_an_id(&json);
        json["error"].clone()
    }

    #[track_caller]
    fn has_an_id(&self, json: &Value) {
        let id = self.header("x-request-id").expect("every answer has an id");
        assert_eq!(json["service"]["request_id"].as_str(), Some(id));
    }
}

/// One request on a connection of its own.
pub fn ask(address: SocketAddr, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
    let mut head = format!("{method} {path} HTTP/1.1\r\n");
    if !headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("host")) {
        let _ = write!(head, "Host: {address}\r\n");
    }
    for (name, value) in headers {
        let _ = write!(head, "{name}: {value}\r\n");
    }
    if !body.is_empty() {
        let _ = write!(head, "Content-Length: {}\r\n", body.len());
    }
    head.push_str("\r\n");
    let mut request = head.into_bytes();
    request.extend_from_slice(body);
    raw(address, &request)
}

/// Sends these very bytes, whole, before it reads the answer, as simple clients do.
pub fn raw(address: SocketAddr, request: &[u8]) -> Answer {
    let mut stream = connect(address);
    stream.write_all(request).unwrap();
    read(&mut BufReader::new(&stream)).expect("an answer")
}

pub fn connect(address: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream.set_write_timeout(Some(PATIENCE)).unwrap();
    stream
}

/// Reads one answer; nothing if the connection ends first.
pub fn read(reader: &mut impl BufRead) -> Option<Answer> {
    let mut line = String::new();
    reader.read_line(&mut line).ok().filter(|length| *length > 0)?;
    let status = line.split(' ').nth(1)?.parse().ok()?;
    let mut headers = Vec::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        let Some((name, value)) = line.trim_end().split_once(": ") else { break };
        headers.push((name.to_ascii_lowercase(), value.to_owned()));
    }
    let mut answer = Answer { status, headers, body: Vec::new() };
    let length = answer.header("content-length").map_or(0, |length| length.parse().unwrap());
    answer.body.resize(length, 0);
    reader.read_exact(&mut answer.body).ok()?;
    Some(answer)
}

/// The real program, ended with the test.
pub struct Program {
    pub child: Child,
    pub address: SocketAddr,
    /// What it printed up to where it listens.
    pub banner: Vec<String>,
    log: PathBuf,
}

impl Program {
    /// Starts it and reads from its banner where it listens.
    pub fn start(arguments: &[&str], environment: &[(&str, &str)]) -> Self {
        let mut command = command(env!("CARGO_BIN_EXE_stitch-server"), environment);
        command.args(arguments);
        Self::run(command)
    }

    /// Runs that command.
    pub fn run(mut command: Command) -> Self {
        let log = scratch("log").join("stderr");
        let mut child = command.stdout(Stdio::piped()).stderr(std::fs::File::create(&log).unwrap()).spawn().unwrap();
        let mut banner = Vec::new();
        let mut address = None;
        for line in BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok) {
            let url = line.trim().strip_prefix("listening http").map(|rest| rest.trim_start_matches('s'));
            address = url.and_then(|url| url.strip_prefix("://")).map(|address| address.parse().unwrap());
            banner.push(line);
            if address.is_some() {
                break;
            }
        }
        let address = address.unwrap_or_else(|| panic!("{}", std::fs::read_to_string(&log).unwrap()));
        Self { child, address, banner, log }
    }

    /// The same with a log for programs, which has no banner: the log says where it listens.
    pub fn start_with_json(arguments: &[&str]) -> Self {
        let log = scratch("log").join("stderr");
        let mut command = command(env!("CARGO_BIN_EXE_stitch-server"), &[]);
        command.args(arguments).args(["--log-format", "json"]);
        let child = command.stdout(Stdio::null()).stderr(std::fs::File::create(&log).unwrap()).spawn().unwrap();
        let told = until(PATIENCE, || {
            let text = std::fs::read_to_string(&log).unwrap();
            let line = text.lines().find(|line| line.contains("\"listening\""))?;
            serde_json::from_str::<Value>(line).ok().map(|line| line["fields"].clone())
        });
        let at = |name: &str| told[name].as_str().unwrap().to_owned();
        let banner =
            vec![format!("metrics   http://{}/metrics", at("management")), format!("streams   {}, gRPC", at("sync"))];
        Self { child, address: at("address").parse().unwrap(), banner, log }
    }

    /// Where it streams definitions.
    pub fn sync(&self) -> SocketAddr {
        let line = self.banner.iter().find_map(|line| line.trim().strip_prefix("streams   ")).unwrap();
        line.split(',').next().unwrap().parse().unwrap()
    }

    /// Where its numbers are.
    pub fn management(&self) -> SocketAddr {
        let line = self.banner.iter().find_map(|line| line.trim().strip_prefix("metrics   http://")).unwrap();
        line.split('/').next().unwrap().parse().unwrap()
    }

    pub fn terminate(&self) {
        let status = Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status().unwrap();
        assert!(status.success());
    }

    pub fn wait(&mut self) -> ExitStatus {
        wait(&mut self.child)
    }

    pub fn log(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap()
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The program with nothing of this environment that configures it, and a management address that nobody else has.
pub fn command(program: impl AsRef<std::ffi::OsStr>, environment: &[(&str, &str)]) -> Command {
    let mut command = Command::new(program);
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("STITCH_") || name == "FF_PORT" {
            command.env_remove(name);
        }
    }
    // A test that is not about the store leaves nothing behind.
    command.env("STITCH_STORE", "memory").env("STITCH_MANAGEMENT_ADDR", "127.0.0.1:0");
    command.env("STITCH_SYNC_ADDR", "127.0.0.1:0");
    command.envs(environment.iter().copied()).stdin(Stdio::null());
    command
}

pub fn wait(child: &mut Child) -> ExitStatus {
    let started = Instant::now();
    loop {
        match child.try_wait().unwrap() {
            Some(status) => return status,
            None if started.elapsed() > PATIENCE => {
                let _ = child.kill();
                panic!("it does not end");
            }
            None => std::thread::sleep(Duration::from_millis(10)),
        }
    }
}

/// An empty folder of this very call.
pub fn scratch(name: &str) -> PathBuf {
    static COUNT: std::sync::atomic::AtomicUsize = std::sync::atomic::AtomicUsize::new(0);
    let count = COUNT.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
    let folder = format!("{name}-{}-{count}", std::process::id());
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(folder);
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

/// Waits until `check` gives something.
pub fn until<T>(within: Duration, mut check: impl FnMut() -> Option<T>) -> T {
    let started = Instant::now();
    loop {
        if let Some(found) = check() {
            return found;
        }
        assert!(started.elapsed() < within, "nothing happened within {within:?}");
        std::thread::sleep(Duration::from_millis(20));
    }
}
