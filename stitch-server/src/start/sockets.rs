//! What the system gives a server that many talk to at once.

use std::io;
use std::net::SocketAddr;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::net::{TcpListener, TcpSocket};

/// Connections that may wait to be accepted, as far as the system allows so many: when all clients come back at once,
/// whoever finds no room tries again only after a second. The usual 128 are soon full.
const WAITING: u32 = 4_096;
/// Open files beside those of streams: other connections, the store, what is listened on.
const BESIDE: u64 = 256;

/// Listens there.
pub(super) fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    // So that a server can take over from one that has just ended; on Windows it would share the port.
    #[cfg(not(windows))]
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(WAITING)
}

/// Raises the limit of open files as far as the system allows, and says where that is too little for so many streams:
/// each is a connection, and each connection an open file.
pub(super) fn raise_open_files(streams: usize) {
    let needed = u64::try_from(streams).unwrap_or(u64::MAX).saturating_add(BESIDE);
    let hard = getrlimit(Resource::Nofile).maximum;
    if let Err(error) = setrlimit(Resource::Nofile, Rlimit { current: hard, maximum: hard }) {
        tracing::warn!("cannot raise the limit of open files: {error}");
    } else if let Some(allowed) = hard.filter(|allowed| *allowed < needed) {
        tracing::warn!(
            "the system allows {allowed} open files, and {streams} streams need {needed}: raise the hard limit \
             (`ulimit -Hn`), or give fewer `--max-streams`"
        );
    }
}
