//! The server with a vector's registry, on a real socket, and the least client that can ask it.

use std::fmt::Write as _;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use parity::Group;
use stitch_core::{Definitions, Engine, Json};
use stitch_server::Listeners;
use stitch_server::gate::{self, Tally};
use stitch_server::source::{Counts, Registry, Source};
pub(crate) use stitch_server::state::AppState as State;
use stitch_server::state::Settings;
use tokio::runtime::Runtime;
use tokio::sync::oneshot;

const PATIENCE: Duration = Duration::from_secs(30);

/// What all servers share.
pub(crate) struct Serving {
    runtime: Runtime,
    parity: Tally,
}

/// A server; stops when it is dropped.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    _stop: oneshot::Sender<()>,
}

impl Serving {
    pub(crate) fn start() -> Result<Self, String> {
        let runtime = Runtime::new().map_err(|error| error.to_string())?;
        Ok(Self { runtime, parity: gate::run().map_err(|error| error.to_string())? })
    }

    /// A server's state with the group's registry, compiled as the group says: a file would be compiled strictly.
    pub(crate) fn state(&self, group: &Group) -> Result<State, String> {
        let definitions = Definitions::from_json(&group.registry).map_err(|error| error.to_string())?.into_owned();
        let engine = if group.lenient { Engine::compile_lenient(&definitions) } else { Engine::compile(&definitions) };
        let engine = engine.map_err(|error| error.to_string())?;
        let counts = Counts {
            flags: engine.flag_keys().count(),
            segments: engine.segment_count(),
            overrides: 0,
            environments: engine.environments().len(),
        };
        let revision = group.file.clone();
        let registry = Registry {
            engine,
            definitions: Arc::new(definitions.into_document().into()),
            revision,
            loaded_at: SystemTime::now(),
            counts,
            warnings: Vec::new(),
        };
        // Some vectors are about texts longer than bodies usually may be.
        let settings = Settings { body_limit: 64 << 20, ..Settings::default() };
        State::new(settings, Source::Embedded, registry, self.parity).map_err(|error| error.to_string())
    }

    pub(crate) fn serve(&self, state: State) -> Result<Server, String> {
        let (stop, stopped) = oneshot::channel::<()>();
        let listeners = self.runtime.block_on(Listeners::loopback()).map_err(|error| error.to_string())?;
        let address = listeners.http.local_addr().map_err(|error| error.to_string())?;
        self.runtime.spawn(stitch_server::serve(listeners, state, async { drop(stopped.await) }));
        Ok(Server { address, _stop: stop })
    }
}

/// A connection that is kept.
pub(crate) struct Connection(BufReader<TcpStream>);

impl Connection {
    pub(crate) fn open(address: SocketAddr) -> Result<Self, String> {
        let open = || {
            let stream = TcpStream::connect(address)?;
            stream.set_read_timeout(Some(PATIENCE))?;
            stream.set_nodelay(true)?;
            Ok(Self(BufReader::new(stream)))
        };
        open().map_err(|error: std::io::Error| error.to_string())
    }

    /// Asks for one flag, or for all, and reads status and answer with numbers as they are written.
    pub(crate) fn ask(&mut self, flag: Option<&str>, body: &str) -> Result<(u16, Json<'static>), String> {
        let (status, answer) = self.exchange(flag, body).map_err(|error| error.to_string())?;
        let json = Json::parse(&answer).map_err(|error| format!("{status} {answer}: {error}"))?;
        Ok((status, json.into_owned()))
    }

    fn exchange(&mut self, flag: Option<&str>, body: &str) -> std::io::Result<(u16, String)> {
        let mut request = "POST /ofrep/v1/evaluate/flags".to_owned();
        if let Some(flag) = flag {
            request.push('/');
            for byte in flag.bytes() {
                let _ = write!(request, "%{byte:02X}");
            }
        }
        let _ = write!(
            request,
            " HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        self.0.get_mut().write_all(request.as_bytes())?;
        let mut line = String::new();
        self.0.read_line(&mut line)?;
        let status = line.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or_default();
        let mut length = 0;
        loop {
            line.clear();
            self.0.read_line(&mut line)?;
            match line.trim_end().split_once(": ") {
                Some(("content-length", value)) => length = value.parse().unwrap_or_default(),
                Some(_) => {}
                None => break,
            }
        }
        let mut answer = vec![0; length];
        self.0.read_exact(&mut answer)?;
        Ok((status, String::from_utf8_lossy(&answer).into_owned()))
    }
}
