//! The store at start-up: opened, or made and, in dev mode, seeded with the embedded registry.

use std::path::PathBuf;
use std::str::FromStr;
use std::sync::Arc;

use stitch_core::Definitions;

use crate::audit::Action;
use crate::auth::signing;
use crate::caller::Caller;
use crate::instant::of_the_clock;
use crate::model::Model;
use crate::source::EMBEDDED;
use crate::store::sqlite::Access;
use crate::store::{Sqlite, Store, StoreError};
use crate::writes::{Draft, visit};

/// Where the store is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// In a file.
    File(PathBuf),
    /// In memory, gone with the process.
    Memory,
}

impl FromStr for Place {
    type Err = std::convert::Infallible;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(if text == "memory" { Self::Memory } else { Self::File(text.into()) })
    }
}

impl Place {
    /// Opens the store there.
    ///
    /// # Errors
    ///
    /// Why it cannot be used.
    pub fn open(&self, access: Access) -> Result<Arc<dyn Store>, StoreError> {
        Ok(Arc::new(match self {
            Self::File(path) => Sqlite::open(path, access)?,
            Self::Memory => Sqlite::in_memory()?,
        }))
    }
}

/// What a store holds, with all that a server needs: a key to sign tokens with, and, if `seed` says so and nothing was
/// ever defined there, the embedded registry.
///
/// # Errors
///
/// Why it cannot be used.
pub async fn read(store: &dyn Store, seed: bool) -> Result<Model, StoreError> {
    let model = Model::read(store.load().await?)?;
    let undefined = model.settings.is_empty() && model.flags.is_empty() && model.segments.is_empty();
    if seed && undefined {
        let embedded = Definitions::from_json(EMBEDDED).map_err(|error| StoreError::Unusable(error.to_string()))?;
        let action = Action::new("registry.seed", "registry");
        write(store, &action, |draft| draft.import(embedded.document().clone().into_owned())).await?;
    }
    if model.signing_keys.is_empty() {
        let (id, key) = signing::make(of_the_clock())?;
        let action = Action::new("signing_key.create", id.clone());
        write(store, &action, |draft| draft.keep_signing_key(&id, &key)).await?;
    }
    Model::read(store.load().await?)
}

async fn write(store: &dyn Store, action: &Action, change: impl Fn(&mut Draft)) -> Result<(), StoreError> {
    let caller = Caller::operator_of_the_machine();
    let decide = |draft: &mut Draft| {
        change(draft);
        Ok(())
    };
    visit::write(store, &caller, action, decide).await.map_err(|error| StoreError::Away(error.message.into_owned()))
}
