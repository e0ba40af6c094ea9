//! What is known already is not asked again.
//!
//! Rules of one flag often share conditions: a country, a device, and then something that differs. A test that was
//! asked on every way to an arrow's end has a known answer there, so that the arrow may lead past it: ten rules of three
//! conditions, two of them shared, come down from thirty tests to twelve. All of it happens when the registry is
//! compiled, in time and space that grow with the program, not with the square of it.

use arrayvec::ArrayVec;

use crate::condition::{Step, Target};
use crate::json::node::Object;

/// Different tests of a program whose answers are followed: as many as a word has bits.
const TESTS: usize = u32::BITS as usize;
/// Tests that an arrow is led past, per step of the program.
const PATIENCE: usize = 8;

/// The tests of a program that may occur again, by what they were written as.
#[derive(Default)]
pub(super) struct Repeated<'d> {
    different: ArrayVec<&'d Object<'d>, TESTS>,
    /// Of each step, the bit of its test among the different ones; nothing for those past the bound.
    bits: Vec<u32>,
    any: bool,
}

impl<'d> Repeated<'d> {
    /// For another program.
    pub(super) fn clear(&mut self) {
        self.different.clear();
        self.bits.clear();
        self.any = false;
    }

    /// Notes the test of the next step.
    pub(super) fn note(&mut self, written: &'d Object<'d>) {
        let known = self.different.iter().position(|other| *other == written);
        self.any |= known.is_some();
        let place = known.unwrap_or(self.different.len());
        if known.is_none() {
            // Those past the bound are not followed.
            let _ = self.different.try_push(written);
        }
        self.bits.push(if place < TESTS { 1 << place } else { 0 });
    }

    /// Leads arrows past tests whose answers are known, in a program that starts there.
    pub(super) fn pass_over(&self, steps: &mut [Step], start: Target) {
        if !self.any {
            return;
        }
        let bit = |step: usize| self.bits.get(step).copied().unwrap_or_default();
        // What is known where each step begins; nothing of those that cannot be reached. Arrows lead onwards only.
        let mut facts: Vec<Option<Facts>> = vec![None; steps.len()];
        let reach = |facts: &mut [Option<Facts>], target: Target, found: Facts| {
            if let Some(slot) = facts.get_mut(target.index()) {
                *slot = Some(slot.map_or(found, |others| others.shared(found)));
            }
        };
        reach(&mut facts, start, Facts::default());
        let mut patience = PATIENCE * steps.len();
        for here in 0..steps.len() {
            let Some(Some(found)) = facts.get(here).copied() else { continue };
            for holds in [true, false] {
                let found = found.and(bit(here), holds);
                let Some(mut target) = steps.get(here).map(|step| step.arrow(holds)) else { continue };
                while let Some(step) = steps.get(target.index()).filter(|_| patience > 0)
                    && let Some(holds) = found.of(bit(target.index()))
                {
                    target = step.arrow(holds);
                    patience -= 1;
                }
                if let Some(step) = steps.get_mut(here) {
                    *(if holds { &mut step.then } else { &mut step.otherwise }) = target;
                }
                reach(&mut facts, target, found);
            }
        }
    }
}

/// Answers that are known, by the bits of their tests.
#[derive(Clone, Copy, Debug, Default)]
struct Facts {
    hold: u32,
    fail: u32,
}

impl Facts {
    fn and(self, bit: u32, holds: bool) -> Self {
        if holds { Self { hold: self.hold | bit, ..self } } else { Self { fail: self.fail | bit, ..self } }
    }

    fn of(self, bit: u32) -> Option<bool> {
        let (hold, fail) = (self.hold & bit != 0, self.fail & bit != 0);
        (hold || fail).then_some(hold)
    }

    /// What is known on both ways.
    fn shared(self, other: Self) -> Self {
        Self { hold: self.hold & other.hold, fail: self.fail & other.fail }
    }
}
