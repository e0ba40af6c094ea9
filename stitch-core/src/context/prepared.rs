//! A context that is kept and asked again and again.

use std::ops::Deref;

use crate::bucketing::PreparedUnit;
use crate::context::{Context, Field};

/// A context with what of its user id's hash is the same for all flags, computed once: the id itself is not read again.
///
/// It changes no answer. It pays for contexts that are kept, whose ids have left the nearest cache when they are asked
/// next; for one that is asked once it does not.
///
/// ```
/// use stitch_core::{Context, Engine, PreparedContext};
///
/// let engine = Engine::from_json(
///     r#"{"schema_version": "1.0", "flags": [
///         {"key": "a", "default_value": false, "rollout_stage": "staged", "rollout_pct": 50}]}"#,
/// )?;
/// let flag = engine.flag("a").expect("the registry has it");
/// let context = PreparedContext::from(Context::user("U-1"));
/// assert_eq!(flag.bool_of_prepared(&context, false), flag.bool(&context, false));
/// # Ok::<(), stitch_core::DefinitionsError>(())
/// ```
#[derive(Clone, Debug)]
pub struct PreparedContext<'a> {
    context: Context<'a>,
    /// Nothing where there is no user id, or one whose hash has no such part.
    user_id: Option<PreparedUnit>,
}

impl<'a> From<Context<'a>> for PreparedContext<'a> {
    fn from(context: Context<'a>) -> Self {
        let user_id = context.field(Field::UserId).and_then(PreparedUnit::new);
        Self { context, user_id }
    }
}

impl<'a> Deref for PreparedContext<'a> {
    type Target = Context<'a>;

    #[inline]
    fn deref(&self) -> &Self::Target {
        &self.context
    }
}

impl PreparedContext<'_> {
    #[inline]
    pub(crate) fn user_id(&self) -> Option<&PreparedUnit> {
        self.user_id.as_ref()
    }
}
