//! Several servers on one `PostgreSQL` store: what one writes acts on all, and nothing that fails between them makes an
//! answer wrong, loses what was answered, or stores it twice. Real programs, databases and networks throughout.

#![cfg(unix)]

#[path = "../common/mod.rs"]
mod common;

mod clock;
mod cluster;
mod database;
mod evaluations;
mod events;
mod history;
mod network;
mod propagation;
mod proxy;
mod redis;
mod restart;
mod schema;
