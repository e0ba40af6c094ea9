//! The user of a context that is kept and asked again and again.

use crate::bucketing::PreparedUnit;
use crate::context::{Context, Field};

/// The user of a context, with what of the id's hash is the same for all flags computed once. It borrows nothing, so that
/// it can lie where the program looks first, and it is all that a flag without rules reads.
///
/// It pays for contexts that are kept, which have left the nearest cache when they are asked next; for one that is asked
/// once it does not.
///
/// ```
/// use stitch_core::{Context, Engine, PreparedUser};
///
/// let engine = Engine::from_json(
///     r#"{"schema_version": "1.0", "flags": [
///         {"key": "a", "default_value": false, "rollout_stage": "staged", "rollout_pct": 50}]}"#,
/// )?;
/// let flag = engine.flag("a").expect("the registry has it");
/// let context = Context::user("U-1");
/// let user = PreparedUser::of(&context);
/// let value = user.and_then(|user| flag.bool_for(&user)).unwrap_or_else(|| flag.bool(&context, false));
/// assert_eq!(value, flag.bool(&context, false));
/// # Ok::<(), stitch_core::DefinitionsError>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct PreparedUser(PreparedUnit);

impl PreparedUser {
    /// Nothing where there is no id or a long one, of 32 bytes or more; nor where the context has overrides, which can
    /// decide before the user does.
    pub fn of(context: &Context<'_>) -> Option<Self> {
        let user_id = context.field(Field::UserId).filter(|_| context.overrides.is_none())?;
        PreparedUnit::new(user_id).map(Self)
    }

    #[inline]
    pub(crate) fn unit(&self) -> &PreparedUnit {
        &self.0
    }
}
