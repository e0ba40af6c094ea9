//! The server over a real socket, held against the vectors: `cargo test -p parity --test server`.
//!
//! Every case is asked in a batch; those whose context goes into a query string are asked on their own too. Cases that
//! cannot be asked over HTTP are listed as ignored, with the reason.

mod http;
mod obstacle;

use std::process::ExitCode;
use std::sync::{Arc, OnceLock};

use libtest_mimic::{Arguments, Trial};
use parity::{Answer, Expect, Group, Loaded, Question, check};

use http::Server;
use obstacle::Obstacle;

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let groups = match parity::load(&parity::directory()) {
        Ok(groups) => groups,
        Err(error) => {
            eprintln!("{error}");
            return ExitCode::FAILURE;
        }
    };
    let trials: Vec<Trial> = groups.into_iter().flat_map(|group| trials(&Arc::new(group))).collect();
    let (ignored, asked): (Vec<&Trial>, Vec<&Trial>) = trials.iter().partition(|trial| trial.has_ignored_flag());
    if !arguments.list {
        println!("{} cases are asked over HTTP, {} cannot be:", asked.len(), ignored.len());
        for obstacle in Obstacle::ALL {
            let count = ignored.iter().filter(|trial| trial.kind() == obstacle.word()).count();
            println!("  {count:4} {}", obstacle.word());
        }
    }
    if asked.len() < 1_000 {
        eprintln!("hardly anything is left to ask");
        return ExitCode::FAILURE;
    }
    libtest_mimic::run(&arguments, trials).exit_code()
}

/// How a flag is asked for.
#[derive(Clone, Copy)]
enum Way {
    Batch,
    Single,
}

fn trials(group: &Arc<Group>) -> Vec<Trial> {
    let server: Arc<OnceLock<Arc<Server>>> = Arc::default();
    let mut trials = Vec::new();
    for (index, case) in group.cases.iter().enumerate() {
        let obstacle = match &case.expect {
            Expect::Results(results) => {
                results.iter().find_map(|(question, expected)| obstacle::of(group, question, Some(expected)))
            }
            Expect::ContextRefused(_, true) => None,
            Expect::ContextRefused(context, false) => {
                let question = Question { flag: "any".to_owned(), context: context.clone(), trace: false };
                obstacle::of(group, &question, None)
            }
            Expect::Diagnostics(_) | Expect::Stage(_) => continue,
        };
        let name = |way| format!("{way}::{}::{}", group.file, case.name);
        if let Some(obstacle) = obstacle {
            trials.push(Trial::test(name("batch"), || Ok(())).with_kind(obstacle.word()).with_ignored_flag(true));
            continue;
        }
        let single = match &case.expect {
            Expect::Results(results) => results.iter().all(|(question, _)| http::query(question).is_some()),
            _ => false,
        };
        for (way, asked) in [(Way::Batch, true), (Way::Single, single)] {
            let (group, server) = (Arc::clone(group), Arc::clone(&server));
            let name = name(if matches!(way, Way::Batch) { "batch" } else { "single" });
            trials.extend(asked.then(|| {
                Trial::test(name, move || {
                    let server = Arc::clone(server.get_or_init(|| Arc::new(Server::start(&group.registry))));
                    check(&Asked { server, way }, &group.cases[index]).map_err(Into::into)
                })
            }));
        }
    }
    trials
}

/// A server, asked in one of its ways.
struct Asked {
    server: Arc<Server>,
    way: Way,
}

impl Loaded for Asked {
    fn ask(&self, question: &Question) -> Answer {
        let answer = match self.way {
            Way::Batch => self.server.batch(question),
            Way::Single => self.server.single(question),
        };
        answer.unwrap_or_else(Answer::Broken)
    }
}
