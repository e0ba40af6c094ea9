//! A flag of an engine, looked up once and asked again and again.

use crate::call::Call;
use crate::context::{Context, PreparedUser};
use crate::engine::{Engine, Slot};
use crate::evaluation::{Evaluation, Reason};
use crate::explain::{Explanation, Observer, Recorder, Silent, Step, TraceEntry};
use crate::flag::FlagIndex;
use crate::json::Json;
use crate::value::{Value, ValueType};

/// A flag of an engine, looked up once.
#[derive(Clone, Copy, Debug)]
pub struct FlagHandle<'e> {
    pub(super) engine: &'e Engine,
    pub(super) slot: &'e Slot,
    pub(super) index: FlagIndex,
}

impl<'e> FlagHandle<'e> {
    /// The flag's key.
    pub fn key(&self) -> &'e str {
        self.slot.key.as_deref().unwrap_or_default()
    }

    /// The type of its values; nothing where the flag was set aside.
    pub fn value_type(&self) -> Option<ValueType> {
        self.slot.flag.as_ref().map(|flag| flag.value_type)
    }

    /// Differs wherever anything does that an answer of this flag can depend on: its definition (metadata does not
    /// count), its override rows, the flags and segments that it refers to, however far, and the registry's settings.
    /// The same for the same definitions on every platform; a later version of this crate may count otherwise.
    pub fn fingerprint(&self) -> u64 {
        self.slot.fingerprint
    }

    /// Evaluates the flag.
    #[expect(
        clippy::inline_always,
        reason = "as a call it takes a handle from memory, an eighth more for a plain flag"
    )]
    #[inline(always)]
    pub fn evaluate<'a>(&self, context: &'a Context<'a>) -> Evaluation<'a>
    where
        'e: 'a,
    {
        // Not through an optional evaluation: to copy one right after it was written is to wait for the writing.
        match (self.slot.sight(context), &self.slot.key) {
            (Some(sight), Some(key)) => sight.evaluation(key),
            _ => self.observe(context, &mut Silent),
        }
    }

    /// The value of the flag alone, which costs less than the whole evaluation; nothing where the flag was set aside.
    #[inline]
    pub fn value<'a>(&self, context: &'a Context<'a>) -> Option<Value<'a>>
    where
        'e: 'a,
    {
        let flag = self.slot.flag.as_deref()?;
        Some(Call::new(self.engine, context).decide(self.index, flag, &self.slot.links, &mut Silent).value())
    }

    /// The value of a boolean flag, else `default`.
    ///
    /// ```
    /// # use stitch_core::{Context, Engine};
    /// # let engine = Engine::from_json(r#"{"schema_version": "1.0", "flags": [{"key": "a", "default_value": true}]}"#)?;
    /// let flag = engine.flag("a").expect("the registry has it");
    /// assert!(flag.bool(&Context::user("U-1"), false));
    /// # Ok::<(), stitch_core::DefinitionsError>(())
    /// ```
    #[inline]
    pub fn bool(&self, context: &Context<'_>, default: bool) -> bool {
        if let Some(sight) = self.slot.sight(context) {
            return sight.value;
        }
        boolean(self.engine, self.slot, self.index, context).unwrap_or(default)
    }

    /// The value of a boolean flag where the user decides it alone; where more of the context has to be asked, nothing.
    #[inline]
    pub fn bool_for(&self, user: &PreparedUser) -> Option<bool> {
        self.slot.value_for(user)
    }

    /// The value of a string flag, else `default`.
    #[inline]
    pub fn string<'a>(&self, context: &'a Context<'a>, default: &'a str) -> &'a str
    where
        'e: 'a,
    {
        if let Some(Value::String(text)) = self.value(context) { text } else { default }
    }

    /// The value of an integer flag, else `default`.
    #[inline]
    pub fn integer(&self, context: &Context<'_>, default: i64) -> i64 {
        if let Some(Value::Integer(integer)) = self.value(context) { integer } else { default }
    }

    /// The value of a double flag, else `default`.
    #[inline]
    pub fn double(&self, context: &Context<'_>, default: f64) -> f64 {
        if let Some(Value::Double(double)) = self.value(context) { double } else { default }
    }

    /// The value of an object flag, else `default`.
    #[inline]
    pub fn object<'a>(&self, context: &'a Context<'a>, default: &'a Json<'a>) -> &'a Json<'a>
    where
        'e: 'a,
    {
        if let Some(Value::Object(json)) = self.value(context) { json } else { default }
    }

    /// Evaluates the flag and tells how.
    pub fn explain<'a>(&self, context: &'a Context<'a>) -> Explanation<'a>
    where
        'e: 'a,
    {
        if self.slot.flag.is_none() {
            return explain_no_flag(self.key(), Reason::FlagInvalid);
        }
        let mut recorder = Recorder::default();
        let evaluation = self.observe(context, &mut recorder);
        Explanation { evaluation, trace: recorder.trace }
    }

    #[inline]
    fn observe<'a>(&self, context: &'a Context<'a>, observer: &mut impl Observer) -> Evaluation<'a>
    where
        'e: 'a,
    {
        match &self.slot.flag {
            Some(flag) => Call::new(self.engine, context).evaluate(self.index, flag, &self.slot.links, observer),
            None => Evaluation::of_no_flag(self.key(), Reason::FlagInvalid),
        }
    }
}

/// The value of a boolean flag. A function of its own, which is given and gives all in registers: through memory it took
/// half as long again.
#[inline(never)]
fn boolean(engine: &Engine, slot: &Slot, index: FlagIndex, context: &Context<'_>) -> Option<bool> {
    let flag = slot.flag.as_deref()?;
    Call::new(engine, context).decide(index, flag, &slot.links, &mut Silent).boolean()
}

pub(super) fn explain_no_flag(flag_key: &str, reason: Reason) -> Explanation<'_> {
    let entry = TraceEntry { step: Step::Exists, decided: true, detail: Vec::new() };
    Explanation { evaluation: Evaluation::of_no_flag(flag_key, reason), trace: vec![entry] }
}
