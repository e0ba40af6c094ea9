//! What one call has found out about flags and segments that several others refer to.

use foldhash::fast::FixedState;
use hashbrown::HashMap;

use crate::flag::VariantIndex;

/// Answers up to which nothing is allocated.
const FEW: usize = 8;

/// What matters of an answered flag or segment.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Answer {
    /// Enabled, or a member.
    pub(crate) on: bool,
    /// Paused or rolled back.
    pub(crate) halted: bool,
    /// The variant that is served.
    pub(crate) variant: Option<VariantIndex>,
}

/// Answers by node of the graph; makes room only when the first one comes.
#[derive(Debug, Default)]
pub(crate) enum Memo {
    #[default]
    Empty,
    Few([Option<(u32, Answer)>; FEW]),
    Many(HashMap<u32, Answer, FixedState>),
}

impl Memo {
    #[inline]
    pub(crate) fn get(&self, node: u32) -> Option<Answer> {
        match self {
            Self::Empty => None,
            Self::Few(entries) => {
                entries.iter().map_while(|entry| *entry).find(|(other, _)| *other == node).map(|(_, answer)| answer)
            }
            Self::Many(answers) => answers.get(&node).copied(),
        }
    }

    pub(crate) fn set(&mut self, node: u32, answer: Answer) {
        match self {
            Self::Empty => {
                let mut entries = [None; FEW];
                if let Some(first) = entries.first_mut() {
                    *first = Some((node, answer));
                }
                *self = Self::Few(entries);
            }
            Self::Few(entries) => match entries.iter_mut().find(|entry| entry.is_none()) {
                Some(entry) => *entry = Some((node, answer)),
                None => *self = Self::Many(entries.iter().flatten().copied().chain([(node, answer)]).collect()),
            },
            Self::Many(answers) => {
                answers.insert(node, answer);
            }
        }
    }
}
