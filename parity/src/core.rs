//! The core, held against the vectors in each of its ways to ask.

use stitch_core::stage::{Approval, Change, FlagState, Stage, change};
use stitch_core::{ContextDocument, Definitions, DefinitionsError, Engine, Evaluation, Json, TraceEntry};

use crate::expand::{items, member, text};
use crate::subject::{Answer, Loaded, Subject};
use crate::vectors::Question;

/// How the core is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// By the flag's name.
    Name,
    /// Through a handle.
    Handle,
    /// Among all flags.
    All,
    /// With a trace.
    Explain,
}

/// The core.
#[derive(Clone, Copy, Debug)]
pub struct Core(pub Way);

impl Subject for Core {
    fn name(&self) -> String {
        match self.0 {
            Way::Name => "core",
            Way::Handle => "handle",
            Way::All => "evaluate_all",
            Way::Explain => "explain",
        }
        .to_owned()
    }

    fn load(&self, registry: &str, lenient: bool) -> Result<Box<dyn Loaded>, String> {
        let engine = compile(registry, lenient).map_err(|error| error.to_string())?;
        Ok(Box::new(LoadedCore { engine, way: self.0 }))
    }
}

fn compile(registry: &str, lenient: bool) -> Result<Engine, DefinitionsError> {
    let definitions = Definitions::from_json(registry)?;
    if lenient { Engine::compile_lenient(definitions) } else { Engine::compile(definitions) }
}

struct LoadedCore {
    engine: Engine,
    way: Way,
}

impl Loaded for LoadedCore {
    fn ask(&self, question: &Question) -> Answer {
        ask(&self.engine, self.way, question)
    }
}

/// Asks an engine, wherever it came from.
pub fn ask(engine: &Engine, way: Way, question: &Question) -> Answer {
    let document = match ContextDocument::from_json(&question.context) {
        Ok(document) => document,
        Err(error) => return Answer::ContextRefused(error.to_string()),
    };
    let context = document.context();
    if let Err(error) = engine.check(&context) {
        return Answer::ContextRefused(error.to_string());
    }
    let flag = question.flag.as_str();
    let explained = engine.explain(flag, &context);
    let evaluation = match way {
        Way::Name => engine.evaluate(flag, &context),
        Way::Handle => match engine.flag(flag) {
            Some(handle) => handle.evaluate(&context),
            None => engine.evaluate(flag, &context),
        },
        Way::All => {
            let all = engine.evaluate_all(&context);
            let found = all.into_iter().find(|evaluation| evaluation.flag_key == flag);
            found.unwrap_or_else(|| engine.evaluate(flag, &context))
        }
        Way::Explain => explained.evaluation,
    };
    Answer::Result(write(&evaluation, question.trace.then_some(&explained.trace)))
}

fn write(evaluation: &Evaluation<'_>, trace: Option<&Vec<TraceEntry>>) -> String {
    let text = serde_json::to_string(evaluation).unwrap_or_default();
    let (Some(trace), Ok(Json::Object(mut members))) = (trace, Json::parse(&text)) else { return text };
    let pair = |entry: &TraceEntry| Json::Array(vec![entry.step.as_str().into(), entry.outcome().into()]);
    members.push(("trace".into(), Json::Array(trace.iter().map(pair).collect())));
    Json::Object(members).to_string()
}

/// Holds the diagnostics of a registry document against the expected ones, in any order.
///
/// # Errors
///
/// What is missing and what is too much.
pub fn check_diagnostics(registry: &str, expected: &[[String; 3]]) -> Result<(), String> {
    let diagnostics = match compile(registry, false) {
        Ok(engine) => engine.diagnostics().to_vec(),
        Err(error) => error.into_diagnostics(),
    };
    let got: Vec<[String; 3]> = diagnostics
        .iter()
        .map(|diagnostic| {
            [diagnostic.severity.as_str().to_owned(), diagnostic.code.to_string(), diagnostic.pointer.clone()]
        })
        .collect();
    let sorted = |list: &[[String; 3]]| {
        let mut list = list.to_vec();
        list.sort();
        list
    };
    if sorted(&got) == sorted(expected) {
        return Ok(());
    }
    let missing: Vec<_> = expected.iter().filter(|diagnostic| !got.contains(diagnostic)).collect();
    let unexpected: Vec<_> = got.iter().filter(|diagnostic| !expected.contains(diagnostic)).collect();
    let registry: String = registry.chars().take(1000).collect();
    Err(format!("missing {missing:?}\nunexpected {unexpected:?}\nfor {registry}"))
}

/// Holds a change of stage against what is expected of it.
///
/// # Errors
///
/// What was expected and what came.
pub fn check_stage(case: &Json<'static>) -> Result<(), String> {
    let flag = FlagState::from_document(member(case, "flag")?);
    let wish = member(case, "change")?;
    let stage = match wish.get("rollout_stage").and_then(Json::as_text) {
        Some(name) => Some(Stage::from_name(name).ok_or_else(|| format!("there is no stage `{name}`"))?),
        None => None,
    };
    let number = |key: &str| match wish.get(key) {
        Some(Json::Number(number)) => Some(*number),
        _ => None,
    };
    let approval = match wish.get("approval") {
        Some(approval) => {
            let approvers = items(member(approval, "approvers")?)?.iter().filter_map(Json::as_text).collect();
            let reference = approval.get("ref").and_then(Json::as_text).unwrap_or_default();
            Some(Approval { reference, approvers })
        }
        None => None,
    };
    let actor = text(wish, "actor")?;
    let wish = Change {
        env: wish.get("env").and_then(Json::as_text),
        rollout_stage: stage,
        rollout_pct: number("rollout_pct").map(stitch_core::Number::to_double),
        actor: &actor,
        now: number("now").and_then(stitch_core::Number::as_integer).ok_or("`now` is missing")?,
        approval,
    };
    let expected = member(case, "expect")?;
    let got = match change(&flag, &wish) {
        Ok(transition) => serde_json::to_string(&transition).map_err(|error| error.to_string())?,
        Err(refused) => {
            let codes = refused.refusals.iter().map(|refusal| Json::from(refusal.code.as_str())).collect();
            Json::Object(vec![("refused".into(), Json::Array(codes))]).to_string()
        }
    };
    let got = Json::parse(&got).map_err(|error| error.to_string())?;
    if sorted_refusals(&got) == sorted_refusals(expected) {
        return Ok(());
    }
    Err(format!("expected {expected}\n     got {got}"))
}

/// The refusals in any order.
fn sorted_refusals<'a>(outcome: &Json<'a>) -> Json<'a> {
    match outcome.get("refused") {
        Some(Json::Array(codes)) => {
            let mut codes = codes.clone();
            codes.sort_by_key(ToString::to_string);
            Json::Array(codes)
        }
        _ => outcome.clone(),
    }
}
