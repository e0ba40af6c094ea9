//! The messages by which definitions flow from a server to those who evaluate: `proto/stitch/sync/v1/sync.proto` is the
//! contract, and the rest of this crate is generated from it.
//!
//! With the feature `client` there is a client on tonic, [`v1::flag_sync_service_client`]. The server writes its answers
//! itself, since one message goes to many streams and is encoded once.

/// Version 1.
#[allow(
    missing_docs,
    unreachable_pub,
    rust_2018_idioms,
    clippy::all,
    clippy::pedantic,
    reason = "it is generated, and what the fields mean is written in the contract"
)]
#[rustfmt::skip]
pub mod v1 {
    include!("generated/stitch.sync.v1.rs");

    /// The service's full name.
    pub const SERVICE: &str = "stitch.sync.v1.FlagSyncService";
    /// The contract as `google.protobuf.FileDescriptorSet`, for reflection.
    pub const DESCRIPTOR_SET: &[u8] = include_bytes!("generated/stitch.sync.v1.bin");
}
