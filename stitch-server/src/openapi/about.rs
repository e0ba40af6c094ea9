//! What the document says of each operation, under the names of their handlers.

pub(crate) mod approvals;
pub(crate) mod audit;
pub(crate) mod batch;
pub(crate) mod eval;
pub(crate) mod events;
pub(crate) mod flags;
pub(crate) mod health;
pub(crate) mod jwks;
pub(crate) mod keys;
pub(crate) mod login;
pub(crate) mod metric_definitions;
pub(crate) mod ofrep;
pub(crate) mod openapi;
pub(crate) mod overrides;
pub(crate) mod registry;
pub(crate) mod registry_document;
pub(crate) mod sdk;
pub(crate) mod segments;
pub(crate) mod stages;
pub(crate) mod users;
