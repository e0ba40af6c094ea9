//! Every vector against every engine, each case a test of its own: `cargo test -p parity -- FILTER`.

use std::process::ExitCode;
use std::sync::{Arc, OnceLock};

use libtest_mimic::Trial;
use parity::{Case, Core, Expect, Group, Loaded, Subject, Way, check, check_diagnostics, check_stage, references};

fn main() -> ExitCode {
    let mut subjects: Vec<Arc<dyn Subject>> = Vec::new();
    for way in [Way::Name, Way::Handle, Way::All, Way::Explain] {
        subjects.push(Arc::new(Core(way)));
    }
    match references() {
        Ok(references) => subjects.extend(references.into_iter().map(|engine| Arc::new(engine) as Arc<dyn Subject>)),
        Err(error) => {
            eprintln!("the reference evaluators need `python3` and `node` on the path: {error}");
            return ExitCode::FAILURE;
        }
    }
    parity::run("of each engine", &[], 10_000, |group| {
        let each = subjects.iter().flat_map(|subject| asked(group, subject).into_iter().chain(refused(group, subject)));
        each.chain(core_only(group)).collect()
    })
}

/// Whether an engine refuses the registries that have an error, and only those.
fn refused(group: &Arc<Group>, subject: &Arc<dyn Subject>) -> Vec<Trial> {
    let mut trials = Vec::new();
    for case in &group.cases {
        let Expect::Diagnostics(expected) = &case.expect else { continue };
        let refused = expected.iter().any(|[severity, ..]| severity == "error");
        let (group, subject) = (Arc::clone(group), Arc::clone(subject));
        let name = format!("{}::{}::{}", subject.name(), group.file, case.name);
        trials.push(Trial::test(name, move || match (subject.load(&group.registry, group.lenient), refused) {
            (Ok(_), false) | (Err(_), true) => Ok(()),
            (Ok(_), true) => Err("a registry with an error is not refused".into()),
            (Err(error), false) => Err(format!("a sound registry is refused: {error}").into()),
        }));
    }
    trials
}

/// The cases that any engine can be asked.
fn asked(group: &Arc<Group>, subject: &Arc<dyn Subject>) -> Vec<Trial> {
    let loaded: Arc<OnceLock<Result<Box<dyn Loaded>, String>>> = Arc::default();
    let is_asked = |case: &&Case| matches!(case.expect, Expect::Results(_) | Expect::ContextRefused(..));
    let cases = (0..group.cases.len()).filter(|&index| group.cases.get(index).as_ref().is_some_and(is_asked));
    cases
        .map(|index| {
            let (group, subject, loaded) = (Arc::clone(group), Arc::clone(subject), Arc::clone(&loaded));
            let name = format!("{}::{}::{}", subject.name(), group.file, group.cases[index].name);
            Trial::test(name, move || {
                let loaded = loaded.get_or_init(|| subject.load(&group.registry, group.lenient));
                let loaded = loaded.as_ref().map_err(|error| format!("the registry is refused: {error}"))?;
                check(&**loaded, &group.cases[index]).map_err(Into::into)
            })
        })
        .collect()
}

/// What only the core does: diagnostics, and changes of stage.
fn core_only(group: &Arc<Group>) -> Vec<Trial> {
    let is_core_only = |case: &&Case| matches!(case.expect, Expect::Diagnostics(_) | Expect::Stage(_));
    let cases = (0..group.cases.len()).filter(|&index| group.cases.get(index).as_ref().is_some_and(is_core_only));
    cases
        .map(|index| {
            let group = Arc::clone(group);
            Trial::test(format!("core::{}::{}", group.file, group.cases[index].name), move || {
                match &group.cases[index].expect {
                    Expect::Diagnostics(expected) => check_diagnostics(&group.registry, expected),
                    Expect::Stage(case) => check_stage(case),
                    Expect::Results(_) | Expect::ContextRefused(..) => Ok(()),
                }
                .map_err(Into::into)
            })
        })
        .collect()
}
