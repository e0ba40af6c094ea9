//! What a client must read for the result that a vector expects: the tables of `spec/openfeature.md`, written out
//! once more.

use open_feature::{
    Client, EvaluationContext, EvaluationDetails, EvaluationError, FlagMetadataValue, StructValue, Value,
};
use stitch_core::{Json, Member, ValueType};

/// The expectation without what was expected of its trace.
pub(crate) fn untraced(expected: &Json<'_>) -> Json<'static> {
    let Json::Object(members) = expected.clone().into_owned() else { return Json::Null };
    Json::Object(members.into_iter().filter(|(key, _)| key != "trace").collect())
}

/// Asks for the flag's own type and compares.
pub(crate) async fn check(
    client: &Client,
    value_type: Option<ValueType>,
    flag: &str,
    context: &EvaluationContext,
    expected: &Json<'_>,
) -> Result<(), String> {
    let context = Some(context);
    let read = match value_type {
        None | Some(ValueType::Boolean) => told(client.get_bool_details(flag, context, None).await),
        Some(ValueType::String) => told(client.get_string_details(flag, context, None).await),
        Some(ValueType::Integer) => told(client.get_int_details(flag, context, None).await),
        Some(ValueType::Double) => told(client.get_float_details(flag, context, None).await),
        Some(ValueType::Object) => told(client.get_struct_details::<StructValue>(flag, context, None).await),
    };
    let unnamed = context.is_none_or(|context| context.targeting_key.is_none());
    let expected = expectation(expected, unnamed);
    if read == expected { Ok(()) } else { Err(format!("flag {flag}\n expected {expected}\n      got {read}")) }
}

/// What the client was told, in one form: an error's code, or value, variant, reason and metadata.
fn told<T: Into<Value>>(answer: Result<EvaluationDetails<T>, EvaluationError>) -> Json<'static> {
    let details = match answer {
        Ok(details) => details,
        Err(error) => return Json::from(error.code.to_string()),
    };
    let metadata = details.flag_metadata.values.into_iter().map(|(key, value)| -> Member<'static> {
        let FlagMetadataValue::String(text) = value else { return (key.into(), Json::Null) };
        (key.into(), Json::from(text))
    });
    object([
        ("value", json(details.value.into())),
        ("variant", details.variant.map_or(Json::Null, Json::from)),
        ("reason", details.reason.map_or(Json::Null, |reason| Json::from(reason.to_string()))),
        ("metadata", Json::Object(metadata.collect())),
    ])
}

fn expectation(expected: &Json<'_>, unnamed: bool) -> Json<'static> {
    let text = |key| expected.get(key).and_then(Json::as_text).map(str::to_owned);
    let reason = text("reason").unwrap_or_default();
    let by_rule = expected.get("rule_id").is_some();
    let told = match reason.as_str() {
        "flag_not_found" => return "FLAG_NOT_FOUND".into(),
        "flag_invalid" => return "PARSE_ERROR".into(),
        "unit_missing" if unnamed => return "TARGETING_KEY_MISSING".into(),
        "paused" | "rolled_back" => "DISABLED",
        "dep_unsatisfied" | "approval_missing" | "default" | "staged_out" | "unit_missing" => "DEFAULT",
        "user_override" | "tenant_override" | "stage_internal" | "stage_pilot" => "TARGETING_MATCH",
        "staged_in" | "stage_full" if by_rule => "TARGETING_MATCH",
        "staged_in" => "SPLIT",
        "stage_full" => "STATIC",
        _ => "no reason of the contract",
    };
    let value = expected.get("value").cloned().unwrap_or(Json::Null).into_owned();
    if matches!(value, Json::Array(_)) || nulls_in_arrays(&value) {
        return "TYPE_MISMATCH".into();
    }
    let words = ["reason", "rule_id", "dependency"];
    let metadata = words.into_iter().filter_map(|word| Some((word.into(), Json::from(text(word)?))));
    object([
        ("value", without_nulls(value)),
        ("variant", text("variant_key").map_or(Json::Null, Json::from)),
        ("reason", told.into()),
        ("metadata", Json::Object(metadata.collect())),
    ])
}

fn nulls_in_arrays(json: &Json<'_>) -> bool {
    match json {
        Json::Array(items) => items.iter().any(|item| matches!(item, Json::Null) || nulls_in_arrays(item)),
        Json::Object(members) => members.iter().any(|(_, value)| nulls_in_arrays(value)),
        _ => false,
    }
}

fn without_nulls(json: Json<'static>) -> Json<'static> {
    match json {
        Json::Array(items) => Json::Array(items.into_iter().map(without_nulls).collect()),
        Json::Object(members) => {
            let members = members.into_iter().filter(|(_, value)| !matches!(value, Json::Null));
            Json::Object(members.map(|(key, value)| (key, without_nulls(value))).collect())
        }
        other => other,
    }
}

fn json(value: Value) -> Json<'static> {
    match value {
        Value::Bool(boolean) => Json::from(boolean),
        Value::Int(integer) => Json::from(integer),
        Value::Float(double) => Json::from(double),
        Value::String(text) => Json::from(text),
        Value::Array(items) => Json::Array(items.into_iter().map(json).collect()),
        Value::Struct(structure) => {
            Json::Object(structure.fields.into_iter().map(|(key, value)| (key.into(), json(value))).collect())
        }
    }
}

fn object<const N: usize>(members: [(&'static str, Json<'static>); N]) -> Json<'static> {
    Json::Object(members.into_iter().map(|(key, value)| -> Member<'static> { (key.into(), value) }).collect())
}
