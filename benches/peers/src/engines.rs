//! One file an engine: how it is given the registry, and how it is best asked.

use crate::registry::Registry;
use crate::row::Row;
use crate::user::User;

pub mod datalogic;
pub mod eppo;
pub mod feature_flag;
pub mod flagd;
pub mod floor;
pub mod growthbook;
pub mod launchdarkly;
pub mod stitch;
pub mod yggdrasil;

/// An engine that can be asked whether a flag is on.
pub trait Engine: Sized + Sync + 'static {
    /// What the tables call it.
    const NAME: &'static str;
    /// Its crate, whose version is in the lock file.
    const CRATE: &'static str;
    /// Whether an answer says more than the value: a reason, or the rule.
    const TELLS_WHY: bool;
    /// The rows that it has nothing for, with the reason.
    const ABSENT: &'static [(Row, &'static str)];

    /// For whom it is asked, built once where the row is not about building it.
    type Context<'u>;
    /// A flag, found once where it has handles, else the name.
    type Flag: Copy + Send;
    /// What its caller keeps between two questions; one a thread.
    type Scratch: Default;

    /// The registry in its own format.
    fn document(registry: &Registry) -> Vec<u8>;

    /// Makes it ready.
    fn load(document: &[u8]) -> Self;

    /// A flag to be asked often.
    fn flag(&'static self, key: &'static str) -> Self::Flag;

    /// Builds the context.
    fn context(user: &User) -> Self::Context<'_>;

    /// Evaluates one flag.
    fn is_on(&self, flag: Self::Flag, context: &Self::Context<'_>, scratch: &mut Self::Scratch) -> bool;

    /// Builds the context and evaluates one flag.
    #[inline]
    fn is_on_for(&self, flag: Self::Flag, user: &User, scratch: &mut Self::Scratch) -> bool {
        self.is_on(flag, &Self::context(user), scratch)
    }

    /// Evaluates all flags: how many are on.
    fn count_on(&self, flags: &[Self::Flag], context: &Self::Context<'_>, scratch: &mut Self::Scratch) -> usize {
        flags.iter().filter(|&&flag| self.is_on(flag, context, scratch)).count()
    }
}

/// Why that engine has no such row.
pub fn absent<E: Engine>(row: Row) -> Option<&'static str> {
    E::ABSENT.iter().find(|(absent, _)| *absent == row).map(|(_, why)| *why)
}

/// A map by name for engines that leave that to their caller.
pub type ByName<T> = hashbrown::HashMap<Box<str>, T, foldhash::fast::FixedState>;
