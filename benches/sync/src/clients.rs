//! Clients by the thousand, each on a connection of its own.

use std::time::{Duration, Instant};

use prost::Message;
use stitch_sync::v1::flag_sync_service_client::FlagSyncServiceClient;
use stitch_sync::v1::{SyncRequest, SyncResponse};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::task::JoinSet;
use tokio::time::timeout;
use tonic::transport::Endpoint;
use tonic::{Request, Streaming};

use crate::server::Server;

/// Bytes that a client takes before it has read them: what gRPC gives every stream by default.
const WINDOW: u32 = 65_535;

/// A message, as far as it is of interest here.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Told {
    pub(crate) history: String,
    pub(crate) number: u64,
    pub(crate) snapshot: bool,
    /// Of the message, encoded.
    pub(crate) bytes: usize,
}

impl From<&SyncResponse> for Told {
    fn from(message: &SyncResponse) -> Self {
        let (history, number) = (message.history_id.clone(), message.sequence_number);
        Self { history, number, snapshot: message.snapshot, bytes: message.encoded_len() }
    }
}

/// A message that is no heartbeat, and when it came to a client.
pub(crate) struct Heard {
    pub(crate) told: Told,
    pub(crate) at: Instant,
}

/// Clients that read whatever comes.
pub(crate) struct Clients {
    tasks: JoinSet<()>,
    heard: UnboundedReceiver<Heard>,
    pub(crate) count: usize,
    /// What each was told first.
    pub(crate) first: Told,
}

impl Clients {
    /// Connects so many that have this, so many of them at once, and waits until each is told what it lacks.
    pub(crate) async fn connect(server: &Server, have: &Told, count: usize, at_once: usize) -> Self {
        let (tell, heard) = unbounded_channel();
        let (mut tasks, mut first) = (JoinSet::new(), Told::default());
        for begun in (0..count).step_by(at_once) {
            let mut opening = JoinSet::new();
            for _ in begun..count.min(begun + at_once) {
                let asking = open(server, have);
                opening.spawn(async move {
                    let mut stream = asking.await;
                    let first = stream.message().await.expect("a stream").expect("a message");
                    (stream, Told::from(&first))
                });
            }
            for (stream, told) in opening.join_all().await {
                assert!(first == Told::default() || told == first, "all are told the same");
                first = told;
                tasks.spawn(read(stream, tell.clone()));
            }
        }
        Self { tasks, heard, count, first }
    }

    /// Waits until every client has heard of a change, and says when each did.
    pub(crate) async fn all_heard(&mut self) -> Vec<Heard> {
        let mut heard = Vec::with_capacity(self.count);
        while heard.len() < self.count {
            let next = timeout(Duration::from_secs(30), self.heard.recv()).await;
            heard.push(next.expect("every client hears").expect("clients are there"));
        }
        let number = heard.first().map(|heard| heard.told.number);
        assert!(heard.iter().all(|heard| Some(heard.told.number) == number), "all hear the same");
        heard
    }

    pub(crate) async fn leave(mut self) {
        self.tasks.shutdown().await;
    }
}

async fn read(mut stream: Streaming<SyncResponse>, tell: UnboundedSender<Heard>) {
    while let Ok(Some(message)) = stream.message().await {
        let (at, told) = (Instant::now(), Told::from(&message));
        if !message.heartbeat && tell.send(Heard { told, at }).is_err() {
            return;
        }
    }
}

/// A stream for somebody who has this, nothing of which is read yet.
pub(crate) fn open(server: &Server, have: &Told) -> impl Future<Output = Streaming<SyncResponse>> + use<> {
    let endpoint = Endpoint::from_shared(format!("http://{}", server.streams)).expect("an address");
    let endpoint = endpoint.initial_stream_window_size(WINDOW).initial_connection_window_size(WINDOW).tcp_nodelay(true);
    let mut request = Request::new(SyncRequest {
        history_id: have.history.clone(),
        sequence_number: have.number,
        client_name: "bench".to_owned(),
        ..SyncRequest::default()
    });
    request.metadata_mut().insert("x-sdk-key", server.key.parse().expect("a key"));
    async move {
        let channel = endpoint.connect().await.expect("a connection");
        let mut client = FlagSyncServiceClient::new(channel).max_decoding_message_size(usize::MAX);
        client.sync_definitions(request).await.expect("a stream").into_inner()
    }
}
