//! What the service knows, in memory: all that decides who may write what, and the definitions as they were written.
//!
//! Cheap to copy, since everything in it is shared: a write changes a copy, and the copy takes over once the store has
//! it. So a request sees one moment from beginning to end, and never waits.

use std::hash::Hasher;
use std::sync::Arc;

use stitch_core::{Json, Parts};
use xxhash_rust::xxh64::Xxh64;

use crate::store::{Contents, Head, Row, StoreError};

mod definitions;
mod feed;
mod keys;
mod objects;
mod people;
mod stored;

pub use definitions::{Flag, OverrideRow, Segment, Settings};
pub use feed::{Feed, Next};
pub use keys::{Metric, MetricType, SdkKey};
use objects::Print;
pub use objects::{Object, Objects};
pub use people::{Approval, Signature, SigningKey, User};
pub use stored::Stored;

/// Bytes of the longest name of a list in the registry document, with all that stands round it.
const NAME: usize = r#","overrides":[]"#.len();

/// Everything but events and the audit log.
#[derive(Clone, Debug, Default)]
pub struct Model {
    /// Where the store stands.
    pub head: Head,
    /// The document without its flags, segments and overrides; at most one, under [`Settings::KEY`].
    pub settings: Objects<Settings>,
    /// Flags.
    pub flags: Objects<Flag>,
    /// Segments.
    pub segments: Objects<Segment>,
    /// Override rows, by id.
    pub overrides: Objects<OverrideRow>,
    /// Metric definitions.
    pub metrics: Objects<Metric>,
    /// SDK keys, by id.
    pub keys: Objects<SdkKey>,
    /// People, by e-mail address.
    pub users: Objects<User>,
    /// Approvals, by reference.
    pub approvals: Objects<Approval>,
    /// What tokens are signed with, by key id.
    pub signing_keys: Objects<SigningKey>,
    /// What streams tell.
    pub feed: Feed,
}

impl Model {
    /// From what a store holds.
    ///
    /// # Errors
    ///
    /// If it holds something that this version does not understand.
    pub fn read(contents: Contents) -> Result<Self, StoreError> {
        Self::read_after(contents, &Self::default())
    }

    /// The same where most of it was read before: what was not written since is the same object.
    ///
    /// # Errors
    ///
    /// As [`Model::read`].
    pub fn read_after(contents: Contents, before: &Self) -> Result<Self, StoreError> {
        let mut model = Self { head: contents.head, ..Self::default() };
        for row in &contents.feed {
            model.feed.push(row);
        }
        for row in contents.rows {
            let read = match row.kind.as_str() {
                Settings::KIND => model.take::<Settings>(&row, before),
                Flag::KIND => model.take::<Flag>(&row, before),
                Segment::KIND => model.take::<Segment>(&row, before),
                OverrideRow::KIND => model.take::<OverrideRow>(&row, before),
                Metric::KIND => model.take::<Metric>(&row, before),
                SdkKey::KIND => model.take::<SdkKey>(&row, before),
                User::KIND => model.take::<User>(&row, before),
                Approval::KIND => model.take::<Approval>(&row, before),
                SigningKey::KIND => model.take::<SigningKey>(&row, before),
                kind => Err(format!("nothing is known of a `{kind}`")),
            };
            read.map_err(|error| StoreError::Unusable(format!("{} `{}`: {error}", row.kind, row.key)))?;
        }
        Ok(model)
    }

    fn take<T: Stored>(&mut self, row: &Row, before: &Self) -> Result<(), String> {
        let old = T::among(before).get(&row.key).filter(|old| old.is(row));
        let object = match old {
            Some(old) => Arc::clone(old),
            None => Arc::new(Object::new(row.revision, T::read(&row.body)?, &row.body)),
        };
        T::among_mut(self).insert(row.key.clone(), object);
        Ok(())
    }

    /// Whether there is no definition at all.
    pub fn defines_nothing(&self) -> bool {
        self.settings.is_empty() && self.flags.is_empty() && self.segments.is_empty() && self.overrides.is_empty()
    }

    /// The registry document, as it is kept.
    pub fn parts(&self) -> Parts<'_> {
        Parts {
            settings: self.settings.get(Settings::KEY).map(|settings| &settings.body.0),
            flags: self.flags.values().map(|flag| &flag.body.0).collect(),
            segments: self.segments.values().map(|segment| &segment.body.0).collect(),
            overrides: self.overrides.values().map(|row| &row.body.0).collect(),
        }
    }

    /// The registry document, whose texts are those of this.
    pub fn document(&self) -> Json<'_> {
        self.parts().document()
    }

    /// Names what is defined: the same definitions in the same order have the same name.
    pub fn content(&self) -> u64 {
        let mut hasher = Xxh64::new(0);
        for print in self.prints() {
            hasher.write_u64(print.hash);
        }
        hasher.digest()
    }

    /// Bytes that the registry document has, or a few more.
    pub fn bytes(&self) -> usize {
        self.prints().map(|print| print.bytes + NAME).iter().sum()
    }

    fn prints(&self) -> [Print; 4] {
        [self.settings.print(), self.flags.print(), self.segments.print(), self.overrides.print()]
    }
}
