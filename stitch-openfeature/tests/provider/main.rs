//! The provider through the SDK's own client.

mod contexts;
mod reasons;
mod swap;
mod types;

use open_feature::{Client, EvaluationContext, EvaluationError, EvaluationErrorCode, OpenFeature};
use stitch_core::{Definitions, Engine};
use stitch_openfeature::StitchProvider;

/// A client of a registry with these flags.
async fn client(flags: &str) -> Client {
    client_of(StitchProvider::new(registry(flags, "[]"))).await
}

async fn client_of(provider: StitchProvider) -> Client {
    let mut api = OpenFeature::default();
    api.set_provider(provider).await;
    api.create_client()
}

/// Compiled leniently, so that a flag can be set aside.
fn registry(flags: &str, segments: &str) -> Engine {
    let json = format!(r#"{{"schema_version": "1.0", "flags": {flags}, "segments": {segments}}}"#);
    Engine::compile_lenient(Definitions::from_json(&json).expect("JSON")).expect("a registry")
}

fn user(id: &str) -> EvaluationContext {
    EvaluationContext::default().with_targeting_key(id)
}

/// The error's code and message.
#[track_caller]
fn failure<T>(result: Result<T, EvaluationError>) -> (EvaluationErrorCode, String) {
    let error = result.err().expect("an error");
    (error.code, error.message.expect("a message"))
}
