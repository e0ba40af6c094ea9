//! One file a route: extract, call the core, answer.

use axum::http::{HeaderMap, header};

pub mod approvals;
pub mod audit;
pub mod batch;
mod definitions;
pub mod eval;
pub mod events;
pub mod flags;
pub mod health;
pub mod jwks;
pub mod keys;
pub mod login;
pub mod metric_definitions;
pub mod metrics;
pub mod openapi;
pub mod overrides;
pub mod registry;
pub mod registry_document;
pub mod sdk;
pub mod segments;
pub mod stages;
pub mod users;

/// Whether `If-None-Match` has that tag, by weak comparison. Our tags have no comma, so splitting at commas finds them
/// whatever else is in the list.
pub(crate) fn matches(headers: &HeaderMap, etag: &str) -> bool {
    let lists = headers.get_all(header::IF_NONE_MATCH).iter().filter_map(|list| list.to_str().ok());
    let mut tags = lists.flat_map(|list| list.split(',')).map(str::trim);
    tags.any(|tag| tag == "*" || tag.strip_prefix("W/").unwrap_or(tag) == etag)
}
