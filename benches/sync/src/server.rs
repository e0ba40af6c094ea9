//! The server that is measured: the real program, with a store in a file, asked as anybody would.

use std::fmt::Write as _;
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::{Value, json};

const PASSWORD: &str = "correct horse battery";

/// A server, ended with this value.
pub(crate) struct Server {
    child: Child,
    folder: PathBuf,
    address: String,
    /// Where it streams.
    pub(crate) streams: String,
    /// An SDK key of `prod`.
    pub(crate) key: String,
    token: String,
}

impl Server {
    /// Starts one that has so many flags.
    pub(crate) fn start(program: &Path, flags: usize) -> Self {
        // Beside the program, on the disk that the project is on: the folder for temporary files may be memory.
        let folder = program.with_file_name(format!("sync-bench-{}", std::process::id()));
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).expect("a folder");
        let store = folder.join("stitch.db");
        let run = |arguments: &[&str], input: &str| {
            let mut command = Command::new(program);
            command.args(arguments).arg("--store").arg(&store).stdin(Stdio::piped()).stdout(Stdio::piped());
            let mut child = command.spawn().expect("the program");
            child.stdin.take().expect("its input").write_all(input.as_bytes()).expect("it reads");
            let output = child.wait_with_output().expect("it ends");
            assert!(output.status.success(), "{arguments:?}");
            String::from_utf8(output.stdout).expect("text")
        };
        run(&["users", "add", "--email", "a@example.com", "--role", "admin"], &format!("{PASSWORD}\n"));
        let made = run(&["keys", "create", "--env", "prod", "--name", "bench"], "");
        let key = made.split_whitespace().find(|word| word.starts_with("stitch_")).expect("a key").to_owned();
        let mut child = Command::new(program)
            .args(["--auth", "jwt", "--port", "0", "--sync-addr", "127.0.0.1:0", "--body-limit", "67108864"])
            .args(["--management-addr", "127.0.0.1:0", "--sdk-rate-limit", "0", "--log-level", "warn"])
            .arg("--store")
            .arg(&store)
            .stdout(Stdio::piped())
            .spawn()
            .expect("the program");
        let mut streams = None;
        let banner = BufReader::new(child.stdout.take().expect("its banner")).lines().map_while(Result::ok);
        let address = banner.into_iter().find_map(|line| {
            if let Some(said) = line.trim().strip_prefix("streams   ") {
                streams = said.split(',').next().map(str::to_owned);
            }
            line.trim().strip_prefix("listening http://").map(str::to_owned)
        });
        let (address, streams) = (address.expect("where it listens"), streams.expect("where it streams"));
        let mut server = Self { child, folder, address, streams, key, token: String::new() };
        let login = json!({"email": "a@example.com", "password": PASSWORD});
        let answer = server.ask("POST", "/v1/auth/login", &login.to_string());
        server.token = answer["token"].as_str().expect("a token").into();
        let revision = server.ask("GET", "/v1/registry", "")["revision"].clone();
        let mut registry = format!(r#"{{"schema_version": "1.0", "revision": {revision}, "flags": ["#);
        for index in 0..flags {
            let _ = write!(registry, "{}{}", if index == 0 { "" } else { "," }, flag(index, false));
        }
        registry.push_str("]}");
        server.ask("PUT", "/v1/registry", &registry);
        server
    }

    /// Writes a flag again, with that default.
    pub(crate) fn change(&self, revision: &mut Option<u64>, value: bool) {
        let seen = revision.unwrap_or_else(|| self.revision());
        let mut body: Value = serde_json::from_str(&flag(0, value)).expect("JSON");
        body["revision"] = json!(seen);
        let answer = self.ask("PUT", "/v1/flags/flag-0", &body.to_string());
        *revision = answer["revision"].as_u64();
        assert!(revision.is_some(), "{answer}");
    }

    fn revision(&self) -> u64 {
        self.ask("GET", "/v1/flags/flag-0", "")["revision"].as_u64().expect("a revision")
    }

    fn ask(&self, method: &str, path: &str, body: &str) -> Value {
        let mut stream = TcpStream::connect(&self.address).expect("the server");
        let bearer =
            if self.token.is_empty() { String::new() } else { format!("Authorization: Bearer {}\r\n", self.token) };
        let head = format!(
            "{method} {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Type: application/json\r\n\
             {bearer}Content-Length: {}\r\n\r\n",
            body.len()
        );
        stream.write_all(head.as_bytes()).expect("it reads");
        stream.write_all(body.as_bytes()).expect("it reads");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("it answers");
        let (head, body) = answer.split_once("\r\n\r\n").expect("an answer");
        assert!(
            head.starts_with("HTTP/1.1 20"),
            "{method} {path}: {head} {}",
            body.chars().take(500).collect::<String>()
        );
        serde_json::from_str(body).expect("JSON")
    }

    /// Resident memory, in KiB.
    pub(crate) fn memory(&self) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id())).expect("it runs");
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("its memory");
        line.trim().trim_end_matches(" kB").parse().expect("a number")
    }
}

impl Server {
    /// Time of the processors that it has used up. The system counts in hundredths of a second.
    pub(crate) fn used(&self) -> Duration {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.child.id())).expect("it runs");
        // After the name, which may hold anything: `utime` and `stime` are the 12th and 13th field.
        let (_, fields) = stat.rsplit_once(')').expect("its name");
        let ticks = fields.split_whitespace().skip(11).take(2).map(|ticks| ticks.parse::<u64>().expect("a number"));
        Duration::from_millis(ticks.sum::<u64>() * 10)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// A flag as registries have them.
fn flag(index: usize, value: bool) -> String {
    format!(
        r#"{{"key": "flag-{index}", "owner": "team-{}", "description": "What it is for, in a sentence as people write them.",
            "default_value": {value}, "allowed_scopes": ["global", "tenant", "user"],
            "rules": [{{"id": "thai", "when": {{"all": [{{"attr": "country", "op": "in", "value": ["TH", "LA", "KH"]}},
                {{"attr": "app_version", "op": "semver_gte", "value": "2.4.0"}}]}}, "serve": "on"}}]}}"#,
        index % 20
    )
}
