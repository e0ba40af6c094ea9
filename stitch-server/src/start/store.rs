//! The store at start-up: opened, or made and, in dev mode, seeded with the embedded registry.

use std::convert::Infallible;
use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;
use std::sync::Arc;

use stitch_core::Definitions;

use crate::audit::Action;
use crate::auth::signing;
use crate::caller::Caller;
use crate::error::{Code, Error};
use crate::instant::of_the_clock;
use crate::model::Model;
use crate::source::EMBEDDED;
use crate::store::postgres::{Address, Postgres};
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
    /// In a `PostgreSQL` database, which other servers may share.
    Postgres(Address),
}

impl FromStr for Place {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let memory = (text == "memory").then_some(Self::Memory);
        let place = memory.or_else(|| Address::of(text).map(Self::Postgres));
        Ok(place.unwrap_or_else(|| Self::File(text.into())))
    }
}

/// As it is given, but for a password.
impl fmt::Display for Place {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => path.display().fmt(formatter),
            Self::Memory => formatter.write_str("memory"),
            Self::Postgres(address) => formatter.write_str(&address.place()),
        }
    }
}

impl Place {
    /// Opens the store there.
    ///
    /// # Errors
    ///
    /// Why it cannot be used.
    pub async fn open(&self, access: Access) -> Result<Arc<dyn Store>, StoreError> {
        Ok(match self {
            Self::File(path) => Arc::new(Sqlite::open(path, access)?),
            Self::Memory => Arc::new(Sqlite::in_memory()?),
            Self::Postgres(address) => Arc::new(Postgres::open(address).await?),
        })
    }
}

/// What a store holds, with all that a server needs: a key to sign tokens with, and, if `seed` says so and nothing was
/// ever defined there, the embedded registry. Of several servers that start at once, one makes them.
///
/// # Errors
///
/// Why it cannot be used.
pub async fn read(store: &dyn Store, seed: bool) -> Result<Model, StoreError> {
    loop {
        let model = Model::read(store.load().await?)?;
        if seed && is_undefined(&model) {
            let embedded = Definitions::from_json(EMBEDDED).map_err(|error| StoreError::Unusable(error.to_string()))?;
            let import = |draft: &mut Draft| draft.import(embedded.document().clone().into_owned());
            make(store, &Action::new("registry.seed", "registry"), is_undefined, import).await?;
        } else if has_no_key(&model) {
            let (id, key) = signing::make(of_the_clock())?;
            let keep = |draft: &mut Draft| draft.keep_signing_key(&id, &key);
            make(store, &Action::new("signing_key.create", id.clone()), has_no_key, keep).await?;
        } else {
            return Ok(model);
        }
    }
}

fn is_undefined(model: &Model) -> bool {
    model.settings.is_empty() && model.flags.is_empty() && model.segments.is_empty()
}

fn has_no_key(model: &Model) -> bool {
    model.signing_keys.is_empty()
}

/// Makes something, unless somebody else makes it meanwhile.
async fn make(
    store: &dyn Store,
    action: &Action,
    lacks: impl Fn(&Model) -> bool,
    change: impl Fn(&mut Draft),
) -> Result<(), StoreError> {
    let caller = Caller::operator_of_the_machine();
    let decide = |draft: &mut Draft| {
        if !lacks(draft.model()) {
            return Err(Error::new(Code::Conflict, "another server made it"));
        }
        change(draft);
        Ok(())
    };
    match visit::write(store, &caller, action, decide).await {
        Err(error) if error.code != Code::Conflict => Err(StoreError::Away(error.message.into_owned())),
        _ => Ok(()),
    }
}
