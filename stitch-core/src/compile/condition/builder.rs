//! A program under construction, and how labels become arrows.

use std::iter::once_with;
use std::sync::Arc;

use super::known::Repeated;
use crate::condition::{Program, Step, Target, Test};
use crate::json::node::Object;

/// A place of the program that arrows may lead to before it is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::compile) struct Label(u32);

#[derive(Clone, Copy, Debug)]
pub(super) enum Destination {
    Unknown,
    Step(u32),
    Same(Label),
    Answer(Target),
}

/// A program under construction. One serves for all of them, so that each finds the room that those before it made.
#[derive(Default)]
pub(in crate::compile) struct Builder<'d> {
    drafts: Vec<Draft>,
    repeated: Repeated<'d>,
    destinations: Vec<Destination>,
    /// Each step, or what it comes down to.
    settled: Vec<Target>,
    /// Where each of the conditions starts.
    starts: Vec<Target>,
}

/// A test whose arrows lead to labels.
struct Draft {
    test: Test,
    then: Label,
    otherwise: Label,
}

impl<'d> Builder<'d> {
    pub(in crate::compile) const FAILS: Label = Label(0);

    /// An empty program.
    pub(in crate::compile) fn begin(&mut self) {
        self.drafts.clear();
        self.repeated.clear();
        self.destinations.clear();
        self.destinations.push(Destination::Answer(Target::FAILS));
    }

    fn place(&mut self, destination: Destination) -> Label {
        let label = Label(short(self.destinations.len()));
        self.destinations.push(destination);
        label
    }

    /// A place that is not known yet.
    pub(in crate::compile) fn label(&mut self) -> Label {
        self.place(Destination::Unknown)
    }

    /// Where no condition is left, each has failed.
    pub(in crate::compile) fn none_holds(&mut self, label: Label) {
        self.set(label, Destination::Answer(Target::FAILS));
    }

    /// An answer.
    pub(in crate::compile) fn answer(&mut self, target: Target) -> Label {
        self.place(Destination::Answer(target))
    }

    pub(super) fn set(&mut self, label: Label, destination: Destination) {
        if let Some(slot) = self.destinations.get_mut(label.0 as usize) {
            *slot = destination;
        }
    }

    #[inline]
    pub(super) fn test(&mut self, test: Test, written: &'d Object<'d>, entry: Label, then: Label, otherwise: Label) {
        self.repeated.note(written);
        self.set(entry, Destination::Step(short(self.drafts.len())));
        // Made in its place: see `Scanner::array`.
        self.drafts.extend(once_with(|| Draft { test, then, otherwise }));
    }

    /// The program, which starts at the first of the given labels, and where each of them leads in it.
    pub(in crate::compile) fn finish(&mut self, entries: impl Iterator<Item = Label>) -> (Program, &[Target]) {
        let Self { drafts, repeated, destinations, settled, starts } = self;
        let resolve = |settled: &[Target], mut label: Label| loop {
            match destinations.get(label.0 as usize) {
                Some(Destination::Same(other)) => label = *other,
                Some(Destination::Answer(target)) => return *target,
                Some(Destination::Step(index)) => {
                    return settled.get(*index as usize).copied().unwrap_or(Target::FAILS);
                }
                Some(Destination::Unknown) | None => return Target::FAILS,
            }
        };
        // From the end, so that every arrow leads to what is settled. A test both of whose arrows lead to one place is
        // passed over; this is also how a condition that always or never holds is found out.
        settled.clear();
        settled.resize(drafts.len(), Target::FAILS);
        for (index, Draft { then, otherwise, .. }) in drafts.iter().enumerate().rev() {
            let (then, otherwise) = (resolve(settled, *then), resolve(settled, *otherwise));
            if let Some(slot) = settled.get_mut(index) {
                *slot = if then == otherwise { then } else { Target::step(short(index)) };
            }
        }
        starts.clear();
        starts.extend(entries.map(|entry| resolve(settled, entry)));
        let step = |Draft { test, then, otherwise }| Step {
            test,
            then: resolve(settled, then),
            otherwise: resolve(settled, otherwise),
        };
        let mut steps: Arc<[Step]> = drafts.drain(..).map(step).collect();
        if let (Some(&start), Some(steps)) = (starts.first(), Arc::get_mut(&mut steps)) {
            repeated.pass_over(steps, start);
        }
        (Program { steps }, starts)
    }
}

#[expect(clippy::cast_possible_truncation, reason = "a document has fewer bytes than that")]
fn short(index: usize) -> u32 {
    index as u32
}
