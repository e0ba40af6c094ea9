//! The program itself: how it starts, what it refuses, what it logs, how it ends.

#![cfg(unix)]

mod common;

use std::io::{BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Output, Stdio};
use std::time::{Duration, Instant};

use common::{Program, ask, command, connect, read, scratch, until};
use serde_json::Value;

const PROGRAM: &str = env!("CARGO_BIN_EXE_stitch-server");
const EVAL: &str = "/api/flags/eval?key=flags.registry_v1&user=U-1";

/// A start that fails.
#[track_caller]
fn fails(arguments: &[&str], environment: &[(&str, &str)]) -> String {
    let child = command(PROGRAM, environment).args(arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
    let mut child = child.unwrap();
    let status = common::wait(&mut child);
    assert!(!status.success());
    let Output { stdout, stderr, .. } = child.wait_with_output().unwrap();
    assert_eq!(String::from_utf8(stdout).unwrap(), "");
    String::from_utf8(stderr).unwrap()
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

#[test]
fn start_up_says_what_serves_where_and_what_to_try() {
    let log = scratch("banner").join("stdout");
    let mut child =
        command(PROGRAM, &[]).args(["--port", "0"]).stdout(std::fs::File::create(&log).unwrap()).spawn().unwrap();
    let banner = until(common::PATIENCE, || {
        let banner = std::fs::read_to_string(&log).unwrap();
        banner.contains("summary=true").then_some(banner)
    });
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(
        banner.contains("16 flags") && banner.contains("19/19") && banner.contains("http://127.0.0.1:"),
        "{banner}"
    );
    assert!(!banner.contains("127.0.0.1:0"), "{banner}");
    assert_eq!(banner.matches("curl '").count(), 3, "{banner}");
}

#[test]
fn the_lines_to_try_work() {
    let program = Program::start(&["--port", "0"], &[]);
    let answer = ask(program.address, "GET", &format!("{EVAL}&tier=staff&env=prod&trace=true"), &[], b"");
    assert_eq!(answer.data()["reason"], "stage_internal");
    assert_eq!(ask(program.address, "GET", "/api/flags/registry?summary=true", &[], b"").data()["count"], 16);
}

#[test]
fn the_port_comes_from_the_command_line_the_environment_or_chance() {
    let port = free_port();
    assert_eq!(Program::start(&[], &[("FF_PORT", &port.to_string())]).address.port(), port);
    assert_eq!(Program::start(&["serve"], &[("FF_PORT", &port.to_string())]).address.port(), port);
    let other = free_port();
    assert_eq!(
        Program::start(&["--port", &other.to_string()], &[("FF_PORT", &port.to_string())]).address.port(),
        other
    );
    assert_ne!(Program::start(&["serve", "--port=0"], &[]).address.port(), 0);
    assert!(fails(&[], &[("FF_PORT", "many")]).contains("--port"));
}

#[test]
fn a_taken_port_is_named() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let error = fails(&["--port", &port], &[]);
    assert!(error.contains(&format!("port {port}")) && error.contains("taken"), "{error}");
    assert!(error.contains("--port") && error.contains("FF_PORT"), "{error}");
}

#[test]
fn the_management_address_is_the_one_that_was_asked_for_or_any_that_is_free() {
    let metrics_of = |program: &Program| {
        let line = program.banner.iter().find_map(|line| line.trim().strip_prefix("metrics   http://"));
        line.and_then(|line| line.strip_suffix("/metrics")).expect("the banner says where").parse().unwrap()
    };
    let asked = format!("127.0.0.1:{}", free_port());
    let program = Program::start(&["--port", "0", "--management-addr", &asked], &[]);
    let address: std::net::SocketAddr = metrics_of(&program);
    assert_eq!(address.to_string(), asked);
    assert!(ask(address, "GET", "/metrics", &[], b"").text().contains("stitch_build_info"));
    // One that was asked for is had, or nothing starts.
    let error = fails(&["--port", "0", "--management-addr", &asked], &[]);
    assert!(error.contains(&asked) && error.contains("--management-addr"), "{error}");
    assert!(fails(&["--management-addr", "9464"], &[]).contains("--management-addr"));
    // Two servers that were asked for nothing both start, and the second says that it has another one.
    let programs = [(); 2].map(|()| {
        let mut command = command(PROGRAM, &[]);
        command.env_remove("STITCH_MANAGEMENT_ADDR").args(["--port", "0"]);
        Program::run(command)
    });
    let [first, second] = programs.each_ref().map(metrics_of);
    assert!(first.ip().is_loopback() && second.ip().is_loopback() && first != second);
    assert!(second.port() != 9464 && programs[1].log().contains("--management-addr"), "{}", programs[1].log());
}

#[test]
fn the_limit_of_open_files_is_raised_as_far_as_it_may_be() {
    let start = |limit: &str| {
        let mut command = command("sh", &[]);
        command.args(["-c", &format!("ulimit {limit}; exec \"$0\" --port 0 --max-streams 100"), PROGRAM]);
        Program::run(command)
    };
    let program = start("-Sn 64");
    let connections: Vec<_> = (0..100).map(|_| connect(program.address)).collect();
    ask(program.address, "GET", EVAL, &[], b"").data();
    drop(connections);
    assert_eq!(program.log(), "");
    let program = start("-n 300");
    let log = program.log();
    assert!(log.contains("--max-streams") && log.contains("300 open files") && log.contains("need 356"), "{log}");
}

#[test]
fn one_request_of_so_many_has_a_line_in_the_log() {
    let program = Program::start(&["--port", "0", "--access-log", "3"], &[]);
    for index in 0..7 {
        let id = format!("req-{index}");
        ask(program.address, "GET", EVAL, &[("X-Request-Id", &id)], b"").data();
    }
    let log = until(Duration::from_secs(5), || Some(program.log()).filter(|log| log.matches("answered").count() == 3));
    let lines: Vec<_> = log.lines().collect();
    for (line, id) in lines.iter().zip(["req-0", "req-3", "req-6"]) {
        for part in [id, "/api/flags/eval", "method=GET", "status=200", "INFO"] {
            assert!(line.contains(part), "{part}: {line}");
        }
        assert!(!line.contains("U-1") && !line.contains("registry_v1"), "{line}");
    }
    assert_eq!(lines.len(), 3, "{log}");
}

#[test]
fn dev_mode_refuses_an_address_that_others_reach_unless_told() {
    for host in ["0.0.0.0", "::", "192.0.2.1"] {
        let error = fails(&["--port", "0", "--host", host], &[]);
        assert!(error.contains("--insecure-dev-context") && error.contains(host), "{error}");
    }
    assert!(fails(&["--host", "example.com"], &[]).contains("IP address"));
    let program = Program::start(&["--port", "0", "--host", "0.0.0.0", "--insecure-dev-context"], &[]);
    let answer = ask(([127, 0, 0, 1], program.address.port()).into(), "GET", EVAL, &[("Host", "flags.example")], b"");
    answer.data();
    assert!(program.log().contains("--insecure-dev-context"));
    let program = Program::start(&["--port", "0", "--host", "localhost", "--auth", "dev"], &[]);
    assert!(program.address.ip().is_loopback());
}

#[test]
fn a_registry_that_cannot_serve_is_refused_at_start() {
    let folder = scratch("start");
    let file = folder.join("registry.json");
    let file = file.to_str().unwrap();
    assert!(fails(&["--registry", file, "--port", "0"], &[]).contains("cannot read"));
    std::fs::write(file, r#"{"schema_version": "1.0", "flags": [{"key": "a"}, {"key": "a", "default_value": 1}]}"#)
        .unwrap();
    let error = fails(&["--port", "0"], &[("STITCH_REGISTRY", file)]);
    for part in [file, "missing_key", "duplicate_flag", "value_misfit", "1:"] {
        assert!(error.contains(part), "{part}: {error}");
    }
    std::fs::write(file, r#"{"schema_version": "1.0", "flags": [{"key": "one", "default_value": true}]}"#).unwrap();
    let program = Program::start(&["--registry", file, "--port", "0"], &[]);
    assert_eq!(ask(program.address, "GET", "/api/flags/eval?key=one&user=U", &[], b"").data()["value"], true);
}

#[test]
fn a_signal_ends_it_once_what_is_in_flight_is_done() {
    let mut program = Program::start(&["--port", "0"], &[]);
    let body = r#"{"context": {"user_id": "U-1"}}"#;
    let mut slow = connect(program.address);
    let (first, rest) = body.split_at(10);
    let head = format!(
        "POST /api/flags/eval/batch HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    slow.write_all(format!("{head}{first}").as_bytes()).unwrap();
    let idle = connect(program.address);
    // So that both are accepted before the signal.
    ask(program.address, "GET", "/healthz", &[], b"").data();
    let started = Instant::now();
    program.terminate();
    until(Duration::from_secs(5), || TcpStream::connect(program.address).err());
    std::thread::sleep(Duration::from_millis(300));
    assert!(program.child.try_wait().unwrap().is_none(), "it waits for the request in flight");
    slow.write_all(rest.as_bytes()).unwrap();
    assert_eq!(read(&mut BufReader::new(&slow)).unwrap().data()["count"], 16);
    assert_eq!(program.wait().code(), Some(0));
    assert!(started.elapsed() < Duration::from_secs(5), "{:?}", started.elapsed());
    assert!(program.log().contains("stopping") && program.log().contains("stopped"), "{}", program.log());
    drop(idle);
}

#[test]
fn clients_that_stall_do_not_hold_the_exit() {
    let mut program = Program::start(&["--port", "0"], &[]);
    let stalls: Vec<_> =
        ["", "GET /healthz HT", "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\nabc"]
            .into_iter()
            .map(|text| {
                let mut stream = connect(program.address);
                stream.write_all(text.as_bytes()).unwrap();
                stream
            })
            .collect();
    ask(program.address, "GET", "/healthz", &[], b"").data();
    let started = Instant::now();
    program.terminate();
    assert_eq!(program.wait().code(), Some(0));
    assert!(started.elapsed() < Duration::from_secs(10), "{:?}", started.elapsed());
    drop(stalls);
}

#[test]
fn no_log_says_who_was_asked_for() {
    let secret = "U-very-secret";
    let ask_all = |program: &Program| {
        let get = |path: &str, headers: &[(&str, &str)]| ask(program.address, "GET", path, headers, b"");
        get(&format!("/api/flags/eval?key=flags.registry_v1&user={secret}"), &[("X-Request-Id", "req-7")]).data();
        get(&format!("/api/flags/eval?key=flags.registry_v1&user=U&env={secret}"), &[]).failure(400, "invalid_request");
        get("/api/flags/eval?key=flags.registry_v1", &[("X-PTT-User-Id", secret), ("X-PTT-Env", secret)])
            .failure(400, "invalid_request");
        let body = format!(r#"{{"context": {{"user_id": "{secret}", "attributes": {{"now": "{secret}"}}}}}}"#);
        let json = [("Content-Type", "application/json")];
        ask(program.address, "POST", "/api/flags/eval/batch", &json, body.as_bytes()).failure(400, "invalid_request");
        for path in ["/v1/users/", "/api/flags/overrides/", "/nowhere/"] {
            let method = if path.contains("overrides") { "DELETE" } else { "GET" };
            let answer = ask(program.address, method, &format!("{path}{secret}"), &[], b"");
            assert!([401, 404].contains(&answer.status), "{answer:?}");
        }
    };
    let program = Program::start(&["--port", "0", "--log-level", "debug"], &[]);
    ask_all(&program);
    let log = until(Duration::from_secs(5), || Some(program.log()).filter(|log| log.matches("answered").count() == 7));
    assert!(!log.contains(secret), "{log}");
    assert!(log.lines().any(|line| line.contains("req-7") && line.contains("/api/flags/eval")), "{log}");
    assert!(log.contains("/v1/users/{email}"), "{log}");
}

#[test]
fn logs_are_quiet_and_json_on_request() {
    let log = scratch("json").join("stderr");
    let port = free_port();
    let mut child = command(PROGRAM, &[("STITCH_LOG_FORMAT", "json"), ("FF_PORT", &port.to_string())])
        .args(["--log-level", "debug"])
        .stderr(std::fs::File::create(&log).unwrap())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    until(common::PATIENCE, || TcpStream::connect(("127.0.0.1", port)).ok());
    ask(([127, 0, 0, 1], port).into(), "GET", EVAL, &[("X-Request-Id", "req-8")], b"").data();
    let text = until(Duration::from_secs(5), || {
        Some(std::fs::read_to_string(&log).unwrap()).filter(|log| log.contains("answered"))
    });
    child.kill().unwrap();
    assert!(child.wait_with_output().unwrap().stdout.is_empty());
    let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let listening = lines.iter().find(|line| line["fields"]["message"] == "listening").unwrap();
    assert_eq!((&listening["fields"]["parity"], &listening["fields"]["flags"]), (&"19/19".into(), &16.into()));
    let answered = lines.iter().find(|line| line["fields"]["message"] == "answered").unwrap();
    assert_eq!(answered["span"]["request_id"], "req-8");
    let quiet = Program::start(&["--port", "0"], &[]);
    ask(quiet.address, "GET", EVAL, &[], b"").data();
    ask(quiet.address, "GET", "/nowhere", &[], b"").failure(404, "not_found");
    assert_eq!(quiet.log(), "");
}

#[test]
fn help_says_all() {
    let output = command(PROGRAM, &[]).arg("--help").output().unwrap();
    let help = String::from_utf8(output.stdout).unwrap();
    for word in [
        "validate",
        "eval",
        "serve",
        "--port",
        "FF_PORT",
        "--registry",
        "STITCH_REGISTRY",
        "--insecure-dev-context",
        "--body-limit",
        "--log-format",
        "--management-addr",
        "--access-log",
    ] {
        assert!(help.contains(word), "{word}: {help}");
    }
    assert!(command(PROGRAM, &[]).arg("--version").output().unwrap().status.success());
}

#[test]
fn a_port_that_is_none_names_where_it_may_come_from() {
    let said = fails(&[], &[("FF_PORT", "abc")]);
    assert!(said.contains("FF_PORT") && said.contains("0 to 65535"), "{said}");
}

#[test]
fn an_empty_port_is_as_good_as_none() {
    // Nothing is served: the registry is not there, and that is what is said.
    let said = fails(&["--registry", "no such file"], &[("FF_PORT", "")]);
    assert!(said.contains("no such file") && !said.contains("FF_PORT"), "{said}");
}
