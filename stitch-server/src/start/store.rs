//! The store at start-up: opened, or made and, in dev mode, seeded with the embedded registry.

use std::path::PathBuf;
use std::str::FromStr;
use std::sync::Arc;

use stitch_core::Definitions;

use crate::audit::Action;
use crate::caller::Caller;
use crate::instant::of_the_clock;
use crate::model::Model;
use crate::source::EMBEDDED;
use crate::store::sqlite::Access;
use crate::store::{Sqlite, Store, StoreError};
use crate::writes::Draft;

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

/// What a store holds; one that nobody wrote to yet is given the embedded registry first, if `seed` says so.
///
/// # Errors
///
/// Why it cannot be used.
pub async fn read(store: &dyn Store, seed: bool) -> Result<Model, StoreError> {
    let model = Model::read(store.load().await?)?;
    if model.head.revision > 0 || !seed {
        return Ok(model);
    }
    let mut draft = Draft::new(&model, &Caller::operator_of_the_machine(), of_the_clock());
    let embedded = Definitions::from_json(EMBEDDED).map_err(|error| StoreError::Unusable(error.to_string()))?;
    draft.import(embedded.document().clone().into_owned());
    let (model, commit) = draft
        .finish(&Action::new("registry.seed", "registry"))
        .map_err(|error| StoreError::Unusable(error.message.into_owned()))?;
    store.commit(commit).await?;
    Ok(model)
}
