//! The client's context as the contract has it: section 3 of `spec/openfeature.md`.

use std::borrow::Cow;

use stitch_core::{AttributeDocument, ContextDocument, Element, Engine, Json, limits};

use super::Failure;
use crate::auth::{self, KeyHolder};
use crate::error::{DETAILS, Error};
use crate::extract::DEFAULT_ENV;
use crate::instant;

/// A field and what is wrong with it; no value of it is in the message.
type Problem<'j> = (Cow<'j, str>, Cow<'static, str>);

/// The context of a request's body, whole and accepted by the contract; the clock's `now` and the environment are
/// filled in where the client says nothing of them. A client with a key asks for the key's environment and no other.
pub(super) fn read<'j>(
    body: Json<'j>,
    engine: &Engine,
    holder: Option<&KeyHolder>,
    now: i64,
) -> Result<ContextDocument<'j>, Failure> {
    let Json::Object(members) = body else {
        return Err(Error::invalid("the body is not a JSON object").into());
    };
    // What else a body may hold one day is not refused: newer clients ask older servers.
    let context = members.into_iter().find(|(key, _)| key == "context").map(|(_, context)| context);
    let mut problems = Vec::new();
    let fields = match context {
        Some(Json::Object(fields)) => fields,
        None | Some(Json::Null) => Vec::new(),
        Some(_) => {
            problems.push(("context".into(), "must be an object".into()));
            Vec::new()
        }
    };
    let keyed = fields.iter().any(|(name, value)| name == TARGETING_KEY && !matches!(value, Json::Null));
    let mut document = document(fields, &mut problems);
    document.now = document.now.or(Some(now));
    let listed = |name: &str| engine.environments().any(|environment| environment == name);
    match document.env.as_deref() {
        None => {
            let env = holder.map_or(Cow::Borrowed(DEFAULT_ENV), |holder| Cow::Owned(holder.env.clone()));
            document.env = Some(env).filter(|env| listed(env));
        }
        Some(env) if listed(env) => {}
        Some(_) => {
            let known: Vec<_> = engine.environments().map(|environment| format!("`{environment}`")).collect();
            let message = format!("is no environment of this registry: it lists {}", known.join(", "));
            problems.push(("env".into(), message.into()));
        }
    }
    if let Err(error) = engine.check(&document.context()) {
        problems.extend(error.problems().iter().map(|problem| {
            let field = match problem.pointer.trim_start_matches('/') {
                "user_id" if keyed => TARGETING_KEY,
                field => field,
            };
            (Cow::Owned(field.to_owned()), Cow::Owned(problem.message.clone()))
        }));
    }
    if !problems.is_empty() {
        return Err(refuse(problems));
    }
    match holder {
        Some(holder) if document.env.as_deref() != Some(&holder.env) => Err(auth::another_environment().into()),
        _ => Ok(document),
    }
}

const TARGETING_KEY: &str = "targetingKey";

fn refuse(mut problems: Vec<Problem<'_>>) -> Failure {
    problems.sort_unstable();
    let more = problems.len().saturating_sub(DETAILS);
    let mut lines: Vec<_> =
        problems.iter().take(DETAILS).map(|(field, message)| format!("`{field}` {message}")).collect();
    if more > 0 {
        lines.push(format!("and {more} more"));
    }
    Failure::context(lines.join("; "))
}

fn document<'j>(fields: Vec<(Cow<'j, str>, Json<'j>)>, problems: &mut Vec<Problem<'j>>) -> ContextDocument<'j> {
    let mut document = ContextDocument::default();
    let mut targeting_key = None;
    let mut attributes = Vec::with_capacity(fields.len());
    for (name, value) in fields {
        if matches!(value, Json::Null) {
            continue;
        }
        let read = match &*name {
            TARGETING_KEY => text(value).map(|text| targeting_key = Some(text)),
            "user_id" => text(value).map(|text| document.user_id = Some(text)),
            "kind" => text(value).map(|text| document.kind = Some(text)),
            "tenant_id" => text(value).map(|text| document.tenant_id = Some(text)),
            "tier" => text(value).map(|text| document.tier = Some(text)),
            "env" => text(value).map(|text| document.env = Some(text)),
            "role_key" => text(value).map(|text| document.role_key = Some(text)),
            "now" => milliseconds(&value).map(|now| document.now = Some(now)),
            "attributes" | "overrides" | "approvals" => Err("is reserved: name the attribute otherwise"),
            _ => match attribute(value) {
                Ok(value) => {
                    attributes.push((name, value));
                    continue;
                }
                Err(message) => Err(message),
            },
        };
        if let Err(message) = read {
            problems.push((name, message.into()));
        }
    }
    // Before they are looked through for doubles, which takes the square of their number.
    if attributes.len() > limits::ATTRIBUTES {
        let message = format!("has {} attributes; at most {} are allowed", attributes.len(), limits::ATTRIBUTES);
        problems.push(("context".into(), message.into()));
        attributes.clear();
    }
    document.user_id = targeting_key.or(document.user_id);
    document.attributes = Some(attributes);
    document
}

fn text(json: Json<'_>) -> Result<Cow<'_, str>, &'static str> {
    if let Json::Text(text) = json { Ok(text) } else { Err("must be a string") }
}

/// JSON has no date-times: clients send them as text.
fn milliseconds(json: &Json<'_>) -> Result<i64, &'static str> {
    let milliseconds = match json {
        Json::Number(number) => number.as_integer(),
        Json::Text(text) => instant::rfc3339(text),
        _ => None,
    };
    milliseconds.ok_or("must be a date-time of RFC 3339, or an integer of milliseconds since the epoch")
}

fn attribute(json: Json<'_>) -> Result<AttributeDocument<'_>, &'static str> {
    match json {
        Json::Text(text) => Ok(AttributeDocument::Text(text)),
        Json::Number(number) => Ok(AttributeDocument::Number(number)),
        Json::Boolean(boolean) => Ok(AttributeDocument::Boolean(boolean)),
        Json::Array(items) => items.into_iter().map(element).collect::<Result<_, _>>().map(AttributeDocument::List),
        Json::Object(_) | Json::Null => {
            Err("is an object: give a string, a number, a boolean, or an array of strings and numbers")
        }
    }
}

fn element(json: Json<'_>) -> Result<Element<'_>, &'static str> {
    match json {
        Json::Text(text) => Ok(Element::Text(text)),
        Json::Number(number) => Ok(Element::Number(number)),
        _ => Err("must hold strings and numbers only"),
    }
}
