//! Clients by the thousand, each on a connection of its own.

use std::time::{Duration, Instant};

use stitch_sync::v1::flag_sync_service_client::FlagSyncServiceClient;
use stitch_sync::v1::{SyncRequest, SyncResponse};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::task::JoinSet;
use tokio::time::timeout;
use tonic::transport::Endpoint;
use tonic::{Request, Streaming};

/// Bytes that a client takes before it has read them: what gRPC gives every stream by default.
const WINDOW: u32 = 65_535;
/// Connections that are made at once.
const AT_ONCE: usize = 50;

/// A change, and when it came to a client.
pub(crate) struct Heard {
    pub(crate) number: u64,
    pub(crate) at: Instant,
}

/// Clients that read whatever comes.
pub(crate) struct Clients {
    tasks: JoinSet<()>,
    heard: UnboundedReceiver<Heard>,
    pub(crate) count: usize,
}

impl Clients {
    /// Connects so many, and waits until each has its snapshot.
    pub(crate) async fn connect(streams: &str, key: &str, count: usize) -> Self {
        let (tell, heard) = unbounded_channel();
        let mut tasks = JoinSet::new();
        for begun in (0..count).step_by(AT_ONCE) {
            let mut opening = JoinSet::new();
            for _ in begun..count.min(begun + AT_ONCE) {
                let (streams, key) = (streams.to_owned(), key.to_owned());
                opening.spawn(async move {
                    let mut stream = open(&streams, &key).await;
                    let first = stream.message().await.expect("a stream").expect("a message");
                    assert!(first.snapshot);
                    stream
                });
            }
            for stream in opening.join_all().await {
                tasks.spawn(read(stream, tell.clone()));
            }
        }
        Self { tasks, heard, count }
    }

    /// Waits until every client has heard of a change, and says when each did.
    pub(crate) async fn all_heard(&mut self) -> Vec<Heard> {
        let mut heard = Vec::with_capacity(self.count);
        while heard.len() < self.count {
            let next = timeout(Duration::from_secs(30), self.heard.recv()).await;
            heard.push(next.expect("every client hears").expect("clients are there"));
        }
        let number = heard.first().map(|heard| heard.number);
        assert!(heard.iter().all(|heard| Some(heard.number) == number), "all hear the same");
        heard
    }

    pub(crate) async fn leave(mut self) {
        self.tasks.shutdown().await;
    }
}

async fn read(mut stream: Streaming<SyncResponse>, tell: UnboundedSender<Heard>) {
    while let Ok(Some(message)) = stream.message().await {
        if !message.heartbeat && tell.send(Heard { number: message.sequence_number, at: Instant::now() }).is_err() {
            return;
        }
    }
}

/// A stream, nothing of which is read yet.
pub(crate) async fn open(streams: &str, key: &str) -> Streaming<SyncResponse> {
    let endpoint = Endpoint::from_shared(format!("http://{streams}")).expect("an address");
    let endpoint = endpoint.initial_stream_window_size(WINDOW).initial_connection_window_size(WINDOW).tcp_nodelay(true);
    let channel = endpoint.connect().await.expect("a connection");
    let mut client = FlagSyncServiceClient::new(channel).max_decoding_message_size(usize::MAX);
    let mut request = Request::new(SyncRequest { client_name: "bench".to_owned(), ..SyncRequest::default() });
    request.metadata_mut().insert("x-sdk-key", key.parse().expect("a key"));
    client.sync_definitions(request).await.expect("a stream").into_inner()
}
