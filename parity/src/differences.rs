//! Random differences: registries and contexts drawn at random, asked of every engine, all fields compared.
//!
//! Three kinds of registries, from the generator of the core's own property tests:
//!
//! | kind | what | how many |
//! |---|---|---|
//! | sound | up to 12 flags and segments of every shape, 6 contexts | half |
//! | mutated | a sound one with up to 4 nodes deleted, doubled or replaced; asked strictly and leniently | three eighths |
//! | wild | known keys with whatever under them; asked strictly and leniently | one eighth |
//!
//! Whatever differs is shrunk to a small registry and context by shortening the tape that they were drawn from.

use std::cell::Cell;
use std::fmt;

use proptest::test_runner::{Config, RngAlgorithm, TestCaseError, TestError, TestRng, TestRunner};
use stitch_core::{ContextDocument, Definitions, Engine, Json};

use crate::process::{Process, Reply};

#[path = "../../stitch-core/tests/generate/mod.rs"]
mod generate;

use generate::{Draw, Scenario, from_tape, mutate, wild};

/// Numbers on the tape that a registry and its contexts are drawn from.
const TAPE: usize = 1_500;

/// What was compared.
#[derive(Clone, Copy, Debug, Default)]
pub struct Tally {
    /// Registries that were asked.
    pub registries: usize,
    /// Results that were compared, refusals included.
    pub evaluations: usize,
}

/// The smallest registry and contexts found for which two engines differ.
#[derive(Debug)]
pub struct Difference {
    description: String,
}

impl fmt::Display for Difference {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.description)
    }
}

/// Compares so many registries, drawn from a seed.
///
/// # Errors
///
/// The first difference, shrunk.
pub fn search(engines: &[Process], seed: u64, registries: u32) -> Result<Tally, Difference> {
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    let config = Config { cases: registries, failure_persistence: None, max_shrink_iters: 5_000, ..Config::default() };
    let mut runner = TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, &bytes));
    let tally = Cell::new(Tally::default());
    let result = runner.run(&from_tape(TAPE, draw), |sample| {
        let evaluations = sample.compare(engines).map_err(TestCaseError::fail)?;
        let Tally { registries, evaluations: before } = tally.get();
        tally.set(Tally { registries: registries + 1, evaluations: before + evaluations });
        Ok(())
    });
    match result {
        Ok(()) => Ok(tally.get()),
        Err(TestError::Fail(why, sample)) => Err(Difference { description: format!("{why}\n{sample:?}") }),
        Err(TestError::Abort(why)) => Err(Difference { description: why.to_string() }),
    }
}

/// A registry and contexts, as texts.
#[derive(Clone)]
struct Sample {
    registry: String,
    contexts: Vec<String>,
    modes: &'static [bool],
}

impl fmt::Debug for Sample {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(formatter, "registry {}", self.registry)?;
        self.contexts.iter().try_for_each(|context| writeln!(formatter, "context {context}"))
    }
}

fn draw(draw: &mut Draw<'_>) -> Sample {
    const STRICT: &[bool] = &[false];
    const BOTH: &[bool] = &[false, true];
    let kind = draw.below(8);
    if kind == 7 {
        let registry = wild::registry(draw).to_string();
        let contexts = (0..3).map(|_| wild::context(draw).to_string()).collect();
        return Sample { registry, contexts, modes: BOTH };
    }
    let scenario = Scenario::draw(draw);
    let mut contexts: Vec<String> = scenario.contexts.iter().map(ToString::to_string).collect();
    if kind < 4 {
        return Sample { registry: scenario.registry.to_string(), contexts, modes: STRICT };
    }
    let mutated = |text: &str, draw: &mut Draw<'_>, times: usize| match Json::parse(text) {
        Ok(json) => {
            let mut json = json.into_owned();
            for _ in 0..times {
                mutate::mutate(&mut json, draw);
            }
            json.to_string()
        }
        Err(_) => text.to_owned(),
    };
    let times = 1 + draw.below(4);
    let registry = mutated(&scenario.registry.to_string(), draw, times);
    contexts.truncate(3);
    contexts = contexts
        .iter()
        .map(|context| if draw.chance(40) { mutated(context, draw, 1) } else { context.clone() })
        .collect();
    Sample { registry, contexts, modes: BOTH }
}

impl Sample {
    /// How many results were compared, or where two engines differ.
    fn compare(&self, engines: &[Process]) -> Result<usize, String> {
        let mut compared = 0;
        for &lenient in self.modes {
            for context in &self.contexts {
                let wanted = core(&self.registry, lenient, context);
                for engine in engines {
                    let got = engine.ask(&self.registry, lenient, None, context)?;
                    if got != wanted {
                        let name = crate::Subject::name(engine);
                        return Err(format!(
                            "{name} differs (lenient: {lenient}) for context {context}\n core {wanted:?}\n {name} {got:?}"
                        ));
                    }
                }
                compared += if let Reply::Results(results) = &wanted { results.len() } else { 1 };
            }
        }
        Ok(compared)
    }
}

/// What the core says to all flags.
fn core(registry: &str, lenient: bool, context: &str) -> Reply {
    let engine = Definitions::from_json(registry).and_then(|definitions| {
        if lenient { Engine::compile_lenient(definitions) } else { Engine::compile(definitions) }
    });
    let Ok(engine) = engine else { return Reply::DefinitionsRefused };
    let Ok(document) = ContextDocument::from_json(context) else { return Reply::ContextRefused };
    let context = document.context();
    if engine.check(&context).is_err() {
        return Reply::ContextRefused;
    }
    let results = engine.evaluate_all(&context).into_iter().map(|evaluation| {
        let text = serde_json::to_string(&evaluation).unwrap_or_default();
        Json::parse(&text).map_or(Json::Null, Json::into_owned)
    });
    Reply::Results(results.collect())
}
