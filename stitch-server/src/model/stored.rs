//! How a thing becomes a row, and a row a thing.

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{Model, Objects};

/// A kind of thing that the store keeps.
pub trait Stored: Clone + Send + Sync + Sized + 'static {
    /// The kind's name in the store.
    const KIND: &'static str;
    /// Whether evaluations depend on it.
    const DEFINES: bool = false;
    /// Where those of this kind stand in the registry document, if they do.
    const COLLECTION: &'static str = "";

    /// Those of this kind.
    fn among(model: &Model) -> &Objects<Self>;

    /// Those of this kind, to be changed.
    fn among_mut(model: &mut Model) -> &mut Objects<Self>;

    /// Reads what [`Stored::write`] wrote.
    ///
    /// # Errors
    ///
    /// Why it makes no sense.
    fn read(body: &str) -> Result<Self, String>;

    /// As JSON.
    fn write(&self) -> String;
}

/// Reads with serde.
pub(super) fn read<T: DeserializeOwned>(body: &str) -> Result<T, String> {
    serde_json::from_str(body).map_err(|error| error.to_string())
}

/// Writes with serde; what is stored has texts as keys, so this cannot fail.
pub(super) fn write<T: Serialize>(body: &T) -> String {
    serde_json::to_string(body).unwrap_or_default()
}

macro_rules! stored {
    ($type:ty, $kind:literal, $field:ident $(, $more:item)*) => {
        impl $crate::model::Stored for $type {
            const KIND: &'static str = $kind;
            $($more)*

            fn among(model: &$crate::model::Model) -> &$crate::model::Objects<Self> {
                &model.$field
            }

            fn among_mut(model: &mut $crate::model::Model) -> &mut $crate::model::Objects<Self> {
                &mut model.$field
            }

            fn read(body: &str) -> Result<Self, String> {
                $crate::model::stored::read(body)
            }

            fn write(&self) -> String {
                $crate::model::stored::write(self)
            }
        }
    };
}

pub(super) use stored;
