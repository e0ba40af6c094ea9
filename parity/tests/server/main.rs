//! The server over a real socket, held against the vectors: `cargo test -p parity --test server`.
//!
//! Every case is asked in a batch; those whose context goes into a query string are asked on their own too. Cases that
//! cannot be asked over HTTP are listed as ignored, with the reason.

mod http;
mod obstacle;

use std::process::ExitCode;
use std::sync::{Arc, OnceLock};

use libtest_mimic::Trial;
use parity::{Answer, Expect, Group, Loaded, Question, check};

use http::Server;
use obstacle::Obstacle;

fn main() -> ExitCode {
    let obstacles = Obstacle::ALL.map(Obstacle::word);
    parity::run("over HTTP", &obstacles, 1_000, trials)
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
            trials.push(parity::cannot_be_asked(name("batch"), obstacle.word()));
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
