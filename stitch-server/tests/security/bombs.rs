//! Compressed bodies, ten kilobytes that would be ten megabytes: no route reads one, so none is a bomb.

use crate::House;
use crate::common::raw;
use crate::tour::{Site, Texts, Who, stops};

/// JSON that every evaluation takes, and ten megabytes of spaces.
const BOMB: &[u8] = include_bytes!("data/bomb.gz");

#[test]
fn compressed_bodies_are_415_on_every_route_that_reads_one() {
    let house = House::dev();
    let site = Site::of(&house);
    let bearer = format!("Authorization: Bearer {}\r\n", site.token);
    let (sdk, api) = (format!("x-sdk-key: {}\r\n", site.key), format!("X-API-Key: {}\r\n", site.key));
    let mut read = 0;
    for stop in stops() {
        let call = (stop.call)(&site, &Texts::usual());
        if call.body.is_null() {
            continue;
        }
        let credential = match call.who {
            Who::Nobody => "",
            Who::Person => &bearer,
            Who::Client => &sdk,
            Who::Ofrep => &api,
        };
        for encoding in ["gzip", "GZIP", "x-gzip", "br", "deflate", "zstd", "gzip, gzip", "identity, gzip", "other", ""]
        {
            let head = format!(
                "{} {} HTTP/1.1\r\nHost: localhost\r\n{credential}Content-Type: application/json\r\n\
                Content-Encoding: {encoding}\r\nContent-Length: {}\r\n\r\n",
                stop.method,
                call.path,
                BOMB.len()
            );
            let answer = raw(site.address, &[head.as_bytes(), BOMB].concat());
            assert_eq!(answer.status, 415, "{} {} {encoding}", stop.method, call.path);
            read += 1;
        }
        // Said twice, or said to be plain, it is not read either.
        for encodings in
            ["Content-Encoding: identity\r\nContent-Encoding: gzip\r\n", "Content-Encoding: identity\r\n", ""]
        {
            let head = format!(
                "{} {} HTTP/1.1\r\nHost: localhost\r\n{credential}Content-Type: application/json\r\n\
                {encodings}Content-Length: {}\r\n\r\n",
                stop.method,
                call.path,
                BOMB.len()
            );
            let answer = raw(site.address, &[head.as_bytes(), BOMB].concat());
            assert!([400, 415].contains(&answer.status), "{} {} {encodings}", stop.method, call.path);
        }
    }
    assert!(read > 200, "{read}");
}

#[test]
fn a_compressed_transfer_is_refused() {
    let house = House::dev();
    for coding in ["gzip", "gzip, chunked", "chunked, gzip", "deflate, chunked", "x-gzip"] {
        let size = format!("{:x}\r\n", BOMB.len());
        let head = format!(
            "POST /api/flags/eval/batch?user=U HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n\
            Transfer-Encoding: {coding}\r\n\r\n{size}"
        );
        let answer = raw(house.server.address, &[head.as_bytes(), BOMB, b"\r\n0\r\n\r\n"].concat());
        assert_eq!(answer.status, 400, "{coding}");
    }
    assert_eq!(house.server.get("/healthz").status, 200);
}

#[test]
fn a_length_that_is_said_twice_smuggles_nothing() {
    use std::io::{BufReader, Write};
    let house = House::dev();
    let smuggled = "GET /healthz HTTP/1.1\r\nHost: localhost\r\nX-Request-Id: smuggled\r\n\r\n";
    let post = "POST /api/flags/eval/batch?user=U HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n";
    for lengths in [
        format!("Content-Length: {}\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 5 + smuggled.len()),
        "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n".to_owned(),
        "Content-Length: 2\r\nContent-Length: 0\r\n\r\n{}".to_owned(),
        "Content-Length: 2, 0\r\n\r\n{}".to_owned(),
        "Content-Length: +2\r\n\r\n{}".to_owned(),
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n".to_owned(),
        "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n".to_owned(),
        "Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n".to_owned(),
    ] {
        let mut stream = crate::common::connect(house.server.address);
        stream.write_all(format!("{post}{lengths}{smuggled}").as_bytes()).unwrap();
        let mut reader = BufReader::new(&stream);
        let first = crate::common::read(&mut reader).expect("an answer");
        assert_eq!(first.status, 400, "{lengths}");
        // Whatever a proxy before this takes for the next request is not read as one.
        let second = crate::common::read(&mut reader);
        assert!(second.is_none(), "{lengths} {second:?}");
    }
}
