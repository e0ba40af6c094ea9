//! The OpenFeature Remote Evaluation Protocol: any OpenFeature client reads flags here, without code of ours.
//!
//! | module | what |
//! |---|---|
//! | [`evaluate`], [`events`] | the routes: one flag, all flags, the stream that says when to ask again |
//! | `context` | the client's context as the contract has it |
//! | `reason`, `answer` | the contract's answer in OpenFeature's words |
//! | `failure` | what goes wrong, in the form that the clients read |
//! | `credential` | who may ask |
//!
//! `spec/openfeature.md` says what becomes of what, `spec/service.md` section 9 how it goes over HTTP.

#![expect(clippy::doc_markdown, reason = "OpenFeature is a name, not code")]

mod answer;
mod context;
mod credential;
pub mod evaluate;
pub mod events;
mod failure;
mod reason;

pub(crate) use answer::{Bulk, Served};
pub(crate) use failure::{Failed, Failure};
pub(crate) use reason::ErrorCode;

/// What all addresses of the protocol begin with; failures below it have the protocol's form.
pub(crate) const PREFIX: &str = "/ofrep/";
/// One flag; its key is the rest of the path, whatever is in it: the published clients send keys as they are.
pub(crate) const FLAG: &str = "/ofrep/v1/evaluate/flags/";
/// The same, as the map of addresses writes it.
pub(crate) const FLAG_TEMPLATE: &str = "/ofrep/v1/evaluate/flags/{*key}";
/// All flags.
pub(crate) const FLAGS: &str = "/ofrep/v1/evaluate/flags";
/// The stream.
pub(crate) const EVENTS: &str = "/ofrep/v1/events";
