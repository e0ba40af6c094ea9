//! Row I: a segment with very many ids.

use crate::allocations;
use crate::answers;
use crate::cell::{Cell, evaluate, load};
use crate::engines::{Engine, absent};
use crate::registry::{MEMBERS_ONLY, Registry};
use crate::row::Row;
use crate::user::User;

/// What an engine holds for each id.
#[derive(Debug)]
pub struct Memory {
    /// [`Engine::NAME`].
    pub engine: &'static str,
    /// Bytes held by the ready engine, a share for each id.
    pub bytes: f64,
}

/// The ids of the segment, and the users who are asked for.
#[derive(Debug)]
pub struct Members {
    registry: Registry,
    ids: usize,
    inside: &'static [User],
    outside: &'static [User],
}

impl Members {
    /// A segment of so many ids; those asked for lie evenly among them.
    pub fn new(ids: usize) -> Self {
        let id = |index: usize| format!("user-{index:07}");
        let step = (ids / benches::USERS).max(1);
        let inside = (0..benches::USERS).map(|index| User::new(&id(index * step)));
        let outside = (0..benches::USERS).map(|index| User::new(&format!("miss-{index:07}")));
        Self {
            registry: Registry::of_segment(&(0..ids).map(id).collect::<Vec<_>>()),
            ids,
            inside: Vec::leak(inside.collect()),
            outside: Vec::leak(outside.collect()),
        }
    }

    /// The cells of an engine; its answers have been checked.
    pub fn cells<E: Engine>(&self) -> Vec<Cell> {
        if absent::<E>(Row::SegmentHit).is_some() {
            return Vec::new();
        }
        let document = E::document(&self.registry);
        let engine: &'static E = Box::leak(Box::new(E::load(&document)));
        let flag = engine.flag(MEMBERS_ONLY);
        answers::check_segment(engine, flag, self.inside, true);
        answers::check_segment(engine, flag, self.outside, false);
        let mut cells = vec![
            Cell::new::<E>(Row::SegmentHit, evaluate(engine, flag, self.inside)),
            Cell::new::<E>(Row::SegmentMiss, evaluate(engine, flag, self.outside)),
        ];
        if absent::<E>(Row::SegmentLoad).is_none() {
            cells.insert(0, Cell::new::<E>(Row::SegmentLoad, load::<E>(document)));
        }
        cells
    }

    /// What an engine holds, in the program that counts that.
    pub fn memory<E: Engine>(&self) -> Option<Memory> {
        if absent::<E>(Row::SegmentHit).is_some() {
            return None;
        }
        let document = E::document(&self.registry);
        let (engine, allocations) = allocations::of(|| E::load(&document));
        drop(engine);
        #[expect(clippy::cast_precision_loss, reason = "bytes of memory")]
        let bytes = allocations.held as f64 / self.ids as f64;
        Some(Memory { engine: E::NAME, bytes })
    }
}
