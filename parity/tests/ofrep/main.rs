//! What a client reads through OFREP, over a real socket, held against the vectors: `cargo test -p parity --test ofrep`.
//!
//! Contexts that a client cannot bring are listed as ignored, with the reason.

mod carry;
mod reading;
mod serving;

use std::process::ExitCode;
use std::sync::Arc;

use libtest_mimic::Trial;
use parity::{Expect, Group};

use carry::Obstacle;
use serving::{Connection, Serving};

fn main() -> ExitCode {
    let serving = match Serving::start() {
        Ok(serving) => Arc::new(serving),
        Err(error) => {
            eprintln!("cannot serve: {error}");
            return ExitCode::FAILURE;
        }
    };
    let obstacles = Obstacle::ALL.map(Obstacle::word);
    parity::run("over OFREP", &obstacles, 400, |group| trials(&serving, group))
}

/// Each case that is about answers and contexts as a test of its own.
fn trials(serving: &Arc<Serving>, group: &Arc<Group>) -> Vec<Trial> {
    let asks = group.cases.iter().any(|case| matches!(case.expect, Expect::Results(_) | Expect::ContextRefused(..)));
    if !asks {
        return Vec::new();
    }
    let state = match serving.state(group) {
        Ok(state) => state,
        Err(error) => return vec![Trial::test(group.file.clone(), move || Err(error.into()))],
    };
    let mut trials = Vec::new();
    for (index, case) in group.cases.iter().enumerate() {
        let engine = &state.load().registry.engine;
        let obstacle = match &case.expect {
            Expect::Results(results) => results.iter().find_map(|(question, expected)| {
                carry::obstacle(engine, &question.context, Some((question, expected)))
            }),
            Expect::ContextRefused(context, _) => carry::obstacle(engine, context, None),
            Expect::Diagnostics(_) | Expect::Stage(_) => continue,
        };
        let name = format!("ofrep::{}::{}", group.file, case.name);
        if let Some(obstacle) = obstacle {
            trials.push(parity::cannot_be_asked(name, obstacle.word()));
            continue;
        }
        let (serving, group, state) = (Arc::clone(serving), Arc::clone(group), state.clone());
        trials.push(Trial::test(name, move || {
            let server = serving.serve(state.clone())?;
            let mut connection = Connection::open(server.address)?;
            check(&mut connection, &state, &group.cases[index].expect).map_err(Into::into)
        }));
    }
    trials
}

fn check(connection: &mut Connection, state: &serving::State, expect: &Expect) -> Result<(), String> {
    match expect {
        Expect::Results(results) => results.iter().try_for_each(|(question, expected)| {
            let body = carry::body(&question.context)?;
            let value_type = state.load().registry.engine.flag(&question.flag).and_then(|flag| flag.value_type());
            let (status, one) = connection.ask(Some(&question.flag), &body)?;
            reading::check(question, value_type, status, &one, expected)?;
            let (_, all) = connection.ask(None, &body)?;
            reading::check_among(&question.flag, &one, &all)
        }),
        Expect::ContextRefused(context, refused) => {
            let body = carry::body(context)?;
            for flag in [Some("any"), None] {
                let (status, answer) = connection.ask(flag, &body)?;
                let code = answer.get("errorCode").and_then(stitch_core::Json::as_text);
                let is_refused = status == 400 && matches!(code, Some("INVALID_CONTEXT" | "PARSE_ERROR"));
                if is_refused != *refused {
                    return Err(format!("{status} {answer} for {body}"));
                }
            }
            Ok(())
        }
        Expect::Diagnostics(_) | Expect::Stage(_) => Ok(()),
    }
}
