//! The published Rust client, asked through its public API: `stitch-clients URL ASKS`.
//!
//! Version 0.1.2 of it reads little of an answer: its reason is always `STATIC`, it has no metadata, every 400 is
//! `INVALID_CONTEXT`, a value of another type is `PARSE_ERROR`, and a null is an empty text. The checks say what it can
//! tell; values and variants are held to the letter.

use std::process::ExitCode;

use open_feature::{
    EvaluationContext, EvaluationDetails, EvaluationReason, EvaluationResult, OpenFeature, StructValue, Value,
};
use open_feature_ofrep::{OfrepOptions, OfrepProvider};
use serde_json::{Value as Json, json};

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().collect();
    let [_, url, asks] = arguments.as_slice() else {
        eprintln!("usage: stitch-clients URL ASKS");
        return ExitCode::FAILURE;
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(run(url, asks))
}

async fn run(url: &str, asks: &str) -> ExitCode {
    let asks: Vec<Json> = serde_json::from_str(&std::fs::read_to_string(asks).expect("the asks")).expect("JSON");
    let options = OfrepOptions { base_url: url.to_owned(), ..OfrepOptions::default() };
    let mut api = OpenFeature::default();
    api.set_provider(OfrepProvider::new(options).await.expect("a provider")).await;
    let client = api.create_client();
    let mut failed = 0;
    for ask in &asks {
        let flag = ask["flag"].as_str().expect("a flag");
        let what = format!("{flag} for {} is {}", ask["context"], ask.get("error").unwrap_or(&ask["value"]));
        let Some(context) = context(&ask["context"]) else {
            println!("skipped rust: {what}: a context of this SDK holds no lists that the client sends");
            continue;
        };
        let context = Some(&context);
        let got = match ask["type"].as_str().expect("a type") {
            "boolean" => told(client.get_bool_details(flag, context, None).await),
            "string" => told(client.get_string_details(flag, context, None).await),
            "integer" => told(client.get_int_details(flag, context, None).await),
            "float" => told(client.get_float_details(flag, context, None).await),
            _ => told(client.get_struct_details::<StructValue>(flag, context, None).await),
        };
        let expected = expected(ask);
        if got == expected {
            println!("ok rust: {what}");
        } else {
            failed += 1;
            println!("FAILED rust: {what}: got {got}, expected {expected}");
        }
    }
    if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// The context, if this SDK and client can carry it.
fn context(json: &Json) -> Option<EvaluationContext> {
    let mut context = EvaluationContext::default();
    for (name, value) in json.as_object().into_iter().flatten() {
        match (name.as_str(), value) {
            ("targetingKey", Json::String(key)) => context.targeting_key = Some(key.clone()),
            (_, Json::String(text)) => context.add_custom_field(name, text.clone()),
            (_, Json::Bool(boolean)) => context.add_custom_field(name, *boolean),
            (_, Json::Number(number)) => match number.as_i64() {
                Some(integer) => context.add_custom_field(name, integer),
                None => context.add_custom_field(name, number.as_f64()?),
            },
            _ => return None,
        }
    }
    Some(context)
}

/// What the client was told: value and variant, or an error's code.
fn told<T: Into<Value>>(answer: EvaluationResult<EvaluationDetails<T>>) -> Json {
    match answer {
        Ok(details) if details.reason == Some(EvaluationReason::Static) => {
            json!({"value": plain(details.value.into()), "variant": details.variant})
        }
        Ok(details) => json!({"reason": format!("{:?}", details.reason)}),
        Err(error) => json!({"error": error.code.to_string()}),
    }
}

/// What this client can tell of what the server says.
fn expected(ask: &Json) -> Json {
    match ask["error"].as_str() {
        Some("TARGETING_KEY_MISSING") => json!({"error": "INVALID_CONTEXT"}),
        Some("TYPE_MISMATCH") => json!({"error": "PARSE_ERROR"}),
        Some(code) => json!({"error": code}),
        // A struct of this SDK is no array.
        None if ask["value"].is_array() => json!({"error": "PARSE_ERROR"}),
        None => json!({"value": without_nulls(&ask["value"]), "variant": ask["variant"]}),
    }
}

fn without_nulls(json: &Json) -> Json {
    match json {
        Json::Null => json!(""),
        Json::Array(items) => items.iter().map(without_nulls).collect(),
        Json::Object(members) => members.iter().map(|(key, value)| (key.clone(), without_nulls(value))).collect(),
        other => other.clone(),
    }
}

fn plain(value: Value) -> Json {
    match value {
        Value::Bool(boolean) => json!(boolean),
        Value::Int(integer) => json!(integer),
        Value::Float(double) => json!(double),
        Value::String(text) => json!(text),
        Value::Array(items) => items.into_iter().map(plain).collect(),
        Value::Struct(structure) => structure.fields.into_iter().map(|(key, value)| (key, plain(value))).collect(),
    }
}
