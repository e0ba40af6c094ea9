//! A network between a server and its database that can be cut and slowed.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::{sleep, spawn};
use std::time::Duration;

/// Passes on what is sent, both ways.
#[derive(Clone)]
pub(crate) struct Proxy {
    pub(crate) address: SocketAddr,
    /// Swallows everything, without a word to either side.
    cut: Arc<AtomicBool>,
    /// Milliseconds that each piece takes longer.
    slow: Arc<AtomicU64>,
    /// Ends the next connection on which the database answers, before the answer.
    lose: Arc<AtomicBool>,
}

impl Proxy {
    pub(crate) fn to(port: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let proxy = Self { address, cut: Arc::default(), slow: Arc::default(), lose: Arc::default() };
        let accepting = proxy.clone();
        spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                let Ok(server) = TcpStream::connect(("127.0.0.1", port)) else { continue };
                let (again, back) = (client.try_clone().unwrap(), server.try_clone().unwrap());
                let (there, here) = (accepting.clone(), accepting.clone());
                spawn(move || there.pass(client, server, false));
                spawn(move || here.pass(back, again, true));
            }
        });
        proxy
    }

    fn pass(&self, mut from: TcpStream, mut to: TcpStream, answers: bool) {
        let _ = (from.set_nodelay(true), to.set_nodelay(true));
        let mut piece = [0; 16 << 10];
        while let Ok(length @ 1..) = from.read(&mut piece) {
            sleep(Duration::from_millis(self.slow.load(Ordering::Relaxed)));
            // A cut connection never works again, as after a network that forgot it.
            if self.cut.load(Ordering::Relaxed) {
                while self.cut.load(Ordering::Relaxed) {
                    sleep(Duration::from_millis(20));
                }
                break;
            }
            if answers && self.lose.swap(false, Ordering::Relaxed) {
                break;
            }
            if to.write_all(&piece[..length]).is_err() {
                break;
            }
        }
        let _ = (from.shutdown(std::net::Shutdown::Both), to.shutdown(std::net::Shutdown::Both));
    }

    pub(crate) fn cut(&self, cut: bool) {
        self.cut.store(cut, Ordering::Relaxed);
    }

    pub(crate) fn lose_an_answer(&self) {
        self.lose.store(true, Ordering::Relaxed);
    }

    pub(crate) fn slow(&self, milliseconds: u64) {
        self.slow.store(milliseconds, Ordering::Relaxed);
    }

    /// The same address of a database, by this way.
    pub(crate) fn instead_of(&self, url: &str) -> String {
        let (scheme, rest) = url.split_once('@').unwrap();
        format!("{scheme}@{}/{}", self.address, rest.split_once('/').unwrap().1)
    }
}
