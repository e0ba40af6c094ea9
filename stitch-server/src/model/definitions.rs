//! The parts of the registry document, as they were written.

use stitch_core::Json;

use super::{Model, Objects, Stored};

macro_rules! documents {
    ($($(#[$doc:meta])* $name:ident, $kind:literal, $field:ident;)+) => {$(
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq)]
        pub struct $name(pub Json<'static>);

        impl AsRef<Json<'static>> for $name {
            fn as_ref(&self) -> &Json<'static> {
                &self.0
            }
        }

        impl Stored for $name {
            const KIND: &'static str = $kind;
            const DEFINES: bool = true;
            const COLLECTION: &'static str = stringify!($field);

            fn among(model: &Model) -> &Objects<Self> {
                &model.$field
            }

            fn among_mut(model: &mut Model) -> &mut Objects<Self> {
                &mut model.$field
            }

            fn read(body: &str) -> Result<Self, String> {
                Json::parse(body).map(|json| Self(json.into_owned())).map_err(|error| error.to_string())
            }

            fn write(&self) -> String {
                self.0.to_string()
            }
        }
    )+};
}

documents! {
    /// The document without its flags, segments and overrides.
    Settings, "settings", settings;
    /// A flag.
    Flag, "flag", flags;
    /// A segment.
    Segment, "segment", segments;
    /// An override row.
    OverrideRow, "override", overrides;
}

impl Settings {
    /// There is one.
    pub const KEY: &'static str = "registry";
}
