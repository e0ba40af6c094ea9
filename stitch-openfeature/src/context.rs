//! For whom the client asks, as the contract has it: section 3 of `spec/openfeature.md`.

use std::any::Any;
use std::borrow::Cow;

use open_feature::{
    EvaluationContext, EvaluationContextFieldValue as Field, EvaluationError, EvaluationErrorCode, EvaluationResult,
    Value,
};
use stitch_core::{AttributeDocument, ContextDocument, ContextError, Element, Number, limits};
use time::OffsetDateTime;

use crate::outcome::error;

/// A field and what is wrong with it; no value of it is in the message.
type Problem<'c> = (&'c str, Cow<'static, str>);

/// The context, with the clock's time where it brings none, or everything that is wrong with it.
pub(crate) fn document<'c>(
    context: &'c EvaluationContext,
    clock: impl FnOnce() -> i64,
) -> EvaluationResult<ContextDocument<'c>> {
    let mut document = ContextDocument::default();
    let mut attributes = Vec::with_capacity(context.custom_fields.len());
    let mut problems: Vec<Problem<'c>> = Vec::new();
    for (name, field) in &context.custom_fields {
        let read = match name.as_str() {
            "user_id" => text(field).map(|text| document.user_id = Some(text)),
            "kind" => text(field).map(|text| document.kind = Some(text)),
            "tenant_id" => text(field).map(|text| document.tenant_id = Some(text)),
            "tier" => text(field).map(|text| document.tier = Some(text)),
            "env" => text(field).map(|text| document.env = Some(text)),
            "role_key" => text(field).map(|text| document.role_key = Some(text)),
            "now" => now(field).map(|now| document.now = Some(now)),
            "attributes" | "overrides" | "approvals" => Err("is reserved: name the attribute otherwise".into()),
            _ => attribute(field).map(|value| attributes.push((Cow::Borrowed(name.as_str()), value))),
        };
        if let Err(message) = read {
            problems.push((name, message));
        }
    }
    if let Some(targeting_key) = &context.targeting_key {
        document.user_id = Some(Cow::Borrowed(targeting_key));
    }
    document.now = document.now.or_else(|| Some(clock()));
    // Before they are looked through for doubles, which takes the square of their number.
    if attributes.len() > limits::ATTRIBUTES {
        let message = format!("has {} attributes; at most {} are allowed", attributes.len(), limits::ATTRIBUTES);
        problems.push(("context", message.into()));
    }
    document.attributes = Some(attributes);
    if problems.is_empty() { Ok(document) } else { Err(invalid(problems)) }
}

/// What the contract refuses, in the client's words for it.
pub(crate) fn refused(error: &ContextError, context: &EvaluationContext) -> EvaluationError {
    let problems = error.problems().iter().map(|problem| {
        let field = match problem.pointer.trim_start_matches('/') {
            "user_id" if context.targeting_key.is_some() => "targeting_key",
            field => field,
        };
        (field, Cow::Owned(problem.message.clone()))
    });
    invalid(problems.collect())
}

fn invalid(mut problems: Vec<Problem<'_>>) -> EvaluationError {
    problems.sort_unstable();
    let lines: Vec<String> = problems.iter().map(|(field, message)| format!("`{field}` {message}")).collect();
    error(EvaluationErrorCode::InvalidContext, lines.join("; "))
}

fn text(field: &Field) -> Result<Cow<'_, str>, Cow<'static, str>> {
    if let Field::String(text) = field { Ok(Cow::Borrowed(text)) } else { Err("must be a string".into()) }
}

fn now(field: &Field) -> Result<i64, Cow<'static, str>> {
    let milliseconds = match field {
        Field::Int(milliseconds) => Some(*milliseconds),
        Field::Float(milliseconds) => Number::Double(*milliseconds).as_integer(),
        Field::DateTime(instant) => i64::try_from(instant.unix_timestamp_nanos().div_euclid(1_000_000)).ok(),
        Field::Bool(_) | Field::String(_) | Field::Struct(_) => None,
    };
    milliseconds.ok_or_else(|| "must be a date-time, or an integer of milliseconds since the epoch".into())
}

fn attribute(field: &Field) -> Result<AttributeDocument<'_>, Cow<'static, str>> {
    match field {
        Field::Bool(boolean) => Ok(AttributeDocument::Boolean(*boolean)),
        Field::Int(integer) => Ok(AttributeDocument::Number(Number::Integer(*integer))),
        Field::Float(double) => finite(*double).map(AttributeDocument::Number),
        Field::String(text) => Ok(AttributeDocument::Text(Cow::Borrowed(text))),
        Field::DateTime(instant) => match rfc3339(*instant) {
            Some(text) => Ok(AttributeDocument::Text(Cow::Owned(text))),
            None => Err("is a date-time beyond the years 0000 to 9999".into()),
        },
        Field::Struct(structure) => list(&**structure).map(AttributeDocument::List),
    }
}

fn finite(double: f64) -> Result<Number, Cow<'static, str>> {
    if double.is_finite() { Ok(Number::from(double)) } else { Err("must be a finite number".into()) }
}

/// An array attribute, in the two forms in which the SDK's contexts can carry one.
fn list<'c>(structure: &'c (dyn Any + Send + Sync)) -> Result<Vec<Element<'c>>, Cow<'static, str>> {
    if let Some(texts) = structure.downcast_ref::<Vec<String>>() {
        return Ok(texts.iter().map(|text| Element::Text(Cow::Borrowed(text))).collect());
    }
    let Some(Value::Array(items)) = structure.downcast_ref::<Value>() else {
        return Err(
            "is a structure: give a string, number, boolean or date-time, or as a structure a `Value` that is \
                    an array, or a `Vec<String>`"
                .into(),
        );
    };
    let element = |item: &'c Value| match item {
        Value::String(text) => Ok(Element::Text(Cow::Borrowed(text.as_str()))),
        Value::Int(integer) => Ok(Element::Number(Number::Integer(*integer))),
        Value::Float(double) => finite(*double).map(Element::Number),
        Value::Bool(_) | Value::Array(_) | Value::Struct(_) => Err("must hold strings and numbers only".into()),
    };
    items.iter().map(element).collect()
}

/// The instant in UTC; conditions `before` and `after` read it to the last digit.
fn rfc3339(instant: OffsetDateTime) -> Option<String> {
    let instant = instant.checked_to_offset(time::UtcOffset::UTC)?;
    let year = u16::try_from(instant.year()).ok().filter(|year| *year <= 9999)?;
    let (month, day) = (u8::from(instant.month()), instant.day());
    let (hour, minute, second, nanosecond) = instant.to_hms_nano();
    let fraction = format!(".{nanosecond:09}");
    let fraction = fraction.trim_end_matches('0').trim_end_matches('.');
    Some(format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}{fraction}Z"))
}
