//! What an engine must do to be held against the vectors.

use stitch_core::Json;

use crate::vectors::{Case, Expect, Question};

/// An engine under test.
pub trait Subject: Send + Sync {
    /// What it is called in the names of tests.
    fn name(&self) -> String;

    /// Loads a registry document, or refuses it with a reason.
    ///
    /// # Errors
    ///
    /// If the engine refuses the document.
    fn load(&self, registry: &str, lenient: bool) -> Result<Box<dyn Loaded>, String>;
}

/// A loaded registry.
pub trait Loaded: Send + Sync {
    /// Evaluates a flag for a context document.
    fn ask(&self, question: &Question) -> Answer;
}

/// What an engine says.
#[derive(Debug)]
pub enum Answer {
    /// The result as JSON text, with `trace` as `[name, outcome]` pairs where it was asked for.
    Result(String),
    /// The context is refused.
    ContextRefused(String),
    /// The engine did not answer.
    Broken(String),
}

/// Holds one case against a loaded registry.
///
/// # Errors
///
/// What was expected and what came.
pub fn check(loaded: &dyn Loaded, case: &Case) -> Result<(), String> {
    match &case.expect {
        Expect::Results(results) => results.iter().try_for_each(|(question, expected)| {
            let Question { flag, context, .. } = question;
            let answer = match loaded.ask(question) {
                Answer::Result(answer) => answer,
                Answer::ContextRefused(why) => return Err(format!("the context {context} is refused: {why}")),
                Answer::Broken(why) => return Err(why),
            };
            let got = Json::parse(&answer).map_err(|error| format!("{answer} is no JSON: {error}"))?;
            if got == *expected {
                return Ok(());
            }
            Err(format!("flag {flag}\n for context {context}\n expected {expected}\n      got {got}"))
        }),
        Expect::ContextRefused(context, refused) => {
            let question = Question { flag: "any".to_owned(), context: context.clone(), trace: false };
            match (loaded.ask(&question), refused) {
                (Answer::ContextRefused(_), true) | (Answer::Result(_), false) => Ok(()),
                (Answer::Broken(why), _) => Err(why),
                (Answer::ContextRefused(why), false) => Err(format!("context {context} is refused: {why}")),
                (Answer::Result(answer), true) => Err(format!("context {context} is not refused: {answer}")),
            }
        }
        Expect::Diagnostics(_) | Expect::Stage(_) => Ok(()),
    }
}
