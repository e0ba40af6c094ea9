//! Every flag for one context, one after the other.

use std::slice::Iter;

use crate::call::Call;
use crate::context::Context;
use crate::engine::{Engine, Slot};
use crate::evaluation::{Evaluation, Reason};
use crate::explain::Silent;
use crate::flag::FlagIndex;

/// The evaluations of all flags for one context: what [`Engine::evaluations`] gives.
#[derive(Debug)]
pub struct Evaluations<'a> {
    call: Call<'a>,
    /// The place of the next slot.
    next: FlagIndex,
    slots: Iter<'a, Slot>,
    /// Those that may have been set aside; they come last.
    others: Iter<'a, Slot>,
}

impl<'a> Evaluations<'a> {
    #[inline]
    pub(crate) fn new(engine: &'a Engine, context: &'a Context<'a>) -> Self {
        let slots = engine.flags.iter();
        Self { call: Call::for_every_flag(engine, context), next: 0, others: slots.clone(), slots }
    }
}

impl<'a> Iterator for Evaluations<'a> {
    type Item = Evaluation<'a>;

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        for slot in self.slots.by_ref() {
            let index = self.next;
            self.next += 1;
            if let Some(evaluation) = slot.evaluation(self.call.context) {
                return Some(evaluation);
            }
            if let Some(flag) = &slot.flag {
                return Some(self.call.evaluate(index, flag, &slot.links, &mut Silent));
            }
        }
        let mut set_aside = self.others.by_ref().filter(|slot| slot.flag.is_none());
        let key = set_aside.find_map(|slot| slot.key.as_deref())?;
        Some(Evaluation::of_no_flag(key, Reason::FlagInvalid))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (0, Some(self.slots.len() + self.others.len()))
    }
}
