//! Clients that send a byte now and then, or never read: each is cut in time, and nobody waits for them.

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use crate::common::stocked::Shop;
use crate::common::{connect, raw};
use crate::frames;

/// Connections of each kind.
const MANY: usize = 35;
/// When the last of them must be cut.
const CUT: Duration = Duration::from_secs(55);

/// One that goes on sending, a byte at a time.
struct Slow {
    name: &'static str,
    stream: TcpStream,
    rest: Vec<u8>,
    sent: usize,
    cut: Option<Duration>,
}

impl Slow {
    /// On a connection that has sent the beginning.
    fn new(name: &'static str, address: SocketAddr, beginning: &[u8], rest: &[u8]) -> Self {
        let mut stream = connect(address);
        stream.write_all(beginning).unwrap();
        stream.set_nonblocking(true).unwrap();
        Self { name, stream, rest: rest.to_vec(), sent: 0, cut: None }
    }

    /// Sends one byte more, and sees whether anybody still listens.
    fn step(&mut self, began: Instant) {
        let byte = self.rest.get(self.sent % self.rest.len().max(1)).copied();
        self.sent += 1;
        let gone = byte.is_some_and(|byte| self.stream.write_all(&[byte]).is_err()) || self.is_closed();
        self.cut = self.cut.or(gone.then(|| began.elapsed()));
    }

    fn is_closed(&mut self) -> bool {
        let mut answer = [0; 4096];
        loop {
            match self.stream.read(&mut answer) {
                Ok(0) => return true,
                Ok(_) => {}
                Err(error) => return error.kind() != ErrorKind::WouldBlock,
            }
        }
    }
}

/// All kinds.
fn slow(shop: &Shop) -> Vec<Slow> {
    let (http, management, sync) = (shop.server.address, shop.server.management, shop.server.sync);
    let get = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n";
    let post = "POST /api/flags/eval/batch HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n";
    let sized = format!("{post}Content-Length: 1000000\r\n\r\n");
    let chunked = format!("{post}Transfer-Encoding: chunked\r\n\r\n");
    let first = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\nGET /he";
    let call = [
        frames::request("/stitch.sync.v1.FlagSyncService/SyncDefinitions"),
        frames::header("x-sdk-key", shop.stocked.key.as_bytes()),
    ];
    let unended = [frames::hello(), frames::frame(frames::HEADERS, 0, 1, &call.concat())].concat();
    // The message does not come, and what comes is a frame that nobody knows, which takes hours.
    let unknown = &frames::frame(0x20, 0, 0, &[0; 16_000])[..9];
    let ended = [frames::hello(), frames::block(1, &call.concat()), unknown.to_vec()].concat();
    let kinds: [(&str, SocketAddr, &[u8], &[u8]); 12] = [
        ("nothing", http, b"", b""),
        ("a request line", http, b"", b"GET /aaaaaaaa"),
        ("headers", http, get, b"X-A: b\r\n"),
        ("one header", http, get, b"aaaaaa"),
        ("the second head", http, first, b"a"),
        ("a body", http, sized.as_bytes(), b" "),
        ("chunks", http, chunked.as_bytes(), b"1\r\n \r\n"),
        ("numbers", management, b"GET /metrics HTTP/1.1\r\n", b"X-A: b\r\n"),
        ("a greeting", sync, b"", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
        ("no request", sync, &frames::hello(), b""),
        ("half a block", sync, &unended, b""),
        ("no message", sync, &ended, b"\0"),
    ];
    let all = kinds.iter().flat_map(|kind| std::iter::repeat_n(kind, MANY));
    all.map(|&(name, address, beginning, rest)| Slow::new(name, address, beginning, rest)).collect()
}

#[test]
fn who_sends_a_byte_now_and_then_is_cut_while_others_are_served() {
    let shop = Shop::open();
    let mut all = slow(&shop);
    let began = Instant::now();
    while all.iter().any(|slow| slow.cut.is_none()) {
        let left: std::collections::BTreeSet<_> =
            all.iter().filter(|slow| slow.cut.is_none()).map(|slow| slow.name).collect();
        assert!(began.elapsed() < CUT, "{left:?} go on");
        all.iter_mut().filter(|slow| slow.cut.is_none()).for_each(|slow| slow.step(began));
        // Somebody else, on connections of their own.
        let asked = Instant::now();
        assert_eq!(
            shop.sdk("/v1/environments/prod/evaluate", r#"{"flag_key": "checkout", "context_key": "U-1"}"#).status,
            200
        );
        assert_eq!(raw(shop.server.management, b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n").status, 200);
        assert!(asked.elapsed() < Duration::from_secs(2), "{:?}", asked.elapsed());
        std::thread::sleep(Duration::from_millis(500));
    }
    // None was cut who had no time to send anything.
    let hasty: Vec<_> =
        all.iter().filter(|slow| slow.cut < Some(Duration::from_secs(10))).map(|slow| slow.name).collect();
    assert!(hasty.is_empty(), "{hasty:?}");
}

#[test]
fn who_never_reads_is_cut_too() {
    let shop = Shop::open();
    let name = "x".repeat(4_000);
    let flag = format!(r#"{{"key": "large", "default_value": false, "description": "{name}"}}"#);
    assert_eq!(shop.admin("POST", "/v1/flags", &flag).status, 201);
    let request = "GET /api/flags/registry HTTP/1.1\r\nHost: localhost\r\n\r\n";
    let mut stream = connect(shop.server.address);
    stream.set_write_timeout(Some(Duration::from_millis(500))).unwrap();
    // Until nothing more is taken: answers fill every buffer on the way, then requests do.
    let began = Instant::now();
    while stream.write_all(request.repeat(100).as_bytes()).is_ok() {
        assert!(began.elapsed() < Duration::from_mins(1), "everything is taken");
    }
    let full = Instant::now();
    stream.set_nonblocking(true).unwrap();
    // A reset shows as an error without anything being read.
    while stream.take_error().unwrap().is_none() {
        assert!(full.elapsed() < Duration::from_mins(1), "it goes on");
        std::thread::sleep(Duration::from_millis(200));
    }
    assert!(full.elapsed() > Duration::from_secs(20), "{:?}", full.elapsed());
    assert_eq!(shop.server.get("/healthz").status, 200);
}
