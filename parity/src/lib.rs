//! The parity vectors and what it takes to hold any engine against them.
//!
//! `README.md` says how the files look. A file becomes [`Group`]s: a registry with the questions asked of it.
//! An engine is a [`Subject`]: it loads a registry and answers questions, JSON in and JSON out.
//!
//! ```
//! let groups = parity::load(&parity::directory())?;
//! assert!(groups.iter().flat_map(|group| &group.cases).count() > 400);
//! # Ok::<(), parity::VectorError>(())
//! ```

mod core;
mod differences;
mod expand;
mod harness;
mod process;
mod references;
mod subject;
mod vectors;

pub use crate::core::{Core, Way, ask, check_diagnostics, check_stage};
pub use differences::{Difference, Tally, search};
pub use harness::{cannot_be_asked, run};
pub use process::{Process, Reply};
pub use references::references;
pub use subject::{Answer, Loaded, Subject, check};
pub use vectors::{Case, Expect, Group, Question, VectorError, directory, load};
