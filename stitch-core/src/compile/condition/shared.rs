//! Tests of attributes that are written alike are compiled once: most registries ask for the same countries, plans and
//! versions over and over, and the flags that do then share them in memory.

use crate::compile::HashMap;
use crate::condition::Test;
use crate::json::node::Object;

/// Tests, by the fingerprint of what they were compiled from. Of different ones with one fingerprint the first is kept,
/// so that whoever contrives them gains nothing.
#[derive(Default)]
pub(in crate::compile) struct Shared<'d> {
    tests: HashMap<u64, (&'d Object<'d>, Test)>,
}

impl<'d> Shared<'d> {
    /// An object written like this one, and the test that it became, if there was one.
    pub(super) fn get(&self, object: &Object<'d>) -> Option<(&'d Object<'d>, &Test)> {
        let (other, test) = self.tests.get(&object.sum)?;
        (*other == object).then_some((*other, test))
    }

    /// Keeps a test of which there was nothing to tell.
    pub(super) fn keep(&mut self, object: &'d Object<'d>, test: &Test) {
        self.tests.entry(object.sum).or_insert_with(|| (object, test.clone()));
    }
}
