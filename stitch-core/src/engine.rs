//! The compiled registry: immutable, shared between threads, asked without a lock.

use std::collections::HashMap;
use std::sync::Arc;

use crate::call::Call;
use crate::compile::Mode;
use crate::context::check::{ContextError, check};
use crate::context::{Context, Custom};
use crate::diagnostics::Diagnostic;
use crate::evaluation::{Evaluation, Reason};
use crate::explain::Explanation;
use crate::flag::{Flag, FlagIndex, SegmentIndex};
use crate::json::Json;
use crate::text::equal;

mod compiling;
mod evaluations;
mod handle;
mod key_table;
mod slot;

pub use evaluations::Evaluations;
pub use handle::FlagHandle;
use handle::explain_no_flag;
pub(crate) use key_table::KeyTable;
pub(crate) use slot::{SegmentSlot, Slot};

/// A compiled registry. Immutable, `Send` and `Sync`: share it behind an `Arc`, swap the `Arc` to reload.
///
/// ```
/// use stitch_core::{Context, Definitions, Engine};
///
/// let definitions = Definitions::from_json(r#"{
///     "schema_version": "1.0",
///     "flags": [{"key": "new-checkout", "default_value": false, "rollout_stage": "internal"}]
/// }"#)?;
/// let engine = Engine::compile(definitions)?;
/// let context = Context::user("U-1").tier("staff").env("prod");
/// let evaluation = engine.evaluate("new-checkout", &context);
/// assert!(evaluation.bool_or(false));
/// assert_eq!(evaluation.reason.as_str(), "stage_internal");
/// # Ok::<(), stitch_core::DefinitionsError>(())
/// ```
#[derive(Debug)]
pub struct Engine {
    pub(crate) flags: Box<[Slot]>,
    pub(crate) keys: KeyTable,
    pub(crate) segments: Box<[SegmentSlot]>,
    /// The keys of those that are served.
    pub(crate) segment_names: HashMap<Arc<str>, SegmentIndex>,
    /// Where long chains of references come down: of each node that is tall, the nearest below that are tall too and worth
    /// remembering, to be answered first.
    pub(crate) landings: HashMap<u32, Vec<u32>>,
    pub(crate) internal_tiers: Box<[Box<str>]>,
    pub(crate) environments: Box<[Box<str>]>,
    /// The attributes that are read, each with its place among those that a call remembers.
    pub(crate) customs: Box<[Custom]>,
    /// How many there were when all was compiled last: what is taken over brings those that nothing reads any more.
    pub(crate) customs_anew: usize,
    pub(crate) diagnostics: Box<[Diagnostic]>,
    pub(crate) mode: Mode,
}

impl Engine {
    /// What compiling had to say: warnings, and in lenient mode also errors.
    pub fn diagnostics(&self) -> &[Diagnostic] {
        &self.diagnostics
    }

    /// The environments that the registry lists.
    pub fn environments(&self) -> impl ExactSizeIterator<Item = &str> {
        self.environments.iter().map(|environment| &**environment)
    }

    /// The keys of all flags, in the order of the document; those set aside come last.
    pub fn flag_keys(&self) -> impl Iterator<Item = &str> {
        let keys = |served: bool| {
            self.flags.iter().filter(move |slot| slot.flag.is_some() == served).filter_map(|slot| slot.key.as_deref())
        };
        keys(true).chain(keys(false))
    }

    /// How many segments are served.
    pub fn segment_count(&self) -> usize {
        self.segments.iter().filter(|slot| slot.segment.is_some()).count()
    }

    /// Evaluates one flag. Cannot fail: an unknown flag is a reason.
    #[inline]
    pub fn evaluate<'a>(&'a self, flag_key: &'a str, context: &'a Context<'a>) -> Evaluation<'a> {
        match self.flag(flag_key) {
            Some(handle) => handle.evaluate(context),
            None => Evaluation::of_no_flag(flag_key, Reason::FlagNotFound),
        }
    }

    /// A handle on a flag: its name is looked up once, for hot loops.
    ///
    /// ```
    /// # use stitch_core::{Context, Engine};
    /// # let engine = Engine::from_json(r#"{"schema_version": "1.0", "flags": [{"key": "a", "default_value": true}]}"#)?;
    /// let flag = engine.flag("a").expect("the registry has it");
    /// for id in ["U-1", "U-2"] {
    ///     assert!(flag.evaluate(&Context::user(id)).bool_or(false));
    /// }
    /// # Ok::<(), stitch_core::DefinitionsError>(())
    /// ```
    #[inline]
    pub fn flag(&self, flag_key: &str) -> Option<FlagHandle<'_>> {
        let (slot, index) = self.look_up(flag_key)?;
        Some(FlagHandle { engine: self, slot, index })
    }

    /// Answers in registers, where a handle would be written to memory and read again.
    #[inline(never)]
    fn look_up(&self, flag_key: &str) -> Option<(&Slot, FlagIndex)> {
        let has_key = |index| {
            let key = self.slot(index).and_then(|slot| slot.key.as_deref());
            key.is_some_and(|key| equal(key, flag_key))
        };
        let index = self.keys.find(flag_key, has_key)?;
        Some((self.slot(index)?, index))
    }

    /// Evaluates every flag for one context, one after the other as they are asked for: in the order of the document,
    /// those set aside last. Allocates nothing, unless more than eight flags or segments are referred to by others.
    ///
    /// ```
    /// # use stitch_core::{Context, Engine};
    /// # let engine = Engine::from_json(r#"{"schema_version": "1.0", "flags": [
    /// #     {"key": "a", "default_value": true}, {"key": "b", "default_value": false}]}"#)?;
    /// let context = Context::user("U-1");
    /// let on: Vec<&str> =
    ///     engine.evaluations(&context).filter(|flag| flag.is_enabled).map(|flag| flag.flag_key).collect();
    /// assert_eq!(on, ["a"]);
    /// # Ok::<(), stitch_core::DefinitionsError>(())
    /// ```
    #[inline]
    pub fn evaluations<'a>(&'a self, context: &'a Context<'a>) -> Evaluations<'a> {
        Evaluations::new(self, context)
    }

    /// All of [`Engine::evaluations`].
    pub fn evaluate_all<'a>(&'a self, context: &'a Context<'a>) -> Vec<Evaluation<'a>> {
        let mut evaluations = Vec::with_capacity(self.flags.len());
        evaluations.extend(self.evaluations(context));
        evaluations
    }

    /// Evaluates one flag and tells how: the same code, watched.
    pub fn explain<'a>(&'a self, flag_key: &'a str, context: &'a Context<'a>) -> Explanation<'a> {
        match self.flag(flag_key) {
            Some(handle) => handle.explain(context),
            None => explain_no_flag(flag_key, Reason::FlagNotFound),
        }
    }

    /// Whether the context is in a segment; nothing where no segment of that key is served.
    ///
    /// ```
    /// # use stitch_core::{Context, Engine};
    /// # let engine = Engine::from_json(r#"{"schema_version": "1.0", "flags": [],
    /// #     "segments": [{"key": "beta", "included": ["U-1"]}]}"#)?;
    /// assert_eq!(engine.is_member("beta", &Context::user("U-1")), Some(true));
    /// assert_eq!(engine.is_member("beta", &Context::user("U-2")), Some(false));
    /// assert_eq!(engine.is_member("alpha", &Context::user("U-1")), None);
    /// # Ok::<(), stitch_core::DefinitionsError>(())
    /// ```
    pub fn is_member(&self, segment_key: &str, context: &Context<'_>) -> Option<bool> {
        let index = *self.segment_names.get(segment_key)?;
        Some(Call::new(self, context).check_segment(index))
    }

    /// The keys of the flags that may answer otherwise than in `before`, in ascending order: those that came or went, and
    /// those whose [`FlagHandle::fingerprint`] is another.
    ///
    /// ```
    /// # use stitch_core::Engine;
    /// let registry = |tiers: &str| format!(r#"{{"schema_version": "1.0", "internal_tiers": {tiers},
    ///     "flags": [{{"key": "a", "default_value": false, "rollout_stage": "internal"}}]}}"#);
    /// let before = Engine::from_json(&registry(r#"["crew"]"#))?;
    /// let after = Engine::from_json(&registry(r#"["crew", "staff"]"#))?;
    /// assert_eq!(after.changed_flags(&before), ["a"]);
    /// assert!(after.changed_flags(&after).is_empty());
    /// # Ok::<(), stitch_core::DefinitionsError>(())
    /// ```
    pub fn changed_flags(&self, before: &Engine) -> Vec<String> {
        let fingerprint = |engine: &Self, key: &str| engine.flag(key).map(|flag| flag.fingerprint());
        let here = self.flag_keys().filter(|key| fingerprint(before, key) != fingerprint(self, key));
        let gone = before.flag_keys().filter(|key| self.flag(key).is_none());
        let mut keys: Vec<String> = here.chain(gone).map(str::to_owned).collect();
        keys.sort_unstable();
        keys
    }

    /// Whether the contract accepts the context, for this registry.
    ///
    /// # Errors
    ///
    /// Everything for which section 3 of the contract refuses a request: an empty or overlong user id, a reserved
    /// attribute name, too many attributes, an inline override that does not fit its flag's type.
    pub fn check(&self, context: &Context<'_>) -> Result<(), ContextError> {
        check(self, context)
    }

    /// The value of a boolean flag, or `default` where there is no such flag.
    #[inline]
    pub fn bool(&self, flag_key: &str, context: &Context<'_>, default: bool) -> bool {
        self.flag(flag_key).map_or(default, |flag| flag.bool(context, default))
    }

    /// The value of a string flag, or `default` where there is no such flag.
    #[inline]
    pub fn string<'a>(&'a self, flag_key: &str, context: &'a Context<'a>, default: &'a str) -> &'a str {
        self.flag(flag_key).map_or(default, |flag| flag.string(context, default))
    }

    /// The value of an integer flag, or `default` where there is no such flag.
    #[inline]
    pub fn integer(&self, flag_key: &str, context: &Context<'_>, default: i64) -> i64 {
        self.flag(flag_key).map_or(default, |flag| flag.integer(context, default))
    }

    /// The value of a double flag, or `default` where there is no such flag.
    #[inline]
    pub fn double(&self, flag_key: &str, context: &Context<'_>, default: f64) -> f64 {
        self.flag(flag_key).map_or(default, |flag| flag.double(context, default))
    }

    /// The value of an object flag, or `default` where there is no such flag.
    #[inline]
    pub fn object<'a>(&'a self, flag_key: &str, context: &'a Context<'a>, default: &'a Json<'a>) -> &'a Json<'a> {
        self.flag(flag_key).map_or(default, |flag| flag.object(context, default))
    }

    #[inline]
    pub(crate) fn slot(&self, index: FlagIndex) -> Option<&Slot> {
        self.flags.get(index as usize)
    }

    #[inline]
    pub(crate) fn flag_at(&self, index: FlagIndex) -> Option<&Flag> {
        self.slot(index)?.flag.as_deref()
    }

    #[inline]
    pub(crate) fn segment_slot(&self, index: SegmentIndex) -> Option<&SegmentSlot> {
        self.segments.get(index as usize)
    }

    /// The segment's node in the graph of references: flags come first.
    #[inline]
    pub(crate) fn segment_node(&self, index: SegmentIndex) -> u32 {
        #[expect(clippy::cast_possible_truncation, reason = "the limit of flags is far below")]
        let flags = self.flags.len() as u32;
        flags + index
    }

    pub(crate) fn segment_of_node(&self, node: u32) -> Option<SegmentIndex> {
        node.checked_sub(self.segment_node(0))
    }

    #[inline]
    pub(crate) fn is_internal(&self, tier: &str) -> bool {
        self.internal_tiers.iter().any(|internal| **internal == *tier)
    }
}
