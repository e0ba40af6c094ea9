//! Registries and contexts as JSON, drawn at random: sound ones ([`Scenario`]) and such as only look like some ([`wild`]).
//!
//! Everything is drawn from a tape of numbers, so that proptest shrinks a failing case by shortening the tape and
//! lowering its numbers: what is drawn then becomes simpler.
#![allow(dead_code, reason = "each test binary uses a part of it")]

use std::fmt;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::FileFailurePersistence;
use serde_json::{Value, json};

mod condition;
mod context;
mod draw;
mod flag;
pub(crate) mod mutate;
mod pool;
mod registry;
pub(crate) mod wild;

pub(crate) use draw::Draw;
pub(crate) use registry::World;

/// A registry that compiles strictly, and contexts that it accepts.
#[derive(Clone)]
pub(crate) struct Scenario {
    pub(crate) registry: Value,
    pub(crate) contexts: Vec<Value>,
    pub(crate) world: World,
}

impl Scenario {
    pub(crate) fn draw(draw: &mut Draw<'_>) -> Self {
        let (registry, world) = registry::registry(draw);
        let contexts = (0..6).map(|_| context::context(draw, &world)).collect();
        Self { registry, contexts, world }
    }

    /// The context of each of so many users, with all else that one of the contexts has.
    pub(crate) fn crowd(&self, size: usize) -> impl Iterator<Item = Value> {
        (0..size).map(|index| {
            let mut context = self.contexts[index % self.contexts.len()].clone();
            if index >= self.contexts.len() {
                context["user_id"] = json!(format!("crowd-{index}"));
            }
            context
        })
    }

    /// The flag as the registry has it.
    pub(crate) fn flag(&self, key: &str) -> &Value {
        let flags = self.registry["flags"].as_array().expect("a registry has flags");
        flags.iter().find(|flag| flag["key"] == key).expect("the flag is there")
    }

    /// The same, to change it.
    pub(crate) fn flag_mut(&mut self, key: &str) -> &mut Value {
        let flags = self.registry["flags"].as_array_mut().expect("a registry has flags");
        flags.iter_mut().find(|flag| flag["key"] == key).expect("the flag is there")
    }
}

impl fmt::Debug for Scenario {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(formatter, "registry: {}", self.registry)?;
        self.contexts.iter().try_for_each(|context| writeln!(formatter, "context: {context}"))
    }
}

/// So many cases, unless `PROPTEST_CASES` says otherwise.
pub(crate) fn cases(cases: u32) -> ProptestConfig {
    let config = ProptestConfig {
        // Beside the test's source: `NAME.proptest-regressions`.
        failure_persistence: Some(Box::new(FileFailurePersistence::WithSource("proptest-regressions"))),
        max_shrink_iters: 20_000,
        ..ProptestConfig::default()
    };
    if std::env::var_os("PROPTEST_CASES").is_some() { config } else { ProptestConfig { cases, ..config } }
}

/// Whatever is drawn from a random tape of up to so many numbers.
pub(crate) fn from_tape<T: fmt::Debug>(numbers: usize, make: fn(&mut Draw<'_>) -> T) -> impl Strategy<Value = T> {
    vec(any::<u32>(), 0..numbers).prop_map(move |tape| make(&mut Draw::new(&tape)))
}

/// Sound registries with their contexts.
pub(crate) fn scenario() -> impl Strategy<Value = Scenario> {
    from_tape(1_500, Scenario::draw)
}
