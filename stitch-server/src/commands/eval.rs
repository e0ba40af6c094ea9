//! `stitch-server eval`: what a registry file answers for one context, and why.

use std::io;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use stitch_core::{Context, ContextError, Engine};

use super::report::{Paint, compile};
use super::source::Source;
use super::text::printable;
use super::validate;
use super::{Format, REFUSED, SUCCESS, UNUSABLE, complain, emit, may_colour};
use crate::instant;

mod answer;
mod context;
mod words;

/// Evaluate flags of a registry file for one context, and say why
#[derive(Args, Clone, Debug)]
#[command(after_help = "Exit status: 0 evaluated, 1 errors in the definitions or no such flag, \
                        2 the file cannot be read or the context is refused.")]
pub struct Eval {
    /// The registry file (JSON); `-` reads standard input
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// A flag to evaluate, repeatable; all flags where none is named
    #[arg(long = "flag", value_name = "KEY")]
    pub flags: Vec<String>,
    /// The context: for whom
    #[command(flatten)]
    pub context: ContextArgs,
    /// Tell how each of the nine steps came out
    #[arg(long)]
    pub explain: bool,
    /// How to answer; json is the evaluation as every other interface gives it, in an array unless one flag is named
    #[arg(long, value_enum, default_value_t)]
    pub format: Format,
}

/// The context, field by field.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Context")]
pub struct ContextArgs {
    /// Stable id of the user; without one there is no unit to bucket by
    #[arg(long, value_name = "ID")]
    pub user: Option<String>,
    /// Tenant
    #[arg(long, value_name = "ID")]
    pub tenant: Option<String>,
    /// Tier; `anonymous` unless given
    #[arg(long)]
    pub tier: Option<String>,
    /// Environment; without one no environment's patch applies
    #[arg(long)]
    pub env: Option<String>,
    /// Role
    #[arg(long, value_name = "KEY")]
    pub role_key: Option<String>,
    /// What the user's id names; `user` unless given
    #[arg(long)]
    pub kind: Option<String>,
    /// Instant of the evaluation, RFC 3339 or milliseconds since the epoch; the system's clock unless given
    #[arg(long, value_name = "INSTANT", value_parser = instant::parse, allow_hyphen_values = true)]
    pub now: Option<i64>,
    /// An attribute, repeatable, each name once
    ///
    /// The value is read as JSON if it is a JSON number, boolean, array or quoted string, and is text otherwise:
    /// `--attr age=18` is a number, `--attr beta=true` a boolean, `--attr 'plans=["pro", 2]'` an array,
    /// `--attr country=TH` and `--attr 'zip="01234"'` are texts.
    #[arg(long = "attr", value_name = "NAME=VALUE", value_parser = context::name_and_value)]
    pub attributes: Vec<(String, String)>,
    /// A whole context as JSON, with `attributes`, `overrides` and `approvals` if need be
    ///
    /// Like the `context` of a request; the other options replace single fields of it.
    #[arg(long, value_name = "JSON")]
    pub context: Option<String>,
}

impl Eval {
    /// Evaluates the flags and says what came of it.
    pub fn run(&self) -> ExitCode {
        let fail = |complaints: &[String], status| {
            let lines: Vec<String> = complaints.iter().map(|complaint| format!("error: {complaint}\n")).collect();
            complain(&lines.concat(), status)
        };
        let source = match Source::read(&self.file) {
            Ok(source) => source,
            Err(complaint) => return fail(&[complaint], UNUSABLE),
        };
        let (engine, report) = compile(&source);
        let Some(engine) = engine else {
            let paint = Paint::new(may_colour(&io::stderr()));
            return complain(&validate::answer(&report, self.format, paint), REFUSED);
        };
        // The only clock of the command, read once.
        let document = match context::document(&self.context, instant::of_the_clock()) {
            Ok(document) => document,
            Err(complaints) => return fail(&complaints, UNUSABLE),
        };
        let context = document.context();
        if let Err(error) = engine.check(&context) {
            return fail(&refusals(&error), UNUSABLE);
        }
        let unknown = answer::unknown_flags(&engine, &self.flags);
        if !unknown.is_empty() {
            return fail(&unknown, REFUSED);
        }
        if let Some(note) = document.env.as_deref().and_then(|env| unlisted(&engine, env)) {
            complain(&note, SUCCESS);
        }
        emit(&self.answer(&engine, &context), SUCCESS)
    }

    fn answer(&self, engine: &Engine, context: &Context<'_>) -> String {
        match (self.format, self.explain) {
            (Format::Text, false) => answer::text(&answer::evaluations(engine, &self.flags, context)),
            (Format::Json, false) => answer::json(&answer::evaluations(engine, &self.flags, context), &self.flags),
            (Format::Text, true) => answer::text_explained(&answer::explanations(engine, &self.flags, context)),
            (Format::Json, true) => answer::json(&answer::explanations(engine, &self.flags, context), &self.flags),
        }
    }
}

fn refusals(error: &ContextError) -> Vec<String> {
    let problems = error.problems().iter();
    problems
        .map(|problem| {
            let place = if problem.pointer.is_empty() { "the context" } else { &problem.pointer };
            format!("the context is refused: {}: {}", printable(place, 300), printable(&problem.message, 1_000))
        })
        .collect()
}

/// The contract lets such a context be evaluated, yet it is most likely a slip.
fn unlisted(engine: &Engine, env: &str) -> Option<String> {
    let listed: Vec<&str> = engine.environments().collect();
    let env = (!listed.contains(&env)).then(|| printable(env, 100))?;
    Some(format!("note: the registry lists no environment `{env}`, only {}: no patch applies\n", listed.join(", ")))
}
