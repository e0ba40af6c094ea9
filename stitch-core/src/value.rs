//! What a flag's variants can be, and the values that evaluations serve.

use std::fmt;

use serde::{Serialize, Serializer};

use crate::json::Json;
use crate::json::node::Node;
use crate::number::Number;

/// The type of a flag's values.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum ValueType {
    /// `true` or `false`
    #[default]
    Boolean,
    /// A text.
    String,
    /// An exact 64-bit integer.
    Integer,
    /// A finite double.
    Double,
    /// A JSON object or array.
    Object,
}

impl ValueType {
    /// The names, in the order of the contract.
    pub(crate) const NAMES: [&str; 5] = ["boolean", "string", "integer", "double", "object"];

    /// The type of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        match name {
            "boolean" => Some(Self::Boolean),
            "string" => Some(Self::String),
            "integer" => Some(Self::Integer),
            "double" => Some(Self::Double),
            "object" => Some(Self::Object),
            _ => None,
        }
    }

    /// The name in documents.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Boolean => "boolean",
            Self::String => "string",
            Self::Integer => "integer",
            Self::Double => "double",
            Self::Object => "object",
        }
    }

    /// `json` as a value of this type, if it is one.
    pub(crate) fn read<'a>(self, json: &'a Json<'a>) -> Option<Value<'a>> {
        match (self, json) {
            (Self::Boolean, Json::Boolean(boolean)) => Some(Value::Boolean(*boolean)),
            (Self::String, Json::Text(text)) => Some(Value::String(text)),
            (Self::Integer, Json::Number(number)) => number.as_integer().map(Value::Integer),
            (Self::Double, Json::Number(number)) => {
                Some(number.to_double()).filter(|double| double.is_finite()).map(Value::Double)
            }
            (Self::Object, Json::Object(_) | Json::Array(_)) => Some(Value::Object(json)),
            _ => None,
        }
    }

    /// `node` as a value of this type to be kept, if it is one.
    #[inline]
    pub(crate) fn store(self, node: &Node<'_>) -> Option<StoredValue> {
        match (self, node) {
            (Self::Boolean, Node::Boolean(boolean)) => Some(StoredValue::Boolean(*boolean)),
            (Self::String, Node::Text(text)) => Some(StoredValue::String((*text).into())),
            (Self::Integer, Node::Number(number)) => number.as_integer().map(StoredValue::Integer),
            (Self::Double, Node::Number(number)) => {
                Some(number.to_double()).filter(|double| double.is_finite()).map(StoredValue::Double)
            }
            (Self::Object, Node::Object(_) | Node::Array(_)) => Some(StoredValue::Object(Box::new(node.to_json()))),
            _ => None,
        }
    }
}

impl fmt::Display for ValueType {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

/// A value that an evaluation serves; borrows from the engine, or from the context where an inline override gave it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Value<'a> {
    /// Of a `boolean` flag.
    Boolean(bool),
    /// Of a `string` flag.
    String(&'a str),
    /// Of an `integer` flag.
    Integer(i64),
    /// Of a `double` flag; finite.
    Double(f64),
    /// Of an `object` flag: a JSON object or array.
    Object(&'a Json<'a>),
}

impl Serialize for Value<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Boolean(boolean) => serializer.serialize_bool(*boolean),
            Self::String(text) => serializer.serialize_str(text),
            Self::Integer(integer) => serializer.serialize_i64(*integer),
            Self::Double(double) => Number::Double(*double).serialize(serializer),
            Self::Object(json) => json.serialize(serializer),
        }
    }
}

/// A value that the engine keeps. Which one it is takes a word, as in [`Test`](crate::condition::Test).
#[derive(Clone, Debug)]
#[repr(u64)]
pub(crate) enum StoredValue {
    Boolean(bool),
    String(Box<str>),
    Integer(i64),
    Double(f64),
    Object(Box<Json<'static>>),
}

impl StoredValue {
    #[inline]
    pub(crate) fn as_value(&self) -> Value<'_> {
        match self {
            Self::Boolean(boolean) => Value::Boolean(*boolean),
            Self::String(text) => Value::String(text),
            Self::Integer(integer) => Value::Integer(*integer),
            Self::Double(double) => Value::Double(*double),
            Self::Object(json) => Value::Object(json),
        }
    }
}
