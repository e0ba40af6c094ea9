//! A small identity provider on loopback.

use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value, json};
use stitch_server::auth::claims::Names;
use stitch_server::auth::issuers::{Trusted, refetch_after};

use crate::forge::Signer;

/// What it answers when it is asked for its keys.
#[derive(Clone)]
pub(crate) struct Reply {
    pub status: &'static str,
    pub headers: String,
    pub body: Vec<u8>,
    pub after: Duration,
}

pub(crate) struct Issuer {
    pub address: SocketAddr,
    reply: Arc<Mutex<Reply>>,
    asked: Arc<AtomicUsize>,
}

impl Issuer {
    /// With these keys.
    pub(crate) fn start(keys: &[(&str, &Signer)]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let reply = Reply { status: "200 OK", headers: String::new(), body: Vec::new(), after: Duration::ZERO };
        let issuer = Self { address, reply: Arc::new(Mutex::new(reply)), asked: Arc::default() };
        issuer.publish(keys);
        let (reply, asked) = (Arc::clone(&issuer.reply), Arc::clone(&issuer.asked));
        // Ends with the process.
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let (reply, asked) = (Arc::clone(&reply), Arc::clone(&asked));
                std::thread::spawn(move || {
                    let mut lines = BufReader::new(&stream).lines().map_while(Result::ok);
                    if lines.by_ref().take_while(|line| !line.is_empty()).count() == 0 {
                        return;
                    }
                    asked.fetch_add(1, Ordering::SeqCst);
                    let Reply { status, headers, body, after } = reply.lock().unwrap().clone();
                    std::thread::sleep(after);
                    let length = body.len();
                    let head =
                        format!("HTTP/1.1 {status}\r\n{headers}Content-Length: {length}\r\nConnection: close\r\n\r\n");
                    let _ = (&stream).write_all(&[head.into_bytes(), body].concat());
                });
            }
        });
        issuer
    }

    /// From now on it has these keys.
    pub(crate) fn publish(&self, keys: &[(&str, &Signer)]) {
        let keys: Vec<Value> = keys.iter().map(|(kid, signer)| signer.jwk(kid)).collect();
        self.answer(|reply| reply.body = json!({"keys": keys}).to_string().into_bytes());
    }

    pub(crate) fn answer(&self, change: impl FnOnce(&mut Reply)) {
        change(&mut self.reply.lock().unwrap());
    }

    /// How often it was asked for its keys.
    pub(crate) fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }

    pub(crate) fn name(&self) -> String {
        format!("https://id.example.com/{}", self.address.port())
    }

    /// As a server is told of it.
    pub(crate) fn trusted(&self) -> Trusted {
        Trusted {
            issuer: self.name(),
            audience: "stitch-test".to_owned(),
            jwks: format!("http://{}/keys", self.address),
            claims: Names::default(),
            roles: None,
            refetch_after: refetch_after(),
        }
    }

    /// The claims of somebody, as it gives them.
    pub(crate) fn claims(&self, sub: &str) -> Value {
        let now = crate::now() / 1_000;
        json!({"iss": self.name(), "aud": "stitch-test", "sub": sub, "tenant_id": null, "tier": "staff",
            "role_key": null, "iat": now, "exp": now + 600})
    }
}
