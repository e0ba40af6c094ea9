//! What a client of the Rust provider reads, held against the vectors: `cargo test -p parity --test openfeature`.
//!
//! Contexts that the SDK cannot carry are listed as ignored, with the reason.

mod carry;
mod reading;

use std::process::ExitCode;
use std::sync::Arc;

use libtest_mimic::Trial;
use open_feature::{Client, EvaluationErrorCode, OpenFeature};
use parity::{Expect, Group, Question};
use stitch_core::{ContextDocument, Definitions, Engine, Json};
use stitch_openfeature::StitchProvider;

use carry::{NOW, Obstacle};

fn main() -> ExitCode {
    let obstacles = Obstacle::ALL.map(Obstacle::word);
    parity::run("through a client", &obstacles, 400, trials)
}

/// Each case that is about answers and contexts as a test of its own.
fn trials(group: &Arc<Group>) -> Vec<Trial> {
    let asks = group.cases.iter().any(|case| matches!(case.expect, Expect::Results(_) | Expect::ContextRefused(..)));
    if !asks {
        return Vec::new();
    }
    let engine = match compile(group) {
        Ok(engine) => Arc::new(engine),
        Err(error) => return vec![Trial::test(group.file.clone(), move || Err(error.into()))],
    };
    let mut trials = Vec::new();
    for (index, case) in group.cases.iter().enumerate() {
        let obstacle = match &case.expect {
            Expect::Results(results) => results.iter().find_map(|(question, expected)| {
                carry::obstacle(&question.context).or_else(|| needs_no_clock(&engine, question, expected))
            }),
            Expect::ContextRefused(context, _) => carry::obstacle(context),
            Expect::Diagnostics(_) | Expect::Stage(_) => continue,
        };
        let name = format!("openfeature::{}::{}", group.file, case.name);
        if let Some(obstacle) = obstacle {
            trials.push(parity::cannot_be_asked(name, obstacle.word()));
            continue;
        }
        let (group, engine) = (Arc::clone(group), Arc::clone(&engine));
        trials.push(Trial::test(name, move || check(&engine, &group.cases[index].expect).map_err(Into::into)));
    }
    trials
}

fn compile(group: &Group) -> Result<Engine, String> {
    let definitions = Definitions::from_json(&group.registry).map_err(|error| error.to_string())?;
    let engine = if group.lenient { Engine::compile_lenient(definitions) } else { Engine::compile(definitions) };
    engine.map_err(|error| error.to_string())
}

/// Whether the expectation holds only for a context without `now`, which clients of the provider do not have.
fn needs_no_clock(engine: &Engine, question: &Question, expected: &Json<'_>) -> Option<Obstacle> {
    let document = ContextDocument::from_json(&question.context).ok().filter(|document| document.now.is_none())?;
    let context = document.context().now(NOW);
    let answer = serde_json::to_string(&engine.evaluate(&question.flag, &context)).unwrap_or_default();
    let as_expected = Json::parse(&answer).is_ok_and(|answer| answer == reading::untraced(expected));
    (!as_expected).then_some(Obstacle::Clock)
}

fn check(engine: &Arc<Engine>, expect: &Expect) -> Result<(), String> {
    let runtime = tokio::runtime::Builder::new_current_thread().build().map_err(|error| error.to_string())?;
    runtime.block_on(async {
        let provider = StitchProvider::new(Arc::clone(engine)).with_clock(|| NOW);
        let mut api = OpenFeature::default();
        api.set_provider(provider).await;
        let client = api.create_client();
        match expect {
            Expect::Results(results) => {
                for (question, expected) in results {
                    let value_type = engine.flag(&question.flag).and_then(|flag| flag.value_type());
                    let context = carry::carry(&question.context)?;
                    reading::check(&client, value_type, &question.flag, &context, expected).await?;
                }
                Ok(())
            }
            Expect::ContextRefused(context, refused) => check_refusal(&client, context, *refused).await,
            Expect::Diagnostics(_) | Expect::Stage(_) => Ok(()),
        }
    })
}

async fn check_refusal(client: &Client, context: &str, refused: bool) -> Result<(), String> {
    let answer = client.get_bool_value("any", Some(&carry::carry(context)?), None).await;
    let is_refused = answer.as_ref().is_err_and(|error| error.code == EvaluationErrorCode::InvalidContext);
    if is_refused == refused { Ok(()) } else { Err(format!("the client reads {answer:?} for {context}")) }
}
