//! What the test programs of this crate share: each case is a test of its own, and what cannot be asked is told.

use std::process::ExitCode;
use std::sync::Arc;

use libtest_mimic::{Arguments, Trial};

use crate::vectors::{Group, directory, load};

/// Runs the tests that are made of each group of vectors.
///
/// A test that is marked as ignored is a case that cannot be asked this way; its kind says why. The `obstacles` are told
/// with how many cases each concerns. With fewer than `least` cases left to ask the run fails, whatever they say.
pub fn run(
    asked: &str,
    obstacles: &[&str],
    least: usize,
    mut tests: impl FnMut(&Arc<Group>) -> Vec<Trial>,
) -> ExitCode {
    let arguments = Arguments::from_args();
    let groups = match load(&directory()) {
        Ok(groups) => groups,
        Err(error) => {
            eprintln!("{error}");
            return ExitCode::FAILURE;
        }
    };
    let trials: Vec<Trial> = groups.into_iter().flat_map(|group| tests(&Arc::new(group))).collect();
    let ignored: Vec<&Trial> = trials.iter().filter(|trial| trial.has_ignored_flag()).collect();
    let count = trials.len() - ignored.len();
    if !arguments.list && !obstacles.is_empty() {
        println!("{count} cases are asked {asked}, {} cannot be:", ignored.len());
        for obstacle in obstacles {
            println!("  {:4} {obstacle}", ignored.iter().filter(|trial| trial.kind() == *obstacle).count());
        }
    }
    if count < least {
        eprintln!("hardly anything is left to ask");
        return ExitCode::FAILURE;
    }
    libtest_mimic::run(&arguments, trials).exit_code()
}

/// A case that cannot be asked, and why.
pub fn cannot_be_asked(name: String, why: &str) -> Trial {
    Trial::test(name, || Ok(())).with_kind(why).with_ignored_flag(true)
}
