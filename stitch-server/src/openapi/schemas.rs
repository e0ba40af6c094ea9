//! Schemas that no type of this crate has: definitions and contexts are read as JSON, and what the core writes is the
//! core's, which knows nothing of schemas. Limits and words are the core's own all the same.

use schemars::{Schema, SchemaGenerator};
use serde_json::{Value, json};

mod answers;
mod condition;
mod context;
mod definitions;
mod requests;

pub(crate) use answers::*;
pub(crate) use condition::*;
pub(crate) use context::*;
pub(crate) use definitions::*;
pub(crate) use requests::*;

/// Types that stand for a schema alone, under their own names.
macro_rules! schemas {
    ($($(#[doc = $about:literal])+ $name:ident = |$generator:ident| $schema:expr;)+) => {$(
        $(#[doc = $about])+
        pub(crate) struct $name;

        impl schemars::JsonSchema for $name {
            fn schema_name() -> std::borrow::Cow<'static, str> {
                stringify!($name).into()
            }

            fn json_schema($generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
                $crate::openapi::schemas::described(concat!($($about),+), $schema)
            }
        }
    )+};
}

use schemas;

fn described(about: &str, mut schema: Value) -> Schema {
    if let Value::Object(members) = &mut schema {
        members.insert("description".to_owned(), about.trim().into());
    }
    schema.try_into().unwrap_or_default()
}

/// A reference to the schema of a type.
fn of<T: schemars::JsonSchema>(generator: &mut SchemaGenerator) -> Value {
    generator.subschema_for::<T>().to_value()
}

/// What may also be null, which is as if it were not there.
fn optional(schema: impl Into<Value>) -> Value {
    json!({"anyOf": [schema.into(), {"type": "null"}]})
}

/// Any text.
pub(crate) fn text() -> Value {
    json!({"type": "string"})
}

/// A parameter that is `true` or `false`.
pub(crate) fn switch() -> Value {
    json!({"type": "boolean"})
}

/// The id of somebody to bucket by.
pub(super) fn unit() -> Value {
    json!({"type": "string", "minLength": 1, "maxLength": stitch_core::limits::UNIT_BYTES})
}

/// A name without what controls a terminal.
pub(crate) fn name(longest: usize) -> Value {
    json!({"type": "string", "pattern": format!("^[^\\u0000-\\u001f\\u007f-\\u009f]{{1,{longest}}}$")})
}

/// A whole number that an i64 holds.
fn integer() -> Value {
    json!({"type": "integer", "minimum": i64::MIN, "maximum": i64::MAX})
}

/// The revision that the caller saw, in JSON that the core reads.
pub(crate) fn revision() -> Value {
    json!({"type": "integer", "minimum": 0, "maximum": i64::MAX})
}

/// A whole number in a query.
pub(crate) fn number(least: i64, most: i64) -> Value {
    json!({"type": "integer", "minimum": least, "maximum": most})
}

/// A revision in a query.
pub(crate) fn revision_in_query() -> Value {
    json!({"type": "integer", "minimum": 0, "maximum": u64::MAX})
}

/// An object with these members: the required ones, and those that may be left out.
fn object<const R: usize, const O: usize>(required: [(&str, Value); R], others: [(&str, Value); O]) -> Value {
    let names: Vec<&str> = required.iter().map(|(name, _)| *name).collect();
    let others = others.into_iter().map(|(name, schema)| (name, optional(schema)));
    let members: serde_json::Map<String, Value> =
        required.into_iter().chain(others).map(|(name, schema)| (name.to_owned(), schema)).collect();
    json!({"type": "object", "required": names, "properties": members})
}

/// The same object with more members.
fn with_members(mut object: Value, members: impl Iterator<Item = (String, Value)>) -> Value {
    if let Some(properties) = object["properties"].as_object_mut() {
        properties.extend(members);
    }
    object
}

/// The same, and nothing else may be there.
fn closed(mut object: Value) -> Value {
    object["additionalProperties"] = false.into();
    object
}

/// An object of an answer: all of these members, and no others.
fn answer<const N: usize>(members: [(&str, Value); N]) -> Value {
    closed(object(members, []))
}
