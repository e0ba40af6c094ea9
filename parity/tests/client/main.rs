//! Clients that are fed by the stream, held against the vectors: `cargo test -p parity --test client`.
//!
//! One server has one registry after the other, and one client for each environment follows it: each comes to its
//! definitions by changes or by a snapshot, as the server tells them. Cases that cannot be asked so are listed as ignored,
//! with the reason.

mod followed;

use std::process::ExitCode;
use std::sync::{Arc, OnceLock};

use libtest_mimic::Trial;
use parity::{Answer, Expect, Group, Loaded, Question, Way, ask, check};
use stitch_core::{ContextDocument, Definitions, Engine, Json};

use followed::{Engines, Followed};

const LENIENT: &str = "the server reads its registry strictly";
const NO_ENVIRONMENT: &str = "a client has the definitions of one environment, and the case is about those of none";

fn main() -> ExitCode {
    let server = Arc::new(Followed::start());
    parity::run("of clients", &[LENIENT, NO_ENVIRONMENT], 2_000, |group| trials(&server, group))
}

fn trials(server: &Arc<Followed>, group: &Arc<Group>) -> Vec<Trial> {
    let engines: Arc<OnceLock<Result<Engines, String>>> = Arc::default();
    let mut trials = Vec::new();
    for (index, case) in group.cases.iter().enumerate() {
        let questions: Vec<&str> = match &case.expect {
            Expect::Results(results) => results.iter().map(|(question, _)| question.context.as_str()).collect(),
            Expect::ContextRefused(context, _) => vec![context],
            Expect::Diagnostics(_) | Expect::Stage(_) => continue,
        };
        let name = format!("client::{}::{}", group.file, case.name);
        let homeless = || questions.iter().any(|context| is_homeless(&group.registry, context));
        if group.lenient || homeless() {
            trials.push(parity::cannot_be_asked(name, if group.lenient { LENIENT } else { NO_ENVIRONMENT }));
            continue;
        }
        let (server, group, engines) = (Arc::clone(server), Arc::clone(group), Arc::clone(&engines));
        trials.push(Trial::test(name, move || {
            let engines = engines.get_or_init(|| server.serve(&group.registry));
            let engines = engines.as_ref().map_err(Clone::clone)?;
            [Way::Name, Way::Handle, Way::All, Way::Explain]
                .into_iter()
                .try_for_each(|way| check(&Asked { engines, way }, &group.cases[index]))
                .map_err(Into::into)
        }));
    }
    trials
}

/// Whether the context is of no environment of a registry that has patches: then no client has its definitions.
fn is_homeless(registry: &str, context: &str) -> bool {
    let Ok(definitions) = Definitions::from_json(registry) else { return false };
    let has_patches = match definitions.document().get("flags") {
        Some(Json::Array(flags)) => flags.iter().any(|flag| flag.get("environments").is_some()),
        _ => false,
    };
    has_patches && environment(context).is_none_or(|env| !listed(registry).contains(&env))
}

/// Which environment a context is of.
fn environment(context: &str) -> Option<String> {
    ContextDocument::from_json(context).ok()?.env.map(std::borrow::Cow::into_owned)
}

/// The environments of a registry.
fn listed(registry: &str) -> Vec<String> {
    let engine = Engine::from_json(registry).expect("the registry is sound");
    engine.environments().map(str::to_owned).collect()
}

/// What the clients of one registry serve, asked in one of the core's ways.
struct Asked<'e> {
    engines: &'e Engines,
    way: Way,
}

impl Loaded for Asked<'_> {
    fn ask(&self, question: &Question) -> Answer {
        let own = environment(&question.context).and_then(|env| self.engines.get(&env));
        match own.or_else(|| self.engines.values().next()) {
            Some(engine) => ask(engine, self.way, question),
            None => Answer::Broken("no client serves this registry".to_owned()),
        }
    }
}
