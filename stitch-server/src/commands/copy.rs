//! `stitch-server backup` and `stitch-server restore`: copies of a store, taken and put back while a server serves it.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use serde_json::{Value, json};

use super::visit::{At, Failure, in_memory, runtime, tell};
use crate::audit::Action;
use crate::source::Source;
use crate::start::store::Place;
use crate::store::postgres;
use crate::store::sqlite::copy::{self, Restoring};

/// Copy the store into a new file: all of one moment, also while a server writes to it
#[derive(Args, Debug)]
#[command(after_help = "The copy holds all that the store holds, also what tokens are signed with: keep it as safe.")]
pub struct Backup {
    /// The new file
    #[arg(value_name = "FILE")]
    file: PathBuf,
    #[command(flatten)]
    at: At,
}

/// Put a backup in the store's place; a server that serves it takes it over at once
#[derive(Args, Debug)]
#[command(
    after_help = "What was written since the backup is gone, events too. Tokens from before are no longer valid."
)]
pub struct Restore {
    /// The backup
    #[arg(value_name = "FILE")]
    file: PathBuf,
    #[command(flatten)]
    at: At,
}

impl Backup {
    /// Writes the copy.
    pub fn run(&self) -> ExitCode {
        tell(self.copy())
    }

    fn copy(&self) -> Result<String, Failure> {
        let place = self.at.place();
        match place {
            Place::File(store) => copy::backup(store, &self.file)?,
            Place::Postgres(address) => runtime()?.block_on(postgres::copy::backup(address, &self.file))?,
            Place::Memory => return Err(in_memory()),
        }
        Ok(format!("{} is a copy of {place}\n", self.file.display()))
    }
}

impl Restore {
    /// Puts the backup in the store's place.
    pub fn run(&self) -> ExitCode {
        tell(self.restore())
    }

    fn restore(&self) -> Result<String, Failure> {
        let place = self.at.place();
        match place {
            Place::File(store) => self.prepare(store)?.take_over()?,
            // Beside the backup, since the store is elsewhere.
            Place::Postgres(address) => {
                runtime()?.block_on(postgres::copy::take_over(self.prepare(&self.file)?, address))?;
            }
            Place::Memory => return Err(in_memory()),
        }
        Ok(format!("{place} holds what {} held\n", self.file.display()))
    }

    /// The backup, ready to be put in the store's place.
    fn prepare(&self, beside: &Path) -> Result<Restoring, Failure> {
        let restoring = Restoring::of(&self.file, beside)?;
        prepare(&At::of(restoring.copy()))?;
        Ok(restoring)
    }
}

/// Sees that a server could serve the copy, and says in its audit log what it is about to become.
fn prepare(copy: &At) -> Result<(), Failure> {
    let visit = copy.open()?;
    let model = visit.model()?;
    Source::Store.compile_model(&model).map_err(|refused| Failure::Unusable(refused.to_string()))?;
    let from = json!({"revision": model.head.revision});
    visit.write(&Action::new("store.restore", "store"), move |draft| {
        draft.record(from.clone(), Value::Null, None);
        Ok(())
    })
}
