//! What a client must read for the result that a vector expects: the table of `spec/openfeature.md`, written out once more.

use parity::Question;
use stitch_core::{ContextDocument, Json, Member, Number, ValueType};

/// Compares the answer for one flag with what the vector expects of the core.
pub(crate) fn check(
    question: &Question,
    value_type: Option<ValueType>,
    status: u16,
    answer: &Json<'_>,
    expected: &Json<'_>,
) -> Result<(), String> {
    let named = ContextDocument::from_json(&question.context).is_ok_and(|document| document.user_id.is_some());
    let (expected_status, expected) = expectation(&question.flag, expected, named);
    if status != expected_status || without_details(answer) != expected {
        return Err(format!(
            "flag {} for {}\n expected {expected_status} {expected}\n      got {status} {answer}",
            question.flag, question.context
        ));
    }
    match (value_type, answer.get("value")) {
        (Some(ValueType::Double), Some(Json::Number(Number::Integer(_)))) => {
            Err(format!("a double is written as an integer: {answer}"))
        }
        (_, Some(Json::Null)) => Err(format!("the value is null: {answer}")),
        _ => Ok(()),
    }
}

/// Whether the bulk answer says the same of the flag.
pub(crate) fn check_among(flag: &str, one: &Json<'_>, all: &Json<'_>) -> Result<(), String> {
    let Some(Json::Array(flags)) = all.get("flags") else { return Err(format!("the bulk answer is {all}")) };
    let found = flags.iter().find(|answer| answer.get("key").and_then(Json::as_text) == Some(flag));
    let unknown = one.get("errorCode").and_then(Json::as_text) == Some("FLAG_NOT_FOUND");
    match found {
        None if unknown => Ok(()),
        Some(found) if found == one && found.to_string() == one.to_string() => Ok(()),
        _ => Err(format!("among all flags there is {found:?}, alone {one}")),
    }
}

/// Details are for people; that they are there is checked by [`expectation`]'s `true`.
fn without_details(answer: &Json<'_>) -> Json<'static> {
    let Json::Object(members) = answer.clone().into_owned() else { return Json::Null };
    let members = members.into_iter().map(|(key, value)| {
        let value = if key == "errorDetails" { Json::from(matches!(value, Json::Text(_))) } else { value };
        (key, value)
    });
    Json::Object(members.collect())
}

fn expectation(flag: &str, expected: &Json<'_>, named: bool) -> (u16, Json<'static>) {
    let text = |key| expected.get(key).and_then(Json::as_text).map(str::to_owned);
    let reason = text("reason").unwrap_or_default();
    let words = ["reason", "rule_id", "dependency"];
    let metadata = words.into_iter().filter_map(|word| Some((word.into(), Json::from(text(word)?))));
    let metadata = Json::Object(metadata.collect());
    let fails = |status, code: &'static str, metadata| {
        let members = [("key", flag.to_owned().into()), ("errorCode", code.into()), ("errorDetails", true.into())];
        (status, object(members.into_iter().chain([("metadata", metadata)])))
    };
    let told = match reason.as_str() {
        "flag_not_found" => return fails(404, "FLAG_NOT_FOUND", metadata),
        "flag_invalid" => return fails(400, "PARSE_ERROR", metadata),
        "unit_missing" if !named => return fails(400, "TARGETING_KEY_MISSING", metadata),
        "paused" | "rolled_back" => "DISABLED",
        "dep_unsatisfied" | "approval_missing" | "default" | "staged_out" | "unit_missing" => "DEFAULT",
        "user_override" | "tenant_override" | "stage_internal" | "stage_pilot" => "TARGETING_MATCH",
        "staged_in" | "stage_full" if text("rule_id").is_some() => "TARGETING_MATCH",
        "staged_in" => "SPLIT",
        "stage_full" => "STATIC",
        _ => "no reason of the contract",
    };
    let value = expected.get("value").cloned().unwrap_or(Json::Null).into_owned();
    let members = [
        ("key", flag.to_owned().into()),
        ("value", value),
        ("reason", told.into()),
        ("variant", text("variant_key").unwrap_or_default().into()),
        ("metadata", metadata),
    ];
    (200, object(members))
}

fn object(members: impl IntoIterator<Item = (&'static str, Json<'static>)>) -> Json<'static> {
    Json::Object(members.into_iter().map(|(key, value)| -> Member<'static> { (key.into(), value) }).collect())
}
