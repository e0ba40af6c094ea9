//! `stitch-server backup` and `stitch-server restore`: copies of a store, taken and put back while a server serves it.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use serde_json::{Value, json};

use super::store::{StoreArgs, block_on};
use super::{SUCCESS, UNUSABLE, complain, emit};
use crate::audit::Action;
use crate::caller::Caller;
use crate::chance;
use crate::instant::of_the_clock;
use crate::model::Model;
use crate::source::Source;
use crate::store::sqlite::copy::{self, Restoring};
use crate::store::{Store, StoreError};
use crate::writes::Draft;

/// Copy the store into a new file: all of one moment, also while a server writes to it
#[derive(Args, Clone, Debug)]
#[command(after_help = "The copy holds all that the store holds, also what tokens are signed with: keep it as safe.")]
pub struct Backup {
    /// The new file
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    #[command(flatten)]
    store: StoreArgs,
}

/// Put a backup in the store's place; a server that serves it takes it over at once
#[derive(Args, Clone, Debug)]
#[command(
    after_help = "What was written since the backup is gone, events too. Tokens from before are no longer valid."
)]
pub struct Restore {
    /// The backup
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    #[command(flatten)]
    store: StoreArgs,
}

impl Backup {
    /// Writes the copy.
    pub fn run(&self) -> ExitCode {
        let done = self.store.file().and_then(|store| {
            copy::backup(store, &self.file).map_err(|error| error.to_string())?;
            Ok(format!("{} is a copy of {}\n", self.file.display(), store.display()))
        });
        say(done)
    }
}

impl Restore {
    /// Puts the backup in the store's place.
    pub fn run(&self) -> ExitCode {
        say(self.store.file().and_then(|store| {
            let restoring = Restoring::of(&self.file, store).map_err(|error| error.to_string())?;
            block_on(begin_history(&restoring))?.map_err(|error| error.to_string())?;
            restoring.take_over().map_err(|error| error.to_string())?;
            Ok(format!("{} holds what {} held\n", store.display(), self.file.display()))
        }))
    }
}

fn say(done: Result<String, String>) -> ExitCode {
    match done {
        Ok(text) => emit(&text, SUCCESS),
        Err(error) => complain(&format!("error: {error}\n"), UNUSABLE),
    }
}

/// Sees that a server could serve the copy, and makes it another history, which its audit log tells.
async fn begin_history(restoring: &Restoring) -> Result<(), StoreError> {
    let unusable = |error: String| StoreError::Unusable(format!("the backup cannot be served: {error}"));
    let store = restoring.contents()?;
    let model = Model::read(store.load().await?)?;
    Source::Store.compile_model(&model).map_err(|refused| unusable(refused.to_string()))?;
    let mut draft = Draft::new(&model, &Caller::operator_of_the_machine(), of_the_clock());
    draft.record(Value::Null, json!({"revision": model.head.revision}), None);
    let history = chance::token(16)?;
    let (_, mut commit) =
        draft.finish(&Action::new("store.restore", "store")).map_err(|error| unusable(error.message.into_owned()))?;
    commit.head.history = history;
    store.commit(commit).await
}
