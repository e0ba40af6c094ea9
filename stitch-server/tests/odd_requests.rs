//! Requests that are wrong, odd or hostile: each has its JSON answer, and the server answers the next one.

mod common;

use std::io::{BufReader, Read, Write};
use std::time::Duration;

use common::{Server, connect, read};
use stitch_server::error::Code;
use stitch_server::source::Source;
use stitch_server::state::Settings;

const EVAL: &str = "/api/flags/eval?key=flags.registry_v1&user=U-1";
const BATCH: &str = "/api/flags/eval/batch";

#[test]
fn the_table_of_codes_is_the_contracts() {
    let contract = include_str!("../../spec/service.md");
    let start = contract.find("Codes and statuses, one table").unwrap();
    let table = contract[start..].split("Every route answers JSON").next().unwrap();
    let mut found = 0;
    for part in table.split('`').skip(1).step_by(2).filter(|word| *word != "Retry-After") {
        let code = Code::ALL.iter().find(|code| code.as_str() == part).unwrap_or_else(|| panic!("`{part}` is missing"));
        assert!(table.contains(&format!("`{part}` {}", code.status().as_u16())), "{part}");
        found += 1;
    }
    assert_eq!(found, Code::ALL.len());
}

#[test]
fn addresses_and_methods_that_are_not_there() {
    let server = Server::start();
    for path in ["/", "/api", "/api/flags", "/api/flags/", "/api/flags/eval/", "/api/flags/none", "/%00", "//", "/..;/"]
    {
        server.get(path).failure(404, "not_found");
        server.post(path, "{").failure(404, "not_found");
    }
    for (method, path, allow) in [
        ("POST", "/api/flags/eval", "GET,HEAD"),
        ("DELETE", "/api/flags/registry", "GET,HEAD"),
        ("PUT", "/api/flags/health", "GET,HEAD"),
        ("GET", BATCH, "POST"),
        ("OPTIONS", BATCH, "POST"),
        ("BREW", "/healthz", "GET,HEAD"),
    ] {
        let answer = common::ask(server.address, method, path, &[], b"");
        answer.failure(405, "method_not_allowed");
        assert_eq!(answer.header("allow"), Some(allow), "{method} {path}");
    }
}

#[test]
fn a_body_over_the_limit_gets_its_answer_however_it_is_sent() {
    let server = Server::start();
    let large = vec![b' '; 5 << 20];
    for path in [BATCH, "/api/flags/eval", "/nowhere"] {
        server.post(path, &large).failure(413, "payload_too_large");
    }
    let chunked = |size: usize| {
        let mut request = format!("POST {BATCH}?user=U HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n").into_bytes();
        let mut body = vec![b' '; size];
        body[0..2].copy_from_slice(b"{}");
        for chunk in body.chunks(1 << 16) {
            request.extend_from_slice(format!("{:x}\r\n", chunk.len()).as_bytes());
            request.extend_from_slice(chunk);
            request.extend_from_slice(b"\r\n");
        }
        request.extend_from_slice(b"0\r\n\r\n");
        server.raw(request)
    };
    chunked(5 << 20).failure(413, "payload_too_large");
    chunked((1 << 20) + 1).failure(413, "payload_too_large");
    assert_eq!(chunked(1 << 20).data()["count"], 16);
    // Who asks first is told first.
    let answer = server.raw(format!(
        "POST {BATCH} HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\nContent-Length: 5000000\r\n\r\n"
    ));
    answer.failure(413, "payload_too_large");
    let small = Server::with(Settings { body_limit: 10, ..Settings::default() }, Source::Embedded);
    small.post(&format!("{BATCH}?user=U"), "{\"a\":   1}").failure(400, "invalid_request");
    small.post(&format!("{BATCH}?user=U"), "{\"a\":    1}").failure(413, "payload_too_large");
}

#[test]
fn a_limit_above_two_mebibytes_holds() {
    let server = Server::with(Settings { body_limit: 8 << 20, ..Settings::default() }, Source::Embedded);
    let body = format!("{{}}{}", " ".repeat(4 << 20));
    assert_eq!(server.post(&format!("{BATCH}?user=U"), body).data()["count"], 16);
}

#[test]
fn a_good_request_id_is_kept_and_any_other_replaced() {
    let server = Server::start();
    for good in ["r-1", "A.b_c-9", &"x".repeat(128)] {
        for path in [EVAL, "/nowhere", BATCH, "/api/flags/registry"] {
            assert_eq!(server.get_with(path, &[("X-Request-Id", good)]).header("x-request-id"), Some(good));
        }
    }
    for bad in ["", "a b", "a/b", "<script>", &"x".repeat(129), "é"] {
        let answer = server.get_with(EVAL, &[("X-Request-Id", bad)]);
        answer.data();
        let id = answer.header("x-request-id").unwrap();
        assert!(id != bad && id.len() == 32, "{id}");
    }
    assert_ne!(server.get(EVAL).header("x-request-id"), server.get(EVAL).header("x-request-id"));
}

#[test]
fn dev_mode_is_for_this_machine_alone() {
    let server = Server::start();
    let host = |host: &str| server.get_with(EVAL, &[("Host", host)]);
    for good in ["localhost", "localhost:1", "127.0.0.1", "127.1.2.3:80", "[::1]", "[::1]:8080", "LOCALHOST"] {
        host(good).data();
    }
    for bad in ["example.com", "192.168.0.1:8080", "localhost.example.com", "[2001:db8::1]", "", "localhost:80@evil"] {
        host(bad).failure(403, "forbidden");
    }
    server.get_with(EVAL, &[("Host", "localhost"), ("Host", "example.com")]).failure(403, "forbidden");
    server.raw(format!("GET http://example.com{EVAL} HTTP/1.1\r\nHost: localhost\r\n\r\n")).failure(403, "forbidden");
    server.raw(format!("GET {EVAL} HTTP/1.0\r\n\r\n")).data();
    server.raw(format!("GET {EVAL} HTTP/1.1\r\n\r\n")).failure(400, "invalid_request");
    for name in ["Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "x-forwarded-proto", "X-Forwarded-Anything"] {
        let answer = server.get_with(EVAL, &[(name, "for=10.0.0.1")]);
        answer.failure(403, "forbidden");
        assert!(!answer.text().contains("10.0.0.1"));
    }
    let open = Server::with(Settings { insecure_dev_context: true, ..Settings::default() }, Source::Embedded);
    let answer = open.get_with(EVAL, &[("Host", "flags.example.com")]);
    answer.data();
    assert_eq!(answer.json()["service"]["warnings"], serde_json::json!(["dev_mode", "insecure_dev_context"]));
    open.get_with(EVAL, &[("X-Forwarded-For", "10.0.0.1")]).failure(403, "forbidden");
}

#[test]
fn one_connection_serves_many_requests_in_turn() {
    let server = Server::start();
    let mut stream = connect(server.address);
    let request = format!("GET {EVAL} HTTP/1.1\r\nHost: localhost\r\n\r\n");
    stream.write_all(request.repeat(3).as_bytes()).unwrap();
    let mut reader = BufReader::new(&stream);
    for _ in 0..3 {
        read(&mut reader).unwrap().data();
    }
    let mut stream = &stream;
    stream
        .write_all(
            format!("POST {BATCH} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\n{{}}{request}").as_bytes(),
        )
        .unwrap();
    read(&mut reader).unwrap().failure(415, "unsupported_media_type");
    read(&mut reader).unwrap().data();
}

#[test]
fn head_has_the_head_of_get_and_no_body() {
    let server = Server::start();
    let mut stream = connect(server.address);
    stream
        .write_all(format!("HEAD {EVAL} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").as_bytes())
        .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(
        answer.starts_with("HTTP/1.1 200") && answer.ends_with("\r\n\r\n") && answer.contains("x-request-id"),
        "{answer}"
    );
}

#[test]
fn after_many_odd_requests_the_server_still_answers() {
    let server = Server::start();
    let long = "x".repeat(100_000);
    let odd: Vec<Vec<u8>> = [
        "",
        "\r\n\r\n",
        "GET",
        "GET / HTTP/9.9\r\n\r\n",
        "GET  / HTTP/1.1\r\n\r\n",
        "\0\0\0\0\r\n\r\n",
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nabcdef",
        "POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        "POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\n",
        "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99999999999999999999\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: gzip\r\n\r\nabc",
        "GET / HTTP/1.1\r\nHost localhost\r\n\r\n",
        "GET / HTTP/1.1\r\n Host: localhost\r\n\r\n",
        "GET /\u{1F600} HTTP/1.1\r\nHost: localhost\r\n\r\n",
        "OPTIONS * HTTP/1.1\r\nHost: localhost\r\n\r\n",
        "CONNECT localhost:80 HTTP/1.1\r\nHost: localhost:80\r\n\r\n",
        "GET http://[::1 HTTP/1.1\r\nHost: localhost\r\n\r\n",
    ]
    .into_iter()
    .map(|text| text.as_bytes().to_vec())
    .chain([
        format!("GET /{long} HTTP/1.1\r\nHost: localhost\r\n\r\n").into_bytes(),
        format!("GET / HTTP/1.1\r\nHost: localhost\r\nX: {long}{long}{long}{long}{long}\r\n\r\n").into_bytes(),
        format!("GET / HTTP/1.1\r\nHost: localhost\r\n{}\r\n", "a: b\r\n".repeat(500)).into_bytes(),
        format!("GET {EVAL}&tier={long} HTTP/1.1\r\nHost: localhost\r\n\r\n").into_bytes(),
        format!("GET {EVAL}&{} HTTP/1.1\r\nHost: localhost\r\n\r\n", "&=&%&".repeat(1000)).into_bytes(),
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03".to_vec(),
        (0..=255).collect(),
    ])
    .collect();
    for round in 0..40_usize {
        for (index, request) in odd.iter().enumerate() {
            let mut stream = connect(server.address);
            stream.set_read_timeout(Some(Duration::from_millis(200))).unwrap();
            let _ = stream.write_all(request);
            // Some hang up at once, some close their side and listen, some only listen.
            match (round + index) % 3 {
                0 => {}
                1 => {
                    let _ = stream.shutdown(std::net::Shutdown::Write);
                    let _ = read(&mut BufReader::new(&stream));
                }
                _ if round < 3 => drop(read(&mut BufReader::new(&stream))),
                _ => {}
            }
        }
    }
    server.raw(format!("GET {EVAL}&tier={} HTTP/1.1\r\nHost: localhost\r\n\r\n", &long[..50_000])).data();
    server.raw("OPTIONS * HTTP/1.1\r\nHost: localhost\r\n\r\n").failure(404, "not_found");
    server.get(EVAL).data();
}
