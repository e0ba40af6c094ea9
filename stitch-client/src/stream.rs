//! A stream of definitions, opened.

use std::time::Duration;

use stitch_sync::v1::flag_sync_service_client::FlagSyncServiceClient;
use stitch_sync::v1::{SyncRequest, SyncResponse};
use tokio::time::timeout;
use tonic::metadata::{Ascii, MetadataValue};
use tonic::transport::Endpoint;
use tonic::{Request, Streaming};

use crate::end::End;

/// Whom to ask, and as whom.
#[derive(Clone, Debug)]
pub(crate) struct Server {
    pub(crate) url: String,
    pub(crate) endpoint: Endpoint,
    /// Marked as secret.
    pub(crate) key: MetadataValue<Ascii>,
    /// What the client calls itself.
    pub(crate) name: String,
    /// How long opening may take.
    pub(crate) patience: Duration,
}

impl Server {
    /// A stream on a connection of its own, of what comes after that number.
    pub(crate) async fn open(&self, history: &str, number: u64) -> Result<Streaming<SyncResponse>, End> {
        let opening = async {
            let channel = self.endpoint.connect().await.map_err(|error| End::unreachable(&self.url, &error))?;
            let mut request = Request::new(SyncRequest {
                history_id: history.to_owned(),
                sequence_number: number,
                client_name: self.name.clone(),
                client_version: env!("CARGO_PKG_VERSION").to_owned(),
            });
            request.metadata_mut().insert("x-sdk-key", self.key.clone());
            // A snapshot is one message, whatever its size.
            let mut client = FlagSyncServiceClient::new(channel).max_decoding_message_size(usize::MAX);
            let response = client.sync_definitions(request).await.map_err(|status| End::of(&status))?;
            Ok(response.into_inner())
        };
        let late = |_| End::soon(format!("`{}` did not answer within {:?}", self.url, self.patience));
        timeout(self.patience, opening).await.map_err(late)?
    }
}
