//! Heads of ten megabytes, over HTTP/1 and HTTP/2: refused long before they are whole, and nobody else notices.

#![cfg(target_os = "linux")]

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr};
use std::time::{Duration, Instant};

use crate::common::stocked::stocked_file;
use crate::common::{Program, ask, connect, scratch};
use crate::frames;

const SIZE: usize = 10 << 20;
/// Bytes of memory that all of them together may take; one alone is more than half of it.
const ROOM: usize = 16 << 20;
/// Sent at once.
const AT_ONCE: usize = 4;

/// Each with all that is sent.
fn heads() -> Vec<(&'static str, Vec<u8>)> {
    let long = "x".repeat(SIZE);
    let many = format!("X-Many: {}\r\n", "y".repeat(54)).repeat(SIZE / 64);
    let chunked = "POST /api/flags/eval/batch?user=U HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n\
        Transfer-Encoding: chunked\r\n\r\n";
    [
        ("one header", format!("GET /healthz HTTP/1.1\r\nHost: localhost\r\nX: {long}\r\n\r\n")),
        ("one name", format!("GET /healthz HTTP/1.1\r\nHost: localhost\r\n{long}: x\r\n\r\n")),
        ("many headers", format!("GET /healthz HTTP/1.1\r\nHost: localhost\r\n{many}\r\n")),
        ("a path", format!("GET /{long} HTTP/1.1\r\nHost: localhost\r\n\r\n")),
        ("a query", format!("GET /healthz?{long} HTTP/1.1\r\nHost: localhost\r\n\r\n")),
        ("a method", format!("{long} / HTTP/1.1\r\nHost: localhost\r\n\r\n")),
        ("a credential", format!("GET /v1/users HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {long}\r\n\r\n")),
        ("an extension of a chunk", format!("{chunked}2;{long}\r\n{{}}\r\n0\r\n\r\n")),
        ("a trailer", format!("{chunked}2\r\n{{}}\r\n0\r\nX: {long}\r\n\r\n")),
        ("many trailers", format!("{chunked}2\r\n{{}}\r\n0\r\n{many}\r\n")),
    ]
    .map(|(name, text)| (name, text.into_bytes()))
    .into()
}

/// The same, over HTTP/2.
fn blocks() -> Vec<(&'static str, Vec<u8>)> {
    let health = frames::request("/grpc.health.v1.Health/Check");
    let long = frames::header("x", &vec![b'x'; SIZE]);
    let many = frames::header("x-many", &[b'y'; 50]).repeat(SIZE / 64);
    let path = frames::request(&format!("/{}", "x".repeat(SIZE)));
    // A block that never ends, of pieces with nothing in them.
    let nothing = frames::frame(frames::CONTINUATION, 0, 1, b"").repeat(SIZE / 9);
    let endless = [frames::frame(frames::HEADERS, 0, 1, &health), nothing].concat();
    [
        ("one header", frames::block(1, &[health.clone(), long].concat())),
        ("many headers", frames::block(1, &[health, many].concat())),
        ("a path", frames::block(1, &path)),
        ("no end", endless),
    ]
    .map(|(name, block)| (name, [frames::hello(), block].concat()))
    .into()
}

/// Sends all of it, or as much as is taken, and gives what came back.
fn send(address: SocketAddr, bytes: &[u8]) -> Vec<u8> {
    let stream = connect(address);
    stream.set_read_timeout(Some(Duration::from_secs(3))).unwrap();
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let _ = (&stream).write_all(bytes);
            let _ = stream.shutdown(Shutdown::Write);
        });
        let mut answer = Vec::new();
        let _ = (&stream).read_to_end(&mut answer);
        let _ = stream.shutdown(Shutdown::Both);
        answer
    })
}

/// The most memory that a process ever had.
fn peak(program: &Program) -> usize {
    let status = std::fs::read_to_string(format!("/proc/{}/status", program.child.id())).unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<usize>().unwrap() << 10
}

#[test]
fn heads_of_ten_megabytes_are_refused_in_little_memory_while_others_are_served() {
    let store = scratch("heads").join("stitch.db");
    let stocked = stocked_file(&store);
    let program = Program::start(&["--port", "0", "--store", store.to_str().unwrap()], &[]);
    let management = program.management();
    let key = [("X-API-Key", stocked.key.as_str()), ("Content-Type", "application/json")];
    let evaluate = || {
        let began = Instant::now();
        let body = br#"{"context": {"targetingKey": "U-1"}}"#;
        assert_eq!(ask(program.address, "POST", "/ofrep/v1/evaluate/flags/checkout", &key, body).status, 200);
        assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
    };
    (0..20).for_each(|_| evaluate());
    // The largest bodies that are taken are read whole: they are no part of what is measured here.
    let warm = format!(r#"{{"context": {{"targetingKey": "U-1"}}, "x": "{}"}}"#, "x".repeat(1 << 19));
    ask(program.address, "POST", "/ofrep/v1/evaluate/flags/checkout", &key, warm.as_bytes());
    let before = peak(&program);
    for (name, head) in heads() {
        for address in [program.address, management] {
            std::thread::scope(|scope| {
                let sent: Vec<_> = (0..AT_ONCE).map(|_| scope.spawn(|| send(address, &head))).collect();
                evaluate();
                for answer in sent {
                    let answer = answer.join().unwrap();
                    let status = String::from_utf8_lossy(&answer[..answer.len().min(12)]).into_owned();
                    // A connection that was closed first is a refusal, too.
                    assert!(status.is_empty() || status.starts_with("HTTP/1.1 4"), "{name}: {status}");
                }
            });
        }
    }
    for (name, block) in blocks() {
        std::thread::scope(|scope| {
            let sent: Vec<_> = (0..AT_ONCE).map(|_| scope.spawn(|| send(program.sync(), &block))).collect();
            evaluate();
            for answer in sent {
                let answer = answer.join().unwrap();
                // `:status: 200` is one byte, at the beginning of a block of headers.
                let served = answer.windows(10).any(|frame| frame[3] == frames::HEADERS && frame[9] == 0x88);
                assert!(!served, "{name}: {answer:?}");
            }
        });
    }
    let taken = peak(&program) - before;
    assert!(taken < ROOM, "{taken} bytes more");
    evaluate();
}

#[test]
fn a_head_that_is_a_little_too_large_is_told_so() {
    let server = crate::common::Server::start();
    let many = "X: y\r\n".repeat(101);
    let path = "x".repeat(100 << 10);
    // One that the server did not read to its end may find the connection broken before it reads why.
    for (head, status) in [
        (format!("GET /healthz HTTP/1.1\r\nHost: localhost\r\n{many}\r\n"), 431),
        (format!("GET /{path} HTTP/1.1\r\nHost: localhost\r\n\r\n"), 414),
    ] {
        let answer = String::from_utf8(send(server.address, head.as_bytes())).unwrap();
        assert!(answer.starts_with(&format!("HTTP/1.1 {status}")), "{answer}");
    }
}
