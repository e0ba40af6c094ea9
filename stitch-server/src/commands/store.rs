//! The store that a command works on, beside a server or without one.

use std::path::Path;

use clap::Args;

use crate::start::store::Place;
use crate::store::sqlite::DATABASE;

/// Which store
#[derive(Args, Clone, Debug)]
pub(crate) struct StoreArgs {
    /// The store: the server's own file
    #[arg(long, value_name = "FILE", env = "STITCH_STORE", default_value = DATABASE)]
    pub(super) store: Place,
}

impl StoreArgs {
    /// Its file.
    ///
    /// # Errors
    ///
    /// If it is none.
    pub(super) fn file(&self) -> Result<&Path, String> {
        match &self.store {
            Place::File(path) => Ok(path),
            Place::Memory => Err("a store in memory is gone with its server: name a file with `--store`".to_owned()),
        }
    }
}

/// Runs something that waits for the store.
///
/// # Errors
///
/// If the system gives no threads.
pub(super) fn block_on<T>(work: impl Future<Output = T>) -> Result<T, String> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    Ok(runtime.map_err(|error| error.to_string())?.block_on(work))
}

/// What a failure says to somebody at a terminal.
pub(super) fn told(error: &crate::error::Error) -> String {
    use std::fmt::Write;
    let mut text = error.message.to_string();
    for detail in &error.details {
        let _ = write!(text, "; {}", detail.message);
    }
    if let Some(hint) = &error.hint {
        let _ = write!(text, " ({hint})");
    }
    text
}
