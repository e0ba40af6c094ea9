//! Evaluates feature flags beside one's own code, with definitions that a stitch server keeps up to date.
//!
//! ```no_run
//! use std::time::Duration;
//! use stitch_client::{Client, Context, Event};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let sdk_key = "";
//! let client = Client::builder("https://flags.example:50050", sdk_key)
//!     .cache_file("flags.cache")                // to start from when the server is away
//!     .events_url("https://flags.example")      // where `record` sends to
//!     .connect()?;
//! client.wait_ready(Duration::from_secs(5));    // or `client.ready().await`
//!
//! let engine = client.engine();                 // never waits; one engine, the same as long as you hold it
//! let context = engine.complete(Context::user("U-1").tier("staff").with("country", "TH"));
//! if engine.evaluate("flags.registry_v1", &context).bool_or(false) { /* … */ }
//!
//! client.on_change(|change| println!("{:?} may answer otherwise now", change.flags));
//! client.record(Event::new("checkouts", "U-1", 1))?;
//!
//! client.shutdown(Duration::from_secs(5));      // sends what was recorded
//! # Ok(())
//! # }
//! ```
//!
//! # What it promises
//!
//! * **No evaluation waits.** They read what is in memory, by a pointer that is swapped whole.
//! * **What it answers is what the server answers**: the same core, the same definitions, applied message by message.
//!   [`Serving::complete`] gives a context what a server would: the key's environment and the time.
//! * **It keeps answering.** Whatever becomes of the server, of the connection or of the key, the last good definitions
//!   serve; [`Client::state`] tells whether they are the newest, and since when they are not.
//! * **It finds back.** A stream that ends, falls silent or leaves out a number is opened again, later each time and at
//!   a random moment; a server that says when to come back is obeyed. Another history replaces everything.
//! * **It starts without a server**, from a file that is whole or not there: see [`Builder::cache_file`].
//! * **Events are counted once**, however often they had to be sent, and those that found no room are counted too.
//!
//! # Threads
//!
//! [`Builder::connect`] starts a thread of the client's own, so a client works the same in a program that knows no
//! `async` and within tokio. Listeners are called on a second thread, one after the other; events are sent from a
//! third. These begin with the first listener and the first event.
//!
//! Cloning shares the client. Dropping the last clone ends it without sending what is left: call
//! [`Client::shutdown`]. Threads do not survive `fork`: connect in the child, with [`Builder::starting_with`].

mod backoff;
mod builder;
mod cache;
mod client;
mod end;
mod event;
mod follow;
mod listeners;
mod replica;
mod saver;
mod sender;
mod shared;
mod state;
mod stream;
mod wait;

pub use builder::{Builder, ConnectError};
pub use client::{Client, Serving};
pub use event::{Event, EventCounts, EventValue, NotRecorded};
pub use listeners::Change;
pub use state::{State, Status};
pub use stitch_core::{Context, Engine, Evaluation, Reason, Value};
