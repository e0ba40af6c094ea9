//! What SDK clients ask: `POST /v1/environments/{env}/evaluate` and `POST /v1/environments/{env}/segments/{key}/check`.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use schemars::JsonSchema;
use serde::Serialize;
use stitch_core::{ContextDocument, ContextProblem, Engine, Json, Reason, Value};

use crate::error::{Code, Detail, Error, Place};
use crate::extract::{self, Call, Key};
use crate::instant::of_the_clock;
use crate::openapi::schemas;
use crate::sdk::Client;
use crate::state::AppState;
use crate::wire;

/// What a flag answers.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "SdkAnswer", deny_unknown_fields)]
pub(crate) struct Answer<'a> {
    variant_key: Option<&'a str>,
    is_enabled: bool,
    #[schemars(with = "schemas::Anything")]
    value: Option<Value<'a>>,
    #[schemars(with = "schemas::Why")]
    reason: Reason,
}

/// Whether somebody is in a segment.
#[derive(Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub(crate) struct Membership {
    is_member: bool,
}

/// Evaluates a flag.
///
/// # Errors
///
/// If the request is not as the contract says, or there is no such flag.
pub async fn evaluate(State(state): State<AppState>, client: Client, call: Call) -> Result<Response, Error> {
    let mut body = Body::read(extract::json(&call.headers, &call.body)?, &["flag_key", "tenant_id"])?;
    let flag_key = body.take("flag_key").ok_or_else(|| refuse("", "has no `flag_key`"))?;
    let flag_key = flag_key.as_text().ok_or_else(|| refuse("/flag_key", "must be a string"))?;
    let served = state.load();
    let engine = &served.registry.engine;
    let document = body.context(&client.env, engine)?;
    let context = document.context();
    let flag =
        engine.flag(flag_key).ok_or_else(|| Error::new(Code::FlagNotFound, "the registry has no flag of this key"))?;
    let evaluation = flag.evaluate(&context);
    state.metrics().evaluated(evaluation.reason);
    let answer = Answer {
        variant_key: evaluation.variant_key,
        is_enabled: evaluation.is_enabled,
        value: evaluation.value,
        reason: evaluation.reason,
    };
    wire::plain(StatusCode::OK, &answer)
}

/// Says whether somebody is in a segment.
///
/// # Errors
///
/// If the request is not as the contract says, or there is no such segment.
pub async fn check(
    State(state): State<AppState>,
    client: Client,
    Key(key): Key,
    call: Call,
) -> Result<Response, Error> {
    let body = Body::read(extract::json(&call.headers, &call.body)?, &["tenant_id"])?;
    let served = state.load();
    let engine = &served.registry.engine;
    let document = body.context(&client.env, engine)?;
    let is_member = engine
        .is_member(&key, &document.context())
        .ok_or_else(|| Error::new(Code::NotFound, "the registry has no segment of this key"))?;
    wire::plain(StatusCode::OK, &Membership { is_member })
}

/// A body that says for whom it asks.
struct Body<'j>(Vec<stitch_core::Member<'j>>);

impl<'j> Body<'j> {
    fn read(body: Json<'j>, own: &[&str]) -> Result<Self, Error> {
        let known: Vec<_> = own.iter().copied().chain(["context_type", "context_key", "attributes"]).collect();
        extract::unknown_keys(&body, &known)?;
        if let Json::Object(members) = body { Ok(Self(members)) } else { Err(Error::internal()) }
    }

    fn take(&mut self, name: &str) -> Option<Json<'j>> {
        take(&mut self.0, name)
    }

    /// The context, read and checked by the core: the contract's fields by their names here.
    fn context(mut self, env: &str, engine: &Engine) -> Result<ContextDocument<'j>, Error> {
        if !engine.environments().any(|environment| environment == env) {
            return Err(Error::new(Code::NotFound, "the registry does not list this environment"));
        }
        let user_id = self.take("context_key").ok_or_else(|| refuse("", "has no `context_key`"))?;
        let mut attributes = self.take("attributes");
        let mut members = vec![("user_id".into(), user_id), ("env".into(), Json::from(env.to_owned()))];
        for (name, value) in [("kind", self.take("context_type")), ("tenant_id", self.take("tenant_id"))] {
            members.extend(value.map(|value| (name.into(), value)));
        }
        if let Some(Json::Object(attributes)) = &mut attributes {
            for name in AS_ATTRIBUTES {
                members.extend(take(attributes, name).map(|value| (name.into(), value)));
            }
        }
        members.extend(attributes.map(|attributes| ("attributes".into(), attributes)));
        let document = ContextDocument::from_document(Json::Object(members)).map_err(|error| told(error.problems()))?;
        let document = ContextDocument { now: Some(of_the_clock()), ..document };
        engine.check(&document.context()).map_err(|error| told(error.problems()))?;
        Ok(document)
    }
}

/// Fields of the context that come among the attributes.
const AS_ATTRIBUTES: [&str; 2] = ["tier", "role_key"];

/// The member of that name, if it is there and not null.
fn take<'j>(members: &mut Vec<stitch_core::Member<'j>>, name: &str) -> Option<Json<'j>> {
    let place = members.iter().position(|(key, _)| key == name)?;
    Some(members.remove(place).1).filter(|json| !matches!(json, Json::Null))
}

/// What the core refuses, at its place in this body.
fn told(problems: &[ContextProblem]) -> Error {
    let details = problems.iter().map(|problem| {
        let place = match problem.pointer.as_str() {
            "/user_id" => "/context_key".to_owned(),
            "/kind" => "/context_type".to_owned(),
            pointer if AS_ATTRIBUTES.iter().any(|name| pointer.strip_prefix('/') == Some(name)) => {
                format!("/attributes{pointer}")
            }
            pointer => pointer.to_owned(),
        };
        Detail::new(Place::Pointer(place), problem.message.clone())
    });
    Error::invalid("the context is refused").details(details)
}

fn refuse(pointer: &str, message: &'static str) -> Error {
    Error::invalid("the body is refused").details([Detail::new(Place::Pointer(pointer.to_owned()), message)])
}
