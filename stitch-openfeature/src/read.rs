//! A flag's value as the type that a client asks for: without loss, or not at all.

use open_feature::{StructValue, Value as Field};
use stitch_core::{Json, Member, Number, Value};

/// A type that clients ask for.
pub(crate) trait Read: Sized {
    /// What messages call it.
    const WORD: &'static str;

    /// The value, if this type holds it whole.
    fn read(value: Value<'_>) -> Option<Self>;
}

impl Read for bool {
    const WORD: &'static str = "a bool";

    fn read(value: Value<'_>) -> Option<Self> {
        if let Value::Boolean(boolean) = value { Some(boolean) } else { None }
    }
}

impl Read for String {
    const WORD: &'static str = "a string";

    fn read(value: Value<'_>) -> Option<Self> {
        if let Value::String(text) = value { Some(text.to_owned()) } else { None }
    }
}

impl Read for i64 {
    const WORD: &'static str = "an int";

    fn read(value: Value<'_>) -> Option<Self> {
        match value {
            Value::Integer(integer) => Some(integer),
            Value::Double(double) => Number::Double(double).as_integer(),
            _ => None,
        }
    }
}

impl Read for f64 {
    const WORD: &'static str = "a float";

    fn read(value: Value<'_>) -> Option<Self> {
        match value {
            Value::Double(double) => Some(double),
            Value::Integer(integer) => {
                let integer = Number::Integer(integer);
                Some(integer.to_double()).filter(|&double| integer == Number::Double(double))
            }
            _ => None,
        }
    }
}

impl Read for StructValue {
    const WORD: &'static str = "a struct";

    fn read(value: Value<'_>) -> Option<Self> {
        if let Value::Object(Json::Object(members)) = value { structure(members) } else { None }
    }
}

/// Nulls are left out: the SDK has none.
fn structure(members: &[Member<'_>]) -> Option<StructValue> {
    let members = members.iter().filter(|(_, value)| !matches!(value, Json::Null));
    let fields = members.map(|(key, value)| Some((key.clone().into_owned(), field(value)?)));
    Some(StructValue { fields: fields.collect::<Option<_>>()? })
}

/// Nothing for a null: within an array, leaving it out would move the others.
fn field(json: &Json<'_>) -> Option<Field> {
    match json {
        Json::Null => None,
        Json::Boolean(boolean) => Some(Field::Bool(*boolean)),
        Json::Number(Number::Integer(integer)) => Some(Field::Int(*integer)),
        Json::Number(Number::Double(double)) => Some(Field::Float(*double)),
        Json::Text(text) => Some(Field::String(text.clone().into_owned())),
        Json::Array(items) => items.iter().map(field).collect::<Option<_>>().map(Field::Array),
        Json::Object(members) => structure(members).map(Field::Struct),
    }
}
