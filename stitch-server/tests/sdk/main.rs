//! What SDK clients ask and report, and the metrics that they may report, over a real socket.

#[path = "../common/mod.rs"]
mod common;

mod evaluate;
mod events;
mod limits;
mod metrics;
mod retention;
