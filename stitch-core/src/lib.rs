//! Feature flags: is it on for this user, and which variant do they get?
//!
//! This crate decides. It has no IO, no clock, no logging and no async: definitions and contexts go in, answers come
//! out, the same on every platform and in every language that follows the contract (`spec/evaluation.md`).
//!
//! ```
//! use stitch_core::{Context, Definitions, Engine};
//!
//! # fn main() -> Result<(), stitch_core::DefinitionsError> {
//! # let json = r#"{"schema_version": "1.0", "flags": [
//! #     {"key": "flags.registry_v1", "default_value": true, "rollout_stage": "internal"}]}"#;
//! let definitions = Definitions::from_json(json)?;              // JSON that every reader takes alike
//! let engine = Engine::compile(definitions)?;                   // every problem at once, each with its place
//! let ctx = Context::user("U-1").tier("staff").env("prod").with("country", "TH");
//! let evaluation = engine.evaluate("flags.registry_v1", &ctx);  // cannot fail: an unknown flag is a reason
//! if evaluation.bool_or(false) { /* … */ }
//! let flag = engine.flag("flags.registry_v1").unwrap();         // a handle: the name is looked up once, for hot loops
//! flag.evaluate(&ctx);
//! # Ok(())
//! # }
//! ```
//!
//! | to | use |
//! |---|---|
//! | read and check a registry | [`Definitions`], [`Engine::compile`], [`Engine::compile_lenient`] |
//! | say for whom | [`Context`], or [`ContextDocument`] for one that comes as JSON |
//! | evaluate | [`Engine::evaluate`], [`FlagHandle::evaluate`], [`Engine::bool`] and its siblings; [`Engine::evaluations`], [`Engine::evaluate_all`] |
//! | ask why | [`Engine::explain`] |
//! | change a stage | [`stage::change`] |

// No input, however odd, makes the core panic.
#![cfg_attr(
    not(test),
    deny(
        clippy::expect_used,
        clippy::indexing_slicing,
        clippy::panic,
        clippy::string_slice,
        clippy::todo,
        clippy::unimplemented,
        clippy::unreachable,
        clippy::unwrap_used
    )
)]

mod bucketing;
mod call;
mod compile;
mod condition;
mod context;
mod definitions;
mod diagnostics;
mod engine;
mod evaluation;
mod explain;
mod flag;
mod instant;
mod json;
pub mod limits;
mod memo;
mod number;
mod operator;
mod overrides;
pub mod stage;
mod steps;
mod text;
mod value;

pub use bucketing::Algorithm;
pub use context::{
    Approvals, AttributeDocument, AttributeValue, Context, ContextDocument, ContextError, ContextProblem, Element,
    InlineOverrides, PreparedUser,
};
pub use definitions::{Definitions, Part, Parts};
pub use diagnostics::{Code, DefinitionsError, Diagnostic, Position, Severity};
pub use engine::{Engine, Evaluations, FlagHandle};
pub use evaluation::{Evaluation, Reason};
pub use explain::{Explanation, Step, TraceEntry};
pub use json::{Json, Member};
pub use number::Number;
pub use overrides::has_expired;
pub use value::{Value, ValueType};
