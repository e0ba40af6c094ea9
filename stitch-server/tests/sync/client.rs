//! tonic's client, for tests that wait.

use std::net::SocketAddr;
use std::sync::LazyLock;

use stitch_sync::v1::flag_sync_service_client::FlagSyncServiceClient;
use stitch_sync::v1::{SyncRequest, SyncResponse};
use tokio::runtime::Runtime;
use tokio::time::timeout;
use tonic::transport::{Channel, Endpoint};
use tonic::{Request, Status, Streaming};

use crate::common::PATIENCE;

static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| Runtime::new().unwrap());

pub(crate) fn block_on<T>(work: impl Future<Output = T>) -> T {
    RUNTIME.block_on(async { timeout(PATIENCE, work).await.expect("something happens") })
}

pub(crate) fn channel(address: SocketAddr) -> Channel {
    block_on(endpoint(address).connect()).unwrap()
}

/// A connection that takes little of what nobody reads.
pub(crate) fn narrow_channel(address: SocketAddr) -> Channel {
    let endpoint = endpoint(address).initial_stream_window_size(65_535).initial_connection_window_size(65_535);
    block_on(endpoint.connect()).unwrap()
}

fn endpoint(address: SocketAddr) -> Endpoint {
    Endpoint::from_shared(format!("http://{address}")).unwrap()
}

/// A stream of definitions.
pub(crate) struct Stream {
    messages: Streaming<SyncResponse>,
}

impl Stream {
    /// On a connection of its own.
    pub(crate) fn open(address: SocketAddr, key: &str, history: &str, number: u64) -> Result<Self, Status> {
        Self::on(channel(address), Some(key), history, number)
    }

    pub(crate) fn on(channel: Channel, key: Option<&str>, history: &str, number: u64) -> Result<Self, Status> {
        let mut request = Request::new(SyncRequest {
            history_id: history.to_owned(),
            sequence_number: number,
            client_name: "test".to_owned(),
            client_version: "1".to_owned(),
        });
        if let Some(key) = key {
            request.metadata_mut().insert("x-sdk-key", key.parse().unwrap());
        }
        let mut client = FlagSyncServiceClient::new(channel).max_decoding_message_size(usize::MAX);
        Ok(Self { messages: block_on(client.sync_definitions(request))?.into_inner() })
    }

    /// The next message, or how the stream ended.
    pub(crate) fn next(&mut self) -> Result<SyncResponse, Status> {
        block_on(self.messages.message()).map(|message| message.expect("a stream ends with a status"))
    }

    /// The next message that is no heartbeat.
    pub(crate) fn news(&mut self) -> SyncResponse {
        loop {
            let message = self.next().unwrap();
            if !message.heartbeat {
                return message;
            }
        }
    }

    /// How the stream ends, whatever is said before.
    pub(crate) fn end(&mut self) -> Status {
        loop {
            if let Err(end) = self.next() {
                return end;
            }
        }
    }
}
