//! What the contract refuses in a context.

use std::fmt;

use serde::Serialize;

use crate::context::{Context, FIELDS};
use crate::engine::Engine;
use crate::limits;

/// A context that the contract refuses: everything that is wrong with it. No value of it is in the message.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", Lines(.problems))]
pub struct ContextError {
    problems: Vec<ContextProblem>,
}

/// One thing that is wrong with a context.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct ContextProblem {
    /// Where: a JSON Pointer into the context.
    pub pointer: String,
    /// What, and how to mend it.
    pub message: String,
}

impl ContextProblem {
    pub(crate) fn new(pointer: impl Into<String>, message: impl Into<String>) -> Self {
        Self { pointer: pointer.into(), message: message.into() }
    }
}

impl ContextError {
    /// Refuses, if there is any problem.
    pub(crate) fn unless_sound(problems: Vec<ContextProblem>) -> Result<(), Self> {
        if problems.is_empty() { Ok(()) } else { Err(Self { problems }) }
    }

    /// Everything that is wrong.
    pub fn problems(&self) -> &[ContextProblem] {
        &self.problems
    }
}

struct Lines<'a>(&'a [ContextProblem]);

impl fmt::Display for Lines<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, ContextProblem { pointer, message }) in self.0.iter().enumerate() {
            let separator = if index == 0 { "" } else { "; " };
            let place = if pointer.is_empty() { "the context" } else { pointer };
            write!(formatter, "{separator}{place}: {message}")?;
        }
        Ok(())
    }
}

pub(crate) fn check(engine: &Engine, context: &Context<'_>) -> Result<(), ContextError> {
    let mut problems = Vec::new();
    match context.given_user_id {
        Some("") => problems.push(ContextProblem::new(
            "/user_id",
            "is empty: give the user's stable id, or none at all for an anonymous context",
        )),
        Some(user_id) if user_id.len() > limits::UNIT_BYTES => problems.push(ContextProblem::new(
            "/user_id",
            format!("has {} bytes; at most {} are allowed", user_id.len(), limits::UNIT_BYTES),
        )),
        _ => {}
    }
    let attributes = context.attributes.as_slice();
    if attributes.len() > limits::ATTRIBUTES {
        let message = format!("there are {} attributes; at most {} are allowed", attributes.len(), limits::ATTRIBUTES);
        problems.push(ContextProblem::new("/attributes", message));
    }
    for name in attributes.iter().map(|&(name, _)| name).filter(|name| FIELDS.contains(name)) {
        let message = format!("`{name}` is a field of the context: set the field, or name the attribute otherwise");
        problems.push(ContextProblem::new(format!("/attributes/{name}"), message));
    }
    if let Some(overrides) = context.overrides {
        for (scope, entries) in [("user", &overrides.user), ("tenant", &overrides.tenant)] {
            for (flag_key, value) in entries {
                let Some(value_type) = engine.flag(flag_key).and_then(|handle| handle.value_type()) else { continue };
                if value_type.read(value).is_none() {
                    let pointer = format!("/overrides/{scope}/{}", flag_key.replace('~', "~0").replace('/', "~1"));
                    let message = format!("the value does not fit the flag's type, {value_type}");
                    problems.push(ContextProblem::new(pointer, message));
                }
            }
        }
    }
    ContextError::unless_sound(problems)
}
