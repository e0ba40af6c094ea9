//! From what is given to a client that follows.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tonic::metadata::{Ascii, MetadataValue};
use tonic::transport::{Certificate, ClientTlsConfig, Endpoint, Uri};
use ureq::Agent;
use ureq::tls::{RootCerts, TlsConfig};

use crate::backoff::Backoff;
use crate::cache::Cache;
use crate::client::{Client, Serving};
use crate::follow::{Follower, Held, refused};
use crate::replica::Replica;
use crate::saver::Saver;
use crate::sender::{Key, Post, Sender, Settings};
use crate::shared::{Served, Shared};
use crate::state::{State, Status};
use crate::stream::Server;

/// A connection and the first word on it.
const OPENING: Duration = Duration::from_secs(10);

/// What a client needs to know; made by [`Client::builder`].
#[derive(Clone)]
pub struct Builder {
    url: String,
    sdk_key: String,
    name: String,
    cache_file: Option<PathBuf>,
    events_url: Option<String>,
    certificate: Option<Vec<u8>>,
    silence: Duration,
    backoff: Backoff,
    room: usize,
    pause: Duration,
    starting_with: Option<Serving>,
}

impl Builder {
    pub(crate) fn new(url: String, sdk_key: String) -> Self {
        Self {
            url,
            sdk_key,
            name: "stitch-client".to_owned(),
            cache_file: None,
            events_url: None,
            certificate: None,
            silence: Duration::from_secs(40),
            backoff: Backoff::new(Duration::from_millis(500), Duration::from_mins(1)),
            room: 10_000,
            pause: Duration::from_secs(1),
            starting_with: None,
        }
    }

    /// Keeps what serves in this file, and starts from it: no server is needed then to answer.
    ///
    /// It and the two before it (`NAME.1`, `NAME.2`) are whole or not believed, and so is one that was saved with
    /// another key. Only this user may read them. Processes may share a file.
    #[must_use]
    pub fn cache_file(mut self, path: impl Into<PathBuf>) -> Self {
        self.cache_file = Some(path.into());
        self
    }

    /// Where the server takes events: its main address, as `https://flags.example`.
    #[must_use]
    pub fn events_url(mut self, url: impl Into<String>) -> Self {
        self.events_url = Some(url.into());
        self
    }

    /// Trusts servers whose certificate this one has signed (PEM), and no others. Those that browsers trust unless said.
    #[must_use]
    pub fn ca_certificate(mut self, pem: impl Into<Vec<u8>>) -> Self {
        self.certificate = Some(pem.into());
        self
    }

    /// What the client calls itself to whoever runs the server.
    #[must_use]
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = name.into();
        self
    }

    /// For how long a server may say nothing before the stream is taken for dead: 40 s unless said, in which a server
    /// says something at least twice.
    #[must_use]
    pub fn silence(mut self, silence: Duration) -> Self {
        self.silence = silence;
        self
    }

    /// Waits a random time up to `first` before it tries again, and up to twice as long each time, but no longer than
    /// `longest`: 500 ms and a minute unless said.
    #[must_use]
    pub fn backoff(mut self, first: Duration, longest: Duration) -> Self {
        self.backoff = Backoff::new(first, longest);
        self
    }

    /// So many events may wait to be sent: 10,000 unless said.
    #[must_use]
    pub fn event_queue(mut self, events: usize) -> Self {
        self.room = events;
        self
    }

    /// So long an event waits for others to go with it: a second unless said.
    #[must_use]
    pub fn event_pause(mut self, pause: Duration) -> Self {
        self.pause = pause;
        self
    }

    /// Serves what another client served until the server was heard, in place of what is in the file: for the child of
    /// a process that forked. Nothing else of the parent's client may be touched there; forget it, since its threads
    /// are gone.
    #[must_use]
    pub fn starting_with(mut self, serving: Serving) -> Self {
        self.starting_with = Some(serving);
        self
    }

    /// Starts from the file, if there is one, and begins to follow the server. Does not wait for it: see
    /// [`Client::wait_ready`].
    ///
    /// # Errors
    ///
    /// If an address, the key or the certificate is none, or the system gives no thread. A server that is away is no
    /// error, and neither is a file that is not there or not whole: [`Client::state`] tells.
    pub fn connect(self) -> Result<Client, ConnectError> {
        let server = self.server()?;
        let sender = Sender::new(self.post()?, Settings { room: self.room, pause: self.pause, backoff: self.backoff });
        let cache = self.cache_file.map(|path| Cache::new(path, &self.sdk_key));
        let mut state = State::starting();
        let mut replica = Replica::default();
        let (mut first, mut compiled) = (None, None);
        if let Some(serving) = self.starting_with {
            let inherited = serving.into_served();
            state.status = if inherited.number == 0 { Status::Starting } else { Status::Stale };
            first = Some(inherited);
        } else if let Some(cache) = &cache {
            let (found, wrong) = cache.load(|message| {
                let mut replica = Replica::default();
                replica.apply(message).map_err(|gap| gap.to_string())?;
                let engine = replica.compile().map_err(|error| refused(&error))?;
                Ok((replica, Arc::new(engine)))
            });
            state.last_error = (!wrong.is_empty()).then(|| wrong.join("; "));
            if let Some(((saved, engine), at)) = found {
                (state.status, state.since) = (Status::Stale, at);
                first = Some(Arc::new(Served::new(Arc::clone(&engine), saved.history(), saved.number())));
                replica = saved.clone();
                compiled = Some((saved, engine));
            }
        }
        let first = first.unwrap_or_else(|| Arc::new(Served::nothing()));
        let (history, number) = (replica.history().to_owned(), replica.number());
        let shared = Arc::new(Shared::new(first, state));
        let held = Arc::new(Held::new(replica));
        let follower = Follower {
            shared: Arc::clone(&shared),
            server,
            held: Arc::clone(&held),
            backoff: self.backoff,
            silence: self.silence,
            afresh: false,
            compiled,
        };
        let saver = cache.map(|cache| Saver { cache, shared: Arc::clone(&shared), held, history, number });
        Client::start(shared, sender, follower, saver).map_err(ConnectError::Thread)
    }

    /// Whether [`Builder::connect`] would find something wrong with what was given; starts nothing.
    ///
    /// # Errors
    ///
    /// As `connect`, for all that can be known beforehand.
    pub fn check(&self) -> Result<(), ConnectError> {
        self.server()?;
        self.post()?;
        Ok(())
    }

    fn server(&self) -> Result<Server, ConnectError> {
        let uri = address(&self.url).ok_or_else(|| ConnectError::Url(self.url.clone()))?;
        let is_word = !self.sdk_key.is_empty() && self.sdk_key.bytes().all(|byte| byte.is_ascii_graphic());
        let key = self.sdk_key.parse::<MetadataValue<Ascii>>().ok().filter(|_| is_word);
        let mut key = key.ok_or(ConnectError::Key)?;
        key.set_sensitive(true);
        let is_encrypted = uri.scheme_str() == Some("https");
        if let Some(pem) = &self.certificate {
            self::certificate(pem)?;
        }
        let mut endpoint = Endpoint::from(uri).connect_timeout(OPENING).tcp_nodelay(true).http2_adaptive_window(true);
        if is_encrypted {
            let tls = match &self.certificate {
                Some(pem) => ClientTlsConfig::new().ca_certificate(Certificate::from_pem(pem)),
                None => ClientTlsConfig::new().with_webpki_roots(),
            };
            endpoint = endpoint.tls_config(tls).map_err(|_| ConnectError::Certificate)?;
        }
        Ok(Server { url: self.url.clone(), endpoint, key, name: self.name.clone(), patience: OPENING })
    }

    fn post(&self) -> Result<Option<Post>, ConnectError> {
        let Some(url) = &self.events_url else { return Ok(None) };
        address(url).ok_or_else(|| ConnectError::EventsUrl(url.clone()))?;
        let mut config = Agent::config_builder().http_status_as_error(false).max_redirects(0);
        if let Some(pem) = &self.certificate {
            let roots = RootCerts::new_with_certs(&[self::certificate(pem)?]);
            config = config.tls_config(TlsConfig::builder().root_certs(roots).build());
        }
        let url = url.trim_end_matches('/').to_owned();
        Ok(Some(Post { agent: config.build().into(), url, key: Key(self.sdk_key.clone()) }))
    }
}

/// Without the key.
impl fmt::Debug for Builder {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = formatter.debug_struct("Builder");
        shown.field("url", &self.url).field("cache_file", &self.cache_file).field("events_url", &self.events_url);
        shown.finish_non_exhaustive()
    }
}

fn certificate(pem: &[u8]) -> Result<ureq::tls::Certificate<'static>, ConnectError> {
    ureq::tls::Certificate::from_pem(pem).map_err(|_| ConnectError::Certificate)
}

/// What is `http://` or `https://`, a host, and nothing behind it.
fn address(url: &str) -> Option<Uri> {
    let uri: Uri = url.parse().ok()?;
    let is_known = matches!(uri.scheme_str(), Some("http" | "https"));
    (is_known && uri.host().is_some_and(|host| !host.is_empty()) && uri.path() == "/" && uri.query().is_none())
        .then_some(uri)
}

/// Why there is no client.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// Of the streams of definitions.
    #[error("`{0}` is no address of a server: give one like `https://flags.example:50050`")]
    Url(String),
    /// Of the events.
    #[error("`{0}` is no address that takes events: give one like `https://flags.example`")]
    EventsUrl(String),
    /// It is not told which.
    #[error("the SDK key is none: give the one that the server showed when it was made")]
    Key,
    /// It is no PEM, or holds no certificate.
    #[error("the CA certificate cannot be read: give one in PEM")]
    Certificate,
    /// The system is at an end.
    #[error("there is no thread for the client: {0}")]
    Thread(std::io::Error),
}
